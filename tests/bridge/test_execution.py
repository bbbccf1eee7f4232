"""What was approved is read again, compared, and let go once; over real sockets, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from bridge.approvals.handover import LEASE
from bridge.approvals.policy import Policy, Settings
from sandbox.mailing import Status
from store.limits import SharedLimiter
from store.tables import Approval, ApprovalKind, ApprovalState, ChangeState, Outcome
from tests.bridge.asking import BO, LIN, MEI, SHANGHAI, opened

S = ApprovalState


@pytest.fixture
async def desk(store):
    async with opened(store) as desk:
        yield desk


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
    assert (await desk.state(approval_id), desk.edits) == ((S.PENDING, None), [])


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
    assert await desk.state(approval_id) == (S.EXECUTED, None)
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
    assert await desk.state(approval_id) == (S.EXECUTED, None)
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
    assert [await desk.state(one) for one in (slow, quick)] == [(S.EXECUTED, None)] * 2


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


async def test_what_goes_at_once_gets_a_time_that_has_not_passed(desk):
    task_id = await desk.held(hours=-3)
    approval_id = await desk.ask(task_id, kind=ApprovalKind.RESUME)
    await desk.say_yes(approval_id)
    await desk.run()
    assert (await desk.row(approval_id)).state is S.EXECUTED
    assert desk.task(task_id).settings.send_time > await desk.now()


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
    assert (await desk.state(approval_id), desk.edits) == ((S.VOIDED, "gone"), [])


async def test_a_task_whose_template_is_gone_voids(desk):
    _, approval_id = await desk.approved()
    del desk.box.world.umail["demo-umail"].templates[18]
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.VOIDED, "gone"), [])


async def test_a_task_that_was_cancelled_meanwhile_cannot_be_let_go(desk):
    task_id, approval_id = await desk.approved()
    desk.task(task_id).enter(Status.CANCELLED, desk.box.clock.now())
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.FAILED, "finished"), [])


# ---- the people


async def test_a_vote_of_somebody_who_lost_the_role_does_not_count(desk):
    _, approval_id = await desk.approved()
    desk.lost = (MEI,)
    await desk.run()
    assert (await desk.state(approval_id), desk.edits) == ((S.PENDING, None), [])
    assert [run.outcome for run in await desk.runs()] == [Outcome.REFUSED]
    desk.lost = ()
    await desk.say_yes(approval_id, BO)
    await desk.run()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)


async def test_one_of_two_votes_is_not_enough(store):
    async with opened(store, Settings(policies=(Policy(name="all", approvers=2),))) as desk:
        _, approval_id = await desk.approved()
        await desk.run()
        assert (await desk.state(approval_id), desk.edits) == ((S.PENDING, None), [])
        await desk.say_yes(approval_id, BO)
        await desk.run()
        assert ((await desk.row(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)
