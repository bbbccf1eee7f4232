"""Counts over rows, for whoever watches the bot."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from store.engine import Store
from store.tables import Alert, AlertState, Delivery, DeliveryState, EndpointState, Job, Notice, WebhookEndpoint

_CLASS = re.compile(r"\w+")
"""What `Job.last_error` begins with; what follows may quote an address."""


@dataclass(frozen=True, slots=True)
class JobFigures:
    """One job."""

    late: float
    """Seconds that it is overdue; 0 while it is not."""
    failures: int
    """How many times in a row it has failed, as far as that is counted; else 1 for a failure."""
    ago: float | None
    """Seconds since it ended last."""
    again: float | None
    """Seconds until it is due; 0 when it is overdue, None when nobody has said."""
    error: str | None
    """The class of what it failed with last; None when it went well."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand."""

    alerts: Mapping[AlertState, int]
    """Those that are not over."""
    waiting: int
    """Messages that should be out by now."""
    oldest: float
    """Seconds that the oldest of these has been due."""
    parked: int
    """Messages that cannot be sent until a person does something."""
    pending: int
    """Deliveries to endpoints that are active and have not taken them yet."""
    pending_oldest: float
    """Seconds that the oldest of these has waited."""
    endpoints: Mapping[EndpointState, int]
    """Those that were not deleted."""
    jobs: Mapping[str, JobFigures]


async def figures(store: Store) -> Figures:
    """Read them all, in one transaction."""

    def read(session: Session, now: datetime) -> Figures:
        counted = select(Alert.state, func.count()).where(Alert.state != AlertState.RESOLVED).group_by(col(Alert.state))
        due = select(func.count(), func.min(col(Notice.due_at))).where(col(Notice.due_at) <= now)
        waiting, oldest = session.exec(due).one()
        parked = session.exec(select(func.count()).select_from(Notice).where(col(Notice.parked).is_not(None))).one()
        mine = col(WebhookEndpoint.state)
        on_its_way = (
            select(func.count(), func.min(col(Delivery.created_at)))
            .join(WebhookEndpoint, col(WebhookEndpoint.id) == Delivery.endpoint_id)
            .where(Delivery.state == DeliveryState.PENDING, mine == EndpointState.ACTIVE)
        )
        pending, first = session.exec(on_its_way).one()
        known = select(mine, func.count()).where(mine != EndpointState.DELETED).group_by(mine)
        return Figures(
            alerts={AlertState(state): count for state, count in session.exec(counted)},
            waiting=waiting,
            oldest=(now - oldest).total_seconds() if oldest else 0.0,
            parked=parked,
            pending=pending,
            pending_oldest=(now - first).total_seconds() if first else 0.0,
            endpoints={EndpointState(state): count for state, count in session.exec(known)},
            jobs={row.name: _of(row, now) for row in session.exec(select(Job)).all()},
        )

    return await store.transact(read)


def _of(row: Job, now: datetime) -> JobFigures:
    error = _CLASS.match(row.last_error or "")
    return JobFigures(
        late=max((now - row.next_due).total_seconds(), 0.0) if row.next_due else 0.0,
        failures=max(row.failures, 1) if row.last_error else 0,
        ago=(now - row.last_finished).total_seconds() if row.last_finished else None,
        again=max((row.next_due - now).total_seconds(), 0.0) if row.next_due else None,
        error=error[0] if error else None,
    )
