"""What became of tries, written down: sent, tried again, given up; and what is said of endpoints that take nothing.

The schedule is the one that Standard Webhooks suggests. An endpoint that has taken nothing for five days is switched
off, one that says that it is gone (410) at once; admins hear of it at a half and at the end.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, SQLModel, col, select

from bridge.addresses import plain_subject
from bridge.alerts.casebook import Casebook
from bridge.events import EventType, event_id, subject_of
from bridge.notices import telling as notices
from bridge.receivers.webhook import Answer
from bridge.webhooks.endpoints import give_up
from bridge.webhooks.feed import ABOUT_ENDPOINTS
from bridge.webhooks.queues import Parcel, held, hold, let_go
from store.rows import new
from store.tables import (
    Attempt,
    Delivery,
    DeliveryState,
    EndpointState,
    Event,
    NoticeKind,
    WebhookEndpoint,
    new_id,
)

SCHEDULE: Sequence[timedelta] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after the one before each try comes."""
JITTER = 0.2
LONGEST = timedelta(hours=24)
"""Of what another side asks for (Retry-After)."""
END = timedelta(days=5)
"""So long without taking anything, and an endpoint is switched off."""
_GONE, _IS_GONE = 410, "gone"
_TOO_MUCH = (429, 503)
"""What says something of the endpoint, and not of one event."""

Chance = Callable[[float, float], float]
_DELIVERY, _ATTEMPT = (SQLModel.metadata.tables[str(model.__tablename__)] for model in (Delivery, Attempt))
_FREE: dict[str, Any] = {"worker": None, "lease_until": None}
_SENT = (
    update(_DELIVERY)
    .where(_DELIVERY.c.seq.in_(bindparam("seqs", expanding=True)))
    .values(state=DeliveryState.SENT, attempts=_DELIVERY.c.attempts + 1, ended_at=bindparam("at"), **_FREE)
)
_ONE = update(_DELIVERY).where(_DELIVERY.c.seq == bindparam("its_seq"))
_LATER = _ONE.values(attempts=bindparam("tried"), next_at=bindparam("at"), **_FREE)
_DEAD = _ONE.values(attempts=bindparam("tried"), state=DeliveryState.DEAD, ended_at=bindparam("at"), **_FREE)
_WAITING = (
    select(Delivery.endpoint_id)
    .where(
        col(Delivery.endpoint_id).in_(bindparam("ids", expanding=True)), col(Delivery.state) == DeliveryState.PENDING
    )
    .distinct()
)
_ENDPOINTS = select(WebhookEndpoint).where(col(WebhookEndpoint.id).in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Ending:
    """What a claim came to."""

    parcel: Parcel
    at: datetime
    """When it was tried."""
    answer: Answer | None
    """None: it was not tried at all."""


def wait_after(attempts: int, retry_after: float | None = None, *, chance: Chance = random.uniform) -> timedelta | None:
    """How long to wait after so many failed attempts; None: no more."""
    if attempts >= len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts] * chance(1 - JITTER, 1 + JITTER)
    return max(wait, min(timedelta(seconds=retry_after or 0), LONGEST))


def settle(session: Session, now: datetime, endings: Sequence[Ending], admins: Iterable[str]) -> None:
    """Write the endings down, each only while its claim still holds; `admins` are told of endpoints in trouble."""
    _note([ending for ending in endings if ending.answer is not None], session)
    ours = held(session, [ending.parcel for ending in endings])
    endings = [ending for ending in endings if ending.parcel.seq in ours]
    if not endings:
        return
    desk = _Desk(session, now, admins, {ending.parcel.endpoint_id for ending in endings})
    for ending in endings:
        desk.take(ending)
    desk.close()


def _note(tried: Sequence[Ending], session: Session) -> None:
    rows = [
        attempt(one.parcel.endpoint_id, one.parcel.seq, one.parcel.event.id, one.at, one.answer)
        for one in tried
        if one.answer is not None
    ]
    if rows:
        session.connection().execute(_ATTEMPT.insert(), rows)


def attempt(endpoint_id: str, seq: int, event: str, at: datetime, answer: Answer) -> dict[str, Any]:
    """The columns of an attempt's row."""
    return {
        "id": new_id(),
        "endpoint_id": endpoint_id,
        "delivery_seq": seq,
        "event_id": event,
        "at": at,
        "status": answer.status,
        "milliseconds": answer.milliseconds,
        "error": answer.error,
    }


class _Desk:
    """The endings of one transaction."""

    def __init__(self, session: Session, now: datetime, admins: Iterable[str], ids: Iterable[str]) -> None:
        self._session = session
        self._now = now
        self._admins = admins
        rows = session.exec(_ENDPOINTS, params={"ids": [*ids]})
        self._endpoints = {row.id: row for row in rows}
        self._sent: list[Parcel] = []
        self._dead: list[tuple[Parcel, Answer]] = []
        self._later: list[dict[str, Any]] = []
        self._over: dict[str, str] = {}
        """By endpoint that is switched off: why."""
        self._events: list[Event] = []

    def take(self, ending: Ending) -> None:
        """What one try means for its delivery and for the endpoint."""
        parcel, answer = ending.parcel, ending.answer
        endpoint = self._endpoints[parcel.endpoint_id]
        if answer is None:
            self._put_off(parcel, parcel.attempts, timedelta(0))
        elif answer.is_taken:
            self._sent.append(parcel)
            self._works(endpoint)
        else:
            self._failed(parcel, answer)
            self._fails(endpoint, answer)

    def _failed(self, parcel: Parcel, answer: Answer) -> None:
        tried = parcel.attempts + 1
        wait = wait_after(tried, answer.retry_after)
        if wait is None:
            self._dead.append((parcel, answer))
        else:
            self._put_off(parcel, tried, wait)
        if answer.status in _TOO_MUCH and answer.retry_after:
            hold(self._session, parcel.endpoint_id, self._now + min(timedelta(seconds=answer.retry_after), LONGEST))

    def _put_off(self, parcel: Parcel, tried: int, wait: timedelta) -> None:
        self._later.append({"its_seq": parcel.seq, "tried": tried, "at": self._now + wait})

    def _fails(self, endpoint: WebhookEndpoint, answer: Answer) -> None:
        if endpoint.failing_since is None:
            endpoint.failing_since, endpoint.warned = self._now, 0
        if answer.status == _GONE:
            self._over[endpoint.id] = _IS_GONE
        elif self._now - endpoint.failing_since >= END and endpoint.warned:
            self._over.setdefault(endpoint.id, _reason(answer))
        elif self._now - endpoint.failing_since >= END / 2 and not endpoint.warned:
            endpoint.warned = 1
            self._happened(endpoint, EventType.ENDPOINT_FAILING, _reason(answer))

    def _works(self, endpoint: WebhookEndpoint) -> None:
        if self._over.get(endpoint.id) != _IS_GONE:
            self._over.pop(endpoint.id, None)
        if endpoint.failing_since is None and not endpoint.warned:
            return
        if endpoint.warned:
            self._happened(endpoint, EventType.ENDPOINT_RECOVERED, None)
        endpoint.failing_since, endpoint.warned = None, 0

    def close(self) -> None:
        """Write all of it down."""
        connection = self._session.connection()
        if self._sent:
            connection.execute(_SENT, {"seqs": [one.seq for one in self._sent], "at": self._now})
        if self._later:
            connection.execute(_LATER, self._later)
        if self._dead:
            rows = [{"its_seq": one.seq, "tried": one.attempts + 1, "at": self._now} for one, _ in self._dead]
            connection.execute(_DEAD, rows)
        ended = [*self._sent, *(parcel for parcel, _ in self._dead)]
        let_go(self._session, self._now, {(one.endpoint_id, one.subject) for one in ended})
        for parcel, answer in self._dead:
            self._bury(parcel, answer)
        self._forgive({parcel.endpoint_id for parcel, _ in self._dead})
        for id_, why in self._over.items():
            self._disable(self._endpoints[id_], why)
        if self._events:
            book = Casebook(self._session, self._now)
            for event in self._events:
                book.note(event)
            book.close()

    def _forgive(self, ids: Collection[str]) -> None:
        """Where nothing waits any more nothing is tried: the time from now on says nothing of an endpoint."""
        waiting = set(self._session.connection().execute(_WAITING, {"ids": [*ids]}).scalars()) if ids else set()
        for id_ in {*ids} - waiting - self._over.keys():
            self._endpoints[id_].failing_since, self._endpoints[id_].warned = None, 0

    def _disable(self, endpoint: WebhookEndpoint, why: str) -> None:
        if endpoint.state not in (EndpointState.ACTIVE, EndpointState.PAUSED):
            return
        endpoint.state, endpoint.ended_at, endpoint.why, endpoint.warned = EndpointState.DISABLED, self._now, why, 2
        self._happened(endpoint, EventType.ENDPOINT_DISABLED, why, dead=give_up(self._session, self._now, endpoint))

    # ---- what is said

    def _bury(self, parcel: Parcel, answer: Answer) -> None:
        event = parcel.event
        if event.type.startswith(ABOUT_ENDPOINTS):
            # Two that take nothing would tell each other of it for ever.
            return
        endpoint = self._endpoints[parcel.endpoint_id]
        data = {
            "endpoint": endpoint.id,
            "name": endpoint.name,
            "reason": _reason(answer),
            "event": event.id,
            "type": event.type,
            "subject": plain_subject(event),
            "attempts": parcel.attempts + 1,
            "status": answer.status,
        }
        self._tell(event.account, endpoint, EventType.DELIVERY_DEAD, str(parcel.seq), data)

    def _happened(
        self, endpoint: WebhookEndpoint, what: EventType, reason: str | None, dead: int | None = None
    ) -> None:
        since = endpoint.failing_since
        data = {
            "endpoint": endpoint.id,
            "name": endpoint.name,
            "reason": reason,
            "since": since.isoformat() if since else None,
            "dead": dead,
        }
        self._tell("", endpoint, what, self._now.isoformat(), data)
        facts = {**data, "what": what.partition(".")[2], "ends_at": (since + END).isoformat() if since else None}
        for admin in self._admins:
            _note_to(self._session, self._now, admin, endpoint.id, facts)

    def _tell(self, account: str, endpoint: WebhookEndpoint, what: EventType, version: str, data: Any) -> None:  # noqa: ANN401  # JSON
        subject = subject_of("endpoint", endpoint.id)
        self._events.append(
            new(
                Event,
                id=event_id(account, subject, what, version),
                account=account,
                type=what.value,
                subject=subject,
                time=self._now,
                recorded_at=self._now,
                data=data,
            )
        )


def _reason(answer: Answer) -> str:
    """Never the other side's own words: they may repeat what they were sent."""
    return f"HTTP {answer.status}" if answer.status is not None else answer.error or ""


def _note_to(session: Session, now: datetime, admin: str, endpoint_id: str, facts: dict[str, Any]) -> None:
    """A word to an admin; that it works again is an edit, for it need not be heard."""
    key, over = f"endpoint {endpoint_id}", facts["what"] == "recovered"
    open_key = notices.key_of(admin, NoticeKind.NOTE, key)
    last = notices.open_notices(session, [open_key]).get(open_key)
    if last is not None and over:
        facts = {**last.facts["facts"], "over": True}
    elif over:
        return
    elif last is not None:
        last.open_key = None
        session.flush()
    words = {"template": "notice/endpoint", "facts": {"over": False, **facts}}
    told = notices.tell(session, now, admin, NoticeKind.NOTE, words, key=key, priority=0)
    if over:
        told.open_key = None
