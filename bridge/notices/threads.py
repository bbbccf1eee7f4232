"""What stands in the threads of notices that show alerts: their members, their story, and what is said again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, literal
from sqlmodel import Session, col, delete, select

from bridge.notices.telling import HISTORY_PAGES, LISTED, PAGE, again, is_rendered
from store.rows import insert, new
from store.tables import Alert, Event, Notice, NoticeAlert, NoticeKind, UtcTime

_AFTER = {NoticeKind.MEMBERS: 2, NoticeKind.HISTORY: 3}
"""`priority` of what comes after the messages themselves."""
# Made once: making one takes longer than its answer.
_CHILDREN = select(Notice).where(
    col(Notice.parent_id).in_(bindparam("ids", expanding=True)), col(Notice.kind) == bindparam("kind")
)
_JOINED = select(NoticeAlert).where(
    col(NoticeAlert.notice_id).in_(bindparam("ids", expanding=True)),
    col(NoticeAlert.added_at) == bindparam("now", type_=UtcTime()),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be said again, to whom (None: to all that show it), and from when on."""

    alert: Alert
    facts: Mapping[str, Any]
    receivers: Collection[str] | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """The alerts that a notice shows."""

    last: int
    """The highest position."""
    open: int
    firing: int


NONE = Count(0, 0, 0)


class Threads:
    """The threads of the notices that one transaction touches; `hang` writes them down."""

    def __init__(self, session: Session, now: datetime, touched: Mapping[str, Notice], fresh: Set[str]) -> None:
        """fresh: the ids of those that were made just now, under which nothing hangs yet."""
        self._session = session
        self._now = now
        self._touched = touched
        self._fresh = fresh
        self._entries: list[Notice] = []

    def hang(self) -> None:
        """Write the new entries down."""
        insert(self._session, self._entries)

    def page(self, counts: Mapping[str, Count], links: Iterable[NoticeAlert]) -> None:
        """Pages of members for groups that have outgrown their message; those with something new are due."""
        large = {notice_id for notice_id in self._touched if counts.get(notice_id, NONE).last > LISTED}
        if not large:
            return
        old = large - self._fresh
        there = self._children(old, NoticeKind.MEMBERS)
        fresh: defaultdict[str, set[int]] = defaultdict(set)
        joined = self._session.exec(_JOINED, params={"ids": [*old], "now": self._now}) if old else ()
        for link in (*joined, *links):
            fresh[link.notice_id].add((link.position - 1) // PAGE)
        for notice_id in large:
            for page in range((counts[notice_id].last - 1) // PAGE + 1):
                entry = there.get((notice_id, page))
                if entry is None:
                    self._thread(self._touched[notice_id], NoticeKind.MEMBERS, page)
                elif page in fresh[notice_id]:
                    again(entry, self._now)

    def tell_story(self, begun: Collection[str]) -> None:
        """Threads tell what happened, from when somebody has done something: to what these show, or before."""
        there = self._children(self._touched.keys() - self._fresh, NoticeKind.HISTORY)
        told = (self._touched.keys() & begun) | {notice_id for notice_id, _ in there}
        for notice_id, count in self._happened(told).items():
            last = min((count - 1) // PAGE, HISTORY_PAGES - 1)
            for page in range(last + 1):
                entry = there.get((notice_id, page))
                if entry is None:
                    self._thread(self._touched[notice_id], NoticeKind.HISTORY, page)
                elif page == last or (notice_id, page + 1) not in there:
                    again(entry, self._now)

    def _happened(self, ids: Collection[str]) -> Mapping[str, int]:
        """How many events there are of the alerts that these notices show."""
        if not ids:
            return {}
        its = and_(col(Event.account) == Alert.account, col(Event.subject) == literal("alert/") + col(Alert.id))
        query = (
            select(NoticeAlert.notice_id, func.count(col(Event.id)))
            .join(Alert, col(Alert.id) == NoticeAlert.alert_id)
            .join(Event, its)
            .where(col(NoticeAlert.notice_id).in_(ids))
            .group_by(col(NoticeAlert.notice_id))
        )
        return dict(self._session.exec(query).all())

    def _children(self, ids: Collection[str], kind: NoticeKind) -> dict[tuple[str, int], Notice]:
        if not ids:
            return {}
        found = self._session.exec(_CHILDREN, params={"ids": [*ids], "kind": kind})
        return {(str(entry.parent_id), entry.page): entry for entry in found}

    def _thread(self, parent: Notice, kind: NoticeKind, page: int) -> None:
        self._entries.append(
            new(
                Notice,
                kind=kind,
                receiver=parent.receiver,
                parent_id=parent.id,
                page=page,
                priority=_AFTER[kind],
                created_at=self._now,
                due_at=self._now,
            )
        )

    # ---- saying it again

    def say(self, said: Sequence[Said], links: Iterable[NoticeAlert], notices: Mapping[str, Notice]) -> None:
        """One entry for each notice and cause; where one has just been made, everybody has just been told."""
        shown_in: defaultdict[str, list[Notice]] = defaultdict(list)
        for link in links:
            shown_in[link.alert_id].append(notices[link.notice_id])
        recent = self._recent({notice.id for one in said for notice in shown_in[one.alert.id]})
        for one in said:
            for notice in shown_in[one.alert.id]:
                cause = (notice.id, one.facts["why"], one.facts["step"])
                meant = one.receivers is None or notice.receiver in one.receivers
                if meant and cause not in recent and notice.created_at != self._now:
                    recent.add(cause)
                    self._entries.append(self._escalation(notice, one))

    def _recent(self, parents: Collection[str]) -> set[tuple[str, str, int]]:
        if not parents:
            return set()
        found = self._session.exec(_CHILDREN, params={"ids": [*parents], "kind": NoticeKind.ESCALATION})
        return {
            (str(entry.parent_id), entry.facts["why"], entry.facts["step"])
            for entry in found
            if not is_rendered(entry) or self._now < datetime.fromisoformat(entry.facts["until"])
        }

    def _escalation(self, parent: Notice, said: Said) -> Notice:
        return new(
            Notice,
            kind=NoticeKind.ESCALATION,
            receiver=parent.receiver,
            parent_id=parent.id,
            priority=parent.priority,
            facts={**said.facts, "until": (self._now + timedelta(seconds=parent.facts["interval"])).isoformat()},
            created_at=self._now,
            due_at=said.due_at,
        )

    def hush(self, counts: Mapping[str, Count]) -> None:
        """Somebody looks after all of it: what has not been said yet need not be."""
        old = self._touched.keys() - self._fresh
        quiet = [notice_id for notice_id in old if not counts.get(notice_id, NONE).firing]
        if quiet:
            self._session.exec(
                delete(Notice).where(
                    col(Notice.parent_id).in_(quiet),
                    col(Notice.kind) == NoticeKind.ESCALATION,
                    col(Notice.ts).is_(None),
                    col(Notice.tried_at).is_(None),
                )
            )
