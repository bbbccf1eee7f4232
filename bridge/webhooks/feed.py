"""From events to endpoints, in the transaction that writes the events: either both are there or neither.

What becomes of the rows that are made here is `bridge.webhooks.deliveries`'s.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, bindparam, select, text
from sqlmodel import Session, SQLModel

from bridge.alerts.routes import is_as_bad
from bridge.globs import fits
from bridge.notices.subscriptions import BY_NAME, severity_of
from store.tables import DeliveryState, EndpointState, Event, WebhookEndpoint

_ENDPOINT, _DELIVERY = (SQLModel.metadata.tables[name] for name in ("webhook_endpoint", "delivery"))
# Made once: each transaction that writes events asks.
_LISTENING = select(_ENDPOINT.c.id, _ENDPOINT.c.types, _ENDPOINT.c.severity, _ENDPOINT.c.accounts).where(
    _ENDPOINT.c.state.in_((EndpointState.ACTIVE, EndpointState.PAUSED))
)
_UNDER_WAY = select(_DELIVERY.c.event_id).where(
    _DELIVERY.c.endpoint_id == bindparam("endpoint"),
    _DELIVERY.c.state == DeliveryState.PENDING,
    _DELIVERY.c.event_id.in_(bindparam("events", expanding=True)),
)
_TAKE_LANE = text("SELECT pg_advisory_xact_lock(:family, :lane)").bindparams(family=3_681_107)
_LANES = 64
"""Subjects share them: a transaction may be about thousands, and PostgreSQL has room for some locks only."""
_ASKED = 500
"""Ids in one question."""
ABOUT_ENDPOINTS = ("endpoint.", "delivery.")
"""Events of these types have the endpoint's id in `data["endpoint"]`."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What an endpoint asks for."""

    id: str
    types: tuple[str, ...]
    severity: str | None
    accounts: tuple[str, ...]

    def asks_for(self, event: Event) -> bool:
        """Whether it is told of this event. Nobody is told of their own troubles: they would be one more."""
        return (
            _covers(self.types, event.type)
            and (not self.accounts or event.account in self.accounts)
            and (self.severity is None or is_as_bad(severity_of(event), self.severity))
            and not (event.type.startswith(ABOUT_ENDPOINTS) and event.data.get("endpoint") == self.id)
        )


def listener(endpoint: WebhookEndpoint) -> Listener:
    """What an endpoint's row asks for."""
    return Listener(endpoint.id, tuple(endpoint.types), endpoint.severity, tuple(endpoint.accounts))


@lru_cache(maxsize=4_096)
def _covers(types: tuple[str, ...], type_: str) -> bool:
    # As for subscriptions: stars do not cover what happens all the time.
    return type_ in types or (type_ not in BY_NAME and any(fits(one, type_) for one in types))


def publish(session: Session, now: datetime, events: Sequence[Event]) -> None:
    """Have the endpoints that ask for these events told, in this order. With no endpoint it costs one small SELECT."""
    found = session.connection().execute(_LISTENING).all()
    listeners = [Listener(id_, tuple(types), severity, tuple(accounts)) for id_, types, severity, accounts in found]
    _write(session, [_row(now, one.id, event) for event in events for one in listeners if one.asks_for(event)])


def again(session: Session, now: datetime, endpoint_id: str, events: Sequence[Event], *, by: str) -> int:
    """Send events to one endpoint once more, in this order, but for what is on its way; how many go out.

    by: who asked for it.
    """
    waits = _under_way(session, endpoint_id, [event.id for event in events])
    rows = [_row(now, endpoint_id, event) | {"replayed_by": by} for event in events if event.id not in waits]
    _write(session, rows)
    return len(rows)


def _under_way(session: Session, endpoint_id: str, ids: Sequence[str]) -> set[str]:
    some = (ids[start : start + _ASKED] for start in range(0, len(ids), _ASKED))
    asked = ({"endpoint": endpoint_id, "events": one} for one in some)
    return {id_ for given in asked for (id_,) in session.connection().execute(_UNDER_WAY, given)}


def _row(now: datetime, endpoint_id: str, event: Event) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
        "event_id": event.id,
        "subject": f"{event.account}/{event.subject}",
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "created_at": now,
        "next_at": now,
    }


def _write(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    if listed := [*rows]:
        _await_turn(session.connection(), {row["subject"] for row in listed})
        session.connection().execute(_DELIVERY.insert(), listed)


def _await_turn(connection: Connection, subjects: Collection[str]) -> None:
    """Have transactions about one subject end in the order of their rows' numbers.

    PostgreSQL hands numbers out long before a commit: of two that write at the same time the one with the smaller
    number could be seen last. SQLite has one writer.
    """
    if connection.dialect.name == "postgresql":
        for lane in sorted({crc32(subject.encode()) % _LANES for subject in subjects}):
            connection.execute(_TAKE_LANE, {"lane": lane})
