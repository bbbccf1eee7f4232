"""`charges`: what days cost, each figure as the world has it."""

import json
from datetime import timedelta

import pytest

from sandbox.clock import vendor_day

LIN, MEI = "U0LIN", "U0MEI"
USERNAMES = {"umail": "demo-umail", "old": "demo-umail-v3"}
DIALECTS = pytest.mark.parametrize("account", ["umail", "old"])


def today(office):
    return vendor_day(office.box.world.advance())


def smtp(office, account, day):
    """The mails that went over SMTP: a point each."""
    history = office.box.world.umail[USERNAMES[account]].history
    return history[day].tally.sent if day in history else 0


def tranches(office, account, day):
    """Points that the day's tasks took ahead: whole thousands, never more than planned."""
    own, now = office.box.world.umail[USERNAMES[account]], office.box.world.advance()
    return sum(task.prepaid(now) for task in own.tasks.values() if task.opening_day == day)


def sent(office, account, day):
    own, now = office.box.world.umail[USERNAMES[account]], office.box.world.advance()
    return sum(task.tally_on(day, now, settled=False).sent for task in own.tasks.values())


async def facts(office, edmbot, line):
    slack = set(office.slack.environ())
    environ = {name: value for name, value in office.environ.items() if name not in slack}
    finished = await edmbot("exec", "--json", line, environ=environ)
    assert finished.status == 0, finished.out
    return json.loads(finished.out)["facts"]


@DIALECTS
async def test_each_day_and_kind_is_a_row_and_the_totals_are_their_sums(two_dialects, edmbot, account):
    told = await facts(two_dialects, edmbot, f"charges 7d --account {account}")
    last = today(two_dialects)
    days = [last - timedelta(days=back) for back in range(6, -1, -1)]
    rows = {(row["day"], row["kind"]): (row["messages"], row["points"]) for row in told["charges"]}
    wanted = {}
    for day in days:
        web = (sent(two_dialects, account, day), tranches(two_dialects, account, day))
        over_smtp = smtp(two_dialects, account, day)
        wanted |= {(day.isoformat(), "Web群发"): web} if web[1] else {}
        wanted |= {(day.isoformat(), "SMTP群发"): (over_smtp, over_smtp)} if over_smtp else {}
    assert rows == wanted
    assert told["points"] == sum(points for _, points in wanted.values())
    assert told["messages"] == sum(messages for messages, _ in wanted.values())
    assert isinstance(told["points"], int)


async def test_the_first_line_is_the_total_and_each_kind_follows(office):
    answer = await office.ask(LIN, "charges 7d")
    last = today(office)
    days = [last - timedelta(days=back) for back in range(6, -1, -1)]
    web, over_smtp = (sum(each(office, "umail", day) for day in days) for each in (tranches, smtp))
    messages = sum(sent(office, "umail", day) for day in days)
    said = [" ".join(text.split()) for text in answer.plain.split("\n")]
    assert f": {web + over_smtp:,} points for {messages + over_smtp:,} e-mails" in said[0]
    assert f"Web群发: {web:,} points for {messages:,} e-mails" in said
    assert f"SMTP群发: {over_smtp:,} points for {over_smtp:,} e-mails" in said
    yesterday = days[-2]
    assert (
        f"{yesterday:%-d %b %Y} SMTP群发 {smtp(office, 'umail', yesterday):,} {smtp(office, 'umail', yesterday):,}"
        in said
    )


async def test_without_an_account_each_tells_its_own(two_dialects):
    answer = await two_dialects.ask(LIN, "charges")
    for account in USERNAMES:
        points = tranches(two_dialects, account, today(two_dialects))
        assert f"{account} · Today, so far: {points:,} points" in answer.plain
    assert "EmailCar does not tell charges · ITNIO does not tell charges" in answer.plain


async def test_an_account_that_cannot_be_asked_leaves_the_others(two_dialects):
    two_dialects.box.faults.inject("umail_v3", "html", call="deduction", times=9)
    answer = await two_dialects.ask(LIN, "charges")
    assert "old · — (U-Mail " in answer.plain
    assert f"umail · Today, so far: {tranches(two_dialects, 'umail', today(two_dialects)):,} points" in answer.plain


async def test_days_without_charges_say_so(office):
    answer = await office.ask(LIN, "charges 2020-01-01..2020-01-31")
    assert "1 Jan 2020 – 31 Jan 2020: 0 points for 0 e-mails" in answer.plain
    assert "The vendor lists no charges for that time" in answer.plain
    assert len(office.box.requests) == 31


async def test_it_speaks_chinese(office):
    points = tranches(office, "umail", today(office))
    assert f"今天到目前：扣 {points:,} 点" in (await office.ask(MEI, "charges 今天")).plain


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("charges 32d", "32d is more than 31 days"),
        ("charges 2026-01-01..2026-02-28", "is more than 31 days"),
        ("charges 2026-02-30", "2026-02-30 is not a date that exists."),
        ("charges 2026-11-07..2026-11-01", "ends before it begins."),
        ("charges 2999-01-01", "2999-01-01 has not happened yet."),
        ("charges lately", "I don't know the period lately."),
        ("charges today yesterday", "This is too much: yesterday."),
        ("charges --account itnio", "ITNIO has no call for that (account itnio). These can: --account umail (U-Mail)"),
        ("charges --account emailcar", "EmailCar has no call for that (account emailcar). These can: --account umail"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_a_line_and_asks_nobody(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.box.requests == []
