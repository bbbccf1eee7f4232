"""Single messages whose fate somebody wants to know: polled until it is known, or for some days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from store.tables import Event, MessageWatch

LIFE = timedelta(days=3)
"""After that a vendor has nothing new to say about a message."""
_PREFIX = "message/"


def watch(session: Session, now: datetime, *, account: str, ids: Sequence[str], receiver: str, user: str) -> datetime:
    """Follow these messages for `receiver`, whoever followed them before; until when."""
    until = now + LIFE
    for message_id in ids:
        row = MessageWatch(
            account=account, message_id=message_id, receiver=receiver, created_by=user, created_at=now, until=until
        )
        session.merge(row)
    return until


def watchers(session: Session, events: Sequence[Event]) -> dict[str, str]:
    """By event id, who follows the message that it is about."""
    about = {event.id: event.subject.removeprefix(_PREFIX) for event in events if event.subject.startswith(_PREFIX)}
    if not about:
        return {}
    rows = session.exec(select(MessageWatch).where(col(MessageWatch.message_id).in_(about.values()))).all()
    found = {(row.account, row.message_id): row.receiver for row in rows}
    by_event = {event.id: found.get((event.account, about.get(event.id, ""))) for event in events}
    return {event_id: receiver for event_id, receiver in by_event.items() if receiver}
