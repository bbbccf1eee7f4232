"""Forgetting what was kept long enough, in small bites: nobody waits for the database because of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, null, or_, tuple_, update
from sqlmodel import Session, col, select

from bridge.sightings import Kind
from bridge.webhooks.queues import limit_of
from jobs.scheduler import Duty
from jobs.settings import Retention
from store.engine import Store
from store.jobs import Claimed
from store.tables import (
    Alert,
    Attempt,
    Change,
    ChangeState,
    CommandRun,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    EndpointState,
    Event,
    Limit,
    MessageWatch,
    Misfit,
    Notice,
    NoticeAlert,
    Silence,
    Snapshot,
    StatSample,
    WebhookEndpoint,
)

NAME = "prune"
EVERY = timedelta(hours=1)
BITE = 500
"""Rows of a table in one transaction."""

Bite = Callable[[Session, datetime], int]
"""Forget at most BITE rows; how many there were."""

_OPEN_CHANGES = (ChangeState.INTENDED, ChangeState.UNKNOWN)
_OPEN_DRAFTS = (DraftState.OPEN, DraftState.SENDING)


class Prune:
    """Retention."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._bites: Sequence[Bite] = (
            _older(Event, Event.id, col(Event.recorded_at), retention.events),
            _raw_events(retention.raw),
            _raw_snapshots(retention.raw),
            _samples(retention.samples),
            _notices(retention.events),
            _alerts(retention.events),
            _older(Silence, Silence.id, col(Silence.ends_at), retention.events),
            _watches(retention.events),
            _snapshots(retention.events),
            _runs(retention.runs),
            # What was given up can be sent again for as long as its event is there.
            _older(Delivery, Delivery.seq, col(Delivery.ended_at), retention.events),
            _sent(retention.raw),
            _older(Attempt, Attempt.id, col(Attempt.at), retention.raw),
            _endpoints(retention.events),
            # Others' words, as they came.
            _older(Misfit, Misfit.id, col(Misfit.at), retention.raw),
        )

    def duty(self) -> Duty:
        """Once an hour, by whichever process."""
        return Duty(NAME, self._run, EVERY)

    async def _run(self, _claimed: Claimed) -> None:
        for bite in self._bites:
            gone = BITE
            while gone == BITE:
                # Commands and clicks go in between.
                gone = await self._store.transact(bite)


def _keys(session: Session, query: Any) -> Sequence[Any]:  # noqa: ANN401  # a select of a key
    found: Sequence[Any] = session.exec(query.limit(BITE)).all()
    return found


def _older(table: type[Any], key: Any, at: Any, age: timedelta) -> Bite:  # noqa: ANN401  # columns
    def bite(session: Session, now: datetime) -> int:
        keys = _keys(session, select(key).where(at < now - age))
        session.exec(delete(table).where(col(key).in_(keys)))
        return len(keys)

    return bite


def _sent(age: timedelta) -> Bite:
    def bite(session: Session, now: datetime) -> int:
        old = (col(Delivery.ended_at) < now - age, col(Delivery.state) == DeliveryState.SENT)
        keys = _keys(session, select(Delivery.seq).where(*old))
        session.exec(delete(Delivery).where(col(Delivery.seq).in_(keys)))
        return len(keys)

    return bite


def _endpoints(age: timedelta) -> Bite:
    """Those that were deleted, once nothing tells of them any more; what they asked us to wait goes with them."""

    def bite(session: Session, now: datetime) -> int:
        old = (col(WebhookEndpoint.state) == EndpointState.DELETED, col(WebhookEndpoint.ended_at) < now - age)
        told = (col(WebhookEndpoint.id).not_in(select(one.endpoint_id)) for one in (Delivery, Attempt))
        keys = _keys(session, select(WebhookEndpoint.id).where(*old, *told))
        session.exec(delete(Limit).where(col(Limit.key).in_([limit_of(key) for key in keys])))
        session.exec(delete(WebhookEndpoint).where(col(WebhookEndpoint.id).in_(keys)))
        return len(keys)

    return bite


def _raw_events(age: timedelta) -> Bite:
    def bite(session: Session, now: datetime) -> int:
        old = (col(Event.raw).is_not(null()), col(Event.recorded_at) < now - age)
        keys = _keys(session, select(Event.id).where(*old))
        session.exec(update(Event).where(col(Event.id).in_(keys)).values(raw=null()))
        return len(keys)

    return bite


_SNAPSHOT = (Snapshot.account, Snapshot.kind, Snapshot.subject)


def _raw_snapshots(age: timedelta) -> Bite:
    """Of what is not looked at any more; the others' raw words are today's."""

    def bite(session: Session, now: datetime) -> int:
        done = (col(Snapshot.look_at).is_(None), col(Snapshot.raw).is_not(null()))
        keys = _keys(session, select(*_SNAPSHOT).where(*done, col(Snapshot.observed_at) < now - age))
        session.exec(update(Snapshot).where(tuple_(*_SNAPSHOT).in_(keys)).values(raw=null()))
        return len(keys)

    return bite


def _snapshots(age: timedelta) -> Bite:
    """What came to its end. The rest is what accounts have, however long ago it was seen first."""
    ends = [Kind.TASK, Kind.STATS, Kind.MESSAGE, Kind.IMPORT]

    def bite(session: Session, now: datetime) -> int:
        done = (col(Snapshot.look_at).is_(None), col(Snapshot.kind).in_(ends))
        keys = _keys(session, select(*_SNAPSHOT).where(*done, col(Snapshot.observed_at) < now - age))
        session.exec(delete(Snapshot).where(tuple_(*_SNAPSHOT).in_(keys)))
        return len(keys)

    return bite


def _samples(age: timedelta) -> Bite:
    key = (StatSample.account, StatSample.subject, StatSample.at)

    def bite(session: Session, now: datetime) -> int:
        keys = _keys(session, select(*key).where(col(StatSample.at) < now - age))
        session.exec(delete(StatSample).where(tuple_(*key).in_(keys)))
        return len(keys)

    return bite


def _watches(age: timedelta) -> Bite:
    key = (MessageWatch.account, MessageWatch.message_id)

    def bite(session: Session, now: datetime) -> int:
        keys = _keys(session, select(*key).where(col(MessageWatch.until) < now - age))
        session.exec(delete(MessageWatch).where(tuple_(*key).in_(keys)))
        return len(keys)

    return bite


def _notices(age: timedelta) -> Bite:
    """What is shown and was made long ago, unless it still shows an alert that is not over."""

    def bite(session: Session, now: datetime) -> int:
        live = (
            select(NoticeAlert.notice_id)
            .join(Alert, col(Alert.id) == NoticeAlert.alert_id)
            .where(col(Alert.resolved_at).is_(None))
        )
        old = (col(Notice.created_at) < now - age, col(Notice.due_at).is_(None))
        query = select(Notice.id).where(*old, col(Notice.id).not_in(live))
        keys = _keys(session, query.where(or_(col(Notice.parent_id).is_(None), col(Notice.parent_id).not_in(live))))
        session.exec(delete(NoticeAlert).where(col(NoticeAlert.notice_id).in_(keys)))
        session.exec(delete(Notice).where(col(Notice.id).in_(keys)))
        return len(keys)

    return bite


def _alerts(age: timedelta) -> Bite:
    """What is over; the messages that show it went before."""

    def bite(session: Session, now: datetime) -> int:
        shown = select(NoticeAlert.alert_id)
        over = (col(Alert.resolved_at) < now - age, col(Alert.id).not_in(shown))
        keys = _keys(session, select(Alert.id).where(*over))
        session.exec(delete(Alert).where(col(Alert.id).in_(keys)))
        return len(keys)

    return bite


def _runs(age: timedelta) -> Bite:
    """Runs, with the changes and drafts that they asked for; not while one of these is open."""

    def bite(session: Session, now: datetime) -> int:
        busy = select(Change.run_id).where(col(Change.state).in_(_OPEN_CHANGES))
        drafting = select(Draft.run_id).where(col(Draft.state).in_(_OPEN_DRAFTS))
        old = (col(CommandRun.received_at) < now - age, col(CommandRun.outcome).is_not(None))
        query = select(CommandRun.id).where(*old, col(CommandRun.id).not_in(busy), col(CommandRun.id).not_in(drafting))
        # Ids grow with time: the oldest stand together.
        keys = _keys(session, query.order_by(col(CommandRun.id)))
        for table in (Change, Draft):
            session.exec(delete(table).where(col(table.run_id).in_(keys)))
        session.exec(delete(CommandRun).where(col(CommandRun.id).in_(keys)))
        return len(keys)

    return bite
