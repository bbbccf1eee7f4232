"""What is usual for an account, from its own samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import String, cast, func
from sqlmodel import Session, SQLModel, select

from bridge.alerts.rates import Counters
from store.tables import StatSample

DAYS = 7
"""How far back the usual goes."""
_LEAST = timedelta(days=1)
"""Of a shorter while nobody can say how much a day takes."""
_OF = SQLModel.metadata.tables[str(StatSample.__tablename__)].c


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters at one moment."""

    at: datetime
    counters: Counters


@dataclass(frozen=True, slots=True)
class Usual:
    """An account's days: the last counters of each, up to seven, none of them unfinished."""

    days: Mapping[date, Counters]


def burn(samples: Sequence[Sample], at: datetime) -> float | None:
    """E-mails that a day takes, from samples of `emails_left`, oldest first; None while less than a day is known.

    What was bought in between is not counted.
    """
    known = [(sample.at, left) for sample in samples if (left := sample.counters.get("emails_left")) is not None]
    if not known or at - known[0][0] < _LEAST:
        return None
    lefts = [left for _at, left in known]
    gone = sum(max(before - after, 0) for before, after in pairwise(lefts))
    return gone / ((at - known[0][0]) / timedelta(days=1))


def unfinished(at: datetime) -> date:
    """The first day that may still be going on, whichever zone the account is in."""
    return (at - timedelta(hours=12)).date()


# ---- rows


def usual(session: Session, account: str, before: date) -> Usual:
    """The seven days before `before` that there are samples of."""
    first, last = (f"day/{day.isoformat()}" for day in (before - timedelta(days=DAYS), before))
    ours = (_OF.account == account, _OF.subject >= first, _OF.subject < last)
    ends = select(_OF.subject, func.max(_OF.at).label("at")).where(*ours).group_by(_OF.subject).subquery()
    query = (
        select(_OF.subject, _OF.counters)
        .join(ends, (ends.c.subject == _OF.subject) & (ends.c.at == _OF.at))
        .where(_OF.account == account)
    )
    rows = session.connection().execute(query)
    return Usual({date.fromisoformat(subject.removeprefix("day/")): counters for subject, counters in rows})


def balances(session: Session, account: str, now: datetime) -> Sequence[Sample]:
    """What was left at the account over the last seven days, and what it began them with; oldest first."""
    ours = (_OF.account == account, _OF.subject == "balance")
    since = now - timedelta(days=DAYS)
    query = select(_OF.at, _OF.counters).where(*ours)
    connection = session.connection()
    before = connection.execute(query.where(_OF.at < since).order_by(_OF.at.desc()).limit(1)).all()
    within = connection.execute(query.where(_OF.at >= since).order_by(_OF.at)).all()
    return [*(Sample(since, row[1]) for row in before), *(Sample(row[0], row[1]) for row in within)]


def last_movement(session: Session, account: str, subject: str) -> Sequence[Sample]:
    """The sample of a task's own counters that was written last: when they moved."""
    query = (
        select(_OF.at, _OF.counters)
        # Its statistics are samples of the same subject; only the task's own counters name what is planned.
        .where(_OF.account == account, _OF.subject == subject, cast(_OF.counters, String).like('%"planned"%'))
        .order_by(_OF.at.desc())
        .limit(1)
    )
    return [Sample(row[0], row[1]) for row in session.connection().execute(query)]
