"""What people do about alerts: once each, and never to what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bridge.alerts.casebook import Casebook
from bridge.alerts.life import Acknowledge, Assign, Resolve, Snooze, Terms
from bridge.alerts.rulebase import rank
from bridge.notices.telling import tell
from store.tables import Alert, Notice, NoticeAlert, NoticeKind


class Answer(StrEnum):
    """What became of it."""

    DONE = "done"
    ALREADY = "already"
    """Somebody has acknowledged it before, or it is assigned to that person."""
    RESOLVED = "resolved"
    PENDING = "pending"
    """It does not fire yet."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """For one alert. It is as it is now; None where there is none of that id."""

    answer: Answer
    alert: Alert | None = None

    @property
    def by(self) -> str | None:
        """Who acknowledged or closed it; None where it went away by itself."""
        if self.alert is None:
            return None
        return self.alert.resolved_by if self.answer is Answer.RESOLVED else self.alert.acknowledged_by

    @property
    def at(self) -> datetime | None:
        """When that was."""
        if self.alert is None:
            return None
        return self.alert.resolved_at if self.answer is Answer.RESOLVED else self.alert.acknowledged_at


def acknowledge(
    session: Session,
    now: datetime,
    user: str,
    *,
    notice_id: str | None = None,
    version: int | None = None,
    alert_ids: Sequence[str] = (),
) -> Sequence[Outcome]:
    """Look after alerts: these, or those that a notice showed at `version` (None: shows now).

    What has joined the notice since then is nobody's yet. Alerts of the notice that are over are left out unless all
    are. A notice of a thread stands for the one above it.
    """
    if notice_id is not None:
        alert_ids = _visible(session, notice_id, version)
    outcomes = _act(session, now, alert_ids, Acknowledge(user))
    if notice_id is None:
        return outcomes
    return [one for one in outcomes if one.answer is not Answer.RESOLVED] or outcomes


def snooze(session: Session, now: datetime, user: str, alert_id: str, until: datetime) -> Outcome:
    """Hear of it again at `until`, if it is still true; whatever happens, its end is shown."""
    return _act(session, now, [alert_id], Snooze(user, until))[0]


def assign(session: Session, now: datetime, user: str, alert_id: str, who: str) -> Outcome:
    """Ask a person to look after it: told in a direct message, and mentioned first at the next step."""
    outcome = _act(session, now, [alert_id], Assign(user, who))[0]
    if outcome.alert is not None and outcome.answer is Answer.DONE and who != user:
        facts = {"template": "notice/assigned", "facts": {"by": user, "alert_id": alert_id}}
        tell(session, now, who, NoticeKind.NOTE, facts, priority=rank(outcome.alert.severity))
    return outcome


def resolve(session: Session, now: datetime, user: str, alert_id: str) -> Outcome:
    """Close it. The rule raises it again only after it was clear, or for another reason."""
    return _act(session, now, [alert_id], Resolve(user))[0]


def _visible(session: Session, notice_id: str, version: int | None) -> Sequence[str]:
    notice = session.get(Notice, notice_id)
    if notice is None:
        return ()
    shown = notice.parent_id or notice.id
    query = select(NoticeAlert.alert_id).where(col(NoticeAlert.notice_id) == shown)
    if version is not None:
        query = query.where(col(NoticeAlert.joined) <= version)
    return session.exec(query.order_by(col(NoticeAlert.position))).all()


def _act(
    session: Session, now: datetime, alert_ids: Sequence[str], given: Acknowledge | Snooze | Assign | Resolve
) -> Sequence[Outcome]:
    rows = session.exec(select(Alert).where(col(Alert.id).in_(alert_ids)).with_for_update()).all()
    found = {row.id: row for row in rows}
    book = Casebook(session, now)
    book.wall.look(found.keys())
    outcomes = []
    for alert_id in alert_ids:
        row = found.get(alert_id)
        if row is None:
            outcomes.append(Outcome(Answer.MISSING))
            continue
        refused = book.enter(row, given, Terms()).refused
        outcomes.append(Outcome(Answer(refused.value) if refused else Answer.DONE, row))
    book.close()
    return outcomes
