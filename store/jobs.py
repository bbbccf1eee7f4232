"""Jobs as rows: when each ran last, how it went, and whose turn it is.

A process's own jobs are written down (`note`). A job that is done once for all processes is claimed before it is run,
by the database's clock: `claim` hands it to one of them and `finish` says when it is due again. Whoever died meanwhile
loses it when its lease ends.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from store.engine import Store, insert_of
from store.tables import Job

LEASE = timedelta(seconds=30)
"""How long a claim lasts unless it is prolonged."""
_PROLONG = LEASE * 2 / 3
"""Less than this left of it, and a lease is prolonged."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One run of a process's own job that has just ended."""

    name: str
    worker: str
    """The process that ran it."""
    took: timedelta
    again: timedelta
    """When it is heard of again, at the latest."""
    error: str | None = None
    """What it failed with; None when it went well."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A job that is done once for all processes: when it may be claimed."""

    name: str
    first: Callable[[datetime], datetime]
    """When a job that never ran is due, said now."""
    horizon: timedelta
    """It is never due later than this from now: what says so was written before the clock was set back."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One run of such a job, which is the caller's until its lease ends."""

    name: str
    worker: str
    at: datetime
    """When it was claimed; also what makes this claim this one."""
    due: datetime
    """When it fell due: long ago, when nobody was there."""
    before: datetime | None
    """When the last run that went well began."""
    failures: int
    """How many runs before this one failed in a row."""


async def note(store: Store, firing: Firing) -> None:
    """Write down how a process's own job went, by the database's clock."""

    def noted(session: Session, now: datetime) -> None:
        row = {
            "worker": firing.worker,
            "last_started": now - firing.took,
            "last_finished": now,
            "next_due": now + firing.again,
            "last_error": firing.error,
        }
        # Two processes may write a job's first row at once.
        insert = insert_of[store.dialect](Job).values(name=firing.name, failures=0, **row)
        session.exec(insert.on_conflict_do_update(index_elements=["name"], set_=row))

    await store.transact(noted)


async def claim(store: Store, worker: str, turns: Collection[Turn], held: Collection[Claimed]) -> Sequence[Claimed]:
    """The jobs among `turns` that are due and nobody's, now `worker`'s; the leases of `held` are prolonged."""

    def claimed(session: Session, now: datetime) -> Sequence[Claimed]:
        rows = _rows(store, session, turns, now)
        for one in held:
            _prolong(session, rows.get(one.name), one, now)
        at_work = {one.name for one in held}
        due = [turn.name for turn in turns if turn.name not in at_work and _is_due(rows[turn.name], turn, now)]
        return [_take(session, rows[name], worker, now) for name in due]

    return await store.transact(claimed)


async def finish(
    store: Store, claimed: Claimed, again: Callable[[datetime], datetime], error: str | None = None
) -> bool:
    """Write down how a claimed job went and when it is due again; False when it was another's by then."""

    def finished(session: Session, now: datetime) -> bool:
        row = session.get(Job, claimed.name)
        if row is None or not _is_ours(row, claimed):
            return False
        row.lease_until, row.last_finished, row.next_due, row.last_error = None, now, again(now), error
        row.failures = row.failures + 1 if error else 0
        row.last_good = row.last_good if error else claimed.at
        session.add(row)
        return True

    return await store.transact(finished)


async def release(store: Store, claimed: Claimed) -> None:
    """Give a claim back undone: whoever is there may take it at once."""

    def released(session: Session, _now: datetime) -> None:
        row = session.get(Job, claimed.name)
        if row is not None and _is_ours(row, claimed):
            row.lease_until = None
            session.add(row)

    await store.transact(released)


async def reconcile(store: Store, turns: Collection[Turn], families: Collection[str]) -> None:
    """Fit the rows to what is configured now.

    None waits longer than the schedule says, and jobs whose names begin with one of `families` are forgotten when
    they are not among `turns`: their account or their channel is no longer in app.yaml.
    """
    names = {turn.name for turn in turns}

    def reconciled(session: Session, now: datetime) -> None:
        for row in session.exec(select(Job)).all():
            if row.name.partition(" ")[0] in families and row.name not in names:
                session.exec(delete(Job).where(col(Job.name) == row.name))
        for turn in turns:
            latest = now + turn.horizon
            session.exec(
                update(Job).where(col(Job.name) == turn.name, col(Job.next_due) > latest).values(next_due=latest)
            )

    await store.transact(reconciled)


def hurry(session: Session, now: datetime, names: Collection[str]) -> None:
    """Make these jobs due at once: part of the transaction that knows why."""
    session.exec(update(Job).where(col(Job.name).in_(names), col(Job.next_due) > now).values(next_due=now))


async def jobs(store: Store) -> Sequence[Job]:
    """Every job that ever ran, by name."""
    return await store.transact(lambda session, _now: session.exec(select(Job).order_by(col(Job.name))).all())


def _rows(store: Store, session: Session, turns: Collection[Turn], now: datetime) -> Mapping[str, Job]:
    """The row of each, made where there is none."""
    asked = select(Job).where(col(Job.name).in_([turn.name for turn in turns]))
    rows = {row.name: row for row in session.exec(asked)}
    new = [{"name": one.name, "next_due": one.first(now), "failures": 0} for one in turns if one.name not in rows]
    if new:
        # Two processes may make it at once.
        session.exec(insert_of[store.dialect](Job).values(new).on_conflict_do_nothing())
        rows = {row.name: row for row in session.exec(asked)}
    return rows


def _is_due(row: Job, turn: Turn, now: datetime) -> bool:
    if row.lease_until is not None and now < row.lease_until <= now + LEASE:
        return False
    return row.next_due is None or not now < row.next_due <= now + turn.horizon


def _take(session: Session, row: Job, worker: str, now: datetime) -> Claimed:
    due = row.next_due or now
    row.worker, row.last_started, row.lease_until = worker, now, now + LEASE
    session.add(row)
    return Claimed(row.name, worker, now, due, row.last_good, row.failures)


def _prolong(session: Session, row: Job | None, claimed: Claimed, now: datetime) -> None:
    if row is None or row.lease_until is None or not _is_ours(row, claimed):
        return
    if row.lease_until - now < _PROLONG:
        row.lease_until = now + LEASE
        session.add(row)


def _is_ours(row: Job, claimed: Claimed) -> bool:
    # The lease may have run out with nobody else there: then it is ours still.
    return row.lease_until is not None and (row.worker, row.last_started) == (claimed.worker, claimed.at)
