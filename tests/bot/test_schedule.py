"""Scheduled sends from the form to the request: made once, on hold, asked for with a reason."""

import asyncio
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

import bot.commands.asking
import bot.dispatch
from sandbox.imports import Import
from sandbox.mailing import Status
from store.runs import RunJournal
from store.tables import Approval, ApprovalKind, ApprovalState, CommandRun, Snapshot, TaskLedger

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
SCHEDULE = "task schedule --account umail"


def soon(office, **span):
    return int((office.clock() + timedelta(**(span or {"hours": 6}))).timestamp())


def entered(office, **more):
    """What somebody enters; a template and a list by their ids."""
    return {
        "templates": ["16 passed"],
        "lists": ["12"],
        "sender": "news@shop.example",
        "sender_name": "小店",
        "at": soon(office),
        "speed": "12,000",
        "reason": "start of the *November* campaign",
    } | more


def title(office, user=LIN):
    view = office.slack.modal(user)
    return view.definition["title"]["text"] if view else ""


def words_of(office, user=LIN):
    view = office.slack.modal(user)
    return str(view.blocks) if view else ""


async def opened(office, line=SCHEDULE, user=LIN):
    await office.type(user, line)
    await office.until(lambda: "'reason'" in words_of(office, user))
    return office.slack.modal(user)


async def submitted(office, says, user=LIN, **more):
    """Fill the form in and read what takes its place."""
    reply = await office.slack.submit(user, entered(office, **more))
    assert reply.error is None, reply
    await office.until(lambda: says in words_of(office, user))
    return office.slack.modal(user)


async def rows(office, table):
    return await office.store.transact(lambda session, _now: session.exec(select(table)).all())


def field(view, name):
    return next(block for block in view.blocks if block.get("block_id") == name)


def account(office):
    return office.box.world.umail["demo-umail"]


def newest(office):
    """The task that was made last."""
    return max(account(office).tasks.values(), key=lambda task: task.id)


async def request_of(office):
    """The newest request."""
    return max(await rows(office, Approval), key=lambda one: one.id)


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


# What may stand in the form, as far as nobody has to be asked


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("templates", ["16 passed", "23 rejected"], "Template 23 has not passed"),
        ("lists", ["12", "5 importing"], "A file is on its way into list 5"),
        ("at", {"hours": -1}, "That time is over"),
        ("speed", "99", "From 100 to 75,000 an hour"),
        ("speed", "75,001", "From 100 to 75,000 an hour"),
        ("speed", "fast", "fast is no whole number"),
        ("first", "0", "The first address is number 1"),
        ("last", "0", "Not before the first one"),
        ("reply_to", "nobody", "nobody is not an address"),
        ("reason", "  ", "Something must stand here"),
    ],
)
async def test_a_field_that_will_not_do_is_named_at_once_and_nothing_is_asked(office, name, value, said):
    if name == "lists":
        importing(office, 5)
    await opened(office)
    asked = len(office.box.requests)
    values = entered(office, **{name: soon(office, **value) if name == "at" else value})
    await office.slack.submit(LIN, values)
    view = office.slack.modal(LIN)
    assert list(view.errors) == [name]
    assert said in view.errors[name]
    assert len(office.box.requests) == asked
    assert await rows(office, Approval) == []


async def test_numbers_are_read_as_people_write_them(office):
    await opened(office)
    await submitted(office, "waits for", speed="１２，０００", last="1 000")
    [made] = office.changes
    assert (made.params["hour_speed"], made.params["send_qty"]) == ("12000", "1000")


def importing(office, list_id):
    """A file is on its way into a list."""
    now, lists = office.box.clock.now(), account(office).lists
    account(office).imports[1] = Import.received(1, lists[list_id], "new.csv", now, io.BytesIO(b""))


# What only the vendor knows, and may have changed since the form was opened


def checked_anew(office):
    account(office).templates[16].edited(office.box.clock.now())


def without_template(office):
    del account(office).templates[16]


def without_list(office):
    del account(office).lists[12]


def without_credit(office):
    account(office).credit -= account(office).balance(office.box.clock.now()) - 5_999


@pytest.mark.parametrize(
    ("since", "more", "name", "said"),
    [
        (checked_anew, {}, "templates", "Template 16 is still being checked"),
        (without_template, {}, "templates", "There is no template 16 any more"),
        (lambda office: importing(office, 12), {}, "lists", "A file is on its way into list 12"),
        (without_list, {}, "lists", "There is no list 12 any more"),
        (without_credit, {}, "lists", "6,000 people, and credit for 5,999 only"),
        (lambda _: None, {"first": "6001"}, "last", "The lists hold 6,000 addresses only"),
        (lambda office: office.later(86_400), {}, "at", "That time is over"),
    ],
)
async def test_what_has_changed_since_comes_back_as_the_form_filled_in(office, since, more, name, said):
    await opened(office)
    since(office)
    view = await submitted(office, "Not yet:", **more)
    assert said in field(view, name)["hint"]["text"]
    assert office.changes == []
    assert await rows(office, Approval) == []
    assert field(view, "sender_name")["element"]["initial_value"] == "小店"
    assert field(view, "speed")["element"]["initial_value"] == "12000"
    assert field(view, "sender")["element"]["initial_option"]["value"] == "news@shop.example"
    assert field(view, "at")["element"]["initial_date_time"] == soon(office)
    assert field(view, "reason")["element"]["initial_value"] == "start of the *November* campaign"


async def test_a_form_that_came_back_is_submitted_again_and_makes_the_task(office):
    await opened(office)
    without_credit(office)
    await submitted(office, "Not yet:")
    account(office).credit += 100_000
    await office.slack.submit(LIN, {})
    await office.until(lambda: "waits for" in words_of(office))
    assert [request.call for request in office.changes] == ["add-task"]
    assert newest(office).settings.hour_speed == 12_000


@pytest.mark.parametrize(
    ("call", "fault", "said"),
    [
        ("get-tpl-status", "html", "What you entered is still here"),
        ("add-task", "http_429", "What you entered is still here"),
    ],
)
async def test_a_vendor_that_cannot_be_asked_costs_nobody_what_was_entered(office, call, fault, said):
    await opened(office)
    office.box.faults.inject("umail", fault, call=call, times=9)
    view = await submitted(office, said)
    assert field(view, "speed")["element"]["initial_value"] == "12000"
    assert newest(office).id == 19131


async def test_what_the_vendor_refuses_stands_above_the_form(office):
    await opened(office)
    del account(office).mailboxes["news@shop.example"]
    view = await submitted(office, "U-Mail did not take it")
    assert "发件人不存在" in str(view.blocks)
    assert field(view, "reason")["element"]["initial_value"] == "start of the *November* campaign"


async def test_a_dialect_that_does_not_know_a_field_says_so_and_keeps_the_rest(two_dialects):
    office = two_dialects
    await opened(office, "task schedule --account old", VERA)
    values = {"templates": ["18"], "lists": ["8"], "sender": "all"}
    await submitted(office, "This version of U-Mail's API does not take all of this", VERA, **values)
    await office.slack.submit(VERA, {"speed": ""})
    await office.until(lambda: "waits for" in words_of(office, VERA))
    [made] = office.changes
    assert (made.params["status"], made.params["send_account"]) == ("-1", "all")


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


# More choices than a menu holds


def many_templates(office):
    templates = account(office).templates
    for number in range(100, 250):
        templates[number] = replace(templates[16], id=number, name=f"Autumn {number}")


async def test_a_hundred_and_fifty_templates_are_searched_as_one_types(office):
    many_templates(office)
    view = await opened(office)
    assert field(view, "templates")["element"]["type"] == "multi_external_select"
    reply = await office.slack.suggest(LIN, view, "templates", "autumn 17")
    assert [option["value"].split()[0] for option in reply.options] == [str(number) for number in range(179, 169, -1)]
    assert len((await office.slack.suggest(LIN, view, "templates", "")).options) == 100
    assert (await office.slack.suggest(LIN, view, "templates", "nothing like it")).options == ()
    await office.slack.choose(LIN, view, "templates", [reply.options[0]["value"]])
    values = entered(office)
    del values["templates"]
    await office.slack.submit(LIN, values)
    await office.until(lambda: "waits for" in words_of(office))
    assert newest(office).settings.template_ids == [179]


async def test_what_polls_have_seen_is_offered_without_asking_the_vendor(office):
    many_templates(office)
    view = await opened(office)
    now = office.box.clock.now()
    seen = {"account": "umail", "version": 1, "raw": None, "first_seen": now, "observed_at": now, "changed_at": now}

    def polled(session, _now):
        session.add(Snapshot(**seen, kind="baseline", subject="template", state="", facts={}))
        for number, missed in ((16, 0), (150, 0), (151, 1)):
            about = {"state": "passed", "facts": {"name": f"Autumn {number}"}, "missed": missed}
            session.add(Snapshot(**seen, kind="template", subject=str(number), **about))

    await office.store.transact(polled)
    asked = len(office.box.requests)
    reply = await office.slack.suggest(LIN, view, "templates", "autumn")
    assert [option["value"] for option in reply.options] == ["150 passed", "16 passed"]
    assert len(office.box.requests) == asked


async def test_lists_and_senders_are_searched_too(office):
    lists = account(office).lists
    for number in range(100, 250):
        lists[number] = replace(lists[12], id=number, subject=f"Shop {number}", gone=set(), left=[])
    view = await opened(office)
    assert field(view, "lists")["element"]["type"] == "multi_external_select"
    reply = await office.slack.suggest(LIN, view, "lists", "shop 20")
    assert [option["value"] for option in reply.options] == [str(number) for number in range(200, 210)]


async def test_a_form_that_cannot_be_written_down_says_so_in_its_place(office, monkeypatch):
    await opened(office)

    async def locked(*_):
        raise OperationalError("", {}, Exception("locked"))

    monkeypatch.setattr(RunJournal, "add", locked)
    await office.slack.submit(LIN, entered(office))
    await office.until(lambda: "I cannot write to my database" in words_of(office))
    assert office.changes == []


async def test_the_choices_outlive_a_restart_and_are_for_who_may(closed_office):
    office = closed_office
    many_templates(office)
    async with office.open():
        view = await opened(office)
    async with office.open():
        assert (await office.slack.suggest(LIN, view, "templates", "175")).options
        assert (await office.slack.suggest(VERA, view, "templates", "175")).options == ()


async def test_a_vendor_that_takes_long_leaves_the_choices_empty_in_time(office, monkeypatch):
    many_templates(office)
    view = await opened(office)
    monkeypatch.setattr(bot.dispatch, "SUGGESTED", 0.1)
    office.box.faults.inject("umail", "slow", call="list-tpl", seconds=2)
    reply = await office.slack.suggest(LIN, view, "templates", "autumn")
    assert (reply.error, reply.options) == (None, ())
    assert reply.seconds < 1


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
