"""What nobody wants to hear for a while: nothing new is said, but what was shown is still told its end."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam
from sqlmodel import Session, col, select

from bridge.alerts.routes import Labels, labels_of
from bridge.alerts.wall import Wall
from bridge.globs import any_fits
from store.alerts import OPEN
from store.tables import Alert, AlertState, Silence, UtcTime

MATCHERS = ("account", "rule", "kind", "severity", "subject", "name")
"""What a silence may go by."""

_NOW: BindParameter[datetime] = bindparam("now", type_=UtcTime())
_IN_FORCE = (
    select(Silence).where(col(Silence.starts_at) <= _NOW, col(Silence.ends_at) > _NOW).order_by(col(Silence.ends_at))
)


def matches(matchers: Mapping[str, str], labels: Labels) -> bool:
    """Whether all of them do; stars stand for anything. `name` is any of the names that a task goes by."""
    return all(
        any_fits((pattern,), labels.names if key == "name" else (getattr(labels, key),))
        for key, pattern in matchers.items()
    )


def covering(silences: Sequence[Silence], alert: Alert) -> Silence | None:
    """Which silence keeps an alert quiet: the one that does so for longest."""
    if not silences:
        return None
    labels = labels_of(alert)
    return max((one for one in silences if matches(one.matchers, labels)), key=lambda one: one.ends_at, default=None)


def active(session: Session, now: datetime) -> Sequence[Silence]:
    """The silences in force, those that end first first."""
    return session.exec(_IN_FORCE, params={"now": now}).all()


def preview(session: Session, matchers: Mapping[str, str]) -> Sequence[Alert]:
    """The open alerts that such a silence would hide, the newest first."""
    is_open = col(Alert.state).in_(OPEN)
    rows = session.exec(select(Alert).where(is_open).order_by(col(Alert.began_at).desc())).all()
    return [row for row in rows if matches(matchers, labels_of(row))]


def add(
    session: Session,
    now: datetime,
    matchers: Mapping[str, str],
    *,
    until: datetime,
    user: str,
    comment: str | None = None,
) -> Silence:
    """Say nothing new of what matches, until then. What nobody has seen yet waits; messages there show the silence.

    Raises:
        ValueError: there is no matcher, or one that is not in MATCHERS.
    """
    if not matchers or set(matchers) - set(MATCHERS):
        raise ValueError(f"a silence goes by {', '.join(MATCHERS)}")
    silence = Silence(matchers=dict(matchers), starts_at=now, ends_at=until, created_by=user, comment=comment)
    session.add(silence)
    hidden = preview(session, matchers)
    wall = Wall(session, now)
    for alert in hidden:
        wall.withdraw(alert)
    wall.hang()
    wall.look([alert.id for alert in hidden])
    for alert in hidden:
        if alert.due_at is None or not wall.is_told(alert.id):
            _wake(alert, until)
    return silence


def end(session: Session, now: datetime, silence_id: str, user: str) -> Silence | None:
    """End a silence now; None when it is not in force any more, or never was. What it hid is told within seconds."""
    silence = session.get(Silence, silence_id, with_for_update=True)
    if silence is None or silence.ends_at <= now:
        return None
    was, silence.ends_at, silence.ended_by = silence.ends_at, now, user
    wall = Wall(session, now)
    for alert in preview(session, silence.matchers):
        wall.changed(alert, at_once=True)
        if alert.due_at == was:
            _wake(alert, now)
    wall.hang()
    return silence


def _wake(alert: Alert, at: datetime) -> None:
    """Have what fires looked at then: whether it must be told, or said again."""
    if alert.state is AlertState.FIRING and not alert.held:
        alert.due_at = at
        alert.version += 1
