"""What waits for each endpoint, in order: claimed a few at a time, one of a subject at once.

Of the pending rows of one endpoint and one subject only the first may be sent. The others are put behind it
(`next_at` is never) when they are met, and the next one is let go when the first has come to its end; so a long queue
behind one that is stuck costs nothing. A claim is a lease, and a row under way falls due again when its lease ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from bridge.webhooks.endpoints import Shipped, secrets_of
from store.engine import insert_of
from store.rows import new
from store.tables import Delivery, DeliveryState, EndpointState, Event, Limit, UtcTime, WebhookEndpoint

AT_ONCE = 4
"""Requests under way to one endpoint."""
LEASE = timedelta(seconds=30)
"""More than a whole attempt may take (`bridge.webhooks.deliveries`)."""
_LOOK = 100
"""Due rows of one endpoint that are looked at in one turn."""
_BEHIND = datetime(9999, 1, 1, tzinfo=UTC)
"""`Delivery.next_at` of what waits for the one before it."""

_DELIVERY, _ENDPOINT, _EVENT, _LIMIT = (
    SQLModel.metadata.tables[str(model.__tablename__)] for model in (Delivery, WebhookEndpoint, Event, Limit)
)
_NOW = bindparam("now", type_=UtcTime())
_IS_PENDING = _DELIVERY.c.state == DeliveryState.PENDING


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that is ours to try until `lease_until`."""

    seq: int
    endpoint_id: str
    subject: str
    attempts: int
    """Those before this one."""
    worker: str
    lease_until: datetime
    url: str
    allow_private: bool
    addresses: bool
    keys: Sequence[str]
    event: Event


@dataclass(frozen=True, slots=True)
class Turn:
    """What one claim brought."""

    parcels: Sequence[Parcel]
    more: bool
    """There may be more that could be claimed at once."""


@dataclass(frozen=True, slots=True)
class _Due:
    seq: int
    event_id: str
    subject: str
    attempts: int


def limit_of(endpoint_id: str) -> str:
    """The key of the row that says until when an endpoint asked to be left alone."""
    return f"webhook/{endpoint_id}"


def _key(endpoint_id: Any) -> Any:  # noqa: ANN401  # a text or a column
    """The same as a column."""
    return literal("webhook/") + endpoint_id


# ---- what is due

_OTHER = aliased(Delivery)
# Made once: they are asked again and again, and making one takes longer than its answer.
_BUSY = (
    select(func.count())
    .where(_DELIVERY.c.endpoint_id == _ENDPOINT.c.id, _DELIVERY.c.lease_until > _NOW)
    .correlate(_ENDPOINT)
    .scalar_subquery()
)
_READY = (
    select(WebhookEndpoint, _BUSY)
    .outerjoin(Limit, col(Limit.key) == _key(_ENDPOINT.c.id))
    .where(
        col(WebhookEndpoint.state) == EndpointState.ACTIVE,
        or_(col(Limit.next_at).is_(None), col(Limit.next_at) <= _NOW),
        exists().where(_DELIVERY.c.endpoint_id == _ENDPOINT.c.id, _IS_PENDING, _DELIVERY.c.next_at <= _NOW),
    )
    .order_by(col(WebhookEndpoint.id))
)
_FIRST = (
    select(func.min(_OTHER.seq))
    .where(
        col(_OTHER.endpoint_id) == _DELIVERY.c.endpoint_id,
        col(_OTHER.subject) == _DELIVERY.c.subject,
        col(_OTHER.state) == DeliveryState.PENDING,
    )
    .correlate(_DELIVERY)
    .scalar_subquery()
)
_DUE = (
    select(_DELIVERY.c.seq, _DELIVERY.c.event_id, _DELIVERY.c.subject, _DELIVERY.c.attempts, _FIRST)
    .where(_DELIVERY.c.endpoint_id == bindparam("endpoint"), _IS_PENDING, _DELIVERY.c.next_at <= _NOW)
    .order_by(_DELIVERY.c.next_at, _DELIVERY.c.seq)
    .limit(_LOOK)
    .with_for_update(of=_DELIVERY, skip_locked=True)
)
_EVENTS = select(_EVENT).where(_EVENT.c.id.in_(bindparam("ids", expanding=True)))
_OF_SEQS = update(_DELIVERY).where(_DELIVERY.c.seq.in_(bindparam("seqs", expanding=True)), _IS_PENDING)
_PUT_BEHIND = _OF_SEQS.values(next_at=_BEHIND)
_LEND = _OF_SEQS.values(worker=bindparam("by"), lease_until=bindparam("until"), next_at=bindparam("until"))
_LOSE = _OF_SEQS.values(state=DeliveryState.DEAD, ended_at=_NOW)


def claim(session: Session, now: datetime, worker: str, room: int, shipped: Mapping[str, Shipped]) -> Turn:
    """Lease at most `room` deliveries to `worker`, of each endpoint as many as may be under way at once.

    shipped: app.yaml's endpoints by name.
    """
    connection = session.connection()
    claimed: list[tuple[WebhookEndpoint, _Due]] = []
    behind: list[int] = []
    more = False
    for endpoint, busy in session.execute(_READY, {"now": now}).all() if room else ():
        free = min(AT_ONCE - busy, room - len(claimed))
        if free < 1 or not secrets_of(endpoint, now, shipped):
            continue
        rows = connection.execute(_DUE, {"now": now, "endpoint": endpoint.id}).all()
        first = [_Due(*row[:4]) for row in rows if row[0] == row[4]]
        claimed += [(endpoint, due) for due in first[:free]]
        behind += [row[0] for row in rows if row[0] != row[4]]
        more = more or (len(first) < free and len(rows) == _LOOK)
    if behind:
        connection.execute(_PUT_BEHIND, {"seqs": behind})
    return Turn(_parcels(session, now, worker, claimed, shipped), more)


def _parcels(
    session: Session,
    now: datetime,
    worker: str,
    claimed: Sequence[tuple[WebhookEndpoint, _Due]],
    shipped: Mapping[str, Shipped],
) -> Sequence[Parcel]:
    if not claimed:
        return ()
    connection, until = session.connection(), now + LEASE
    ids = {due.event_id for _, due in claimed}
    events = {row["id"]: new(Event, **row) for row in connection.execute(_EVENTS, {"ids": [*ids]}).mappings()}
    parcels = [
        Parcel(
            seq=due.seq,
            endpoint_id=endpoint.id,
            subject=due.subject,
            attempts=due.attempts,
            worker=worker,
            lease_until=until,
            url=endpoint.url,
            allow_private=endpoint.allow_private,
            addresses=endpoint.addresses,
            keys=secrets_of(endpoint, now, shipped),
            event=events[due.event_id],
        )
        for endpoint, due in claimed
        if due.event_id in events
    ]
    connection.execute(_LEND, {"seqs": [one.seq for one in parcels], "by": worker, "until": until})
    # It waited for longer than events are kept.
    forgotten = [(endpoint.id, due) for endpoint, due in claimed if due.event_id not in events]
    if forgotten:
        connection.execute(_LOSE, {"seqs": [due.seq for _, due in forgotten], "now": now})
        let_go(session, now, [(endpoint_id, due.subject) for endpoint_id, due in forgotten])
    return parcels


# ---- afterwards

_HELD = select(_DELIVERY.c.seq).where(
    _DELIVERY.c.seq.in_(bindparam("seqs", expanding=True)), _IS_PENDING, _DELIVERY.c.worker == bindparam("by")
)
_NEXT = (
    select(func.min(_OTHER.seq))
    .where(
        col(_OTHER.endpoint_id) == bindparam("its_endpoint"),
        col(_OTHER.subject) == bindparam("its_subject"),
        col(_OTHER.state) == DeliveryState.PENDING,
    )
    .scalar_subquery()
)
_LET_GO = (
    update(_DELIVERY).where(_DELIVERY.c.seq == _NEXT, _DELIVERY.c.next_at == _BEHIND).values(next_at=bindparam("at"))
)


def held(session: Session, parcels: Iterable[Parcel]) -> set[int]:
    """The numbers of those that are still ours; all are of one worker."""
    all_ = [*parcels]
    if not all_:
        return set()
    given = {"seqs": [one.seq for one in all_], "by": all_[0].worker}
    return set(session.connection().execute(_HELD, given).scalars())


def let_go(session: Session, now: datetime, ended: Iterable[tuple[str, str]]) -> None:
    """By endpoint and subject: one has come to its end, the next may go."""
    rows = [{"its_endpoint": endpoint_id, "its_subject": subject, "at": now} for endpoint_id, subject in ended]
    if rows:
        session.connection().execute(_LET_GO, rows)


def hold(session: Session, endpoint_id: str, until: datetime) -> None:
    """Nothing more to this endpoint before `until`."""
    connection = session.connection()
    given = {"key": limit_of(endpoint_id), "next_at": until, "used": 0}
    connection.execute(_reserving(connection.dialect.name), given)


@cache
def _reserving(dialect: str) -> Executable:
    insert = insert_of[dialect](_LIMIT)
    # Whoever asks for less later does not take back what was asked for before.
    later = case((insert.excluded.next_at > _LIMIT.c.next_at, insert.excluded.next_at), else_=_LIMIT.c.next_at)
    upsert: Executable = insert.on_conflict_do_update(index_elements=["key"], set_={"next_at": later})
    return upsert
