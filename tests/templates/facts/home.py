"""App Home."""

from dataclasses import replace

from bot.home import ALERTS_SHOWN, REQUESTS_SHOWN, SHOWN, Account, Line
from providers.model import TaskStatus
from tests.templates.facts.approval import PENDING
from tests.templates.facts.notice import FIRINGS, alert
from tests.templates.facts.shared import BALANCE, DENIED, ERRORS, NO_BALANCE, PERSON, TASK, UNKNOWN_TASK

FINE = Account("umail", "U-Mail", balance=BALANCE)
DOWN = Account("umail", "U-Mail", tasks_error=ERRORS[0], balance_error=ERRORS[1])
FULL = Account("old", "U-Mail", more=True, balance=NO_BALANCE)
WITHOUT = Account("itnio", "ITNIO", reads_tasks=False)


def line(status, *, may_change=True):
    return Line(replace(TASK, status=status), "umail", 12_000, may_change)


def home(accounts, running=(), waiting=(), person=PERSON, firing=(), asked=()):
    tasks = {"running": running, "waiting": waiting, "most": SHOWN}
    waits = {"asked": asked, "most_requests": REQUESTS_SHOWN}
    return {"person": person, "accounts": accounts, **tasks, "firing": firing, "most_alerts": ALERTS_SHOWN, **waits}


FIRING = [alert(*firing) for firing in FIRINGS]
EVERY = [line(status, may_change=may) for status in TaskStatus for may in (True, False)]

MESSAGES = {
    "home": [
        home(None),
        home(None, person=DENIED),
        home([FINE, WITHOUT]),
        home([DOWN, WITHOUT]),
        home([WITHOUT]),
        home([FINE, DOWN, FULL, WITHOUT], [line(TaskStatus.SENDING)], [line(TaskStatus.SCHEDULED)]),
        home([FINE], firing=FIRING[:1]),
        home([FINE], [line(TaskStatus.SENDING)], firing=FIRING),
        home([FINE], asked=PENDING[:1]),
        home([FULL] * 20, EVERY, [Line(UNKNOWN_TASK, "umail", None, may_change=False)] * 40, asked=PENDING),
    ],
}
