"""What failed and why."""

from dataclasses import replace
from datetime import date

from bot.commands.breakdown import Part
from bot.commands.failures import Names, Tally, Wanted
from providers.model import FailureCategory
from tests.templates.facts.shared import AT, ERRORS, NASTY, NO_STATS, STATS, TASK, UNKNOWN_TASK, Vendor, period

DAY = date(2026, 11, 21)
BEFORE = replace(STATS, sent=300_000, failed=3_000)
V3_STATS = replace(NO_STATS, sent=100, failed=7, invalid_address=3, invalid_format=0)
TODAY = Wanted(DAY, DAY, FailureCategory.MAILBOX_FULL)
OF_DAYS = Wanted(date(2026, 11, 15), DAY, FailureCategory.SUPPRESSED)
OF_TASK = Wanted(DAY, DAY, FailureCategory.INVALID_FORMAT, TASK)


def part(stats=None, error=None, before=()):
    return Part("umail", "U-Mail", "Asia/Shanghai", stats, error, before)


def facts(parts, days=None, task=None, without=(), worst=None, listed=False):
    about = {"account": None, "worst": worst, "listed": listed, "without": without}
    return {**about, "parts": parts, "period": days, "task": task}


def names(*counts, others=0):
    found = Names(others=others)
    found.counts.update(dict(counts))
    return found


def counted(wanted, tally, number="2"):
    about = {"account": "umail", "title": "U-Mail", "zone_name": "Asia/Shanghai"}
    return {**about, "wanted": wanted, "tally": tally, "number": number, "at": AT}


def file(wanted, rows):
    about = {"account": "umail", "title": "U-Mail", "name": "bounces-umail-2026-11-21.csv"}
    return {**about, "wanted": wanted, "rows": rows, "columns": ("address", "category"), "at": AT}


def narrower(problem, category, of_days, able, task_id=None):
    about = {"account": "old", "title": "U-Mail", "problem": problem, "category": category, "task_id": task_id}
    return {**about, "of_days": of_days, "of_tasks": list(FailureCategory)[:5], "able": able}


MANY = Tally(
    90_000,
    names(*((f"domain{n}.example", n) for n in range(40)), (NASTY, 50), others=9),
    names((NASTY, 3), ("邮箱已满", 2), others=1),
    7,
)
FULL = part(replace(STATS, delivery_refused=9))
MESSAGES = {
    "bounces/show": [
        facts([part(STATS, before=[BEFORE])], period("today", 21), worst=FailureCategory.MAILBOX_FULL, listed=True),
        facts([part(STATS, before=[STATS])], period("yesterday", 20)),
        facts([part(V3_STATS)], period("7d", 15, 21)),
        facts([part(NO_STATS)], period("7d", 15, 21), without=["ITNIO"]),
        facts(
            [part(STATS, before=[BEFORE]), part(NO_STATS), part(error=ERRORS[0])], period("今天", 21), None, ["ITNIO"]
        ),
        facts([part(STATS, before=[NO_STATS])], None, TASK, listed=True),
        facts([part(None)], None, UNKNOWN_TASK),
    ],
    "bounces/chart": [
        {"account": "umail", "lines": FULL.failed, "days": [], "parts": [FULL]},
        {"account": "umail", "lines": FULL.never_sent, "days": [STATS, STATS] * 15, "parts": [FULL]},
        {"account": None, "lines": [], "days": [], "parts": [FULL, part(V3_STATS)]},
    ],
    "bounces/category": [
        counted(TODAY, Tally()),
        counted(OF_DAYS, MANY, None),
        counted(OF_TASK, Tally(1, names(), names(("格式错误", 1)), 1)),
        counted(Wanted(DAY, DAY, FailureCategory.UNKNOWN), Tally(2, names(("shop.example", 2)))),
    ],
    "bounces/file": [
        file(wanted, rows)
        for wanted, rows in ((TODAY, 0), (OF_DAYS, 1), (OF_TASK, 90_000), (Wanted(DAY, DAY, None, TASK), 2))
    ],
    "bounces/progress": [{"account": "umail", "rows": 20_000}],
    "bounces/narrower": [
        narrower("category", None, list(FailureCategory)[:2], [Vendor]),
        narrower("task", FailureCategory.MAILBOX_FULL, [], []),
        narrower("never", FailureCategory.SPAM_CONTENT, [], [Vendor, Vendor], "7001"),
    ],
    "bounces/no_batch": [{"account": "umail", "title": "U-Mail", "task": task} for task in (TASK, UNKNOWN_TASK)],
    "bounces/one_of_both": [{"words": NASTY, "task_id": "19124"}],
}
