"""Sends that nobody approved here: noted by a poll, read, compared, perhaps held, asked about; on both databases."""

from datetime import timedelta

import pytest

import bridge.changes.tasks
from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Routing
from bridge.alerts.rules import UnapprovedSendRule
from bridge.approvals import ballots, cardface
from bridge.approvals.found import Finder, Judges
from bridge.approvals.policy import Policy, Settings, Unapproved
from bridge.record import Look, note, record
from bridge.sightings import Kind, of_task
from sandbox.clock import vendor_time
from sandbox.mailing import Status
from store.tables import Alert, ApprovalKind, ApprovalState, Notice, NoticeKind, Outcome
from tests.bridge.asking import LIN, MEI, Asking

S = ApprovalState
EVENING = "19126"
"""Waits for this evening, and was made elsewhere."""
RUNNING = "19124"
RULE = UnapprovedSendRule(name="unapproved")


class Watching(Asking):
    """A scene in which somebody polls."""

    def __init__(self, *args):
        super().__init__(*args)
        self.judge = Judges((Finder(self.desk), AlertDesk((RULE,), Routing((), "C0ALERTS", {}))))

    async def poll(self, *numbers):
        """See these tasks, as the clock's poll does."""
        noted = await note(self.store, "umail", Kind.TASK, numbers)
        tasks = [await self.umail.task(number) for number in numbers]
        look = Look(noted=noted, sightings=[of_task(task) for task in tasks if task])
        return await record(self.store, look, self.judge)

    async def appears(self, number=EVENING):
        """A task that was not there when the bot began."""
        await self.poll()
        await self.poll(number)
        self.box.requests.clear()

    async def read(self):
        await self.inquiry().run()

    async def alerts(self):
        return await self.all(Alert)

    async def cards(self):
        return [one for one in await self.all(Notice) if one.kind is NoticeKind.APPROVAL]


async def opened(store, mode, **more):
    return await Watching.open(store, Settings(policies=(), unapproved_sends=mode, **more))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))


@pytest.fixture
async def desk(store):
    desk = await opened(store, Unapproved.ANNOUNCE)
    yield desk
    await desk.close()


@pytest.fixture
async def strict(store):
    desk = await opened(store, Unapproved.HOLD)
    yield desk
    await desk.close()


# ---- announced


async def test_a_task_on_its_way_is_noted_with_its_events_and_asked_about_once_it_was_read(desk):
    await desk.appears()
    [row] = await desk.rows()
    assert (row.kind, row.state, row.hash, row.requested_by) == (ApprovalKind.FOUND, S.PENDING, "", None)
    assert await desk.cards() == []
    await desk.read()
    [row] = await desk.rows()
    assert (row.state, row.proposal["name"], row.proposal["recipients"]) == (S.PENDING, "十一月大促", 90_000)
    assert (row.proposal["context"]["held"], row.proposal["context"]["too_late"]) == (False, False)
    assert (len(await desk.cards()), desk.edits) == (1, [])
    assert vendor_time(row.send_at) == vendor_time(desk.task(EVENING).settings.send_time)


async def test_what_was_there_when_the_bot_began_is_no_news(desk):
    await desk.poll(EVENING, RUNNING)
    assert await desk.rows() == []


async def test_a_task_that_is_seen_again_is_asked_about_once(desk):
    await desk.appears()
    await desk.read()
    desk.task(EVENING).enter(Status.SENDING, desk.box.clock.now())
    await desk.poll(EVENING)
    await desk.read()
    assert len(await desk.rows()) == 1


async def test_what_was_approved_here_is_not_asked_about(desk):
    await desk.poll()
    task_id, _ = await desk.approved()
    await desk.poll(task_id)
    await desk.run()
    await desk.poll(task_id)
    await desk.read()
    assert [row.kind for row in await desk.rows()] == [ApprovalKind.SCHEDULE]


async def test_what_was_approved_and_is_another_send_now_is(desk):
    await desk.poll()
    task_id, _ = await desk.approved()
    await desk.run()
    await desk.poll(task_id)
    await desk.read()
    desk.task(task_id).settings.fullname = "别人"
    await desk.poll(task_id)
    await desk.read()
    assert [row.kind for row in await desk.rows()] == [ApprovalKind.SCHEDULE, ApprovalKind.FOUND]


async def test_what_needs_nobody_is_not_asked_about(store):
    desk = await opened(store, Unapproved.ANNOUNCE, approvers=0)
    await desk.appears()
    await desk.read()
    assert (await desk.rows(), await desk.cards()) == ([], [])
    await desk.close()


async def test_a_vendor_that_cannot_be_read_is_asked_again_later(desk):
    await desk.appears()
    desk.box.faults.inject("umail", "down")
    await desk.read()
    desk.box.faults.clear()
    await desk.read()
    assert [row.hash for row in await desk.rows()] == [""]
    desk.wait(6)
    await desk.read()
    assert [bool(row.hash) for row in await desk.rows()] == [True]


async def test_one_that_is_over_before_it_was_read_is_forgotten(desk):
    await desk.appears()
    desk.task(EVENING).enter(Status.CANCELLED, desk.box.clock.now())
    await desk.read()
    assert await desk.rows() == []


async def test_a_yes_to_what_is_on_its_way_changes_nothing_there(desk):
    await desk.appears()
    await desk.read()
    [row] = await desk.rows()
    await desk.say_yes(row.id)
    await desk.run()
    row = await desk.row(row.id)
    assert (row.state, row.result["already"], desk.edits) == (S.EXECUTED, True, [])


async def test_a_no_holds_it_once(desk):
    await desk.appears()
    await desk.read()
    [row] = await desk.rows()
    await desk.say_no(row.id)
    await desk.run()
    await desk.run()
    row = await desk.row(row.id)
    assert (row.state, row.result["held"], row.open_key, row.due_at) == (S.REJECTED, "held", None, None)
    assert ([edit.params["send_status"] for edit in desk.edits], desk.task(EVENING).status) == (["-1"], Status.HELD)
    assert [run.outcome for run in await desk.runs()] == [Outcome.DONE]


async def test_a_no_to_what_is_being_sent_pauses_it(desk):
    await desk.appears(RUNNING)
    await desk.read()
    [row] = await desk.rows()
    assert (row.proposal["context"]["too_late"], row.send_at) == (True, None)
    await desk.say_no(row.id)
    await desk.run()
    assert desk.task(RUNNING).status is Status.PAUSED


async def test_a_hold_whose_answer_is_unknown_is_looked_up_and_not_repeated(desk):
    await desk.appears()
    await desk.read()
    [row] = await desk.rows()
    await desk.say_no(row.id)
    desk.box.faults.inject("umail", "late_apply", call="edit-task", seconds=20)
    await desk.run()
    assert (await desk.row(row.id)).ended_at is None
    desk.wait(30)
    await desk.run()
    assert ((await desk.row(row.id)).result["held"], len(desk.edits)) == ("held", 1)


# ---- held first


async def test_it_is_put_on_hold_before_anybody_is_asked_and_the_card_says_what_that_may_have_reset(strict):
    await strict.appears()
    await strict.read()
    [row] = await strict.rows()
    assert (strict.task(EVENING).status, len(strict.edits)) == (Status.HELD, 1)
    context = row.proposal["context"]
    assert (context["held"], context["too_late"], context["status"]) == (True, False, "draft")
    assert context["reset"] == ["first", "unsubscribe_link", "tracking_domain", "hourly_speed", "read_receipt"]
    card = await strict.store.transact(lambda session, now: cardface.card_of(session, now, row))
    assert (card.reset, card.held, card.hold_failed) == (context["reset"], True, False)


async def test_a_yes_lets_go_what_was_held(strict):
    await strict.appears()
    await strict.read()
    [row] = await strict.rows()
    await strict.say_yes(row.id)
    await strict.run()
    assert ((await strict.row(row.id)).state, strict.task(EVENING).status) == (S.EXECUTED, Status.WAITING)
    await strict.poll(EVENING)
    await strict.read()
    assert len(await strict.rows()) == 1


async def test_what_was_held_never_goes_after_its_time(strict):
    await strict.appears()
    await strict.read()
    [row] = await strict.rows()
    await strict.say_yes(row.id)
    strict.wait((row.send_at - await strict.now()).total_seconds() + 1)
    await strict.run()
    row = await strict.row(row.id)
    assert (row.state, row.note, strict.task(EVENING).status) == (S.EXPIRED, "late", Status.HELD)


async def test_what_is_being_sent_is_not_held_and_the_card_says_so(strict):
    await strict.appears(RUNNING)
    await strict.read()
    [row] = await strict.rows()
    assert (row.proposal["context"]["too_late"], row.proposal["context"]["held"], strict.edits) == (True, False, [])


async def test_a_process_that_dies_after_the_hold_asks_for_it_once(strict, monkeypatch):
    await strict.appears()
    gathered = strict.desk.gathered

    def dies(*_args):
        raise SystemError

    monkeypatch.setattr(strict.desk, "gathered", dies)
    with pytest.raises(SystemError):
        await strict.read()
    monkeypatch.setattr(strict.desk, "gathered", gathered)
    strict.wait(121)
    await strict.read()
    [row] = await strict.rows()
    assert (len(strict.edits), row.proposal["context"]["held"], bool(row.hash)) == (1, True, True)


async def test_a_hold_that_nobody_knows_of_is_looked_up_before_anybody_is_asked(strict):
    await strict.appears()
    strict.box.faults.inject("umail", "late_apply", call="edit-task", seconds=20)
    await strict.read()
    assert [row.hash for row in await strict.rows()] == [""]
    strict.wait(30)
    await strict.read()
    [row] = await strict.rows()
    assert (len(strict.edits), row.proposal["context"]["held"]) == (1, True)


async def test_what_was_approved_is_never_held(strict):
    await strict.poll()
    task_id, _ = await strict.approved()
    await strict.run()
    await strict.poll(task_id)
    await strict.read()
    assert (len(strict.edits), strict.task(task_id).status) == (1, Status.WAITING)


# ---- the rule


async def test_the_rule_holds_once_people_are_asked_and_clears_when_they_say_yes(desk):
    await desk.appears()
    assert await desk.alerts() == []
    await desk.read()
    desk.wait(31)
    await desk.store.transact(lambda session, now: desk.judge.judges[1].age(session, now, ["umail"]))
    assert [alert.state for alert in await desk.alerts()] == ["firing"]
    [row] = await desk.rows()
    await desk.say_yes(row.id, MEI)
    desk.wait(31)
    await desk.store.transact(lambda session, now: desk.judge.judges[1].age(session, now, ["umail"]))
    assert [alert.state for alert in await desk.alerts()] == ["resolved"]


async def test_the_rule_clears_when_they_say_no_and_it_is_held(desk):
    await desk.appears()
    await desk.read()
    desk.wait(31)
    await desk.store.transact(lambda session, now: desk.judge.judges[1].age(session, now, ["umail"]))
    [row] = await desk.rows()
    await desk.say_no(row.id)
    await desk.run()
    await desk.poll(EVENING)
    assert [alert.state for alert in await desk.alerts()] == ["resolved"]


async def test_two_votes_are_asked_for_where_the_policy_says_so(store):
    many = Policy(name="all", approvers=2)
    desk = await Watching.open(store, Settings(policies=(many,)))
    await desk.appears()
    await desk.read()
    assert [row.needed for row in await desk.rows()] == [2]
    await desk.close()


async def test_a_card_that_waits_expires_before_the_send(desk):
    await desk.appears()
    await desk.read()
    [row] = await desk.rows()
    assert row.expires_at == row.send_at - timedelta(minutes=15)


async def test_a_request_that_was_withdrawn_follows_what_somebody_let_go_elsewhere(desk):
    task_id = await desk.held(hours=1)
    approval_id = await desk.ask(task_id)
    await desk.poll(task_id)
    await desk.store.transact(lambda session, now: ballots.withdraw(session, now, approval_id, user=LIN))
    desk.task(task_id).enter(Status.SENDING, desk.box.clock.now())
    await desk.poll(task_id)
    await desk.store.transact(cardface.count_down)
    [card] = [one for one in await desk.cards() if one.approval_id == approval_id]
    assert card.open_key is not None
