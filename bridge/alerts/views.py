"""Which views the rules get: of what has just been recorded, and of what only time changes.

Every query is bounded by what is open or was touched, never by an account's history.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from bridge.alerts.usual import Sample, Usual, balances, last_movement, unfinished, usual
from bridge.alerts.verdicts import View
from bridge.approvals.found import approved
from bridge.record import Touched
from bridge.sightings import Kind
from bridge.snapshots import known
from bridge.transitions import Known
from providers.model import TaskStatus
from store.tables import Alert

_WAITING = (TaskStatus.SCHEDULED, TaskStatus.QUEUED)
_OPEN = (*_WAITING, TaskStatus.SENDING)
_SINGLE = (Kind.BALANCE, Kind.SERVICE, Kind.PROVIDER)
"""An account has one of each."""
_FOUND = (Kind.TEMPLATE, Kind.DOMAIN, Kind.IMPORT, Kind.MESSAGE)
"""What the vendor finds good or bad."""


def views(session: Session, now: datetime, account: str, touched: Sequence[Touched], *, asked: bool) -> Sequence[View]:
    """What the rules may say of what has just been recorded of an account.

    asked: whether some rule asks who approved a task.
    """
    desk = _Desk(session, now, account, asked=asked)
    by_kind: dict[Kind, list[Touched]] = {}
    for one in touched:
        by_kind.setdefault(one.kind, []).append(one)
    seen = [view for kind, ours in by_kind.items() for view in desk.changed(kind, ours)]
    turned = [one for one in touched if one.kind is Kind.TASK and _is_fresh(one)]
    if turned:
        # A task that was paused ends what was said about its rates.
        seen += desk.of(Kind.STATS, [one.about for one in turned])
    if any(row is not None and row.state in _WAITING for one in turned for row in (one.before, one.after)):
        # One that was scheduled needs credit, and one that no longer waits needs none.
        seen += desk.of(Kind.BALANCE, [""])
    return seen


def aging(session: Session, now: datetime, accounts: Iterable[str], *, asked: bool) -> Sequence[View]:
    """What the rules may say of what nobody has touched: open tasks, the accounts themselves, and what has an alert.

    asked: whether some rule asks who approved a task.
    """
    found: list[View] = []
    every = _alerted(session)
    for account in accounts:
        desk = _Desk(session, now, account, asked=asked)
        tasks = [row for row in known(session, account, Kind.TASK, None).values() if row.state in _OPEN]
        found += desk.views(Kind.TASK, tasks)
        for kind in _SINGLE:
            found += desk.of(kind, [""])
        alerted = every.get(account, {})
        seen = {row.subject for row in tasks}
        found += desk.of(Kind.TASK, [number for number in alerted.get("task", ()) if number not in seen])
        found += desk.of(Kind.STATS, [f"{what}/{name}" for what in ("task", "day") for name in alerted.get(what, ())])
        for kind in _FOUND:
            found += desk.of(kind, alerted.get(kind, ()))
    return found


def _is_fresh(one: Touched) -> bool:
    return not one.baseline and (one.before is None or one.before.state != one.after.state)


def _alerted(session: Session) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """What has an alert whose rule is not clear: ids by account and by what they are."""
    # Only such alerts have a key; of its index, SQLite takes a range. Were the account asked for, it would rather go
    # through all alerts that the account ever had.
    query = select(col(Alert.account), col(Alert.subject)).where(col(Alert.open_key) > "").distinct()
    found: dict[str, dict[str, list[str]]] = {}
    for account, subject in session.connection().execute(query):
        what, _, name = subject.partition("/")
        if name:
            found.setdefault(account, {}).setdefault(what, []).append(name)
    return found


class _Desk:
    """One account at one moment: what several views need is read once."""

    def __init__(self, session: Session, now: datetime, account: str, *, asked: bool) -> None:
        self._session = session
        self._now = now
        self._account = account
        self._is_asked = asked
        self._usual: dict[date, Usual] = {}

    def of(self, kind: Kind, subjects: Sequence[str]) -> Sequence[View]:
        """Views of what is known of `subjects`."""
        return self.views(kind, known(self._session, self._account, kind, subjects).values()) if subjects else ()

    def views(self, kind: Kind, rows: Iterable[Known]) -> Sequence[View]:
        """Views of snapshots."""
        return self._whole(kind, [View(account=self._account, kind=kind, row=row, at=self._now) for row in rows])

    def changed(self, kind: Kind, touched: Iterable[Touched]) -> Sequence[View]:
        """Views of what has just been recorded, with what only its change tells."""
        bare = [
            View(
                account=self._account,
                kind=kind,
                row=one.after,
                at=self._now,
                fresh=_is_fresh(one),
                baseline=one.baseline,
                samples=[Sample(self._now, one.counters)] if kind is Kind.TASK and one.counters is not None else (),
            )
            for one in touched
        ]
        return self._whole(kind, bare)

    def _whole(self, kind: Kind, bare: Sequence[View]) -> Sequence[View]:
        match kind:
            case Kind.TASK:
                return [self._still(view) for view in self._asked(bare)]
            case Kind.STATS:
                return self._counted(bare)
            case Kind.BALANCE:
                return [self._with_sends(view) for view in bare]
        return bare

    def _still(self, view: View) -> View:
        """With when it moved last, where it has not moved just now."""
        if view.samples or view.row.state != TaskStatus.SENDING:
            return view
        return replace(view, samples=last_movement(self._session, self._account, view.subject))

    def _asked(self, bare: Sequence[View]) -> Sequence[View]:
        """With whether somebody approved them here."""
        if not (self._is_asked and bare):
            return bare
        said = approved(self._session, self._account, [view.row.subject for view in bare])
        return [replace(view, approved=said[view.row.subject]) if view.row.subject in said else view for view in bare]

    def _counted(self, bare: Sequence[View]) -> Sequence[View]:
        numbers = [view.subject.removeprefix("task/") for view in bare if view.subject.startswith("task/")]
        tasks = known(self._session, self._account, Kind.TASK, numbers) if numbers else {}
        return [
            replace(view, usual=self._before(view), task=tasks.get(view.subject.removeprefix("task/"))) for view in bare
        ]

    def _before(self, view: View) -> Usual:
        """What was usual before the day that the figures are of, or before today."""
        what, _, name = view.subject.partition("/")
        day = date.fromisoformat(name) if what == "day" else unfinished(self._now)
        if day not in self._usual:
            self._usual[day] = usual(self._session, self._account, day)
        return self._usual[day]

    def _with_sends(self, view: View) -> View:
        tasks = known(self._session, self._account, Kind.TASK, None).values()
        return replace(
            view,
            samples=balances(self._session, self._account, self._now),
            scheduled=[task for task in tasks if task.state in _WAITING],
        )
