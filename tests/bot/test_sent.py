"""What was sent one by one, and what became of it."""

import asyncio
import json

import pytest

import jobs.scheduler
from bot.app import Part
from bot.commands.messages import masked
from tests.bot.conftest import GENERAL

LIN, VERA = "U0LIN", "U0VIEW"


def words(message):
    return " ".join(message.plain.split())


def pass_a_second(office):
    office.later(2)
    office.box.clock.step(2)


async def test_the_days_messages_are_listed_with_their_totals_and_pages(office):
    first = await office.ask(VERA, "sent")
    assert "436 messages: 352 delivered, 84 failed, 0 on their way · page 1 of 11" in words(first)
    assert "验证码 482913" in first.plain
    assert "🔴 bounced (3) 550 5.1.1 User unknown" in words(first)
    assert "EmailCar names no recipients here" in first.plain
    pass_a_second(office)
    last = await office.press(VERA, first, "Last page")
    assert "page 11 of 11" in last.plain
    pass_a_second(office)
    assert "page 10 of 11" in (await office.press(VERA, last, "Previous page")).plain
    asked = [request.params["p"] for request in office.box.requests if request.call == "mail/lists"]
    assert asked == ["1", "11", "10"]


async def test_a_list_without_totals_is_a_list_still(office):
    office.box.faults.inject("emailcar", "html", call="mail/stats", times=3)
    assert "40 messages" in (await office.ask(VERA, "sent")).plain


async def test_one_message_is_found_by_its_id(office):
    sent = office.box.world.emailcar.messages[-1]
    answer = await office.ask(VERA, f"sent --id {sent.id}")
    assert words(answer).startswith("1 message: ")
    assert str(sent.id) in answer.plain
    assert "Last page" not in answer.plain


async def test_a_day_without_messages_says_so(office):
    answer = await office.ask(VERA, "sent 2026-01-05")
    assert "No messages" in answer.plain


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sent 12x", "I don't know the period 12x."),
        ("sent --page 0", "0"),
        ("sent --id ö", "ö"),
        ("message", "Which message?"),
        ("message five", "five is not the number of a message. Try /edm message 2611201004051000001"),
        ("message 2611201004051000001,x", "x is not the number of a message."),
        (
            "message " + ",".join(str(2611201004051000001 + n) for n in range(201)),
            "201 numbers: at most 200 at a time.",
        ),
        (
            "message --account emailcar " + ",".join(str(873216184254383362 + n) for n in range(11)),
            "11 numbers: emailcar is asked one by one, at most 10 at a time.",
        ),
    ],
)
async def test_a_wrong_line_is_explained_and_asks_nobody(office, line, said):
    answer = await office.ask(VERA, line)
    assert said in words(answer)
    assert office.box.requests == []


async def test_an_account_that_keeps_no_list_names_the_one_that_does(office):
    answer = await office.ask(VERA, "sent --account umail")
    assert "U-Mail has no call for that" in answer.plain
    assert "--account emailcar" in answer.plain
    assert "has no call for that" in (await office.ask(VERA, "message 2611201004051000001 --account umail")).plain


async def test_whose_messages_they_are_is_asked_because_ids_do_not_tell(office):
    ids = list(office.box.world.itnio.messages)
    asked = await office.ask(VERA, f"message {ids[-2]}")
    assert "Which account?" in asked.plain
    assert "✅ delivered (0)" in (await office.press(VERA, asked, "itnio (ITNIO)")).plain


async def test_messages_are_shown_by_how_they_ended_and_what_is_missing_is_named(office):
    ids = list(office.box.world.itnio.messages)
    answer = await office.ask(VERA, f"message {','.join(ids)}，{ids[0]},2611201004059999999 --account itnio")
    assert "10 messages: 3 delivered, 2 failed, 2 on their way, 3 not found or still waiting" in words(answer)
    assert "2611201004059999999" in answer.plain.partition("Not found:")[2]
    states = [line for line in answer.plain.split("\n") if "@mail.example" in line]
    assert "failed (1)" in states[0]
    assert "delivered (0)" in states[-1]
    (request,) = office.box.requests
    assert len(request.params["emailId"].split(",")) == 10


async def test_addresses_are_whole_for_operators_and_in_private_only(office):
    # An ITNIO id that has an outcome; kunde8 is the oldest.
    *_, oldest = office.box.world.itnio.messages
    line = f"message {oldest} --account itnio"
    assert "kunde8@mail.example" in (await office.ask(LIN, line)).plain
    seen = await office.ask(VERA, line)
    assert "k***@mail.example" in seen.plain
    assert "kunde8" not in seen.plain
    assert "addresses are whole for operators" in seen.plain
    await office.type(LIN, f"{line} --share")
    shared = await office.slack.wait(VERA, "C0GENERAL", lambda message: message.ephemeral_for is None)
    assert "k***@mail.example" in shared.plain


async def test_a_terminal_prints_what_a_viewer_may_see(office, edmbot):
    *_, oldest = office.box.world.itnio.messages
    ran = await edmbot("exec", "--json", f"message {oldest} --account itnio", environ=office.environ)
    assert json.loads(ran.out)["facts"]["messages"][0]["recipient"] == "kunde8@mail.example"
    ran = await edmbot("exec", "--json", "--as", VERA, f"message {oldest} --account itnio", environ=office.environ)
    assert json.loads(ran.out)["facts"]["messages"][0]["recipient"] == "k***@mail.example"


async def test_emailcar_is_asked_id_by_id(office):
    first, second = (message.id for message in office.box.world.emailcar.messages[-2:])
    answer = await office.ask(VERA, f"message {first} {second} --account emailcar")
    assert "2 messages:" in answer.plain
    assert [request.params["send_id"] for request in office.box.requests] == [str(first), str(second)]


@pytest.mark.parametrize(
    ("address", "shown"),
    [("lin@shop.example", "l***@shop.example"), ("@shop.example", "***@shop.example"), ("lin", "l***"), ("", "***")],
)
def test_a_masked_address_shows_its_first_letter_and_its_domain(address, shown):
    assert masked(address) == shown


async def test_a_message_can_be_followed_and_its_follower_is_told_what_became_of_it(closed_office, monkeypatch):
    monkeypatch.setitem(jobs.scheduler.EVERY, "duties", 0.05)
    monkeypatch.setitem(jobs.scheduler.EVERY, "outbox", 0.05)
    closed_office.part = Part.ALL
    async with closed_office.open() as office:
        delivered = list(office.box.world.itnio.messages)[-2]
        answer = await office.ask(LIN, f"message {delivered} --watch --account itnio")
        assert "what becomes of it, until" in answer.plain
        posted = asyncio.create_task(
            office.slack.wait(LIN, GENERAL, lambda m: delivered in m.plain and m.ts != answer.ts, timeout=20)
        )
        # A minute until it is asked for, some seconds until what happened is told together.
        while not posted.done():
            office.later(61)
            await asyncio.wait({posted}, timeout=0.2)
        told = await posted
    assert told.ephemeral_for is None
