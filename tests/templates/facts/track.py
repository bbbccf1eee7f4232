"""Opens and clicks."""

from dataclasses import replace
from datetime import UTC, datetime

from bot.commands.track import rates_of
from providers.model import Tracking
from providers.tracking import LinkClicks, LinkId, TrackOverview
from tests.templates.facts.shared import AT, ERRORS, NASTY, TASK, UNKNOWN_TASK, seen

LINK = LinkClicks(**seen, id=LinkId("1"), url="https://shop.example/" + NASTY, clicked_unique=812, clicked_total=1_624)
FOUND = TrackOverview(
    **seen,
    sent=41_163,
    delivered=40_000,
    failed=1_163,
    opened_unique=8_001,
    opened_total=16_002,
    first_open=AT,
    last_open=datetime(2026, 11, 21, 9, 4, tzinfo=UTC),
    clicked_unique=812,
    clicked_total=1_624,
    first_click=AT,
    last_click=AT,
    links=(LINK,),
)
UNKNOWN = TrackOverview(**seen)


def facts(found, links=(), more=0):
    about = {"account": "umail", "title": "U-Mail", "task_id": "19124"}
    return {**about, "found": found, "rates": rates_of(found), "links": links, "more": more}


def file(kind, rows, people):
    return {
        "account": "umail",
        "task_id": "19124",
        "kind": kind,
        "name": f"{kind}-umail-19124-2026-11-21.csv",
        "rows": rows,
        "columns": ("address", "browser"),
        "people": people,
        "at": AT,
    }


MESSAGES = {
    "track/show": [
        facts(FOUND, [LINK, LinkClicks(**seen)]),
        facts(UNKNOWN),
        facts(replace(FOUND, opened_unique=0, delivered=0)),
        facts(FOUND, [LINK] * 20, 25),
    ],
    "track/chart": [
        {"account": "umail", "task_id": "19124", "found": FOUND, "links": links}
        for links in ([], [("/sale", LINK), (NASTY, LINK)] * 10)
    ],
    "track/nothing": [
        {"account": "umail", "title": "U-Mail", "task": task, "error": error}
        for task in (TASK, replace(TASK, tracking=Tracking.NONE), UNKNOWN_TASK)
        for error in (None, ERRORS[7])
    ],
    "track/file": [
        file(kind, rows, people)
        for kind in ("opens", "clicks")
        for rows, people in ((0, None), (1, 1), (90_000, 80_001))
    ],
    "track/one_file": [{"task_id": "19124"}],
}
