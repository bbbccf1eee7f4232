"""Claiming what is due: one notice a receiver at a time, at most one message a second there, shared by all processes.

What Slack allows is kept in `rate_limit` rows: one for each receiver, and one for the edits of the whole workspace.
Source: docs.slack.dev/apis/web-api/rate-limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Insert,
    Integer,
    Select,
    bindparam,
    case,
    delete,
    func,
    or_,
    update,
)
from sqlalchemy import select as sql
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bridge.notices.faces import Face
from store.engine import insert_of
from store.rows import execute, read
from store.tables import Alert, Limit, Notice, NoticeAlert, UtcTime

LEASE = timedelta(seconds=10)
"""More than twice as long as a whole attempt may take (`bridge.notices.outbox.PATIENCE`)."""
SPACING = timedelta(seconds=1)
"""Between two messages to one receiver."""
_LEAST = timedelta(milliseconds=1)
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
"""`bridge.notices.faces.face`."""


def claim(session: Session, now: datetime, worker: str, room: int, look: Look) -> Sequence[Claim]:
    """Lease at most `room` notices to `worker`; the first of each receiver that is free.

    Critical first, then edits before posts, then by age. What has nothing to show is settled at once.
    """
    edits_from = max(_next_at(session, _EDITS) or now, now)
    edits = _EDIT_BURST - int((edits_from - now) / _EDIT_SPACING)
    # The best of each receiver, locked where the database can; what another process holds is left out.
    best = read(session, _best(edits=edits > 0), {"now": now, "room": room})
    news = _news(session, [notice.id for notice in best])
    parents = _parents(session, best)
    claims: list[Claim] = []
    for notice in best:
        if notice.ts is not None:
            if edits < 1:
                continue
            edits -= 1
        shown = _seen(session, now, notice, look)
        if shown is None:
            session.connection().execute(_SETTLED, {"its_id": notice.id, "shown": notice.wanted})
        else:
            claims.append(_claimed(now, worker, notice, shown, parents.get(notice.parent_id or ""), news))
    _take(session, now, claims)
    # A button may be pressed before the post is marked shown.
    see(session, {one.id: one.news for one in claims if one.ts is None})
    limits = {key_of(one.receiver): now + SPACING for one in claims}
    edited = sum(one.ts is not None for one in claims)
    if edited:
        limits[_EDITS] = edits_from + edited * _EDIT_SPACING
    _reserve(session, limits)
    return claims


def hold(session: Session, receiver: str, until: datetime) -> None:
    """Nothing more to this receiver before `until`."""
    _reserve(session, {key_of(receiver): until})


def release(session: Session, receiver: str) -> None:
    """Let this receiver be tried at once."""
    session.connection().execute(delete(_LIMIT).where(_LIMIT.c.key == key_of(receiver)))


def pause(session: Session, now: datetime) -> timedelta | None:
    """How long until a notice can go that cannot yet, where that is no longer than SPACING."""
    given = {"next": now + _LEAST, "soon": now + SPACING}
    at: datetime | None = session.connection().execute(_FREE_AT, given).scalar()
    return None if at is None else at - now


@cache
def _best(*, edits: bool) -> SelectOfScalar[Notice]:
    """Made once: making it takes longer than its answer. `now` and `room` are given with it."""
    now: BindParameter[datetime] = bindparam("now", type_=UtcTime())
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
    return (
        select(Notice)
        .where(col(Notice.id).in_(sql(ranked.c.id).where(ranked.c.place == 1)))
        .order_by(*order)
        .limit(bindparam("room", type_=Integer()))
        .with_for_update(skip_locked=True)
    )


_PARENT = aliased(Notice)
_AT: ColumnElement[datetime] = case((col(Limit.next_at) > col(Notice.due_at), Limit.next_at), else_=Notice.due_at)
_FREE_AT = (
    sql(func.min(_AT))
    .select_from(Notice)
    .outerjoin(_PARENT, col(Notice.parent_id) == col(_PARENT.id))
    .outerjoin(Limit, col(Limit.key) == key_of("") + col(Notice.receiver))
    .where(
        col(Notice.due_at) <= bindparam("soon", type_=UtcTime()),
        or_(col(Notice.parent_id).is_(None), col(_PARENT.ts).is_not(None)),
        _AT.between(bindparam("next", type_=UtcTime()), bindparam("soon", type_=UtcTime())),
    )
)


def _parents(session: Session, notices: Sequence[Notice]) -> Mapping[str, Notice]:
    ids = {notice.parent_id for notice in notices if notice.parent_id}
    return {one.id: one for one in read(session, _BY_ID, {"ids": [*ids]})} if ids else {}


_BY_ID = select(Notice).where(col(Notice.id).in_(bindparam("ids", expanding=True)))


def _seen(session: Session, now: datetime, notice: Notice, look: Look) -> Face | UnrenderableError | None:
    try:
        return look(session, now, notice)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # One bad row must not stand in the way of the rest.
        return UnrenderableError(repr(error))


def _claimed(  # noqa: PLR0917
    now: datetime,
    worker: str,
    notice: Notice,
    shown: Face | UnrenderableError,
    parent: Notice | None,
    news: Mapping[str, Mapping[str, int]],
) -> Claim:
    return Claim(
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
        news=news.get(notice.id, {}),
    )


def _take(session: Session, now: datetime, claims: Sequence[Claim]) -> None:
    """Write down whose they are; of what is not there yet, that it is tried."""
    rows = [
        {
            "its_id": one.id,
            "worker": one.worker,
            "lease_until": one.lease_until,
            "tried_at": one.tried_at or (now if one.ts is None else None),
        }
        for one in claims
    ]
    if rows:
        execute(session.connection(), _TAKE, rows)


_NOTICE = SQLModel.metadata.tables[str(Notice.__tablename__)]
_ITS_ID = _NOTICE.c.id == bindparam("its_id")
_TAKE = update(_NOTICE).where(_ITS_ID).values({name: bindparam(name) for name in ("worker", "lease_until", "tried_at")})
_SETTLED = update(_NOTICE).where(_ITS_ID).values(shown=bindparam("shown"), due_at=None)


def see(session: Session, shown: Mapping[str, Mapping[str, int]]) -> None:
    """Note the versions of the alerts that messages show, by notice and alert: what their buttons cover."""
    rows = [
        {"its_notice": notice_id, "its_alert": alert_id, "version": version}
        for notice_id, versions in shown.items()
        for alert_id, version in versions.items()
    ]
    if rows:
        # In one go: a page lists twenty alerts, and every message passes here.
        execute(session.connection(), _SEE, rows)


_LINK = SQLModel.metadata.tables[str(NoticeAlert.__tablename__)]
_SEE = (
    update(_LINK)
    .where(_LINK.c.notice_id == bindparam("its_notice"), _LINK.c.alert_id == bindparam("its_alert"))
    .values(seen_version=bindparam("version"))
)


_ALERT = SQLModel.metadata.tables[str(Alert.__tablename__)]
_NEWS = (
    sql(_LINK.c.notice_id, _LINK.c.alert_id, _ALERT.c.version)
    .join(_ALERT, _ALERT.c.id == _LINK.c.alert_id)
    .where(_LINK.c.notice_id.in_(bindparam("ids", expanding=True)), _LINK.c.seen_version != _ALERT.c.version)
)


def _news(session: Session, notice_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """By notice and alert, the versions that it does not show yet."""
    news: dict[str, dict[str, int]] = {}
    if notice_ids:
        for notice_id, alert_id, version in session.connection().execute(_NEWS, {"ids": notice_ids}):
            news.setdefault(notice_id, {})[alert_id] = version
    return news


_LIMIT = SQLModel.metadata.tables[str(Limit.__tablename__)]
_NEXT_AT = sql(_LIMIT.c.next_at).where(_LIMIT.c.key == bindparam("its_key"))


def _next_at(session: Session, key: str) -> datetime | None:
    found: datetime | None = session.connection().execute(_NEXT_AT, {"its_key": key}).scalar()
    return found


def _reserve(session: Session, limits: Mapping[str, datetime]) -> None:
    """Nothing more by these keys before these times."""
    if limits:
        connection = session.connection()
        rows = [{"key": key, "next_at": until, "used": 0} for key, until in limits.items()]
        execute(connection, _reserving(connection.dialect.name), rows)


@cache
def _reserving(dialect: str) -> Insert:
    insert = insert_of[dialect](_LIMIT)
    upsert: Insert = insert.on_conflict_do_update(index_elements=["key"], set_={"next_at": insert.excluded.next_at})
    return upsert
