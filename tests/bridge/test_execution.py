"""What was approved is read again, compared, and let go once; over real sockets, on both databases."""

import asyncio
from datetime import timedelta

import pytest

import bridge.changes.tasks
from bridge.approvals.handover import LEASE
from bridge.approvals.policy import Policy, Settings
from bridge.changes import drafts
from bridge.changes.decisions import Action, decide
from bridge.changes.letters import Letter
from bridge.changes.tasks import change_task
from sandbox.mailing import Status
from store.limits import SharedLimiter
from store.tables import Approval, ApprovalKind, ApprovalState, ChangeState, CommandRun, DraftState, Outcome
from tests.bridge.asking import BO, LIN, MEI, SHANGHAI, Asking

S = ApprovalState


@pytest.fixture
async def desk(store, monkeypatch):
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    desk = await Asking.open(store)
    yield desk
    await desk.close()


async def state(desk, approval_id):
    row = await desk.row(approval_id)
    return row.state, row.note


async def run_of(desk):
    """A command of somebody's; its id."""

    def run(session, now):
        run = CommandRun(key="w", kind="slash", user_id=LIN, text="x", worker="w", received_at=now, lease_until=now)
        session.add(run)
        return run.id

    return await desk.store.transact(run)


# ---- as it should go


async def test_what_is_approved_is_read_again_let_go_once_and_read_back(desk):
    task_id, approval_id = await desk.approved()
    at = desk.task(task_id).settings.send_time
    await desk.run()
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.open_key, row.result["status"], row.result["differences"]) == (
        S.EXECUTED,
        None,
        "scheduled",
        [],
    )
    assert [request.call for request in desk.box.requests if "task" in request.call][:1] == ["task-list"]
    assert len(desk.edits) == len(desk.starts) == 1
    assert (desk.task(task_id).status, desk.task(task_id).settings.send_time) == (Status.WAITING, at)
    assert await desk.ends() == [("executed", None)]


async def test_the_audit_log_says_who_gave_the_last_vote_and_what_was_changed(desk):
    task_id, approval_id = await desk.approved()
    await desk.run()
    [run], [change] = await desk.runs(), await desk.changes()
    assert (run.user_id, run.outcome, run.key.split("/")[:2]) == (MEI, Outcome.DONE, ["approval", approval_id])
    assert (change.run_id, change.task_id, change.state) == (run.id, task_id, ChangeState.DONE)


async def test_what_cannot_be_read_is_said_again(desk):
    task_id, _ = await desk.approved()
    await desk.run()
    settings = desk.task(task_id).settings
    assert (settings.hour_speed, settings.subs_link) == (12_000, 0)


async def test_nothing_goes_without_enough_votes(desk):
    task_id = await desk.held()
    approval_id = await desk.ask(task_id)
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.PENDING, None), [])


async def test_several_processes_let_it_go_once(desk):
    await desk.approved()
    await asyncio.gather(*(desk.executor().run() for _ in range(4)))
    assert len(desk.starts) == 1


@pytest.mark.parametrize("step", ["claimed", "read", "counted", "compared"])
async def test_a_process_that_slept_past_its_lease_lets_nothing_go(desk, step):
    task_id, approval_id = await desk.approved()
    slept = []

    def sleep(name):
        if name == step and not slept:
            slept.append(name)
            desk.wait(LEASE.total_seconds() + 1)

    await desk.executor(crash=sleep).run()
    assert len(desk.starts) <= 1
    await desk.run()
    assert await state(desk, approval_id) == (S.EXECUTED, None)
    assert (len(desk.starts), desk.task(task_id).status) == (1, Status.WAITING)


@pytest.mark.parametrize("call", ["task-list", "list-task"])
async def test_a_process_that_wakes_when_another_is_done_asks_for_nothing(desk, call):
    """It slept while it read the task, or what else is on the card: the last that it reads before it acts."""
    _, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "slow", call=call, seconds=1)
    slept = asyncio.create_task(desk.executor().run())
    while call not in [request.call for request in desk.box.requests]:
        await asyncio.sleep(0.01)
    desk.wait(LEASE.total_seconds() + 1)
    await desk.run()
    assert await state(desk, approval_id) == (S.EXECUTED, None)
    await slept
    assert len(desk.starts) == 1


async def test_who_waits_for_a_slow_vendor_holds_up_nobody_else(desk):
    _, slow = await desk.approved()
    desk.box.faults.inject("umail", "slow", call="task-list", seconds=0.5)
    running = asyncio.create_task(desk.run())
    await asyncio.sleep(0.1)
    _, quick = await desk.approved()
    await running
    await desk.run()
    assert [await state(desk, one) for one in (slow, quick)] == [(S.EXECUTED, None)] * 2


async def test_a_task_that_somebody_let_go_elsewhere_is_left_alone(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).enter(Status.WAITING, desk.box.clock.now())
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.result["already"], desk.edits) == (S.EXECUTED, True, [])


async def test_an_account_that_speaks_v3_lets_go_at_the_same_minute(desk):
    environ = desk.environ
    settings = type(desk.umail).Settings(
        base_url=environ["UMAIL_V3_URL"],
        username=environ["UMAIL_V3_USERNAME"],
        password=environ["UMAIL_V3_PASSWORD"],
        auth="md5",
    )
    old = type(desk.umail)("umail", settings, timezone=SHANGHAI, limiter=SharedLimiter(desk.store))
    await desk.umail.aclose()
    desk.umail = desk.providers["umail"] = old
    plain = {"sender": "post@old.example", "sender_domain": "old.example", "reply_to": None, "hourly_speed": None}
    task_id, approval_id = await desk.approved(**plain)
    at = desk.task(task_id).settings.send_time
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.result["differences"], row.proposal["context"]["unread"]) == (
        S.EXECUTED,
        [],
        {"checks": "unsupported"},
    )
    assert (desk.task(task_id).status, desk.task(task_id).settings.send_time) == (Status.WAITING, at)


async def test_what_goes_wrong_here_with_one_request_stops_no_other(desk):
    _, broken = await desk.approved()
    _, whole = await desk.approved()

    def spoil(session, _now):
        row = session.get_one(Approval, broken)
        row.policy = {}

    await desk.store.transact(spoil)
    with pytest.raises(ExceptionGroup):
        await desk.run()
    assert [(await desk.row(one)).state for one in (broken, whole)] == [S.EXECUTING, S.EXECUTED]


# ---- as it was shown, or not at all


async def drifted(desk, task_id, approval_id):
    """What the new request says has changed."""
    await desk.run()
    before, after = await desk.rows()
    assert desk.edits == []
    assert (before.id, before.state, before.note, before.replaced_by) == (approval_id, S.VOIDED, "drift", after.id)
    assert (after.state, after.subject, after.replaces, after.requested_by) == (
        S.PENDING,
        f"task/{task_id}",
        before.id,
        LIN,
    )
    assert before.hash != after.hash or before.proposal["fields"] == after.proposal["fields"]
    assert await desk.ends() == [("voided", "drift")]
    return {one["field"]: (one["before"], one["after"]) for one in after.proposal["context"]["differences"]}


async def test_another_sender_voids_and_asks_anew_and_says_what_has_changed(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).settings.fullname = "别人"
    assert await drifted(desk, task_id, approval_id) == {"sender_name": ("小店", "别人")}


async def test_another_content_is_another_send(desk):
    task_id, approval_id = await desk.approved()
    desk.box.world.umail["demo-umail"].templates[18].content = "<p>something else</p>"
    changed = await drifted(desk, task_id, approval_id)
    before, after = (one[0]["content_hash"] for one in changed["templates"])
    assert list(changed) == ["templates"]
    assert before != after


async def test_another_time_is_another_send(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).settings.send_time += timedelta(hours=1)
    assert list(await drifted(desk, task_id, approval_id)) == ["scheduled_at"]


async def test_a_list_that_has_grown_is_not_what_was_approved(desk):
    task_id, approval_id = await desk.approved()
    desk.box.world.umail["demo-umail"].lists[7].size += 101
    assert await drifted(desk, task_id, approval_id) == {"list_size": (18_400, 18_501)}


async def test_a_list_that_grew_by_a_few_is(desk):
    _, approval_id = await desk.approved()
    desk.box.world.umail["demo-umail"].lists[7].size += 100
    await desk.run()
    assert (await desk.row(approval_id)).state is S.EXECUTED


async def test_the_new_request_is_carried_out_when_it_is_approved(desk):
    task_id, _ = await desk.approved()
    desk.task(task_id).settings.fullname = "别人"
    await desk.run()
    await desk.say_yes((await desk.rows())[-1].id)
    await desk.run()
    assert [row.state for row in await desk.rows()] == [S.VOIDED, S.EXECUTED]
    assert len(desk.starts) == 1


async def test_a_task_that_is_gone_voids(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).deleted = True
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.VOIDED, "gone"), [])


async def test_a_task_whose_template_is_gone_voids(desk):
    _, approval_id = await desk.approved()
    del desk.box.world.umail["demo-umail"].templates[18]
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.VOIDED, "gone"), [])


async def test_a_task_that_was_cancelled_meanwhile_cannot_be_let_go(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).enter(Status.CANCELLED, desk.box.clock.now())
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.FAILED, "finished"), [])


# ---- the people


async def test_a_vote_of_somebody_who_lost_the_role_does_not_count(desk):
    _, approval_id = await desk.approved()
    desk.lost = (MEI,)
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.PENDING, None), [])
    assert [run.outcome for run in await desk.runs()] == [Outcome.REFUSED]
    desk.lost = ()
    await desk.say_yes(approval_id, BO)
    await desk.run()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)


async def test_one_of_two_votes_is_not_enough(store, monkeypatch):
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    desk = await Asking.open(store, Settings(policies=(Policy(name="all", approvers=2),)))
    _, approval_id = await desk.approved()
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.PENDING, None), [])
    await desk.say_yes(approval_id, BO)
    await desk.run()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)
    await desk.close()


# ---- a vendor in trouble


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
    assert (await state(desk, approval_id), desk.edits) == ((S.EXPIRED, "late"), [])
    assert await desk.ends() == [("expired", "late")]


async def test_its_time_that_passes_during_the_reading_never_lets_it_go_at_once(desk):
    _, approval_id = await desk.approved(hours=1)

    def crash(step):
        if step == "compared":
            desk.wait(3600)

    await desk.executor(crash=crash).run()
    assert (await state(desk, approval_id), desk.edits) == ((S.EXPIRED, "late"), [])


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
    assert (await state(desk, approval_id), desk.edits) == ((S.EXPIRED, "late"), [])


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
    assert (await state(desk, approval_id), len(desk.edits)) == ((S.FAILED, "not_done"), 1)


async def test_a_refusal_is_told_in_the_vendors_words(desk):
    _, approval_id = await desk.approved()
    desk.box.world.umail["demo-umail"].mailboxes.pop("news@shop.example")
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.note, row.result["vendor_code"]) == (S.FAILED, "refused", "send_account_error")


async def test_a_change_by_somebody_else_is_waited_for(desk):
    task_id, approval_id = await desk.approved()

    def other(session, now):
        run = CommandRun(
            key="k", kind="click", user_id=LIN, text="x", worker="w", received_at=now, lease_until=now + timedelta(1)
        )
        session.add(run)
        session.flush()
        known = {"before": {"asked": [], "form": {}}, "created_at": now, "due_at": now + timedelta(hours=1)}
        session.add(
            bridge.changes.tasks.Change(
                run_id=run.id, account="umail", task_id=task_id, action="cancel", wanted="cancelled",
                state=ChangeState.INTENDED, **known,
            )
        )  # fmt: skip

    await desk.store.transact(other)
    await desk.run()
    assert (await state(desk, approval_id), desk.edits) == ((S.APPROVED, "open_change"), [])


async def test_what_a_person_cancels_while_it_is_read_stays_cancelled(desk):
    task_id, approval_id = await desk.approved()
    desk.box.faults.inject("umail", "slow", call="list-task", seconds=0.5)
    reading = asyncio.create_task(desk.run())
    while "list-task" not in [request.call for request in desk.box.requests]:
        await asyncio.sleep(0.01)
    task = await desk.umail.task(task_id)
    decision = decide(Action.CANCEL, task, desk.umail.can_set)
    result = await change_task(desk.store, desk.umail, task, decision, run_id=await run_of(desk))
    assert result.state is ChangeState.DONE
    assert not reading.done()
    await reading
    assert (await state(desk, approval_id), desk.starts) == ((S.APPROVED, "open_change"), [])
    desk.wait(6)
    await desk.run()
    assert (await state(desk, approval_id), desk.starts) == ((S.FAILED, "finished"), [])
    assert desk.task(task_id).status is Status.CANCELLED


# ---- a resume


async def test_what_goes_at_once_gets_a_time_that_has_not_passed(desk):
    task_id = await desk.held(hours=-3)
    approval_id = await desk.ask(task_id, kind=ApprovalKind.RESUME)
    await desk.say_yes(approval_id)
    await desk.run()
    assert (await desk.row(approval_id)).state is S.EXECUTED
    assert desk.task(task_id).settings.send_time > await desk.now()


# ---- messages that wait here

LETTER = Letter("news@shop.example", "小店", tuple(f"a{n}@example.com" for n in range(3)), "Hello", "text")


async def written(desk):
    return await drafts.write(desk.store, LETTER, account="emailcar", by=LIN, run_id=await run_of(desk))


def submissions(desk):
    return [request for request in desk.box.requests if request.call == "mail/send"]


async def test_an_approved_message_is_sent_once(desk):
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await asyncio.gather(*(desk.executor().run() for _ in range(3)))
    row, kept = await desk.row(approval_id), await drafts.find(desk.store, draft.id)
    assert (row.state, len(row.result["message_ids"]), kept.state) == (S.EXECUTED, 3, DraftState.SENT)
    assert len(submissions(desk)) == 1


@pytest.mark.parametrize("step", ["claimed", "read", "counted", "compared"])
async def test_a_process_that_slept_past_its_lease_sends_no_message(desk, step):
    """While it slept, the one who voted lost the role: whoever takes it up next sees that."""
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)

    def sleep(name):
        if name == step and not desk.lost:
            desk.lost = (MEI,)
            desk.wait(LEASE.total_seconds() + 1)

    await desk.executor(crash=sleep).run()
    await desk.run()
    assert (await state(desk, approval_id), submissions(desk)) == ((S.PENDING, None), [])
    assert (await drafts.find(desk.store, draft.id)).state is DraftState.OPEN


async def test_a_message_whose_answer_is_lost_stays_unknown(desk):
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    desk.box.faults.inject("emailcar", "lost_reply", call="mail/send")
    await desk.run()
    desk.wait(600)
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.due_at, len(submissions(desk))) == (S.UNKNOWN, None, 1)
    assert [run.outcome for run in await desk.runs()] == [Outcome.UNKNOWN]


async def test_a_message_that_was_thrown_away_is_not_sent(desk):
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await drafts.discard(desk.store, draft, by=LIN)
    await desk.run()
    assert (await state(desk, approval_id), submissions(desk)) == ((S.VOIDED, "gone"), [])


async def test_a_message_that_the_vendor_refuses_has_failed(desk):
    desk.box.world.emailcar.senders.clear()
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.note) == (S.FAILED, "refused")


async def test_a_message_that_could_not_be_handed_over_stays_approved_and_goes_later(desk):
    draft = await written(desk)
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    desk.box.world.emailcar.password, true = "another", desk.box.world.emailcar.password
    await desk.run()
    assert await state(desk, approval_id) == (S.APPROVED, "auth")
    desk.box.world.emailcar.password = true
    desk.wait(6)
    await desk.run()
    assert ((await desk.row(approval_id)).state, (await drafts.find(desk.store, draft.id)).state) == (
        S.EXECUTED,
        DraftState.SENT,
    )
