"""What arrived by webhook, as rows: many requests in one transaction, each thing once.

An event that a sender reports has an id of the sender's making, so one that is sent again is the row that is there. A
message that somebody here follows goes the way of every observation (`bridge.record`), so that a poll and a webhook
tell of it once; what no poll says of it is an event like any other.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Executable, bindparam, or_, select
from sqlmodel import Session, SQLModel

from bridge.events import event_id, subject_of
from bridge.record import Judge, Look, Noted, Pace, enter
from bridge.sightings import Kind, Sighting, of_message
from bridge.snapshots import known
from bridge.transitions import Known
from bridge.webhooks.adapters.contract import Found, Item, Misread, Told
from bridge.webhooks.adapters.wire import misread
from providers.messages import MessageId, MessageRecord, MessageStatus
from store.engine import insert_of
from store.rows import new
from store.tables import EndpointState, Event, new_id

Row: TypeAlias = dict[str, Any]
_EVENT, _MISFIT, _WATCH, _SUBSCRIPTION, _ENDPOINT = (
    SQLModel.metadata.tables[name] for name in ("event", "misfit", "message_watch", "subscription", "webhook_endpoint")
)
_SAID = (
    *("raw_status", "message_id", "recipient", "reject_reason", "description", "mta_response", "tags", "metadata"),
    *("click_url", "user_agent"),
)
"""What an event's data repeats of a report."""
_LONGEST = 200
"""Characters of a subject's id: PostgreSQL indexes no text of several thousand."""
_ASKED = 500
"""Ids in one question."""
# Made once: each transaction asks them.
_THERE = select(_EVENT.c.id).where(_EVENT.c.id.in_(bindparam("ids", expanding=True)))
_WATCHED = select(_WATCH.c.message_id).where(
    _WATCH.c.account == bindparam("account"),
    _WATCH.c.until > bindparam("now"),
    _WATCH.c.message_id.in_(bindparam("ids", expanding=True)),
)
_LISTENERS = select(
    or_(
        select(_SUBSCRIPTION.c.id).exists(),
        select(_WATCH.c.message_id).exists(),
        select(_ENDPOINT.c.id).where(_ENDPOINT.c.state.in_((EndpointState.ACTIVE, EndpointState.PAUSED))).exists(),
    )
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What stood in one request."""

    source: str
    account: str
    reports: Sequence[tuple[Item | Told, Row]]
    """Each with its event's columns."""
    misread: Sequence[Misread]
    length: int = 0
    """Bytes of its body."""

    @property
    def size(self) -> int:
        """How many things stood in it."""
        return len(self.reports) + len(self.misread)


@dataclass(frozen=True, slots=True)
class Written:
    """How many things in a request were new, were known before, and could not be read."""

    new: int
    known: int
    unread: int


def arrival(source: str, account: str, found: Collection[Found], length: int = 0) -> Arrival:
    """What stood in one request, ready to be written."""
    reports = [(one, _row_of(source, account, one)) for one in found if not isinstance(one, Misread)]
    return Arrival(source, account, reports, [one for one in found if isinstance(one, Misread)], length)


def apart(one: Arrival) -> Iterator[Arrival]:
    """A request's items, each as if it had come alone."""
    for report in one.reports:
        yield Arrival(one.source, one.account, [report], ())
    for bad in one.misread:
        yield Arrival(one.source, one.account, (), [bad])


def set_aside(one: Arrival, reason: str) -> Arrival:
    """What was read, as if it could not be."""
    return Arrival(one.source, one.account, (), [misread(reason, _said(report)) for report, _ in one.reports])


def at_most(number: int, found: Iterator[Found]) -> Iterator[Found]:
    """The first of a request's items, and one `Misread` for all the others."""
    yield from islice(found, number)
    if (first := next(found, None)) is not None:
        reason = f"{1 + sum(1 for _ in found)} more than the {number} that a request may have; the first"
        yield Misread(reason, first.body) if isinstance(first, Misread) else misread(reason, _said(first))


def _said(report: Item | Told) -> Mapping[str, Any]:
    return {**report.raw, "data": report.data} if isinstance(report, Told) else report.raw


def _row_of(source: str, account: str, one: Item | Told) -> Row:
    """An event's columns but for when it was recorded; `time` is None where nobody says when it happened."""
    if isinstance(one, Told):
        # Never the sender's own: an event of ours might have it one day.
        id_ = event_id(account, source, "", one.origin or one.id)
        type_, subject, data = one.type.value, one.subject, one.data
    else:
        id_ = event_id(account, source, "", one.vendor_id or _digest(one.raw))
        type_, subject = one.event_type.value, subject_of("message", (one.message_id or "")[:_LONGEST])
        said = {name: getattr(one, name) for name in _SAID}
        data = {"from": None, "to": type_.partition(".")[2], **said, "event_id": one.vendor_id}
    row = {"id": id_, "account": account, "type": type_, "subject": subject, "time": one.time}
    return row | {"data": data, "raw": one.raw, "as_told": isinstance(one, Told)}


def _digest(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def write(
    session: Session, now: datetime, some: Sequence[Arrival], *, judge: Judge, pace: Pace, follows: Collection[str]
) -> Sequence[Written]:
    """Write down what is new in some requests, and have it judged and told; by request, what came of it.

    follows: the accounts whose single messages may be followed here.
    """
    entry = _Entry(session, now)
    for account in {one.account for one in some} & {*follows}:
        entry.look(account, [one for each in some if each.account == account for one, _ in each.reports])
    entry.there = _there(session, [id_ for one in some for report, row in one.reports for id_ in _ids(report, row)])
    written = [entry.take(one) for one in some]
    entry.close(judge, pace)
    return written


def _ids(report: Item | Told, row: Row) -> Sequence[str]:
    """Those under which it may be here already: what an edmbot forwards may be our own."""
    origin = report.origin if isinstance(report, Told) else None
    return [row["id"], origin] if origin else [row["id"]]


def _there(session: Session, ids: Sequence[str]) -> set[str]:
    asked = (ids[start : start + _ASKED] for start in range(0, len(ids), _ASKED))
    return {id_ for some in asked for (id_,) in session.connection().execute(_THERE, {"ids": some})}


class _Entry:
    """One transaction: what is to be written is gathered, then written by a few statements."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self.there: set[str] = set()
        """The ids of events that are rows."""
        self._events: dict[str, list[Row]] = {}
        """By account."""
        self._misfits: list[Row] = []
        self._followed: dict[tuple[str, str], Known | None] = {}
        """By account and id, the messages that somebody follows, as they are known; None: not seen yet."""
        self._moved: dict[tuple[str, str], Item] = {}

    def look(self, account: str, reports: Sequence[Item | Told]) -> None:
        """Find which of the messages that are reported on somebody follows."""
        ids = list({one.message_id for one in reports if isinstance(one, Item) and one.message_id})
        for some in (ids[start : start + _ASKED] for start in range(0, len(ids), _ASKED)):
            given = {"account": account, "now": self._now, "ids": some}
            watched = self._session.connection().execute(_WATCHED, given)
            self._followed |= {(account, id_): None for (id_,) in watched}
            rows = known(self._session, account, Kind.MESSAGE, some)
            self._followed |= {(account, id_): row for id_, row in rows.items()}

    def take(self, one: Arrival) -> Written:
        """What is new in a request."""
        fresh = sum(self._is_new(one.account, report, row) for report, row in one.reports)
        kept = {"source": one.source, "at": self._now}
        self._misfits += [kept | {"id": new_id(), "reason": bad.reason, "body": bad.body} for bad in one.misread]
        return Written(fresh, len(one.reports) - fresh, len(one.misread))

    def _is_new(self, account: str, report: Item | Told, row: Row) -> bool:
        if not self.there.isdisjoint(_ids(report, row)):
            return False
        self.there.add(row["id"])
        if isinstance(report, Item) and (account, report.message_id) in self._followed and _is_polled(report):
            return self._moves(account, report)
        stamped = row | {"time": row["time"] or self._now, "recorded_at": self._now}
        self._events.setdefault(account, []).append(stamped)
        return True

    def _moves(self, account: str, report: Item) -> bool:
        key = (account, report.message_id or "")
        before, moved = self._followed[key], self._moved.get(key)
        state = _state(moved) if moved else before.state if before else None
        if not _leads(state, _state(report)):
            return False
        self._moved[key] = report
        return True

    def close(self, judge: Judge, pace: Pace) -> None:
        """Write all of it down, and say what has happened."""
        connection = self._session.connection()
        insert = _inserts(connection.dialect.name)
        for rows in self._events.values():
            connection.execute(insert, rows)
        if self._misfits:
            connection.execute(_MISFIT.insert(), self._misfits)
        for account in {account for account, _ in self._moved}:
            enter(self._session, self._now, self._look(account), judge, pace)
        # Nothing was touched that a rule is about: all that is left is to tell who has asked.
        if self._events and connection.execute(_LISTENERS).scalar_one():
            for account, rows in self._events.items():
                events = [new(Event, **row) for row in rows]
                judge(self._session, self._now, account=account, events=events, touched=())

    def _look(self, account: str) -> Look:
        reports = {id_: report for (whose, id_), report in self._moved.items() if whose == account}
        rows = {id_: row for id_ in reports if (row := self._followed[account, id_]) is not None}
        noted = Noted(account=account, kind=Kind.MESSAGE, at=self._now, known=rows)
        sightings = [_sighting(account, id_, report, rows.get(id_), self._now) for id_, report in reports.items()]
        return Look(noted=noted, sightings=sightings)


# ---- messages that somebody follows

_SETTLED = (MessageStatus.DELIVERED, MessageStatus.BOUNCED, MessageStatus.FAILED)
_STATES: Mapping[str, MessageStatus] = {
    f"message.{one.value}": one for one in MessageStatus if one is not MessageStatus.UNKNOWN
}
"""What a poll may say, too; of anything else (that it was opened, say) only webhooks tell."""


def _is_polled(report: Item) -> bool:
    return report.event_type.value in _STATES


def _state(report: Item) -> MessageStatus:
    return _STATES[report.event_type.value]


def _leads(old: str | None, new_state: MessageStatus) -> bool:
    """Whether a report is news about a message: that it was taken in is none once more is known."""
    if new_state is MessageStatus.QUEUED:
        return old in (None, MessageStatus.UNKNOWN)
    return old not in _SETTLED


def _sighting(account: str, message_id: str, report: Item, before: Known | None, now: datetime) -> Sighting:
    record = MessageRecord(
        account=account,
        observed_at=now,
        source="webhook",
        raw=report.raw,
        id=MessageId(message_id),
        recipient=report.recipient,
        status=_state(report),
        raw_status=report.raw_status,
        reason=report.description,
    )
    seen = of_message(record)
    if before is None:
        return seen
    told = {name: value for name, value in seen.facts.items() if value is not None}
    return Sighting(
        account=account,
        kind=Kind.MESSAGE,
        subject=message_id,
        state=seen.state,
        facts={**before.facts, **told},
        observed_at=now,
        raw=seen.raw,
    )


@cache
def _inserts(dialect: str) -> Executable:
    statement: Executable = insert_of[dialect](_EVENT).on_conflict_do_nothing()
    return statement
