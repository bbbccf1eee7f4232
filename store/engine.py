"""Transactions.

One `Store` a process. A transaction is a plain function over a session, run whole in the store's own thread: it cannot
be held open across an await, and it takes one hop instead of one for each statement (a row is committed in 0.3 ms
where SQLAlchemy's asyncio layer took 1.5 ms; `benchmarks/ack.py` lives on that). SQLite runs in WAL; with
`durability: normal` a commit survives the death of the process, with `full` also the power cut.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlmodel import Session

T = TypeVar("T")
_MIGRATIONS = Path(__file__).parent / "migrations"
_NOW = text("SELECT julianday('now')")
_UNIX_EPOCH_JULIAN = 2440587.5


class Store:
    """The database and its clock."""

    def __init__(self, url: str, *, durability: str = "normal") -> None:
        self._url = make_url(url)
        self._engine = _engine(url, durability)
        # SQLite has one writer; a queue of our own is kinder than its busy timeout.
        self._thread = ThreadPoolExecutor(1, "store")
        self.clock_offset = timedelta(0)
        """Added to the database's clock: the seam through which tests step time."""

    async def open(self) -> None:
        """Create the file where there is none and bring its schema up to date."""
        if self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        await self._in_thread(self._migrate)

    async def close(self) -> None:
        """Give the connections back; what is under way ends first."""
        await self._in_thread(self._engine.dispose)
        self._thread.shutdown()

    async def transact(self, work: Callable[[Session, datetime], T]) -> T:
        """Run `work(session, now)` in a transaction that commits at its end and rolls back when it raises.

        `now` is the database's clock, aware, UTC: due times and leases go by it, whatever the processes' clocks say.
        Rows stay readable afterwards.
        """
        return await self._in_thread(self._transaction, work)

    async def now(self) -> datetime:
        """The database's clock."""
        return await self.transact(lambda _session, now: now)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _transaction(self, work: Callable[[Session, datetime], T]) -> T:
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            days = session.connection().execute(_NOW).scalar_one()
            now = datetime.fromtimestamp((days - _UNIX_EPOCH_JULIAN) * 86400, UTC) + self.clock_offset
            return work(session, now)

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            migrate(connection)


def _engine(url: str, durability: str) -> Engine:
    engine = create_engine(url)
    pragmas = (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durability == 'full' else 'NORMAL'}",
        "busy_timeout=5000",
        "foreign_keys=ON",
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
        # The driver begins too late, and deferred: we begin ourselves, below.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Takes the write lock at once: a writer waits in the queue instead of failing half-way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def migrate(connection: Connection) -> None:
    """Bring the schema up to date on an open connection."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(_MIGRATIONS))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
