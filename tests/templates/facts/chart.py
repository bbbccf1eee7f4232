"""Days, in pictures."""

from dataclasses import replace
from datetime import date, timedelta

from bot.commands.stats import Daily
from tests.templates.facts.shared import ERRORS, STATS


def days(count, **figures):
    return [
        replace(STATS, **figures, first_day=day, last_day=day)
        for day in (date(2026, 10, 20) + timedelta(days=offset) for offset in range(count))
    ]


def daily(count, **figures):
    return Daily("umail", "U-Mail", days(count, **figures), so_far=count == 7)


MESSAGES = {
    "chart/stats": [
        {"drawn": [daily(7)], "unread": [], "elsewhere": []},
        {"drawn": [daily(31), daily(2)], "unread": [], "elsewhere": ["stats 30d --account third"]},
        {"drawn": [daily(20, sent=None, delivered=None, failed=0)], "unread": [], "elsewhere": []},
        {
            "drawn": [daily(3, sent=None, requested=None, delivered=None, failed=None)],
            "unread": [Daily("emailcar", "EmailCar", error=ERRORS[1])],
            "elsewhere": [],
        },
    ],
}
