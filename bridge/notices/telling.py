"""What receivers should show: rows that the outbox renders and sends.

ALERTS        an alert, or a group of them; more join until `facts["until"]`
  MEMBERS     in its thread, once there are more than LISTED: pages of all its alerts
  HISTORY     in its thread, once somebody did something: what happened
  ESCALATION  in its thread and in the channel: an edit pings nobody, so this is how it is said again
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from store.tables import Notice, NoticeKind

LISTED = 10
"""So many alerts fit into a group's own message."""
PAGE = 20
"""So many alerts, or events, fit into an entry of its thread."""
HISTORY_PAGES = 10
"""What happened further on is for `alerts show`."""
REFRESH = timedelta(seconds=30)
"""How long an edit may wait that brings new figures only."""
_BY_KEY = select(Notice).where(col(Notice.open_key).in_(bindparam("keys", expanding=True)))


def key_of(receiver: str, kind: NoticeKind, group: str) -> str:
    """`Notice.open_key`."""
    return f"{receiver}|{kind.value}|{group}"


def tell(
    session: Session,
    now: datetime,
    receiver: str,
    kind: NoticeKind,
    facts: Mapping[str, Any],
    *,
    key: str | None = None,
    due_at: datetime | None = None,
    priority: int = 1,
) -> Notice:
    """Show something that is no alert; where one with this `key` is still open, that one with these facts."""
    open_key = key_of(receiver, kind, key) if key is not None else None
    notice = open_notices(session, [open_key]).get(open_key) if open_key else None
    if notice is None:
        notice = Notice(
            open_key=open_key,
            kind=kind,
            receiver=receiver,
            facts=dict(facts),
            created_at=now,
            due_at=due_at or now,
            priority=priority,
        )
        session.add(notice)
    else:
        notice.facts = dict(facts)
        again(notice, due_at or now)
    return notice


def open_notices(session: Session, keys: Collection[str]) -> dict[str, Notice]:
    """The notices that these keys name."""
    found = session.exec(_BY_KEY, params={"keys": [*keys]}) if keys else ()
    return {notice.open_key: notice for notice in found if notice.open_key}


def again(notice: Notice, due_at: datetime) -> None:
    """Have it rendered anew, at `due_at` at the latest. What is parked waits for a person, or for its next try."""
    notice.wanted += 1
    if notice.parked is None:
        notice.due_at = min(notice.due_at or due_at, due_at)


def is_rendered(notice: Notice) -> bool:
    """Whether people may have seen it."""
    return notice.ts is not None or notice.tried_at is not None
