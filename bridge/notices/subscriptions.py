"""What channels and people have asked to be told.

A pattern that covers `alert.firing` makes the receiver one of the alert's targets (`bridge.alerts.routes`), with its
buttons and its end; any other is told of events as they happen, several in one message.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bridge.alerts.routes import is_as_bad
from bridge.alerts.rules import Severity
from bridge.events import EventType
from bridge.globs import fits
from bridge.notices.messagewatch import watchers
from bridge.notices.telling import again, is_rendered, key_of, open_notices
from store.rows import read
from store.tables import Event, Notice, NoticeKind, Subscription

WAIT = timedelta(seconds=10)
"""How long a message waits for further events."""
MOST = 30
"""So many events fit into one message."""
BY_NAME = (EventType.TASK_PROGRESSED, EventType.STATS_COUNTED)
"""So frequent that stars do not cover them."""
_EVERYBODY = select(Subscription).order_by(col(Subscription.id))
_SEVERITY: Mapping[EventType, Severity] = {
    EventType.TASK_FAILED: Severity.CRITICAL,
    EventType.PROVIDER_UNREACHABLE: Severity.CRITICAL,
    EventType.PROVIDER_AUTH_FAILED: Severity.CRITICAL,
    EventType.PROVIDER_SCHEMA_CHANGED: Severity.CRITICAL,
    EventType.DELIVERY_DEAD: Severity.CRITICAL,
    EventType.TASK_STOPPED: Severity.WARNING,
    EventType.TASK_STALLED: Severity.WARNING,
    EventType.TASK_VANISHED: Severity.WARNING,
    EventType.MESSAGE_REJECTED: Severity.WARNING,
    EventType.MESSAGE_FAILED: Severity.WARNING,
    EventType.MESSAGE_BOUNCED: Severity.WARNING,
    EventType.MESSAGE_COMPLAINED: Severity.WARNING,
    EventType.BOUNCE_RATE_RAISED: Severity.WARNING,
    EventType.COMPLAINT_RATE_RAISED: Severity.WARNING,
    EventType.BALANCE_LOW: Severity.WARNING,
    EventType.PROVIDER_RATE_LIMITED: Severity.WARNING,
    EventType.ENDPOINT_FAILING: Severity.WARNING,
    EventType.ENDPOINT_DISABLED: Severity.WARNING,
    EventType.APPROVAL_FAILED: Severity.WARNING,
}


def known(types: str) -> bool:
    """Whether a pattern covers any type of event."""
    return any(fits(types, one) for one in EventType)


def severity_of(event: Event) -> str:
    """How bad an event is: an alert's own severity; what is in no table is good to know."""
    return str(event.data.get("severity") or _SEVERITY.get(EventType(event.type), Severity.INFO))


def covers(subscription: Subscription, event: Event) -> bool:
    """Whether a subscription asks for this event, as an event."""
    if fits(subscription.types, EventType.ALERT_FIRING) and event.type.startswith("alert."):
        return False
    return (
        ((fits(subscription.types, event.type) and event.type not in BY_NAME) or subscription.types == event.type)
        and subscription.account in (None, event.account)
        and is_as_bad(severity_of(event), subscription.severity)
    )


def everybody(session: Session) -> Sequence[Subscription]:
    """All of them, the oldest first, to look at."""
    return read(session, _EVERYBODY)


def of(session: Session, receiver: str) -> Sequence[Subscription]:
    """What a receiver has asked for, the oldest first."""
    return session.exec(_EVERYBODY.where(Subscription.receiver == receiver)).all()


def add(
    session: Session,
    now: datetime,
    *,
    receiver: str,
    types: str,
    user: str,
    severity: str | None = None,
    account: str | None = None,
) -> tuple[Subscription, bool]:
    """Tell `receiver` from now on; False with the one that was there when it had asked for the same.

    The same types and account with another severity: that one is changed.

    Raises:
        ValueError: no type of event is called so.
    """
    if not known(types):
        raise ValueError(f"no event is called {types}")
    for one in of(session, receiver):
        if (one.types, one.account) == (types, account):
            new = one.severity != severity
            one.severity = severity
            return one, new
    made = Subscription(
        receiver=receiver, types=types, severity=severity, account=account, created_by=user, created_at=now
    )
    session.add(made)
    return made, True


def remove(session: Session, receiver: str, types: str | None = None, account: str | None = None) -> int:
    """Tell `receiver` no more; None: whatever the types, whichever account. Returns how many there were."""
    gone = [one for one in of(session, receiver) if types in (None, one.types) and account in (None, one.account)]
    for one in gone:
        session.delete(one)
    return len(gone)


def tell(session: Session, now: datetime, events: Sequence[Event], subscriptions: Sequence[Subscription]) -> None:
    """Have everybody who asked for these events told of them, each receiver of each event once."""
    wanted: defaultdict[str, dict[str, Event]] = defaultdict(dict)
    follows = watchers(session, events)
    for event in events:
        if event.id in follows:
            wanted[follows[event.id]][event.id] = event
        for one in subscriptions:
            if covers(one, event):
                wanted[one.receiver][event.id] = event
    keys = {receiver: key_of(receiver, NoticeKind.EVENTS, "") for receiver in wanted}
    found = open_notices(session, keys.values())
    for receiver, new in wanted.items():
        _list(session, now, receiver, [*new.values()], found.get(keys[receiver]))


def _list(session: Session, now: datetime, receiver: str, events: Sequence[Event], notice: Notice | None) -> None:
    """Put events onto the message that still waits, and onto new ones."""
    if notice is not None and is_rendered(notice):
        notice.open_key = None
        notice = None
    left = [event.id for event in events]
    if notice is not None:
        room = MOST - len(notice.facts["events"])
        notice.facts = {"events": [*notice.facts["events"], *left[:room]]}
        again(notice, now + WAIT)
        left = left[room:]
        if left:
            notice.open_key = None
    for start in range(0, len(left), MOST):
        some = left[start : start + MOST]
        # What has been taken off must be gone before the key is anybody else's.
        session.flush()
        session.add(
            Notice(
                open_key=key_of(receiver, NoticeKind.EVENTS, "") if len(some) < MOST else None,
                kind=NoticeKind.EVENTS,
                receiver=receiver,
                priority=1 if any(severity_of(event) == Severity.CRITICAL for event in events) else 2,
                facts={"events": some},
                created_at=now,
                due_at=now + WAIT,
            )
        )
