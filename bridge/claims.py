"""Claiming what is due: one notice a receiver at a time, at most one message a second there, shared by all processes.

What Slack allows is kept in `rate_limit` rows: one for each receiver, and one for the edits of the whole workspace.
Source: docs.slack.dev/apis/web-api/rate-limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, update
from sqlalchemy import select as sql
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select

from bridge.faces import Face
from store.tables import Alert, Limit, Notice, NoticeAlert

LEASE = timedelta(seconds=10)
"""More than twice as long as a whole attempt may take (`bridge.outbox.PATIENCE`)."""
SPACING = timedelta(seconds=1)
"""Between two messages to one receiver."""
_EDITS = "slack/chat.update"
_EDIT_SPACING = timedelta(seconds=1.2)
"""50 edits a minute in the workspace…"""
_EDIT_BURST = 40
"""…of which so many may come at once."""


class UnrenderableError(Exception):
    """A notice's rows make no message."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A notice that is ours to send until `lease_until`, as it is to be shown."""

    id: str
    worker: str
    lease_until: datetime
    receiver: str
    channel: str | None
    ts: str | None
    """Set: edit it."""
    thread_ts: str | None
    version: int
    """What `shown` becomes."""
    tried_at: datetime | None
    """An earlier attempt whose end nobody knows: look first."""
    face: Face | UnrenderableError
    news: Mapping[str, int]
    """By alert, the version that an edit will show and that the message did not show before."""


def key_of(receiver: str) -> str:
    """The name of a receiver's limit."""
    return f"slack/{receiver}"


Look: TypeAlias = Callable[[Session, datetime, Notice], Face | None]
"""`bridge.faces.face`."""


def claim(session: Session, now: datetime, worker: str, room: int, look: Look) -> Sequence[Claim]:
    """Lease at most `room` notices to `worker`; the first of each receiver that is free.

    Critical first, then edits before posts, then by age. What has nothing to show is settled at once.
    """
    edits = _edits_left(session, now)
    claims = []
    for notice in _candidates(session, now, room, edits=edits > 0):
        if notice.ts is not None:
            if edits < 1:
                continue
            edits -= 1
        if found := _claimed(session, now, worker, notice, look):
            claims.append(found)
    return claims


def hold(session: Session, receiver: str, until: datetime) -> None:
    """Nothing more to this receiver before `until`."""
    _reserve(session, key_of(receiver), until)


def release(session: Session, receiver: str) -> None:
    """Let this receiver be tried at once."""
    if row := session.get(Limit, key_of(receiver)):
        session.delete(row)


def _candidates(session: Session, now: datetime, room: int, *, edits: bool) -> Sequence[Notice]:
    """The best of each receiver, locked where the database can; what another process holds is left out."""
    parent = aliased(Notice)
    busy = select(Notice.receiver).where(col(Notice.due_at).is_not(None), col(Notice.lease_until) > now)
    order: tuple[Any, ...] = (col(Notice.priority), col(Notice.ts).is_(None), col(Notice.id))
    place: ColumnElement[int] = func.row_number().over(partition_by=col(Notice.receiver), order_by=order)
    due: Select[Any, Any] = (
        sql(col(Notice.id).label("id"), place.label("place"))
        .outerjoin(parent, col(Notice.parent_id) == col(parent.id))
        .outerjoin(Limit, col(Limit.key) == key_of("") + col(Notice.receiver))
        .where(
            col(Notice.due_at) <= now,
            or_(col(Notice.parent_id).is_(None), col(parent.ts).is_not(None)),
            or_(col(Limit.next_at).is_(None), col(Limit.next_at) <= now),
            col(Notice.receiver).not_in(busy),
        )
    )
    if not edits:
        due = due.where(col(Notice.ts).is_(None))
    ranked = due.subquery()
    best = (
        select(Notice)
        .where(col(Notice.id).in_(sql(ranked.c.id).where(ranked.c.place == 1)))
        .order_by(*order)
        .limit(room)
        .with_for_update(skip_locked=True)
    )
    return session.exec(best).all()


def _claimed(session: Session, now: datetime, worker: str, notice: Notice, look: Look) -> Claim | None:
    shown: Face | UnrenderableError | None
    try:
        shown = look(session, now, notice)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # One bad row must not stand in the way of the rest.
        shown = UnrenderableError(repr(error))
    if shown is None:
        notice.shown, notice.due_at = notice.wanted, None
        return None
    parent = session.get(Notice, notice.parent_id) if notice.parent_id else None
    made = Claim(
        id=notice.id,
        worker=worker,
        lease_until=now + LEASE,
        receiver=notice.receiver,
        channel=notice.channel or (parent.channel if parent else None),
        ts=notice.ts,
        thread_ts=parent.ts if parent else None,
        version=notice.wanted,
        tried_at=notice.tried_at,
        face=shown,
        news=_news(session, notice.id),
    )
    notice.worker, notice.lease_until = worker, made.lease_until
    if notice.ts is None:
        notice.tried_at = notice.tried_at or now
        # A button may be pressed before the post is marked shown.
        see(session, notice.id, made.news)
    else:
        _reserve(session, _EDITS, max(_next_at(session, _EDITS) or now, now) + _EDIT_SPACING)
    _reserve(session, key_of(notice.receiver), now + SPACING)
    return made


def see(session: Session, notice_id: str, versions: Mapping[str, int]) -> None:
    """Note the versions of the alerts that the message shows: what its buttons cover."""
    rows = [
        {"its_notice": notice_id, "its_alert": alert_id, "version": version} for alert_id, version in versions.items()
    ]
    if rows:
        # In one go: a page lists twenty alerts, and every message passes here.
        session.connection().execute(_SEE, rows)


_LINK = SQLModel.metadata.tables[str(NoticeAlert.__tablename__)]
_SEE = (
    update(_LINK)
    .where(_LINK.c.notice_id == bindparam("its_notice"), _LINK.c.alert_id == bindparam("its_alert"))
    .values(seen_version=bindparam("version"))
)


def _news(session: Session, notice_id: str) -> Mapping[str, int]:
    changed = (
        select(NoticeAlert.alert_id, Alert.version)
        .join(Alert, col(Alert.id) == col(NoticeAlert.alert_id))
        .where(col(NoticeAlert.notice_id) == notice_id, col(NoticeAlert.seen_version) != col(Alert.version))
    )
    return dict(session.exec(changed).all())


def _edits_left(session: Session, now: datetime) -> int:
    """How many edits the workspace takes now."""
    ahead = max((_next_at(session, _EDITS) or now) - now, timedelta(0))
    return _EDIT_BURST - int(ahead / _EDIT_SPACING)


def _next_at(session: Session, key: str) -> datetime | None:
    row = session.get(Limit, key)
    return row.next_at if row else None


def _reserve(session: Session, key: str, until: datetime) -> None:
    row = session.get(Limit, key)
    if row is None:
        session.add(Limit(key=key, next_at=until))
        session.flush()
    else:
        row.next_at = until
