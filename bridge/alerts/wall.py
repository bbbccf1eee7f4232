"""Which notices show which alerts. A `Wall` gathers what one transaction changes and writes it down at its end.

However many alerts have changed, each notice is touched once, so a storm is one edit and not a thousand.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, func
from sqlmodel import Session, col, delete, select

from bridge.alerts.routes import Target
from bridge.alerts.rulebase import rank
from bridge.notices.telling import REFRESH, again, is_rendered, key_of, open_notices
from bridge.notices.threads import NONE, Count, Said, Threads
from store.rows import insert, new
from store.tables import Alert, AlertState, Notice, NoticeAlert, NoticeKind

# Made once: each transaction asks them, and making one takes longer than its answer.
_ITS_ALERTS = col(NoticeAlert.alert_id).in_(bindparam("ids", expanding=True))
_RECEIVERS = (
    select(NoticeAlert.alert_id, Notice.receiver)
    .join(Notice, col(Notice.id) == NoticeAlert.notice_id)
    .where(_ITS_ALERTS)
)
_LINKS = select(NoticeAlert).where(_ITS_ALERTS)
_NOTICES = select(Notice).where(col(Notice.id).in_(bindparam("ids", expanding=True)))
_FIRING = and_(col(Alert.state) == AlertState.FIRING, col(Alert.held).is_(False))
_COUNTS = (
    select(
        NoticeAlert.notice_id,
        func.max(NoticeAlert.position),
        func.sum(case((col(Alert.state) != AlertState.RESOLVED, 1), else_=0)),
        func.sum(case((_FIRING, 1), else_=0)),
    )
    .join(Alert, col(Alert.id) == NoticeAlert.alert_id)
    .where(col(NoticeAlert.notice_id).in_(bindparam("ids", expanding=True)))
    .group_by(col(NoticeAlert.notice_id))
)


class Wall:
    """What a transaction changes about what people see of alerts."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._shown_by: dict[str, set[str]] = {}
        self._joining: dict[tuple[str, str], tuple[Target, list[Alert]]] = {}
        self._changed: dict[str, tuple[Alert, datetime]] = {}
        self._storied: set[str] = set()
        self._off: set[str] = set()
        self._said: list[Said] = []
        self._fresh: dict[str, tuple[Notice, Count]] = {}
        """Made in this very transaction: nothing hangs on them yet, and what they show is known."""

    def look(self, alert_ids: Collection[str]) -> None:
        """Read who shows these alerts; before `is_told` and `announce`."""
        self._shown_by |= {alert_id: set() for alert_id in alert_ids}
        if alert_ids:
            for alert_id, receiver in self._session.exec(_RECEIVERS, params={"ids": [*alert_ids]}):
                self._shown_by[alert_id].add(receiver)

    def is_told(self, alert_id: str) -> bool:
        """Whether some receiver shows it, or will in a moment."""
        return bool(self._shown_by.get(alert_id))

    def announce(self, alert: Alert, targets: Iterable[Target]) -> None:
        """Show a firing alert to each receiver that does not show it yet."""
        shown_by = self._shown_by.setdefault(alert.id, set())
        for target in targets:
            if target.receiver not in shown_by:
                shown_by.add(target.receiver)
                key = (target.receiver, target.group_key)
                self._joining.setdefault(key, (target, []))[1].append(alert)

    def changed(self, alert: Alert, *, at_once: bool, storied: bool = False) -> None:
        """Have it shown as it is now; `storied`: and its thread tell what happened."""
        due = self._now if at_once else self._now + REFRESH
        self._changed[alert.id] = (alert, min(due, self._changed.get(alert.id, (alert, due))[1]))
        if storied:
            self._storied.add(alert.id)

    def withdraw(self, alert: Alert) -> None:
        """Take it off wherever nobody can have seen it yet: it is held, or silenced."""
        self._off.add(alert.id)
        self.changed(alert, at_once=True)

    def say(
        self, alert: Alert, facts: Mapping[str, Any], receivers: Collection[str] | None, due_at: datetime | None
    ) -> None:
        """Say again, in the thread and to everyone, that it fires. receivers: None means all that show it."""
        self._said.append(Said(alert, facts, receivers, due_at or self._now))

    def hang(self) -> None:
        """Write it all down."""
        touched = {notice.id: notice for notice in self._join()}
        links = self._links({*self._changed, *self._off, *(said.alert.id for said in self._said)})
        notices = touched | self._notices({link.notice_id for link in links} - touched.keys())
        links = self._take_off(links, notices)
        touched |= self._change(links, notices)
        if not touched and not self._said:
            return
        counts = self._counts(touched.keys())
        for notice in touched.values():
            self._close(notice, counts.get(notice.id, NONE))
        threads = Threads(self._session, self._now, touched, self._fresh.keys())
        threads.page(counts, links)
        threads.tell_story({link.notice_id for link in links if link.alert_id in self._storied})
        threads.say(self._said, links, notices)
        threads.hush(counts)
        threads.hang()

    # ---- who joins what

    def _join(self) -> Sequence[Notice]:
        """Put what is announced onto notices, open ones where there are any."""
        keys = {key_of(target.receiver, NoticeKind.ALERTS, target.group_key) for target, _ in self._joining.values()}
        found = open_notices(self._session, keys)
        joined, links = [], []
        for target, alerts in self._joining.values():
            notice = found.get(key_of(target.receiver, NoticeKind.ALERTS, target.group_key))
            if notice is not None and not self._may_join(notice):
                notice.open_key, notice = None, None
                # The key must be free before another takes it.
                self._session.flush()
            if notice is None:
                notice, last = self._new(target, alerts[0].severity), 0
                self._fresh[notice.id] = notice, Count(len(alerts), open=len(alerts), firing=len(alerts))
            else:
                last = self._counts([notice.id]).get(notice.id, NONE).last
                again(notice, self._edit_at(notice, self._now + min(target.wait, REFRESH)))
            for place, alert in enumerate(alerts, last + 1):
                links.append(
                    new(
                        NoticeAlert,
                        notice_id=notice.id,
                        alert_id=alert.id,
                        added_at=self._now,
                        position=place,
                        joined=notice.wanted,
                    )
                )
            joined.append(notice)
        insert(self._session, [notice for notice, _ in self._fresh.values()], keep=True)
        insert(self._session, links)
        return joined

    def _may_join(self, notice: Notice) -> bool:
        return not is_rendered(notice) or self._now < datetime.fromisoformat(notice.facts["until"])

    def _new(self, target: Target, severity: str) -> Notice:
        due = max(self._now + target.wait, target.quiet_until or self._now)
        return new(
            Notice,
            open_key=key_of(target.receiver, NoticeKind.ALERTS, target.group_key),
            kind=NoticeKind.ALERTS,
            receiver=target.receiver,
            priority=rank(severity),
            facts={
                "labels": dict(target.labels),
                "severity": severity,
                "mention": list(target.mention),
                "waits": (self._now + target.wait).isoformat(),
                "until": (due + target.interval).isoformat(),
                "interval": target.interval.total_seconds(),
                "repeat": target.repeat.total_seconds(),
            },
            created_at=self._now,
            due_at=due,
            repeat_at=due + target.repeat,
        )

    def _edit_at(self, notice: Notice, due: datetime) -> datetime:
        """An edit disturbs nobody; what is not there yet comes when it was to come."""
        return due if is_rendered(notice) else (notice.due_at or due)

    # ---- what changes

    def _links(self, alert_ids: Collection[str]) -> Sequence[NoticeAlert]:
        if not alert_ids:
            return ()
        return self._session.exec(_LINKS, params={"ids": [*alert_ids]}).all()

    def _notices(self, ids: Collection[str]) -> dict[str, Notice]:
        found = self._session.exec(_NOTICES, params={"ids": [*ids]}).all() if ids else ()
        return {notice.id: notice for notice in found}

    def _take_off(self, links: Sequence[NoticeAlert], notices: dict[str, Notice]) -> Sequence[NoticeAlert]:
        """Remove what nobody has seen and nobody need see; a notice that shows nothing then is none."""
        off = {
            (link.notice_id, link.alert_id): link for link in links if self._is_needless(link, notices[link.notice_id])
        }
        for link in off.values():
            self._session.delete(link)
        emptied = {notice_id for notice_id, _ in off}
        emptied -= self._counts(emptied).keys()
        for notice_id in emptied:
            self._session.exec(delete(Notice).where(col(Notice.parent_id) == notice_id))
            self._session.delete(notices.pop(notice_id))
        return [link for link in links if (link.notice_id, link.alert_id) not in off]

    def _is_needless(self, link: NoticeAlert, notice: Notice) -> bool:
        if link.seen_version or is_rendered(notice):
            return False
        if link.alert_id in self._off:
            return True
        # Over while its message still waited for others: a blip. What waits longer, be it for the morning or for
        # Slack, is told all the same.
        alert, _ = self._changed.get(link.alert_id, (None, None))
        over = alert is not None and alert.state is AlertState.RESOLVED
        return over and self._now < datetime.fromisoformat(notice.facts["waits"])

    def _change(self, links: Iterable[NoticeAlert], notices: Mapping[str, Notice]) -> dict[str, Notice]:
        """Have the notices of what changed rendered anew."""
        due: dict[str, datetime] = {}
        for link in links:
            if link.alert_id in self._changed:
                at = self._changed[link.alert_id][1]
                due[link.notice_id] = min(at, due.get(link.notice_id, at))
        for notice_id, at in due.items():
            again(notices[notice_id], self._edit_at(notices[notice_id], at))
        return {notice_id: notices[notice_id] for notice_id in due}

    def _counts(self, ids: Collection[str]) -> dict[str, Count]:
        known = {notice_id: self._fresh[notice_id][1] for notice_id in ids if notice_id in self._fresh}
        asked = [notice_id for notice_id in ids if notice_id not in known]
        found = self._session.exec(_COUNTS, params={"ids": asked}) if asked else ()
        return known | {notice_id: Count(*numbers) for notice_id, *numbers in found}

    def _close(self, notice: Notice, count: Count) -> None:
        """What shows nothing open any more is said no more, until something joins again."""
        if count.open:
            notice.closed_at = None
            notice.repeat_at = notice.repeat_at or self._now + timedelta(seconds=notice.facts["repeat"])
        else:
            notice.closed_at, notice.repeat_at = notice.closed_at or self._now, None
