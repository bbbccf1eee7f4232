"""Command runs: written before the ack, closed with their outcome.

Many requests may arrive at once, and each must be on disk before it is acked. `RunJournal` lets them share one commit:
whatever is waiting when the writer is free goes into the next transaction together.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import col

from store.engine import Store
from store.tables import CommandRun, Outcome

LEASE = timedelta(seconds=15)
"""How long a process may be silent before its runs are taken for interrupted."""

_INSERT = insert(CommandRun).on_conflict_do_nothing(index_elements=["key"]).returning(col(CommandRun.id))


class RunJournal:
    """Writes new runs, several in one commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[CommandRun, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, run: CommandRun) -> bool:
        """Commit a new run; False when one with the same key exists already, and this one must not be run."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((run, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                fresh = await self._commit([run for run, _ in batch])
            except BaseException as error:  # noqa: BLE001  # handed to everyone who waits, who raise it
                for _, done in batch:
                    done.set_exception(error)
                continue
            for run, done in batch:
                done.set_result(run.id in fresh)

    async def _commit(self, runs: Sequence[CommandRun]) -> set[str]:
        fresh: set[str] = set()
        async with self._store.engine.begin() as connection:
            for run in runs:
                if (await connection.execute(_INSERT, run.model_dump())).first() is not None:
                    fresh.add(run.id)
        return fresh


async def renew(store: Store, worker: str) -> None:
    """Say that this process still works on its open runs."""
    async with store.transaction() as session:
        until = await store.now(session) + LEASE
        await session.execute(
            update(CommandRun)
            .where(col(CommandRun.worker) == worker, col(CommandRun.outcome).is_(None))
            .values(lease_until=until)
        )


async def finish(
    store: Store, run: CommandRun, outcome: Outcome, *, answer: str, command: str | None, account: str | None
) -> bool:
    """Close a run, once; False when it was closed already (another process took it for interrupted)."""
    async with store.transaction() as session:
        closed = await session.execute(
            update(CommandRun)
            .where(col(CommandRun.id) == run.id, col(CommandRun.outcome).is_(None))
            .values(
                outcome=outcome, finished_at=await store.now(session), answer=answer, command=command, account=account
            )
            .returning(col(CommandRun.id))
        )
        return closed.first() is not None


async def interrupted(store: Store) -> Sequence[CommandRun]:
    """Close every open run whose process went silent, and return them: each is returned to one caller only."""
    async with store.transaction() as session:
        now = await store.now(session)
        found = await session.scalars(
            update(CommandRun)
            .where(col(CommandRun.outcome).is_(None), col(CommandRun.lease_until) < now)
            .values(outcome=Outcome.INTERRUPTED, finished_at=now)
            .returning(CommandRun)
        )
        return found.all()


async def get(store: Store, run_id: str) -> CommandRun | None:
    """One run by its id."""
    async with store.transaction() as session:
        return await session.get(CommandRun, run_id)
