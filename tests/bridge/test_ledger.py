"""What was told of a task is told again by every edit, where it cannot be read; on both databases."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

import bridge.changes.tasks
from bridge.alerts.breaker import Breaker
from bridge.alerts.rules import BounceRateRule
from bridge.changes import ledger
from bridge.changes.decisions import Action, Decision, Verdict, decide
from bridge.changes.edits import Difference
from bridge.changes.ledger import complete, read, written
from bridge.changes.tasks import claim_due, look_up
from providers.model import TaskForm, TaskStatus, Tracking
from sandbox.mailing import Status
from store.tables import ChangeState
from tests.bridge.alerting import Scene
from tests.bridge.asking import LIN, ME, MEI, opened

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FORM = TaskForm(
    template_ids=("16", "17"),
    list_ids=("5",),
    sender_domain="shop.example",
    sender="news@shop.example",
    sender_name="小店",
    reply_to="service@shop.example",
    first=10,
    last=100,
    scheduled_at=AT,
    unsubscribe_link=True,
    tracking=Tracking.OPENS_AND_CLICKS,
    tracking_domain="t.shop.example",
    hourly_speed=12_000,
    read_receipt=False,
)


@pytest.fixture
async def desk(store):
    async with opened(store) as desk:
        yield desk


async def change(desk, task_id, action, *, by=MEI, form=None):
    """As a command does it."""
    run_id = await desk.command(by)
    task = await desk.umail.task(task_id)
    decision = decide(action, task, desk.umail.can_set)
    assert decision.verdict is Verdict.GO
    return await bridge.changes.tasks.change_task(desk.store, desk.umail, task, decision, run_id=run_id, form=form)


def kept(desk, task_id):
    settings = desk.task(task_id).settings
    return settings.hour_speed, settings.subs_link


# ---- pure


def test_a_form_is_the_same_after_it_was_written_down():
    assert read(written(FORM)) == FORM
    assert read(written(TaskForm())) == TaskForm()
    assert all(getattr(FORM, one.name) is not None for one in fields(TaskForm)), "a field that this does not try"


def test_a_fresh_read_wins_and_the_ledger_fills_what_cannot_be_read():
    fresh = TaskForm(template_ids=("18",), last=0, scheduled_at=AT + timedelta(hours=1), tracking=Tracking.NONE)
    whole = complete(fresh, FORM)
    assert (whole.template_ids, whole.last, whole.scheduled_at) == (("18",), 0, AT + timedelta(hours=1))
    assert (whole.tracking, whole.hourly_speed, whole.unsubscribe_link) == (Tracking.NONE, 12_000, True)


def test_what_somebody_has_emptied_is_not_filled_again():
    assert complete(TaskForm(), FORM).reply_to is None
    assert complete(TaskForm(), None) == TaskForm()


# ---- at the vendor


@pytest.mark.parametrize("action", [Action.RESUME, Action.CANCEL, Action.EDIT])
async def test_speed_and_unsubscribe_link_survive_every_change(desk, action):
    task_id = await desk.held()
    await change(desk, task_id, action)
    assert kept(desk, task_id) == (12_000, 0)


async def test_they_survive_a_pause(desk):
    task_id = await desk.held()
    desk.task(task_id).enter(Status.SENDING, desk.box.clock.now())
    result = await change(desk, task_id, Action.PAUSE)
    assert (result.state, kept(desk, task_id)) == (ChangeState.DONE, (12_000, 0))
    assert result.unknown == ("first", "tracking_domain", "read_receipt")


async def test_they_survive_a_pause_by_a_rule(desk):
    task_id = await desk.held()
    desk.task(task_id).enter(Status.SENDING, desk.box.clock.now())
    rule = BounceRateRule(name="bounces", above=0.1, action="pause")
    await Scene(desk.store, rules=(rule,)).fire(f"task/{task_id}", rule=rule)
    await Breaker(desk.store, desk.providers, (rule,), lambda: None).run("umail")
    assert (desk.task(task_id).status, kept(desk, task_id)) == (Status.PAUSED, (12_000, 0))


async def test_of_a_task_that_was_made_elsewhere_nobody_can_say(desk):
    result = await change(desk, "19126", Action.HOLD)
    assert result.unknown == ledger.UNREADABLE
    row = await desk.told_of("19126")
    assert (row.by, "hourly_speed" in row.form, row.form["template_ids"]) == (MEI, False, ["17"])


async def test_an_edit_is_remembered_and_told_again(desk):
    task_id = await desk.held()
    await change(desk, task_id, Action.EDIT, form=TaskForm(hourly_speed=500, unsubscribe_link=True))
    await change(desk, task_id, Action.CANCEL, by=LIN)
    assert kept(desk, task_id) == (500, 1)
    row = await desk.told_of(task_id)
    assert (row.by, row.form["hourly_speed"]) == (LIN, 500)


async def test_an_edit_that_was_refused_is_not_remembered(desk):
    task_id = await desk.held()
    result = await change(desk, task_id, Action.EDIT, form=TaskForm(template_ids=("999",), hourly_speed=500))
    assert (result.state, result.error.vendor_code) == (ChangeState.NOT_DONE, "tpl_error")
    assert (await desk.told_of(task_id)).form["hourly_speed"] == 12_000


async def test_an_edit_whose_answer_was_lost_is_remembered_when_it_is_found(desk):
    task_id = await desk.held()
    desk.box.faults.inject("umail", "late_apply", call="edit-task", seconds=20)
    result = await change(desk, task_id, Action.EDIT, form=TaskForm(sender_name="别人", hourly_speed=500))
    assert (result.state, (await desk.told_of(task_id)).form["hourly_speed"]) == (ChangeState.UNKNOWN, 12_000)
    desk.wait(25)
    [due] = await claim_due(desk.store)
    await look_up(desk.store, desk.umail, due)
    assert (due.state, (await desk.told_of(task_id)).form["hourly_speed"]) == (ChangeState.DONE, 500)


async def test_an_edit_that_was_never_carried_out_is_seen_though_the_task_is_on_hold_as_wished(desk):
    task_id = await desk.held()
    desk.box.faults.inject("umail", "silent_accept", call="edit-task")
    result = await change(desk, task_id, Action.EDIT, form=TaskForm(sender_name="别人"))
    assert (result.state, result.differences) == (
        ChangeState.UNKNOWN,
        (Difference("sender_name", "别人", "小店"),),
    )
    desk.wait(46)
    [due] = await claim_due(desk.store)
    await look_up(desk.store, desk.umail, due)
    assert due.state is ChangeState.NOT_DONE


async def test_an_edit_of_the_time_is_read_back(desk):
    task_id = await desk.held()
    at = (await desk.umail.task(task_id)).scheduled_at + timedelta(hours=2)
    result = await change(desk, task_id, Action.EDIT, form=TaskForm(scheduled_at=at))
    assert (result.state, result.differences, result.after.scheduled_at) == (ChangeState.DONE, (), at)
    assert await desk.told_of(task_id) is not None


async def test_an_edit_holds_what_waited(desk):
    assert Decision(Verdict.GO, Action.EDIT, TaskStatus.DRAFT) == decide(
        Action.EDIT, await desk.umail.task("19126"), desk.umail.can_set
    )
    await change(desk, "19126", Action.EDIT, form=TaskForm(sender_name="别人"))
    assert desk.task("19126").status is Status.HELD


async def test_two_who_write_at_once_leave_one_row(desk):
    def remember(session, now):
        ledger.remember(session, now, account=ME, task_id="1", form=FORM, by=LIN)

    for _ in range(2):
        await desk.store.transact(remember)
    assert ledger.read((await desk.told_of("1")).form) == FORM
