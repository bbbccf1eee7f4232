"""Who looks at App Home, and whose should be published anew."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, SQLModel, col, select

from store.engine import Store
from store.tables import HomeTab

WATCHED = timedelta(days=7)
"""How long a home is kept up to date after it was opened."""
SETTLE = timedelta(seconds=1)
"""From a change to the refresh: changes that come together share one."""
LEASE = timedelta(seconds=60)
"""How long whoever claimed a refresh has for it."""
_HOME = SQLModel.metadata.tables[str(HomeTab.__tablename__)]
# What is due by then stays due: while changes go on, homes are not put off again and again.
_CHANGED = (
    update(_HOME)
    .where(_HOME.c.opened_at > bindparam("since"), or_(_HOME.c.due_at.is_(None), _HOME.c.due_at > bindparam("soon")))
    .values(due_at=bindparam("soon"))
)


async def opened(store: Store, user_id: str, team_id: str | None) -> None:
    """Somebody looks at it now; keep it up to date from here on."""

    def noted(session: Session, now: datetime) -> None:
        row = session.get(HomeTab, user_id) or HomeTab(user_id=user_id, opened_at=now)
        row.team_id, row.opened_at = team_id, now
        session.add(row)

    await store.transact(noted)


def changed(session: Session, now: datetime) -> None:
    """Something that homes show has changed: part of the transaction that says so."""
    session.connection().execute(_CHANGED, {"since": now - WATCHED, "soon": now + SETTLE})


async def claim_due(store: Store, most: int) -> Sequence[HomeTab]:
    """At most so many homes that are due, each handed to one caller, who has LEASE to call `shown`."""

    def claimed(session: Session, now: datetime) -> Sequence[HomeTab]:
        due = session.exec(
            select(HomeTab).where(col(HomeTab.due_at) <= now).order_by(col(HomeTab.due_at)).limit(most)
        ).all()
        for tab in due:
            tab.due_at = now + LEASE
        return due

    return await store.transact(claimed)


async def shown(store: Store, tabs: Sequence[HomeTab]) -> None:
    """These were published, or could not be: either way not again, unless something changed meanwhile."""

    def settled(session: Session, _now: datetime) -> None:
        for tab in tabs:
            session.exec(
                update(HomeTab)
                .where(col(HomeTab.user_id) == tab.user_id, col(HomeTab.due_at) == tab.due_at)
                .values(due_at=None)
            )

    await store.transact(settled)
