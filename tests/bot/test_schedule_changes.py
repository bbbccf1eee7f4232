"""What becomes of a send that waits: it is edited, let go on, stopped, or asked for at another time."""

import asyncio

import pytest

import bot.commands.asking
from sandbox.mailing import Status
from store.tables import Approval, ApprovalKind, ApprovalState
from tests.bot.scheduling import (
    LIN,
    OPS,
    entered,
    field,
    newest,
    opened,
    request_of,
    rows,
    soon,
    submitted,
    title,
    words_of,
)

# What is there already


async def test_an_edit_is_filled_in_holds_the_task_and_asks(office):
    view = await opened(office, "task edit 19126")
    assert title(office) == "Edit task 19126"
    assert [one["value"] for one in field(view, "templates")["element"]["initial_options"]] == ["17 passed"]
    assert [one["value"] for one in field(view, "lists")["element"]["initial_options"]] == ["5"]
    await office.slack.submit(LIN, {"speed": "5000", "sender_name": "新店", "reason": "another name"})
    await office.until(lambda: "waits for" in words_of(office))
    [made] = office.changes
    assert (made.call, made.params["send_status"], made.params["hour_speed"]) == ("edit-task", "-1", "5000")
    task = office.box.world.task(19126)
    assert (task.status, task.settings.fullname) == (Status.HELD, "新店")
    request = await request_of(office)
    assert (request.kind, request.reason, request.needed) == (ApprovalKind.SCHEDULE, "another name", 2)
    assert request.proposal["fields"]["sender_name"] == "新店"


async def test_an_edit_puts_the_open_request_aside_and_remembers_what_cannot_be_read(office):
    await opened(office)
    await submitted(office, "waits for", first="2", last="500")
    first, number = await request_of(office), newest(office).id
    view = await opened(office, f"task edit {number} --account umail")
    assert field(view, "speed")["element"]["initial_value"] == "12000"
    assert field(view, "reason")["element"]["initial_value"] == first.reason
    await office.slack.submit(LIN, {"first": "", "last": ""})
    await office.until(lambda: "waits for" in words_of(office))
    settings = office.box.world.task(number).settings
    assert (settings.hour_speed, settings.send_qty_start, settings.send_qty) == (12_000, 1, 0)
    before, after = sorted(await rows(office, Approval), key=lambda one: one.id)
    assert (before.id, before.state, before.replaced_by) == (first.id, ApprovalState.VOIDED, after.id)
    assert (after.state, after.replaces) == (ApprovalState.PENDING, before.id)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (19124, "Task 19124 is sending"),
        (19125, "there is nothing left to change"),
        (19129, "Task 19129 has begun"),
        (19127, "there is nothing left to change"),
    ],
)
async def test_what_has_begun_or_is_over_is_not_edited(office, number, said):
    await office.type(LIN, f"task edit {number}")
    await office.until(lambda: said in "".join(words_of(office).split("*")))
    assert office.changes == []


async def test_an_edit_while_it_is_carried_out_changes_nothing(office):
    await opened(office)
    await submitted(office, "waits for")
    number = newest(office).id
    await opened(office, f"task edit {number} --account umail")
    await put(office, ApprovalState.EXECUTING)
    await office.slack.submit(LIN, {"speed": "5000"})
    await office.until(lambda: "being carried out right now" in words_of(office))
    assert [request.call for request in office.changes] == ["add-task"]


async def put(office, state, **values):
    """Let the newest request have come so far."""
    newest_id = (await request_of(office)).id
    ended = {} if state in (ApprovalState.EXECUTING, ApprovalState.APPROVED) else {"open_key": None}

    def work(session, _now):
        row = session.get(Approval, newest_id)
        for name, value in {"state": state, **ended, **values}.items():
            setattr(row, name, value)

    await office.store.transact(work)


# Going on


async def test_a_task_that_nobody_approved_here_is_asked_for_before_it_goes_on(office):
    told = await office.ask(LIN, "task resume 19129")
    assert "Task 19129 is paused and waits for 1 approval" in told.plain
    assert office.changes == []
    request = await request_of(office)
    assert (request.kind, request.subject, request.send_at) == (ApprovalKind.RESUME, "task/19129", None)
    again = await office.ask(LIN, "task resume 19129")
    assert "has asked for 19129 already" in again.plain
    assert len(await rows(office, Approval)) == 1


async def test_what_was_approved_here_goes_on_at_once_until_it_is_another_send(office):
    await office.ask(LIN, "task resume 19129")
    await put(office, ApprovalState.EXECUTED)
    told = await office.ask(LIN, "task resume 19129")
    assert "Task 19129 is scheduled" in told.plain
    await office.ask(LIN, "task pause 19129")
    office.box.world.task(19129).settings.template_ids = [17]
    assert "waits for 1 approval" in (await office.ask(LIN, "task resume 19129")).plain
    assert [edit.params["send_status"] for edit in office.changes] == ["1", "-1"]


async def test_a_time_that_passes_while_its_card_is_read_never_means_at_once(office, monkeypatch):
    known = bot.commands.asking.ledger.of

    def late(*args):
        office.later(7 * 3_600)
        monkeypatch.setattr(bot.commands.asking.ledger, "of", known)
        return known(*args)

    await opened(office)
    monkeypatch.setattr(bot.commands.asking.ledger, "of", late)
    await office.slack.submit(LIN, entered(office))
    async with asyncio.timeout(5):
        while not await rows(office, Approval):
            await asyncio.sleep(0.005)
    request = await request_of(office)
    assert request.send_at == newest(office).settings.send_time


# Stopped while it waits


@pytest.mark.parametrize("state", [ApprovalState.PENDING, ApprovalState.APPROVED])
async def test_a_pause_of_what_waits_on_hold_calls_its_request_off(office, state):
    await opened(office)
    await submitted(office, "waits for")
    await put(office, state, open_key=(await request_of(office)).open_key)
    await office.ask(OPS, f"task pause {newest(office).id} --account umail")
    request = await request_of(office)
    assert (request.state, request.note, request.open_key) == (ApprovalState.VOIDED, f"stopped by {OPS}", None)


@pytest.mark.parametrize(("line", "button"), [("task cancel", "Cancel task"), ("task delete", "Delete task")])
async def test_what_is_cancelled_or_deleted_calls_its_request_off_once_that_is_confirmed(office, line, button):
    await opened(office)
    await submitted(office, "waits for")
    number = newest(office).id
    await put(office, ApprovalState.APPROVED)
    shown = await office.ask(OPS, f"{line} {number} --account umail")
    assert (await request_of(office)).state is ApprovalState.APPROVED
    await office.slack.click(OPS, shown, button)
    await office.until(lambda: "edit-task" in calls(office) or "del-task" in calls(office))
    assert (await request_of(office)).note == f"stopped by {OPS}"


async def test_a_pause_while_it_is_being_let_go_says_so(office):
    await opened(office)
    await submitted(office, "waits for")
    await put(office, ApprovalState.EXECUTING)
    told = await office.ask(OPS, f"task pause {newest(office).id} --account umail")
    assert "being carried out right now" in told.plain
    assert (await request_of(office)).state is ApprovalState.EXECUTING


def calls(office):
    return [request.call for request in office.changes]


# Another time


async def test_an_expired_request_is_asked_for_again_at_another_time(office):
    await opened(office)
    await submitted(office, "waits for")
    await put(office, ApprovalState.EXPIRED)
    before = await request_of(office)
    await office.type(LIN, f"approval reschedule {before.id[-6:]}")
    await office.until(lambda: title(office) == "Another time")
    at = soon(office, hours=30)
    await office.slack.submit(LIN, {"at": at})
    await office.until(lambda: "waits for" in words_of(office))
    after = await request_of(office)
    assert (after.replaces, after.reason, after.send_at.timestamp()) == (before.id, before.reason, at)
    task = newest(office)
    assert (task.status, task.settings.send_time.timestamp(), task.settings.hour_speed) == (Status.HELD, at, 12_000)


async def test_another_time_must_be_still_to_come(office):
    await opened(office)
    await submitted(office, "waits for")
    await office.type(LIN, f"approval reschedule {(await request_of(office)).id}")
    await office.until(lambda: title(office) == "Another time")
    await office.slack.submit(LIN, {"at": soon(office, minutes=-1)})
    assert "That time is over" in office.slack.modal(LIN).errors["at"]
    await office.slack.submit(LIN, {"at": soon(office, hours=30)})
    await office.until(lambda: "waits for" in words_of(office))
    states = [one.state for one in sorted(await rows(office, Approval), key=lambda one: one.id)]
    assert states == [ApprovalState.VOIDED, ApprovalState.PENDING]


async def test_what_was_carried_out_or_never_was_has_no_other_time(office):
    await office.ask(LIN, "task resume 19129")
    await put(office, ApprovalState.EXECUTED)
    await office.type(LIN, f"approval reschedule {(await request_of(office)).id}")
    await office.until(lambda: "approved and carried out already" in words_of(office))
    await office.type(LIN, "approval reschedule 0123456789")
    await office.until(lambda: "There is no request" in words_of(office))
    assert office.changes == []
