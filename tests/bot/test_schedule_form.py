"""The form of a scheduled send: what may stand in it, and what is chosen from."""

import io
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

import bot.dispatch
from sandbox.imports import Import
from store.runs import RunJournal
from store.tables import Approval, Snapshot
from tests.bot.scheduling import LIN, VERA, account, entered, field, newest, opened, rows, soon, submitted, words_of

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
