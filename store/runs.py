"""Command runs: written before the ack, closed with their outcome.

Many requests may arrive at once, and each must be on disk before it is acked. `RunJournal` lets them share a commit:
whatever is waiting when the store is free goes into the next transaction together.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from store import homes
from store.engine import Store, insert_of
from store.tables import CommandRun, Outcome

LEASE = timedelta(seconds=10)
"""How long a process may be silent before its runs are taken for interrupted."""

_INSERT = {
    dialect: insert(CommandRun.metadata.tables["command_run"])
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(col(CommandRun.id))
    for dialect, insert in insert_of.items()
}


Row = dict[str, Any]
"""A new run's columns; a dict, because building the model takes longer than writing the row."""


@dataclass(slots=True)
class _Waiting:
    row: Row
    fate: asyncio.Future[bool]


class RunJournal:
    """Writes new runs, several in one commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, row: Row) -> bool:
        """Commit a new run; False when one with the same key exists already, and this one must not be run.

        The database's clock sets when it was received and how long its process may be silent.
        """
        fate: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(row, fate))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await fate

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                fresh = await self._store.transact(partial(_insert, [waiting.row for waiting in batch]))
            except Exception as error:  # noqa: BLE001  # handed to everyone who waits; they raise it
                for waiting in batch:
                    waiting.fate.set_exception(error)
                continue
            for waiting in batch:
                waiting.fate.set_result(waiting.row["id"] in fresh)


def _insert(rows: Sequence[Row], session: Session, now: datetime) -> set[str]:
    """The ids of the runs that were new."""
    connection = session.connection()
    fresh: set[str] = set()
    for row in rows:
        stamped = {"confirmed": False, **row, "received_at": now, "lease_until": now + LEASE}
        if connection.execute(_INSERT[connection.dialect.name], stamped).first() is not None:
            fresh.add(row["id"])
    return fresh


async def renew(store: Store, run_ids: Collection[str]) -> None:
    """Say that these runs are still at work."""
    ids = list(run_ids)

    def renewed(session: Session, now: datetime) -> None:
        session.exec(
            update(CommandRun)
            .where(col(CommandRun.id).in_(ids), col(CommandRun.outcome).is_(None))
            .values(lease_until=now + LEASE)
        )

    await store.transact(renewed)


async def finish(
    store: Store, run: CommandRun, outcome: Outcome, *, answer: str, command: str | None, account: str | None
) -> bool:
    """Close a run, once; False when it was closed already (another process took it for interrupted)."""

    def closed(session: Session, now: datetime) -> bool:
        values = {"outcome": outcome, "answer": answer, "command": command, "account": account, "finished_at": now}
        found = session.exec(
            update(CommandRun)
            .where(col(CommandRun.id) == run.id, col(CommandRun.outcome).is_(None))
            .values(values)
            .returning(col(CommandRun.id))
        )
        if found.first() is None:
            return False
        if run.check_with:
            # It has changed something at a vendor.
            homes.changed(session, now)
        return True

    return await store.transact(closed)


async def note(store: Store, run: CommandRun, **columns: str) -> None:
    """Write down what a run is about to do, or where it shows how far it is."""

    def noted(session: Session, _now: datetime) -> None:
        session.exec(update(CommandRun).where(col(CommandRun.id) == run.id).values(columns))

    await store.transact(noted)
    for name, value in columns.items():
        setattr(run, name, value)


async def begin_change(store: Store, run: CommandRun, check_with: str) -> CommandRun | None:
    """Write down that a run is about to change something; not where another at work asks for the same.

    Returns the other run then, and nothing was written.
    """

    def begun(session: Session, _now: datetime) -> CommandRun | None:
        same = select(CommandRun).where(
            col(CommandRun.outcome).is_(None),
            col(CommandRun.check_with) == check_with,
            col(CommandRun.text) == run.text,
            col(CommandRun.id) != run.id,
        )
        if (other := session.scalars(same).first()) is not None:
            return other
        session.exec(update(CommandRun).where(col(CommandRun.id) == run.id).values(check_with=check_with))
        return None

    other = await store.transact(begun)
    if other is None:
        run.check_with = check_with
    return other


async def take_interrupted(store: Store) -> CommandRun | None:
    """Close the oldest open run whose process went silent, and return it: each is returned to one caller only."""

    def taken(session: Session, now: datetime) -> CommandRun | None:
        silent = (
            select(col(CommandRun.id))
            .where(col(CommandRun.outcome).is_(None), col(CommandRun.lease_until) < now)
            .order_by(col(CommandRun.id))
            .limit(1)
        )
        return session.scalars(
            update(CommandRun)
            .where(col(CommandRun.id) == silent.scalar_subquery())
            .values(outcome=Outcome.INTERRUPTED, finished_at=now)
            .returning(CommandRun)
        ).first()

    return await store.transact(taken)


async def get(store: Store, run_id: str) -> CommandRun | None:
    """One run by its id."""
    return await store.transact(lambda session, _now: session.get(CommandRun, run_id))


async def history(
    store: Store, *, user_id: str | None, after: datetime | None, limit: int, skip: int
) -> Sequence[CommandRun]:
    """Runs, newest first: of one person, from a time on."""

    def found(session: Session, _now: datetime) -> Sequence[CommandRun]:
        asked = select(CommandRun).order_by(col(CommandRun.id).desc()).limit(limit).offset(skip)
        if user_id is not None:
            asked = asked.where(col(CommandRun.user_id) == user_id)
        if after is not None:
            asked = asked.where(col(CommandRun.received_at) >= after)
        return session.scalars(asked).all()

    return await store.transact(found)
