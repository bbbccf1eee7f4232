"""How the bot is doing: what is under way, and what it remembers in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from store.engine import Store
from store.tables import Change, ChangeState, CommandRun

_OPEN = (ChangeState.INTENDED, ChangeState.UNKNOWN)
_REVISION = text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for its end."""

    runs: int
    """Requests that are at work."""
    oldest_run: datetime | None
    changes: int
    """Changes at vendors whose outcome is not known yet."""
    oldest_change: datetime | None


@dataclass(frozen=True, slots=True)
class Database:
    """What rows are kept in."""

    name: str
    """`sqlite` or `postgresql`."""
    version: str
    revision: str
    """The schema's, as in `store/migrations/`."""


async def queue(store: Store, *, but: str) -> Queue:
    """What is open now, without the run whose id is `but`: the one that asks."""

    def found(session: Session, _now: datetime) -> Queue:
        runs = select(func.count(), func.min(col(CommandRun.received_at))).where(
            col(CommandRun.outcome).is_(None), col(CommandRun.id) != but
        )
        changes = select(func.count(), func.min(col(Change.created_at))).where(col(Change.state).in_(_OPEN))
        return Queue(*session.exec(runs).one(), *session.exec(changes).one())

    return await store.transact(found)


async def database(store: Store) -> Database:
    """What the store runs on."""

    def found(session: Session, _now: datetime) -> Database:
        connection = session.connection()
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        return Database(connection.dialect.name, version, str(connection.execute(_REVISION).scalar_one()))

    return await store.transact(found)
