"""`log`: what was sent to one address on one day, in the vendor's words."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.commands.log import Line, line_of
from providers.model import FailureCategory
from sandbox.clock import vendor_day, vendor_time
from sandbox.mailing import Letter
from sandbox.outcomes import Failure
from sandbox.umail.readers import email, reached_at

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
SHANGHAI = ZoneInfo("Asia/Shanghai")


NOON = pytest.mark.parametrize("moment", [datetime(2026, 11, 20, 4, 0, tzinfo=UTC)])
"""In Shanghai: 19124 began this morning; the day before, another task went to the same people."""


def reached(office, place=1):
    """Somebody whom task 19124 was sent to, and when."""
    task = office.box.world.task(19124)
    return email(task, place), reached_at(task, place)


@NOON
async def test_an_entry_is_told_with_its_status_and_the_vendors_words(office):
    address, at = reached(office)
    answer = await office.ask(LIN, f"log {vendor_day(at)} {address}")
    account = office.box.world.umail["demo-umail"]
    subject = account.templates[16].subject
    said = answer.plain.split("\n")
    assert said[0] == f"1 message to {address} on {vendor_day(at):%-d %b %Y}"
    assert said[1].startswith("✅ sent (“success”) · ")
    assert said[1].endswith(f" · {subject}")
    assert said[2] == f"mail_from: {next(iter(account.mailboxes))}"
    [request] = office.box.requests
    assert (request.params["date"], request.params["mail_to"]) == (vendor_day(at).isoformat(), address)


@NOON
async def test_machines_get_the_vendors_fields_as_they_came(office, edmbot):
    address, at = reached(office)
    slack = set(office.slack.environ())
    environ = {name: value for name, value in office.environ.items() if name not in slack}
    finished = await edmbot("exec", "--json", f"log {vendor_day(at)} {address}", environ=environ)
    told = json.loads(finished.out)
    assert (told["account"], told["facts"]["day"], told["facts"]["address"]) == ("umail", str(vendor_day(at)), address)
    [entry] = told["facts"]["entries"]
    assert (entry["raw"]["mail_to"], entry["raw"]["send_time"]) == (address, vendor_time(at))
    assert entry["raw"]["result"] == "success"


async def test_a_failure_is_told_in_our_word_beside_theirs(office):
    now = office.box.world.advance()
    letters = office.box.world.umail["demo-umail"].letters
    letters.append(Letter(now, "news@shop.example", "anna@shop.example", "你好 <!channel>", b"", Failure.NOT_EXIST))
    letters.append(Letter(now, "news@shop.example", "anna@shop.example", "second", b"", Failure.OTHER))
    answer = await office.ask(LIN, "log today anna@shop.example")
    assert "2 messages to anna@shop.example" in answer.plain
    assert "🔴 mailbox does not exist (“not_exist”)" in answer.plain
    assert "你好 <!channel>" in answer.plain
    assert "❔ unknown (“other”)" in answer.plain


async def test_many_entries_are_cut_and_counted(office):
    now = office.box.world.advance()
    letters = office.box.world.umail["demo-umail"].letters
    letters.extend(Letter(now, "news@shop.example", "anna@shop.example", f"no. {n}", b"") for n in range(23))
    answer = await office.ask(LIN, "log today anna@shop.example")
    assert "23 messages to anna@shop.example" in answer.plain
    assert answer.plain.count("✅ sent") == 20
    assert "… and 3 more" in answer.plain


async def test_nothing_is_said_to_be_nothing(office):
    answer = await office.ask(LIN, "log today nobody@shop.example")
    assert "U-Mail has no entry for nobody@shop.example on" in answer.plain
    assert "没有" in (await office.ask(MEI, "log today nobody@shop.example")).plain


def test_fields_that_no_document_names_are_kept_under_their_own_names():
    raw = {"send_time": "25:61", "state": "Mailbox gone", "x": 1, "mail_to": "a@b.example", "y": None}
    assert line_of(raw, "a@b.example", SHANGHAI) == Line("25:61", None, "Mailbox gone", None, None, (("x", "1"),))
    found = line_of({"time": "2026-11-20 10:00:00", "result": "over_quota"}, "a@b.example", SHANGHAI)
    at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert (found.at, found.sent, found.category) == (at, False, FailureCategory.MAILBOX_FULL)


async def test_v30_has_no_log_and_the_account_that_has_one_is_named(two_dialects):
    answer = await two_dialects.ask(LIN, "log today anna@shop.example --account old")
    assert "U-Mail has no call for that (account old). These can: --account umail (U-Mail)" in answer.plain
    assert two_dialects.box.requests == []


async def test_a_log_is_for_operators(office):
    assert "That needs the role operator" in (await office.ask(VERA, "log today anna@shop.example")).plain
    assert office.box.requests == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("log", "Something is missing."),
        ("log today", "Something is missing."),
        ("log anna@shop.example today", "today is no e-mail address."),
        ("log today anna", "anna is no e-mail address."),
        ("log today anna@", "anna@ is no e-mail address."),
        ("log 7d anna@shop.example", "7d is more than one day; name one."),
        ("log 2026-11-01..2026-11-07 anna@shop.example", "is more than one day; name one."),
        ("log 2026-13-01 anna@shop.example", "2026-13-01 is not a date that exists."),
        ("log 2999-01-01 anna@shop.example", "2999-01-01 has not happened yet."),
        ("log sometime anna@shop.example", "I don't know the period sometime."),
        ("log today anna@shop.example --account itnio", "ITNIO has no call for that (account itnio)."),
        ("log today anna@shop.example --account emailcar", "These can: --account umail (U-Mail)"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_a_line_and_asks_nobody(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.box.requests == []
