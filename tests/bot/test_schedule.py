"""Scheduled sends from the form to the request: made once, on hold, asked for with a reason."""

import asyncio
from dataclasses import replace

import pytest

from sandbox.mailing import Status
from store.tables import Approval, ApprovalKind, ApprovalState, CommandRun, TaskLedger
from tests.bot.scheduling import (
    LIN,
    SCHEDULE,
    VERA,
    account,
    entered,
    field,
    newest,
    opened,
    request_of,
    rows,
    submitted,
    title,
    words_of,
)


async def test_a_send_is_made_on_hold_remembered_and_asked_for(office):
    view = await opened(office)
    assert title(office) == "Schedule a send"
    assert "16 passed" in [one["value"] for one in field(view, "templates")["element"]["options"]]
    view = await submitted(office, "waits for", reply_to="re@shop.example", first="2", last="500", flags=[])

    [made] = office.changes
    params = dict(made.params)
    assert (params["do"], params["tpl_id"], params["maillist_id"], params["status"]) == ("add-task", "16", "12", "-1")
    assert (params["send_domain"], params["send_account"]) == ("shop.example", "news@shop.example")
    assert (params["hour_speed"], params["subs_link"], params["track_status"]) == ("12000", "0", "2")
    assert (params["send_qty_start"], params["send_qty"], params["send_replyto"]) == ("2", "500", "re@shop.example")
    task = newest(office)
    assert task.status is Status.HELD

    [told] = await rows(office, TaskLedger)
    assert (told.task_id, told.by, told.form["hourly_speed"]) == (str(task.id), LIN, 12_000)
    [request] = await rows(office, Approval)
    assert (request.kind, request.state) == (ApprovalKind.SCHEDULE, ApprovalState.PENDING)
    assert (request.subject, request.requested_by) == (f"task/{task.id}", LIN)
    assert request.reason == "start of the *November* campaign"
    assert request.proposal["told"]["hourly_speed"] == 12_000
    assert f"Task {task.id} is on hold and waits for" in str(view.blocks)


async def test_the_form_submitted_twice_makes_one_task(office):
    await opened(office)
    first, second = await asyncio.gather(
        office.slack.submit(LIN, entered(office)), office.slack.submit(LIN, entered(office))
    )
    assert (first.error, second.error) == (None, None)
    await office.until(lambda: "waits for" in words_of(office))
    assert [request.call for request in office.changes] == ["add-task"]
    assert len(await rows(office, Approval)) == 1
    assert [run.kind for run in await rows(office, CommandRun)].count("form") == 1


# A lost answer


@pytest.mark.parametrize("fault", ["lost_reply", "reset"])
async def test_a_task_whose_answer_was_lost_is_found_by_what_it_is(office, fault):
    await opened(office)
    office.box.faults.inject("umail", fault, call="add-task")
    if fault == "lost_reply":
        await submitted(office, "waits for")
        assert (await request_of(office)).subject == f"task/{newest(office).id}"
        [told] = await rows(office, TaskLedger)
        assert told.form["unsubscribe_link"] is True
    else:
        await submitted(office, "found no new task that is it")
        assert await rows(office, Approval) == await rows(office, TaskLedger) == []
    assert [request.call for request in office.changes] == ["add-task"]


async def test_two_new_tasks_that_are_the_same_are_nobodys_answer(office):
    await opened(office)
    office.box.faults.inject("umail", "lost_reply", call="add-task")
    office.box.faults.inject("umail", "slow", call="task-list", times=4, seconds=0.1)
    reply = asyncio.ensure_future(submitted(office, "or more than one"))
    await office.until(lambda: office.changes)
    twin = newest(office)
    account(office).add(replace(twin, id=twin.id + 1, sn=f"{twin.sn}x"))
    await reply
    assert await rows(office, Approval) == []


async def test_a_card_that_cannot_be_read_leaves_the_task_on_hold_and_offers_to_ask(office):
    await opened(office)
    office.box.faults.inject("umail", "slow", call="add-task", seconds=0.2)
    asking = asyncio.ensure_future(submitted(office, "nobody was asked to approve it"))
    await office.until(lambda: office.changes)
    office.box.faults.inject("umail", "html", call="list-tpl", times=20)
    view = await asking
    assert newest(office).status is Status.HELD
    assert await rows(office, Approval) == []
    office.box.faults.clear()
    await office.slack.click(LIN, view, "Ask for approval")
    await office.until(lambda: "waits for" in words_of(office))
    assert (await request_of(office)).kind is ApprovalKind.RESUME
    assert newest(office).status is Status.HELD


# Where nobody has to approve, and where there is no Slack


async def test_where_nobody_has_to_approve_its_asker_lets_it_go(unasked):
    office = unasked
    view = await opened(office)
    assert view.definition["submit"]["text"] == "Put it on hold"
    view = await submitted(office, "nobody else has to approve it")
    assert newest(office).status is Status.HELD
    await office.slack.click(LIN, view, "Let it send")
    await office.until(lambda: "is scheduled" in words_of(office))
    # What was told when it was made is told again.
    assert "could not be checked: first address, tracking domain, read receipt" in words_of(office)
    assert newest(office).status is Status.WAITING
    assert newest(office).settings.hour_speed == 12_000
    assert await rows(office, Approval) == []


@pytest.mark.parametrize("line", [SCHEDULE, "task edit 19126 --account umail"])
async def test_a_terminal_has_no_form_for_it(office, edmbot, line):
    ran = await edmbot("exec", line, environ=office.environ)
    assert ran.status == 1
    assert "only Slack has forms" in ran.out
    assert office.changes == []


async def test_viewers_schedule_nothing(office):
    answer = await office.ask(VERA, SCHEDULE)
    assert "operator" in answer.plain
    assert office.slack.modal(VERA) is None
