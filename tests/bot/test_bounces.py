"""`bounces`: failures by kind, one kind's domains and reasons, files of recipients; each figure as the world has it."""

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import timedelta

import pytest

import bot.commands.failures
from bot.commands.failures import Tally
from sandbox.clock import vendor_day
from sandbox.outcomes import Failure, address
from sandbox.outcomes import Tally as Outcomes
from sandbox.umail.failures import TEXTS

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
USERNAMES = {"umail": "demo-umail", "old": "demo-umail-v3"}
TASKS = {"umail": 19124, "old": 7002}
DIALECTS = pytest.mark.parametrize("account", ["umail", "old"])
REFUSED = (Failure.USER_REJECT, Failure.SPAM_CONTENT, Failure.REFUSED)
KINDS = {
    "sent": None,
    "failed": None,
    "bounced_hard": (Failure.NOT_EXIST,),
    "mailbox_full": (Failure.OVER_QUOTA,),
    "recipient_rejected": (Failure.USER_REJECT,),
    "invalid_address": (Failure.INVALID_ADDR,),
    "invalid_format": (Failure.FORMAT_ERROR,),
}
"""Figures that both dialects tell."""
NEWER = {
    "connection_error": (Failure.CONNECTION,),
    "spam_content": (Failure.SPAM_CONTENT,),
    "judged_spam": (Failure.REFUSED,),
    "delivery_refused": REFUSED,
    "suppressed": (Failure.BLACKLIST,),
    "suppressed_complaint": (Failure.COMPLAINT,),
}
"""Those of 2019 alone."""


def today(office):
    return vendor_day(office.box.world.advance())


def outcomes(office, account, first, last):
    """What the world did from one day to another."""
    found, own, now = Outcomes(), office.box.world.umail[USERNAMES[account]], office.box.world.advance()
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        found = sum((task.tally_on(day, now) for task in own.tasks.values()), found)
        found += own.history[day].tally if day in own.history else Outcomes()
    return found


def figure(tally, name):
    kinds = (KINDS | NEWER)[name]
    return getattr(tally, name) if kinds is None else tally.of(*kinds)


def of_task(office, account):
    return office.box.world.task(TASKS[account]).tally(office.box.world.advance())


def domains(account, kind, count):
    """The domains of a task's first failures of a kind."""
    found = (address(str(TASKS[account]), kind, index) for index in range(count))
    return Counter(one.rpartition("@")[2] for one in found if "@" in one)


async def facts(office, edmbot, line):
    finished = await edmbot("exec", "--json", line, environ=office.terminal())
    assert finished.status == 0, finished.out
    return json.loads(finished.out)["facts"]


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


# By kind


@DIALECTS
@pytest.mark.parametrize("days", [1, 7])
async def test_each_kind_is_told_as_the_world_has_it(two_dialects, edmbot, account, days):
    told = await facts(two_dialects, edmbot, f"bounces {days}d --account {account}")
    last = today(two_dialects)
    first = last - timedelta(days=days - 1)
    now = outcomes(two_dialects, account, first, last)
    before = outcomes(two_dialects, account, first - timedelta(days=7), first - timedelta(days=1))
    figures = KINDS | NEWER if account == "umail" else KINDS
    assert {name: told[name] for name in figures} == {name: figure(now, name) for name in figures}
    by_task = set(figures) - {"invalid_address", "invalid_format", "delivery_refused", "suppressed"}
    by_task -= {"suppressed_complaint"}
    assert {name: told["before"][name] for name in by_task} == {name: figure(before, name) for name in by_task}
    assert (told["first_day"], told["last_day"]) == (first.isoformat(), last.isoformat())


async def test_what_v30_does_not_tell_is_unknown_and_never_0(two_dialects, edmbot):
    told = await facts(two_dialects, edmbot, "bounces --account old")
    assert {name: told[name] for name in NEWER} == dict.fromkeys(NEWER)
    answer = await two_dialects.ask(LIN, "bounces --account old")
    assert "no connection (10)                 —      —              —" in answer.plain
    assert "on the vendor's blacklist (6) — · complained earlier (7) —" in answer.plain


async def test_each_figure_stands_beside_its_share_and_the_week_before(office):
    answer = await office.ask(LIN, "bounces --account umail")
    day = today(office)
    now = outcomes(office, "umail", day, day)
    before = outcomes(office, "umail", day - timedelta(days=7), day - timedelta(days=1))

    def line(words, kind):
        now_share, usual = now.of(kind) / now.sent, before.of(kind) / before.sent
        return f"{words} {now.of(kind)} {now_share:.1%} {usual:.1%}".replace("%", " %")

    said = [" ".join(text.split()) for text in answer.plain.split("\n")]
    assert said[0] == (
        f"Today, so far: {now.failed:,} of {now.sent:,} failed ({now.failed / now.sent:.1%}) · "
        f"the 7 days before {before.failed / before.sent:.1%} ▲"
    ).replace("%", " %")
    assert line("mailbox does not exist (1)", Failure.NOT_EXIST) in said
    assert line("mailbox full (2)", Failure.OVER_QUOTA) in said
    assert line("refused for its content (4)", Failure.SPAM_CONTENT) in said
    assert line("no connection (10)", Failure.CONNECTION) in said
    assert f"delivery refused (5) {now.of(*REFUSED)} {now.of(*REFUSED) / now.sent:.1%} —".replace("%", " %") in said
    assert f"Never sent {now.not_sent}: invalid address (8) {now.of(Failure.INVALID_ADDR)}" in answer.plain


@DIALECTS
async def test_a_task_is_told_by_its_sending_id(two_dialects, edmbot, account):
    told = await facts(two_dialects, edmbot, f"bounces --task {TASKS[account]} --account {account}")
    tally = of_task(two_dialects, account)
    kinds = {"sent", "failed", "bounced_hard", "mailbox_full", "recipient_rejected"}
    assert {name: told[name] for name in kinds} == {name: figure(tally, name) for name in kinds}
    assert told["task_id"] == str(TASKS[account])
    answer = await two_dialects.ask(LIN, f"bounces --task {TASKS[account]} --account {account}")
    assert f"Task {TASKS[account]}: {tally.failed:,} of {tally.sent:,} failed" in answer.plain


async def test_a_task_that_sent_nothing_has_no_figures(office):
    assert "No statistics yet for task 19126; it is scheduled" in (await office.ask(LIN, "bounces --task 19126")).plain
    assert "knows no task 99999" in (await office.ask(LIN, "bounces --task 99999")).plain


async def test_without_an_account_each_says_what_it_can(two_dialects):
    answer = await two_dialects.ask(LIN, "bounces yesterday")
    day = today(two_dialects) - timedelta(days=1)
    for account in USERNAMES:
        tally = outcomes(two_dialects, account, day, day)
        assert f"{account} · {day:%-d %b %Y}: {tally.failed:,} of {tally.sent:,} failed" in answer.plain
        assert f"After sending: mailbox does not exist (1) {tally.of(Failure.NOT_EXIST):,} · " in answer.plain
    assert "EmailCar tells how many failed, not why" in answer.plain
    assert "ITNIO tells statistics by message only" in answer.plain


async def test_a_week_before_that_cannot_be_read_is_left_out(office):
    office.box.faults.inject("umail", "html", call="stask", times=99)
    answer = await office.ask(LIN, "bounces --account umail")
    day = today(office)
    assert f"Today, so far: {outcomes(office, 'umail', day, day).failed:,} of" in answer.plain
    assert "the 7 days before" not in answer.plain.split("\n", 1)[0]
    assert "mailbox full (2) — — —" in " ".join(answer.plain.split())


async def test_the_buttons_lead_on_only_where_the_account_can(two_dialects):
    card = await two_dialects.ask(LIN, "bounces --account umail")
    assert {"Show worst kind", "Export failures"} <= {button.text for button in card.buttons}
    day = today(two_dialects)
    count = outcomes(two_dialects, "umail", day, day).of(Failure.NOT_EXIST)
    await two_dialects.slack.click(LIN, card, "Show worst kind")
    await two_dialects.told(LIN, f"{count} failures, mailbox does not exist")
    tally = outcomes(two_dialects, "old", day, day)
    await two_dialects.type(LIN, "bounces --account old")
    card = await two_dialects.told(LIN, f"Today, so far: {tally.failed} of {tally.sent:,} failed")
    assert [button.text for button in card.buttons] == ["Show worst kind"]
    await two_dialects.slack.click(LIN, card, "Show worst kind")
    await two_dialects.told(LIN, f"{tally.of(Failure.INVALID_ADDR)} failures, invalid address")


async def test_it_speaks_chinese(office):
    answer = await office.ask(MEI, "bounces 今天 --account umail")
    day = today(office)
    tally = outcomes(office, "umail", day, day)
    assert f"今天到目前：已发 {tally.sent:,}，失败 {tally.failed:,}" in answer.plain
    assert "邮箱不存在 (1)" in answer.plain


# Drawn


async def test_the_kinds_and_the_days_are_drawn_below_the_words(office):
    await office.type(LIN, "bounces 7d --account umail")
    drawn = await office.told(LIN, "Failures by kind · umail")
    last = today(office)
    days = [outcomes(office, "umail", day, day) for day in (last - timedelta(days=back) for back in range(6, -1, -1))]
    kinds, by_day = (block["chart"] for block in drawn.blocks if block["type"] == "data_visualization")
    [bars] = kinds["series"]
    points = {point["label"]: point["value"] for point in bars["data"]}
    whole = sum(days, Outcomes())
    assert points["no such mailbox"] == whole.of(Failure.NOT_EXIST)
    assert list(points.values()) == sorted(points.values(), reverse=True)
    series = [[point["value"] for point in one["data"]] for one in by_day["series"]]
    assert series == [[getattr(day, name) for day in days] for name in ("sent", "delivered", "failed")]


async def test_of_several_accounts_it_is_drawn_how_many_failed_at_each(two_dialects):
    await two_dialects.type(LIN, "bounces yesterday")
    drawn = await two_dialects.told(LIN, "Failed by account")
    day = today(two_dialects) - timedelta(days=1)
    [chart] = (block["chart"] for block in drawn.blocks if block["type"] == "data_visualization")
    points = {point["label"]: point["value"] for point in chart["series"][0]["data"]}
    assert {name: points[name] for name in USERNAMES} == {
        name: outcomes(two_dialects, name, day, day).failed for name in USERNAMES
    }


# One kind


@DIALECTS
@pytest.mark.parametrize("word", ["mailbox_not_found", "Mailbox-Not-Found", "1", "not_exist"])
async def test_a_kind_is_named_in_our_words_or_the_vendors(two_dialects, edmbot, account, word):
    line = f"bounces --task {TASKS[account]} --category {word} --account {account}"
    count = of_task(two_dialects, account).of(Failure.NOT_EXIST)
    told = await facts(two_dialects, edmbot, line)
    assert (told["category"], told["failures"]) == ("mailbox_not_found", count)
    assert told["domains"] == dict(domains(account, Failure.NOT_EXIST, count))
    # V3.0 exports bare addresses (001 2.3).
    assert told["reasons"] == ({"邮箱不存在": count} if account == "umail" else {})


async def test_a_kind_is_told_with_its_domains_and_the_vendors_reason(office):
    answer = await office.ask(VERA, "bounces --category mailbox_full --account umail")
    count = of_task(office, "umail").of(Failure.OVER_QUOTA)
    said = [" ".join(text.split()) for text in answer.plain.split("\n")]
    assert said[0].startswith(f"{count} failures, mailbox full:")
    assert said[1] == f"The vendor says: “{TEXTS[Failure.OVER_QUOTA]}” {count}"
    for domain, times in domains("umail", Failure.OVER_QUOTA, count).items():
        assert f"{domain} {times} {times / count:.1%}".replace("%", " %") in said
    assert "umail · mailbox_full · U-Mail calls it 2" in answer.plain


async def test_addresses_without_a_domain_are_counted_as_such(office):
    answer = await office.ask(LIN, "bounces --category invalid_format --account umail")
    count = of_task(office, "umail").of(Failure.FORMAT_ERROR)
    assert f"{count} failures, no address at all" in answer.plain
    assert f"{count} addresses have no domain." in answer.plain


async def test_v30_is_asked_day_by_day(two_dialects, edmbot):
    last = today(two_dialects)
    told = await facts(two_dialects, edmbot, "bounces 7d --category invalid_address --account old")
    tally = outcomes(two_dialects, "old", last - timedelta(days=6), last)
    assert told["failures"] == tally.of(Failure.INVALID_ADDR)
    asked = [request.params["date"] for request in two_dialects.box.requests if request.call == "failexport"]
    assert asked == [(last - timedelta(days=back)).isoformat() for back in range(6, -1, -1)]


def test_the_domains_that_are_kept_are_bounded_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr(bot.commands.failures, "MOST_NAMES", 3)
    tally = Tally()
    rows = [(f"a@d{n % 5}.example", "x", "1", f"reason {n % 4}" * 90, None) for n in range(20)]
    tally.add(rows, ("address", "category", "vendor_type", "reason", "statistics_id"))
    assert dict(tally.domains.top) == {"d0.example": 4, "d1.example": 4, "d2.example": 4}
    assert (tally.count, tally.domains.others, tally.reasons.others) == (20, 8, 5)
    assert all(len(reason) == bot.commands.failures.REASON for reason in tally.reasons.counts)


async def test_what_was_cut_off_is_said(office, monkeypatch):
    monkeypatch.setattr(bot.commands.failures, "MOST_NAMES", 1)
    answer = await office.ask(LIN, "bounces --category mailbox_full --account umail")
    count = of_task(office, "umail").of(Failure.OVER_QUOTA)
    first = domains("umail", Failure.OVER_QUOTA, 1).popitem()[0]
    others = count - domains("umail", Failure.OVER_QUOTA, count)[first]
    assert f"Only the first 1 domains were counted one by one; {others} failures at others were not." in answer.plain


# Files


@DIALECTS
async def test_one_tasks_failures_come_as_a_file_with_reasons(two_dialects, account):
    answer = await two_dialects.ask(LIN, f"bounces --task {TASKS[account]} --category 2 --export --account {account}")
    count = of_task(two_dialects, account).of(Failure.OVER_QUOTA)
    [(name, content)] = two_dialects.files(LIN)
    assert name == f"bounces-{account}-task-{TASKS[account]}-mailbox_full.csv"
    assert f"{count} failed recipients, task {TASKS[account]}: {name} is in our direct messages" in answer.plain
    assert table(content) == [
        {
            "address": address(str(TASKS[account]), Failure.OVER_QUOTA, index),
            "category": "mailbox_full",
            "vendor_type": "2",
            "reason": TEXTS[Failure.OVER_QUOTA] if account == "umail" else "",
            "statistics_id": "",
            "task_id": str(TASKS[account]),
        }
        for index in range(count)
    ]
    assert two_dialects.slack.visible("U0OPS", "C0GENERAL") == []


async def test_a_days_failures_come_as_a_file_with_their_tasks(office):
    answer = await office.ask(LIN, "bounces --export --account umail")
    tally = of_task(office, "umail")
    [(_, content)] = office.files(LIN)
    rows = table(content)
    # What no type explains is in no export.
    every = {kind: tally.of(kind) for kind in TEXTS if tally.of(kind)}
    assert Counter(int(row["vendor_type"]) for row in rows) == every
    assert {row["statistics_id"] for row in rows} == {str(office.box.world.task(19124).statistics_id)}
    assert f"{len(rows):,} failed recipients" in answer.plain
    assert "the vendor tells reasons by task only: --task ID" in answer.plain


@pytest.mark.parametrize("kind", ["json", "xlsx"])
async def test_the_file_has_the_format_that_was_asked_for(office, kind):
    await office.ask(LIN, f"bounces --task 19124 --category mailbox_full --format {kind} --account umail")
    count = of_task(office, "umail").of(Failure.OVER_QUOTA)
    [(name, content)] = office.files(LIN)
    assert name.endswith(f".{kind}")
    if kind == "json":
        assert len(json.loads(content)) == count
    else:
        assert zipfile.is_zipfile(io.BytesIO(content))


async def test_addresses_are_for_operators(office):
    answer = await office.ask(VERA, "bounces --export --account umail")
    assert "That needs the role operator" in answer.plain
    assert office.box.requests == []


async def test_an_export_that_breaks_off_leaves_no_file(office):
    office.box.faults.inject("umail", "truncated", call="failexportall", times=9)
    answer = await office.ask(LIN, "bounces --export --account umail")
    assert "failed recipients" not in answer.plain
    assert "U-Mail" in answer.plain
    assert office.files(LIN) == []


async def test_at_a_terminal_the_file_is_left_in_the_folder(office, edmbot, tmp_path):
    told = await facts(office, edmbot, "bounces --task 19124 --category mailbox_full --export")
    assert told["rows"] == of_task(office, "umail").of(Failure.OVER_QUOTA)
    assert len(table((tmp_path / told["file"]).read_bytes())) == told["rows"]


# What cannot be asked


NARROW = [
    ("bounces --export --account old", "U-Mail lists failures here of one category at a time (account old)"),
    ("bounces --category 1 --account old", 'U-Mail lists "mailbox does not exist" here of one task only (account old)'),
    ("bounces --category spam_content --account old", 'U-Mail does not list "refused for its content" here'),
]


@pytest.mark.parametrize(("line", "words"), NARROW)
async def test_v30_says_what_it_lists_and_who_lists_more(two_dialects, line, words):
    answer = await two_dialects.ask(LIN, line)
    assert words in answer.plain
    assert "for days as well: invalid_address, invalid_format" in answer.plain
    assert "These can: --account umail (U-Mail)" in answer.plain
    assert two_dialects.box.requests == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "bounces --category 1 --account emailcar",
            "EmailCar has no call for that (account emailcar). These can: --account umail",
        ),
        ("bounces --export --account itnio", "ITNIO has no call for that (account itnio). These can: --account umail"),
        ("bounces --task 19124 --account emailcar", "EmailCar has no call for that"),
        ("bounces --account itnio", "These can: --account umail (U-Mail), --account emailcar (EmailCar)"),
        ("bounces --category nope", "nope is none of the choices: mailbox_not_found, mailbox_full, "),
        ("bounces --category 11", "11 is none of the choices: mailbox_not_found"),
        ("bounces --category", "--category wants a value."),
        ("bounces tomorow --account umail", "I don't know the period tomorow."),
        ("bounces 2999-01-01 --account umail", "2999-01-01 has not happened yet."),
        ("bounces 2026-02-30 --export --account umail", "2026-02-30 is not a date that exists."),
        ("bounces 99d --category 1 --account umail", "99d is more than 31 days"),
        ("bounces --task abc", "abc is no task id: that is digits only."),
        ("bounces 7d --task 19124", "You named days (7d) and a task (19124); name one of them."),
        ("bounces --export --format pdf", "pdf is none of the choices: csv, json, xlsx."),
        ("bounces --account nobody", "nobody"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_a_line_and_asks_nobody(office, line, words):
    answer = await office.ask(LIN, line)
    assert words in answer.plain
    assert office.box.requests == []
