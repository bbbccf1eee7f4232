"""Connections and transactions.

One `Store` a process. SQLite runs in WAL; with `durability: normal` a commit survives the death of the process, with
`full` also the power cut. Reads and writes go through `transaction()`; a writer takes SQLite's write lock at once
(BEGIN IMMEDIATE), so that it waits in the queue instead of failing half-way.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_NOW = text("SELECT julianday('now')")
_UNIX_EPOCH_JULIAN = 2440587.5


class Store:
    """The database and its clock."""

    def __init__(self, url: str, *, durability: str = "normal") -> None:
        self._url = make_url(url)
        self._engine = _engine(url, durability)
        self.clock_offset = timedelta(0)
        """Added to the database's clock: the seam through which tests step time."""

    async def open(self) -> None:
        """Create the file where there is none and bring its schema up to date."""
        if self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        async with self._engine.begin() as connection:
            await connection.run_sync(_migrate)

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()

    @property
    def engine(self) -> AsyncEngine:
        """For statements that need no ORM."""
        return self._engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end and rolls back on an error. Rows stay readable afterwards."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def now(self, session: AsyncSession | None = None) -> datetime:
        """The database's clock, aware, UTC: due times and leases go by it, whatever the processes' clocks say."""
        if session is None:
            async with self.transaction() as own:
                return await self.now(own)
        days = (await session.execute(_NOW)).scalar_one()
        return datetime.fromtimestamp((days - _UNIX_EPOCH_JULIAN) * 86400, UTC) + self.clock_offset


def _engine(url: str, durability: str) -> AsyncEngine:
    engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite://", 1))
    synchronous = "FULL" if durability == "full" else "NORMAL"

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # SQLAlchemy's adapted connection
        # The driver's own transaction handling begins too late for BEGIN IMMEDIATE; we begin ourselves, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=5000",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:  # noqa: ANN401
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _migrate(connection: Connection) -> None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(_MIGRATIONS))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
