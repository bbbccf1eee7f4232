"""How the accounts and the bot are doing."""

from bot.commands.status import JobLine, versions
from store.state import Database, Queue
from tests.templates.facts.doctor import ACCOUNTS, BROKEN
from tests.templates.facts.notice import EVERY
from tests.templates.facts.shared import AT, NASTY

VERSIONS = versions(Database("sqlite", "3.45.1", "0002"))
FINE = [JobLine("leases", 4.2, 0.004, None, None), JobLine("sweep", 0.4, 0.0, None, None)]
NEVER = [JobLine("leases", None, None, None, None)]
WRONG = [
    JobLine("sweep", 4.0, 0.1, None, f"ConnectionError: {NASTY}"),
    JobLine("homes", 400.0, 0.1, 390.0, None),
    JobLine("leases", 9_000.0, 0.1, 8_990.0, NASTY),
    JobLine("polls", 900_000.0, 0.1, 899_990.0, None),
]
CLOCK = [
    JobLine(name, 4.2, 0.004, None, None, again=56.0)
    for name in (
        "outbox",
        "duties",
        "alive",
        "watch",
        "aging",
        "prune",
        "heartbeat",
        "poll umail tasks",
        "digest C0D 09:00",
    )
]


def state(accounts, jobs, queue, wrong, *, ages=(None, None), stuck=False, firing=()):
    oldest_run, oldest_change = ages
    about = {
        "firing": len(firing),
        "alerts": firing,
        "accounts": accounts,
        "jobs": jobs,
        "queue": queue,
        "wrong": wrong,
        "stuck": stuck,
    }
    return {**about, "oldest_run": oldest_run, "oldest_change": oldest_change, "versions": VERSIONS, "observed_at": AT}


MESSAGES = {
    "status/status": [
        state(ACCOUNTS, FINE + CLOCK, Queue(0, None, 0, None), 0),
        state(ACCOUNTS, FINE, Queue(0, None, 0, None), 0, firing=EVERY[:5]),
        state([], NEVER, Queue(0, None, 0, None), 0),
        state(ACCOUNTS[:1], FINE, Queue(1, AT, 1, AT), 0, ages=(3.0, 600.0)),
        state(BROKEN, WRONG, Queue(12, AT, 7, AT), len(BROKEN) + len(WRONG) + 1, ages=(400.0, 200_000.0), stuck=True),
        state(BROKEN[:1], FINE, Queue(0, None, 0, None), 1),
    ],
}
