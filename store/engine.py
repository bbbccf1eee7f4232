"""Transactions.

One `Store` a process. A transaction is a plain function over a session, run whole in a thread of the store's: it cannot
be held open across an await, and it takes one hop instead of one for each statement (a row is committed in 0.3 ms
where SQLAlchemy's asyncio layer took 1.5 ms; `benchmarks/ack.py` lives on that). SQLite runs in WAL; with
`durability: normal` a commit survives the death of the process, with `full` also the power cut.

Both databases keep one rule: transactions happen as if one after the other. SQLite has one writer; PostgreSQL runs
them as SERIALIZABLE, and one that another got in the way of is run again from its beginning. So the function must do
nothing but read and write rows.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

from store import jsontext

T = TypeVar("T")
_MIGRATIONS = Path(__file__).parent / "migrations"
_NOW = text("SELECT clock_timestamp()")
_THREADS = {"sqlite": 1, "postgresql": 4}
"""SQLite has one writer; a queue of our own is kinder than its busy timeout."""
_IN_THE_WAY = {"40001", "40P01"}
"""PostgreSQL's codes for a transaction that must be run again: serialization_failure, deadlock_detected."""
_JSON: Mapping[str, Any] = {"json_serializer": jsontext.dumps, "json_deserializer": jsontext.loads}
_RUNS = 20
_PATIENCE = 5.0
"""Seconds from being asked, the queue included, that a transaction waits for another process's lock on SQLite: whoever
queues behind a lock does not wait for it once more."""
_TRY = 0.25
"""Of these, the seconds of one try."""
_AFTER_PEOPLE = 16
"""Transactions of those who let people by that stand in the queue, or are under way, at once. A thousand accounts may
be polled in the same second."""
_ALONE = "SHARE UPDATE EXCLUSIVE"
_LOCK = 3_681_105
"""An advisory lock of our own: two migrations at once would trip over each other."""
_yields: ContextVar[bool] = ContextVar("yields", default=False)


@contextmanager
def after_people() -> Iterator[None]:
    """What is done in this block lets others by: whoever waits for an answer, and messages that are due.

    It takes only what is free of a vendor's limits at that moment, and few of its transactions stand in the queue.
    """
    token = _yields.set(True)
    try:
        yield
    finally:
        _yields.reset(token)


def yields() -> bool:
    """Whether this is done after people."""
    return _yields.get()


class OldSchemaError(Exception):
    """The database was made by another version, and its schema is not ours to change without being told to."""


insert_of: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""`INSERT … ON CONFLICT DO NOTHING`, as each database's dialect writes it."""


class Store:
    """The database and its clock."""

    def __init__(self, url: str, *, durability: str = "normal") -> None:
        self._url = _with_driver(url)
        self._engine = _engine(self._url, durability)
        self.dialect: str = self._engine.dialect.name
        """`sqlite` or `postgresql`."""
        self._threads = ThreadPoolExecutor(_THREADS[self.dialect], "store")
        self._yielding = asyncio.Semaphore(_AFTER_PEOPLE)
        self.clock_offset = timedelta(0)
        """Added to the database's clock: the seam through which tests step time."""

    async def open(self) -> None:
        """Be ready: SQLite's file is made and its schema brought up to date.

        Raises:
            OldSchemaError: PostgreSQL's schema is another version's; `migrate` brings it up to date.
        """
        if self.dialect == "sqlite":
            await self.migrate()
        else:
            await self._in_thread(self._judge_schema)

    async def migrate(self) -> None:
        """Bring the schema up to date."""
        if self.dialect == "sqlite" and self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        await self._in_thread(self._migrate, time.monotonic())

    async def close(self) -> None:
        """Give the connections back; what is under way ends first."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        # In this order: a connection that comes back to a pool that is gone would stay open.
        self._threads.shutdown()
        self._engine.dispose()

    async def transact(self, work: Callable[[Session, datetime], T], *, alone: type[SQLModel] | None = None) -> T:
        """Run `work(session, now)` in a transaction that commits at its end and rolls back when it raises.

        `now` is the database's clock, aware, UTC: due times and leases go by it, whatever the processes' clocks say.
        Rows stay readable afterwards. `work` may be run more than once before one of its runs is committed.

        alone: wait for others that name the same table, instead of getting in each other's way: for work that is done
        all the time and always on the same rows.
        """
        async with self._yielding if yields() else nullcontext():
            return await self._in_thread(self._transaction, work, alone, time.monotonic())

    async def now(self) -> datetime:
        """The database's clock."""
        return await self.transact(lambda _session, now: now)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def _transaction(self, work: Callable[[Session, datetime], T], alone: type[SQLModel] | None, asked: float) -> T:
        def once() -> T:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                if alone is not None and self.dialect == "postgresql":
                    # Before anything is read: what is seen is fixed by the first SELECT, and LOCK TABLE is none. Rows
                    # are read and written all the same (postgresql.org/docs/current/explicit-locking.html).
                    session.connection().exec_driver_sql(f"LOCK TABLE {alone.__tablename__} IN {_ALONE} MODE")
                return work(session, _now(session.connection()) + self.clock_offset)

        return _until_free(once, asked)

    def _migrate(self, asked: float) -> None:
        def once() -> None:
            with self._engine.begin() as connection:
                if self.dialect == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                migrate(connection)

        _until_free(once, asked)

    def _judge_schema(self) -> None:
        with self._engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
        if found != wanted:
            raise OldSchemaError(f"the database's schema is {found or 'empty'}, and this version needs {wanted}")


def _now(connection: Connection) -> datetime:
    """By the database's clock, aware, UTC. SQLite's is that of the machine, which all who share its file are on."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = connection.execute(_NOW).scalar_one()
    return now.astimezone(UTC)


def _until_free(once: Callable[[], T], asked: float) -> T:
    """Run it again while others are in its way, for as long as that makes sense."""
    run = 1
    while True:
        try:
            return once()
        except OperationalError as error:
            if not _passes(error, run, asked):
                raise
        # Several that met once would meet again.
        time.sleep(random.uniform(0, 0.005 * run))
        run += 1


def _passes(error: OperationalError, run: int, asked: float) -> bool:
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return time.monotonic() - asked < _PATIENCE
    return run < _RUNS and getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


def _with_driver(url: str) -> URL:
    parts = make_url(url)
    return parts.set(drivername="postgresql+psycopg") if parts.get_backend_name() == "postgresql" else parts


def _engine(url: URL, durability: str) -> Engine:
    # What a failed statement was given are people's addresses, and errors are logged.
    if url.get_backend_name() == "postgresql":
        pool: dict[str, Any] = {"pool_size": _THREADS["postgresql"], "pool_pre_ping": True}
        # Parameters by their places, as SQLite has them: `store.rows.execute` hands them over so.
        style: Any = {"paramstyle": "format", "hide_parameters": True}
        return create_engine(url, isolation_level="SERIALIZABLE", **style, **pool, **_JSON)
    engine = create_engine(url, hide_parameters=True, **_JSON)
    pragmas = (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durability == 'full' else 'NORMAL'}",
        f"busy_timeout={int(_TRY * 1000)}",
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
