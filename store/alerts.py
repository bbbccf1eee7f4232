"""Alerts as rows: which there are, which one somebody means, and what happened to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, select

from store.engine import Store
from store.tables import Alert, AlertState, Event, Notice, NoticeAlert

OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
"""People have been told, and it is not over."""
_TOLD = (*OPEN, AlertState.RESOLVED)
_FULL_ID = 36


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some of the alerts, the ones that matter most first."""

    alerts: Sequence[Alert]
    more: bool
    counts: Mapping[AlertState, int]
    """Of all that are open, on whatever page."""


async def page(store: Store, accounts: Collection[str], *, firing: bool = False, size: int, number: int) -> AlertPage:
    """A page of these accounts' alerts: what fires, the worst first; then what somebody has in hand; then what is over.

    number: 1 is the first.
    """

    def found(session: Session, _now: object) -> AlertPage:
        mine = col(Alert.account).in_(accounts)
        states = (AlertState.FIRING,) if firing else _TOLD
        query = (
            select(Alert)
            .where(mine, col(Alert.state).in_(states))
            .order_by(*_order())
            .limit(size + 1)
            .offset((number - 1) * size)
        )
        alerts = session.exec(query).all()
        counted = (
            select(col(Alert.state), func.count()).where(mine, col(Alert.state).in_(OPEN)).group_by(col(Alert.state))
        )
        return AlertPage(alerts[:size], len(alerts) > size, dict(session.exec(counted).all()))

    return await store.transact(found)


async def meant(store: Store, words: str) -> Sequence[Alert]:
    """The alerts that an id, or the end of one, names; an open one before those that are over."""

    def found(session: Session, _now: object) -> Sequence[Alert]:
        if len(words) == _FULL_ID:
            alert = session.get(Alert, words)
            return [alert] if alert else []
        ends = select(Alert).where(col(Alert.id).endswith(words, autoescape=True), col(Alert.state).in_(_TOLD))
        alerts = session.exec(ends.order_by(col(Alert.id).desc()).limit(10)).all()
        return [alert for alert in alerts if alert.state in OPEN] or alerts

    return await store.transact(found)


async def on_notice(store: Store, notice_id: str) -> Sequence[Alert] | None:
    """The alerts that a message lists, or the one in whose thread it stands; None where there is no such message."""

    def found(session: Session, _now: object) -> Sequence[Alert] | None:
        notice = session.get(Notice, notice_id)
        if notice is None:
            return None
        listed = select(Alert).join(NoticeAlert, col(NoticeAlert.alert_id) == col(Alert.id))
        return session.exec(
            listed.where(NoticeAlert.notice_id == (notice.parent_id or notice.id)).order_by(col(NoticeAlert.position))
        ).all()

    return await store.transact(found)


async def story(store: Store, alert: Alert, most: int) -> Sequence[Event]:
    """What happened to an alert, the latest `most`, oldest first."""

    def found(session: Session, _now: object) -> Sequence[Event]:
        about = select(Event).where(Event.account == alert.account, Event.subject == f"alert/{alert.id}")
        return session.exec(about.order_by(col(Event.recorded_at).desc()).limit(most)).all()[::-1]

    return await store.transact(found)


def _order() -> list[ColumnElement[object]]:
    state, severity = col(Alert.state), col(Alert.severity)
    states = case({one: place for place, one in enumerate(_TOLD)}, value=state)
    # What is over is told by its age alone.
    severities = case(
        (state == AlertState.RESOLVED, 0), (severity == "critical", 0), (severity == "warning", 1), else_=2
    )
    return [states, severities, col(Alert.id).desc()]
