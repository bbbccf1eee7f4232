"""Endpoints as rows: who is sent webhooks, what they asked for, and what people do about them.

Everything here is called in somebody's transaction: `add(session, now, …)`. What is sent, and when, is
`bridge.webhooks.deliveries`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Update, func, or_, update
from sqlmodel import Session, SQLModel, col, select

from bridge.notices.subscriptions import known
from bridge.webhooks import feed
from bridge.webhooks.destinations import judge
from bridge.webhooks.signing import new_secret
from store.engine import insert_of
from store.rows import new
from store.tables import Attempt, Delivery, DeliveryState, EndpointState, Event, WebhookEndpoint

OVERLAP = timedelta(hours=24)
"""How long the secret before signs as well."""
MOST = 10_000
"""Events that one replay may bring back."""
_ENDPOINT = SQLModel.metadata.tables[str(WebhookEndpoint.__tablename__)]
_COLUMNS = _ENDPOINT.columns.keys()
_LIVE = (EndpointState.ACTIVE, EndpointState.PAUSED, EndpointState.DISABLED)


class NameTakenError(Exception):
    """Another endpoint is called so."""


class ShippedError(Exception):
    """It stands in app.yaml, which says everything about it but whether it is paused."""


class TooManyError(Exception):
    """A replay would bring back more than MOST events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """An endpoint of app.yaml."""

    name: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    """The newest first."""
    types: tuple[str, ...] = ("*",)
    severity: str | None = None
    accounts: tuple[str, ...] = ()
    addresses: bool = False
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is on its way to an endpoint."""

    pending: int
    oldest: datetime | None
    """When the event was recorded that has waited longest."""
    dead: int
    """Given up, and kept for as long as events are."""


# ---- what people do


def add(
    session: Session,
    now: datetime,
    *,
    name: str,
    url: str,
    user: str,
    types: Sequence[str] = ("*",),
    severity: str | None = None,
    accounts: Sequence[str] = (),
    addresses: bool = False,
    allow_private: bool = False,
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, active at once, and its secret, which is shown this once.

    Raises:
        UnsafeError: nothing is sent to such a URL.
        ValueError: no type of event is called so.
        NameTakenError: another one is called so.
    """
    judge(url, allow_private=allow_private)
    if unknown := [one for one in types if not known(one)]:
        raise ValueError(f"no event is called {unknown[0]}")
    if find(session, name) is not None:
        raise NameTakenError(name)
    made = WebhookEndpoint(
        name=name,
        url=url,
        state=EndpointState.ACTIVE,
        secret=new_secret(),
        types=list(types),
        severity=severity,
        accounts=list(accounts),
        addresses=addresses,
        allow_private=allow_private,
        created_by=user,
        created_at=now,
    )
    session.add(made)
    return made, made.secret


def find(session: Session, name: str) -> WebhookEndpoint | None:
    """The endpoint of this name or id; None too when it was deleted."""
    here = or_(col(WebhookEndpoint.name) == name, col(WebhookEndpoint.id) == name)
    return session.exec(select(WebhookEndpoint).where(here, col(WebhookEndpoint.state).in_(_LIVE))).first()


def ls(session: Session) -> Sequence[WebhookEndpoint]:
    """All that were not deleted, by name."""
    rows = select(WebhookEndpoint).where(col(WebhookEndpoint.state).in_(_LIVE))
    return session.exec(rows.order_by(col(WebhookEndpoint.name))).all()


def pause(_session: Session, _now: datetime, endpoint: WebhookEndpoint) -> bool:
    """Send nothing more; what happens meanwhile waits. False when it is not active."""
    if endpoint.state is not EndpointState.ACTIVE:
        return False
    endpoint.state = EndpointState.PAUSED
    return True


def resume(session: Session, now: datetime, endpoint: WebhookEndpoint) -> bool:
    """Send again, what waits at once; also what was switched off. False when it is active."""
    if endpoint.state not in (EndpointState.PAUSED, EndpointState.DISABLED):
        return False
    endpoint.state, endpoint.ended_at, endpoint.why = EndpointState.ACTIVE, None, None
    endpoint.failing_since = None
    waits = _pending(endpoint).where(col(Delivery.lease_until).is_(None))
    session.execute(waits.values(next_at=now))
    return True


def rotate(_session: Session, now: datetime, endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, str]:
    """A new secret, shown this once; the one before signs as well for OVERLAP.

    Raises:
        ShippedError: its secret stands in app.yaml.
    """
    _judge_own(endpoint)
    endpoint.secret_before, endpoint.rotated_until = endpoint.secret, now + OVERLAP
    endpoint.secret = new_secret()
    return endpoint, endpoint.secret


def delete(session: Session, now: datetime, endpoint: WebhookEndpoint) -> None:
    """Forget it; its name is free again, and what waits is given up.

    Raises:
        ShippedError: it stands in app.yaml, and would be back at the next start.
    """
    _judge_own(endpoint)
    _end(session, now, endpoint)


def _judge_own(endpoint: WebhookEndpoint) -> None:
    if endpoint.shipped:
        raise ShippedError(endpoint.name)


def _end(session: Session, now: datetime, endpoint: WebhookEndpoint) -> None:
    endpoint.state, endpoint.ended_at, endpoint.name = EndpointState.DELETED, now, None
    endpoint.secret, endpoint.secret_before = "", None
    # It may be as good as a secret, too.
    endpoint.url = ""
    give_up(session, now, endpoint)


def give_up(session: Session, now: datetime, endpoint: WebhookEndpoint) -> int:
    """What waits for it is dead, to be replayed or not; how much that was."""
    dead = _pending(endpoint).values(state=DeliveryState.DEAD, ended_at=now, worker=None, lease_until=None)
    return int(session.connection().execute(dead).rowcount)


def _pending(endpoint: WebhookEndpoint) -> Update:
    return update(Delivery).where(
        col(Delivery.endpoint_id) == endpoint.id, col(Delivery.state) == DeliveryState.PENDING
    )


# ---- what they look at


def latest(session: Session, endpoint: WebhookEndpoint, limit: int = 10) -> Sequence[Attempt]:
    """The last attempts, the newest first."""
    tried = select(Attempt).where(Attempt.endpoint_id == endpoint.id)
    return session.exec(tried.order_by(col(Attempt.at).desc(), col(Attempt.id).desc()).limit(limit)).all()


def waiting(session: Session, endpoint: WebhookEndpoint) -> Waiting:
    """What is on its way."""
    counts = select(Delivery.state, func.count(), func.min(Delivery.created_at)).where(
        Delivery.endpoint_id == endpoint.id, col(Delivery.state) != DeliveryState.SENT
    )
    found = {state: (count, oldest) for state, count, oldest in session.exec(counts.group_by(col(Delivery.state)))}
    pending, oldest = found.get(DeliveryState.PENDING, (0, None))
    return Waiting(pending, oldest, found.get(DeliveryState.DEAD, (0, None))[0])


def replay(
    session: Session,
    now: datetime,
    endpoint: WebhookEndpoint,
    *,
    by: str,
    event_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    dry: bool = False,
) -> int:
    """Send again under the same ids: one event, whatever it is; or all of some time that this endpoint asks for.

    since, until: when they were recorded, until before `until`; None: from the first, to the last. What is on its way
    stays so. Returns how many there are; dry: and does nothing else.

    Raises:
        LookupError: there is no such event (any more).
        TooManyError: a shorter time is needed.
    """
    events = [_one(session, event_id)] if event_id is not None else _between(session, endpoint, since, until)
    return len(events) if dry else feed.again(session, now, endpoint.id, events, by=by)


def _one(session: Session, event_id: str) -> Event:
    found = session.get(Event, event_id)
    if found is None:
        raise LookupError(event_id)
    return found


def _between(
    session: Session, endpoint: WebhookEndpoint, since: datetime | None, until: datetime | None
) -> Sequence[Event]:
    """In the order in which they went out before; what never did comes by when it was recorded."""
    first = (
        select(Delivery.event_id, func.min(col(Delivery.seq)).label("seq"))
        .where(Delivery.endpoint_id == endpoint.id)
        .group_by(Delivery.event_id)
        .subquery()
    )
    rows = select(Event).outerjoin(first, first.c.event_id == col(Event.id))
    if since is not None:
        rows = rows.where(col(Event.recorded_at) >= since)
    if until is not None:
        rows = rows.where(col(Event.recorded_at) < until)
    asks_for, events = feed.listener(endpoint).asks_for, []
    for event in session.exec(rows.order_by(col(Event.recorded_at), first.c.seq, col(Event.id))):
        if asks_for(event):
            events.append(event)
        if len(events) > MOST:
            raise TooManyError
    return events


# ---- what app.yaml says


def ship(session: Session, now: datetime, shipped: Sequence[Shipped]) -> None:
    """Have the endpoints of app.yaml as rows, and forget those that stood there before. At start.

    One that was added in Slack under the same name is app.yaml's from now on.
    """
    _insert(session, now, shipped)
    rows = {row.name: row for row in ls(session)}
    for one in shipped:
        row = rows[one.name]
        row.shipped, row.secret, row.secret_before, row.rotated_until = True, "", None, None
        row.url, row.severity = one.url, one.severity
        row.types, row.accounts = list(one.types), list(one.accounts)
        row.addresses, row.allow_private = one.addresses, one.allow_private
    names = {one.name for one in shipped}
    for row in rows.values():
        if row.shipped and row.name not in names:
            _end(session, now, row)


def _insert(session: Session, now: datetime, shipped: Sequence[Shipped]) -> None:
    # Several processes start at once.
    connection = session.connection()
    insert = insert_of[connection.dialect.name](_ENDPOINT).on_conflict_do_nothing(index_elements=["name"])
    rows = [
        new(WebhookEndpoint, name=one.name, url=one.url, state=EndpointState.ACTIVE, created_by="", created_at=now)
        for one in shipped
    ]
    if rows:
        connection.execute(insert, [{name: row.__dict__[name] for name in _COLUMNS} for row in rows])


def secrets_of(endpoint: WebhookEndpoint, now: datetime, shipped: Mapping[str, Shipped]) -> Sequence[str]:
    """What signs for an endpoint at this moment, the newest first; empty where app.yaml does not know it any more.

    shipped: app.yaml's endpoints by name.
    """
    if endpoint.shipped:
        one = shipped.get(endpoint.name or "")
        return one.secrets if one else ()
    until = endpoint.rotated_until
    before = endpoint.secret_before if until is not None and now < until else None
    return (endpoint.secret, before) if before else (endpoint.secret,)
