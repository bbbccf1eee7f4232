"""The door through which every observation comes in.

`note` is asked before a vendor is, `record` afterwards. Between the two somebody else may have looked, too: only
what is still as it was noted is written (compare and set), so an answer that comes late changes nothing, and one
transition is one event whoever sees it. Snapshots, samples, events and what the rules make of them are one
transaction.

A look that finds everything as it was noted costs no transaction at all, but for one now and then that says so.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from sqlmodel import Session

from bridge.approvals import cardface
from bridge.events import event_id
from bridge.notices import watch
from bridge.sightings import Kind, Sighting, about, moved_counters
from bridge.snapshots import BASELINED, baselined_at, is_baselined, known, reread, row_of, write
from bridge.transitions import TASK_ENDS, VANISHED, Change, Known, changes, differs, vanished
from providers.contacts import ImportState
from store.engine import Store
from store.rows import new
from store.tables import Event

AGE = timedelta(minutes=2)
"""How old `observed_at` may become while nothing changes: what `as of` and the rules about time go by."""
_LOOK_UPS = 2
"""How many in a row must find nothing before something is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is known before a vendor is asked."""

    account: str
    kind: Kind
    at: datetime
    """By the database's clock."""
    known: Mapping[str, Known]
    """By the vendor's id."""
    baseline: bool = False
    """No poll of this kind has come to its end for this account."""
    since: datetime | None = None
    """When the first poll of this kind came to its end: nobody has asked what was over before."""

    @property
    def versions(self) -> Mapping[str, int]:
        return {subject: row.version for subject, row in self.known.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a vendor answered: one page, or several. All of one account and kind."""

    noted: Noted
    sightings: Sequence[Sighting] = ()
    missing: Sequence[str] = ()
    """Asked for by id, and not known to the vendor."""
    ends: bool = True
    """Whether the poll is at its end; the first one's end ends the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One thing that is other than it was, or new."""

    kind: Kind
    before: Known | None
    after: Known
    events: Sequence[Event] = ()
    counters: Mapping[str, int | None] | None = None
    """The sample that was written with it; None when no counter moved."""
    baseline: bool = False

    @property
    def about(self) -> str:
        """The subject of events, alerts and samples."""
        return about(self.kind, self.after.subject)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a look."""

    events: Sequence[Event] = ()
    dropped: Sequence[str] = ()
    """Ids whose answer was too old to count."""


class Judge(Protocol):
    """What the rules make of it; called in the transaction, so it reads and writes rows and does nothing else."""

    def __call__(
        self, session: Session, now: datetime, *, account: str, events: Sequence[Event], touched: Sequence[Touched]
    ) -> None: ...


Pace: TypeAlias = Callable[[Kind, Known, datetime], datetime | None]
"""When to look at something next, None for never again; asked about what has changed, is new, or was due."""


def while_open(kind: Kind, after: Known, now: datetime) -> datetime | None:
    """At every poll, until nothing more can happen to it."""
    return None if after.state in _OVER.get(kind, ()) or after.state == VANISHED else now


_OVER: Mapping[Kind, Collection[str]] = {
    Kind.TASK: TASK_ENDS,
    Kind.IMPORT: (ImportState.DONE, ImportState.FAILED),
}


# ---- before asking

_ASKED_FOR = (Kind.IMPORT, Kind.MESSAGE, Kind.PROVIDER)
"""Followed because somebody wants to know: whatever they are at first is news."""


async def note(store: Store, account: str, kind: Kind, subjects: Sequence[str] | None = None) -> Noted:
    """What is known of `subjects`; where they are not given, of all that is still looked at."""
    [noted] = await note_all(store, account, {kind: subjects})
    return noted


async def note_all(store: Store, account: str, asked: Mapping[Kind, Sequence[str] | None]) -> Sequence[Noted]:
    """Several kinds at one moment, in the order in which they are asked for."""

    def noted(session: Session, now: datetime, kind: Kind, subjects: Sequence[str] | None) -> Noted:
        rows = known(session, account, kind, subjects)
        since = None if kind in _ASKED_FOR else baselined_at(session, account, kind)
        first = kind not in _ASKED_FOR and since is None
        return Noted(account=account, kind=kind, at=now, known=rows, baseline=first, since=since)

    return await store.transact(lambda session, now: [noted(session, now, *one) for one in asked.items()])


def _is_first(session: Session, account: str, kind: Kind) -> bool:
    return kind not in _ASKED_FOR and not is_baselined(session, account, kind)


# ---- afterwards


async def record(store: Store, look: Look, judge: Judge, pace: Pace = while_open) -> Recorded:
    """Write down what is new in `look`, and let `judge` say what it means.

    Returns the events that this very call wrote: none of them was written by anybody before.
    """
    if _is_idle(look, pace):
        return Recorded()
    return await store.transact(lambda session, now: _Recording(session, now, look, pace).run(store.dialect, judge))


def enter(session: Session, now: datetime, look: Look, judge: Judge, pace: Pace = while_open) -> Recorded:
    """`record` for a look that was noted in this very transaction."""
    return _Recording(session, now, look, pace).run(session.connection().dialect.name, judge)


def _is_idle(look: Look, pace: Pace) -> bool:
    """Whether nothing need be written."""
    noted = look.noted
    if (noted.baseline and look.ends) or not noted.known.keys().isdisjoint(look.missing):
        return False
    rows = ((noted.known.get(sighting.subject), sighting) for sighting in look.sightings)
    return all(
        row is not None and not differs(row, sighting) and not _is_worn(noted.kind, row, noted.at, pace)
        for row, sighting in rows
    )


def _is_worn(kind: Kind, row: Known, now: datetime, pace: Pace) -> bool:
    """Whether a row that says the right thing must be written nevertheless."""
    if row.missed or now - row.observed_at >= AGE:
        return True
    if row.look_at is None or row.look_at > now:
        return False
    again = pace(kind, row, now)
    return again is None or again > now


class _Recording:
    """One look in one transaction: what is to be written is gathered, then written by a few statements."""

    def __init__(self, session: Session, now: datetime, look: Look, pace: Pace) -> None:
        self._session = session
        self._now = now
        self._look = look
        self._pace = pace
        self._account, self._kind = look.noted.account, look.noted.kind
        self._baseline = look.noted.baseline and _is_first(session, self._account, self._kind)
        self._rows: dict[str, list[dict[str, Any]]] = {"seen": [], "moved": [], "samples": [], "events": []}
        self._touched: list[Touched] = []
        self._dropped: list[str] = []

    def run(self, dialect: str, judge: Judge) -> Recorded:
        latest = {sighting.subject: sighting for sighting in self._look.sightings}
        gone = [subject for subject in self._look.missing if subject not in latest]
        rows = reread(self._session, self._account, self._kind, [*latest, *gone], self._look.noted.known)
        for subject, sighting in latest.items():
            if self._still(subject, rows.get(subject)):
                self._see(rows.get(subject), sighting)
        for subject in gone:
            if subject in rows and self._still(subject, rows[subject]):
                self._miss(rows[subject])
        if self._baseline and self._look.ends:
            self._end_baseline()
        write(self._session, dialect, self._rows)
        events = [event for touched in self._touched for event in touched.events]
        if self._touched:
            subjects = [touched.about for touched in self._touched]
            watch.touch(self._session, self._now, self._account, subjects)
            cardface.follow(self._session, self._now, self._account, subjects)
            judge(self._session, self._now, account=self._account, events=events, touched=self._touched)
        return Recorded(events, self._dropped)

    def _still(self, subject: str, row: Known | None) -> bool:
        """Whether nobody else has written since this was noted; else it is dropped."""
        noted = self._look.noted.known.get(subject)
        if noted is None:
            # It was not there, or it was over and not looked at any more.
            same = row is None or row.changed_at < self._look.noted.at
        else:
            same = row is not None and (row.version, row.missed) == (noted.version, noted.missed)
        if not same:
            self._dropped.append(subject)
        return same

    def _see(self, before: Known | None, now: Sighting) -> None:
        if before is None or differs(before, now):
            self._change(before, now)
        elif _is_worn(self._kind, before, self._now, self._pace):
            self._moved(replace(before, observed_at=self._now, missed=0))

    def _change(self, before: Known | None, now: Sighting) -> None:
        after = self._paced(
            Known(
                subject=now.subject,
                version=before.version + 1 if before else 1,
                state=now.state,
                facts=now.facts,
                first_seen=before.first_seen if before else self._now,
                observed_at=self._now,
                changed_at=self._now,
            )
        )
        raw = dict(now.raw) if now.raw else None
        self._rows["seen"].append(row_of(self._account, self._kind, after) | {"raw": raw})
        counters = moved_counters(self._kind, before.facts if before else None, now.facts)
        if counters is not None:
            sample = {"account": self._account, "subject": now.about, "at": self._now, "counters": counters}
            self._rows["samples"].append(sample)
        found = changes(before, now, baseline=self._baseline)
        events = self._happened(after, found, now.observed_at, raw)
        first = self._baseline and before is None
        self._touched.append(
            Touched(kind=self._kind, before=before, after=after, events=events, counters=counters, baseline=first)
        )

    def _miss(self, before: Known) -> None:
        after = replace(before, missed=before.missed + 1)
        if after.missed >= _LOOK_UPS and before.state != VANISHED:
            gone = replace(after, version=before.version + 1, state=VANISHED, changed_at=self._now)
            after = self._paced(gone)
            events = self._happened(after, vanished(self._kind, before), self._now, None)
            self._touched.append(Touched(kind=self._kind, before=before, after=after, events=events))
        self._rows["moved"].append(row_of(self._account, self._kind, after))

    def _moved(self, row: Known) -> None:
        due = row.look_at is not None and row.look_at <= self._now
        self._rows["moved"].append(row_of(self._account, self._kind, self._paced(row) if due else row))

    def _paced(self, row: Known) -> Known:
        return replace(row, look_at=self._pace(self._kind, row, self._now))

    def _happened(
        self, after: Known, found: Iterable[Change], at: datetime, raw: dict[str, Any] | None
    ) -> Sequence[Event]:
        subject = about(self._kind, after.subject)
        rows: list[dict[str, Any]] = [
            {
                "id": event_id(self._account, subject, change.type, after.version),
                "account": self._account,
                "type": change.type.value,
                "subject": subject,
                "time": at,
                "recorded_at": self._now,
                "data": dict(change.data),
                "raw": raw,
                "as_told": False,
            }
            for change in found
        ]
        self._rows["events"].extend(rows)
        return [new(Event, **row) for row in rows]

    def _end_baseline(self) -> None:
        now = self._now
        row = Known(
            subject=self._kind.value,
            version=1,
            state="ended",
            facts={},
            first_seen=now,
            observed_at=now,
            changed_at=now,
        )
        self._rows["seen"].append(row_of(self._account, BASELINED, row) | {"raw": None})
