"""What was approved, and its vendor fails, its time passes, or somebody else changes it: never twice and never late."""

import asyncio
from datetime import timedelta

import pytest

import bridge.changes.tasks
from bridge.changes.decisions import Action, decide
from bridge.changes.tasks import change_task
from sandbox.mailing import Status
from store.tables import ApprovalState, Change, ChangeState, Outcome
from tests.bridge.asking import opened

S = ApprovalState


@pytest.fixture
async def desk(store):
    async with opened(store) as desk:
        yield desk


async def test_a_vendor_that_cannot_be_read_keeps_it_approved_and_is_asked_again_to_read(desk):
    _, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "down")
    for _ in range(3):
        await desk.run()
        assert ((await desk.row(approval_id)).state, desk.edits) == (S.APPROVED, [])
        desk.wait(61)
    desk.box.faults.clear()
    await desk.run()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)


async def test_it_waits_longer_each_time(desk):
    _, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "down")
    waits = []
    for _ in range(3):
        await desk.run()
        row = await desk.row(approval_id)
        waits.append(round((row.due_at - await desk.now()).total_seconds()))
        desk.wait(waits[-1] + 1)
    assert waits == [5, 10, 20]


async def test_what_cannot_be_read_until_its_time_expires_and_never_goes_late(desk):
    _, approval_id = await desk.approved(hours=1)
    desk.box.faults.inject("umail", "down")
    await desk.run()
    desk.wait(3600)
    desk.box.faults.clear()
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.EXPIRED, "late"), [])
    assert await desk.ends() == [("expired", "late")]


async def test_its_time_that_passes_during_the_reading_never_lets_it_go_at_once(desk):
    _, approval_id = await desk.approved(hours=1)

    def crash(step):
        if step == "compared":
            desk.wait(3600)

    await desk.executor(crash=crash).run()
    assert (await desk.state(approval_id), desk.edits) == ((S.EXPIRED, "late"), [])


async def test_its_time_that_passes_right_before_the_intent_is_written_is_late(desk, monkeypatch):
    _, approval_id = await desk.approved(hours=1)
    edit_of = bridge.changes.tasks.edit_of

    def slowly(*args):
        # The last that is worked out before; the lease lasts.
        desk.wait(40)
        return edit_of(*args)

    monkeypatch.setattr(bridge.changes.tasks, "edit_of", slowly)
    row = await desk.row(approval_id)
    desk.wait((row.send_at - await desk.now()).total_seconds() - 20)
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.EXPIRED, "late"), [])


async def test_a_lost_answer_is_settled_by_a_look(desk):
    _, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "lost_reply", call="edit-task")
    await desk.run()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)


async def test_an_outcome_that_is_unknown_is_looked_up_until_it_is_known(desk):
    task_id, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "late_apply", call="edit-task", seconds=20)
    await desk.run()
    assert (await desk.row(approval_id)).state is S.UNKNOWN
    desk.wait(5)
    await desk.run()
    assert (await desk.row(approval_id)).state is S.UNKNOWN
    desk.wait(20)
    await desk.run()
    assert (await desk.row(approval_id)).state is S.EXECUTED
    assert (len(desk.edits), desk.task(task_id).status) == (1, Status.WAITING)
    assert [run.outcome for run in await desk.runs()] == [Outcome.DONE]
    assert await desk.ends() == [("unknown", None), ("executed", None)]


async def test_an_edit_that_was_never_carried_out_has_failed_and_is_not_repeated(desk):
    _, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "silent_accept", call="edit-task")
    await desk.run()
    for _ in range(8):
        desk.wait(15)
        await desk.run()
    assert (await desk.state(approval_id), len(desk.edits)) == ((S.FAILED, "not_done"), 1)


async def test_a_refusal_is_told_in_the_vendors_words(desk):
    _, approval_id = await desk.approved()
    desk.box.world.umail["demo-umail"].mailboxes.pop("news@shop.example")
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.note, row.result["vendor_code"]) == (S.FAILED, "refused", "send_account_error")


async def test_a_change_by_somebody_else_is_waited_for(desk):
    task_id, approval_id = await desk.approved()

    run_id = await desk.command()

    def other(session, now):
        asked = {"run_id": run_id, "account": "umail", "task_id": task_id, "action": "cancel", "wanted": "cancelled"}
        known = {"before": {"asked": [], "form": {}}, "created_at": now, "due_at": now + timedelta(hours=1)}
        session.add(Change(**asked, **known, state=ChangeState.INTENDED))

    await desk.store.transact(other)
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.APPROVED, "open_change"), [])


async def test_what_a_person_cancels_while_it_is_read_stays_cancelled(desk):
    task_id, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "slow", call="list-task", seconds=0.5)
    reading = asyncio.create_task(desk.run())
    while "list-task" not in [request.call for request in desk.box.requests]:
        await asyncio.sleep(0.01)
    task = await desk.umail.task(task_id)
    decision = decide(Action.CANCEL, task, desk.umail.can_set)
    result = await change_task(desk.store, desk.umail, task, decision, run_id=await desk.command())
    assert result.state is ChangeState.DONE
    assert not reading.done()
    await reading
    assert (await desk.state(approval_id), desk.starts) == ((S.APPROVED, "open_change"), [])
    desk.wait(6)
    await desk.run()
    assert (await desk.state(approval_id), desk.starts) == ((S.FAILED, "finished"), [])
    assert desk.task(task_id).status is Status.CANCELLED
