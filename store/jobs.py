"""Jobs as rows: when each ran last, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from store.engine import Store, insert_of
from store.tables import Job


@dataclass(frozen=True, slots=True)
class Firing:
    """One run of a job that has just ended."""

    name: str
    worker: str
    """The process that ran it."""
    took: timedelta
    again: timedelta
    """When it is heard of again, at the latest."""
    error: str | None = None
    """What it failed with; None when it went well."""


async def note(store: Store, firing: Firing) -> None:
    """Write down how a job went, by the database's clock."""

    def noted(session: Session, now: datetime) -> None:
        row = {
            "worker": firing.worker,
            "last_started": now - firing.took,
            "last_finished": now,
            "next_due": now + firing.again,
            "last_error": firing.error,
        }
        # Two processes may write a job's first row at once.
        insert = insert_of[store.dialect](Job).values(name=firing.name, **row)
        session.exec(insert.on_conflict_do_update(index_elements=["name"], set_=row))

    await store.transact(noted)


async def jobs(store: Store) -> Sequence[Job]:
    """Every job that ever ran, by name."""
    return await store.transact(lambda session, _now: session.exec(select(Job).order_by(col(Job.name))).all())
