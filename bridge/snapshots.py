"""Snapshots, samples and events as rows: read in one query, written in one statement for many."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Update, bindparam, update
from sqlmodel import Session, SQLModel, col, select

from bridge.sightings import Kind
from bridge.transitions import Known
from store.engine import insert_of
from store.jobs import hurry
from store.rows import execute
from store.tables import Event, Snapshot, StatSample

_SNAPSHOT, _EVENT, _SAMPLE = (
    SQLModel.metadata.tables[str(model.__tablename__)] for model in (Snapshot, Event, StatSample)
)
_FIELDS = tuple(one.name for one in fields(Known))
_KEY = ("account", "kind", "subject")
_TOUCHED = ("observed_at", "missed", "look_at")
"""What may be other though the version is the same."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
BASELINED = "baseline"
"""`Snapshot.kind` of the row that says that a first poll came to its end; its subject is the kind that was polled."""


_OURS = (_SNAPSHOT.c.account == bindparam("account"), _SNAPSHOT.c.kind == bindparam("kind"))
_ROWS = select(*(_SNAPSHOT.c[name] for name in _FIELDS)).where(*_OURS)
# Made once: each poll asks them, and making one takes longer than its answer.
_NAMED = _ROWS.where(_SNAPSHOT.c.subject.in_(bindparam("subjects", expanding=True)))
_MARKS = (
    select(_SNAPSHOT.c.subject, *(_SNAPSHOT.c[name] for name in ("version", "changed_at", *_TOUCHED)))
    .where(*_OURS)
    .where(_SNAPSHOT.c.subject.in_(bindparam("subjects", expanding=True)))
)
# Not `IS NOT NULL`: of an index, SQLite takes a range.
_LOOKED_AT = _ROWS.where(_SNAPSHOT.c.look_at > bindparam("since", _LONG_AGO))
_BASELINE = select(_SNAPSHOT.c.first_seen).where(*_OURS, _SNAPSHOT.c.subject == bindparam("subject"))

POLL = "poll"
"""A poll's job is called `poll <account> <what>`."""


def look_soon(session: Session, now: datetime, account: str, task_id: str) -> None:
    """Have the next look at a task taken at once: something has just been done to it."""
    ours = (col(Snapshot.account) == account, col(Snapshot.kind) == Kind.TASK.value, col(Snapshot.subject) == task_id)
    session.exec(update(Snapshot).where(*ours).values(look_at=now))
    hurry(session, now, (f"{POLL} {account} tasks",))


def known(session: Session, account: str, kind: Kind, subjects: Sequence[str] | None) -> dict[str, Known]:
    """The rows of `subjects` by subject; where they are not given, of all that is still looked at."""
    given: dict[str, Any] = {"account": account, "kind": kind.value}
    if subjects is None:
        rows = session.connection().execute(_LOOKED_AT, given)
    else:
        rows = session.connection().execute(_NAMED, given | {"subjects": subjects})
    return {row[0]: Known(**dict(zip(_FIELDS, row, strict=True))) for row in rows}


def reread(
    session: Session, account: str, kind: Kind, subjects: Sequence[str], noted: Mapping[str, Known]
) -> dict[str, Known]:
    """`known`, where some were noted before: what is of the same version still says the same, and is not read whole."""
    given = {"account": account, "kind": kind.value, "subjects": subjects}
    rows: dict[str, Known] = {}
    others: list[str] = []
    for subject, version, changed_at, *touched in session.connection().execute(_MARKS, given):
        row = noted.get(subject)
        if row is None or (row.version, row.changed_at) != (version, changed_at):
            others.append(subject)
        else:
            same = [row.observed_at, row.missed, row.look_at] == touched
            rows[subject] = row if same else replace(row, **dict(zip(_TOUCHED, touched, strict=True)))
    return rows | known(session, account, kind, others) if others else rows


def is_baselined(session: Session, account: str, kind: Kind) -> bool:
    """Whether the first poll of a kind has come to its end."""
    return baselined_at(session, account, kind) is not None


def baselined_at(session: Session, account: str, kind: Kind) -> datetime | None:
    """When the first poll of a kind came to its end; None while it has not."""
    given = {"account": account, "kind": BASELINED, "subject": kind.value}
    found: datetime | None = session.connection().execute(_BASELINE, given).scalar()
    return found


def row_of(account: str, kind: str, row: Known) -> dict[str, Any]:
    """The columns that `Known` knows."""
    return {"account": account, "kind": str(kind), **{name: getattr(row, name) for name in _FIELDS}}


def write(session: Session, dialect: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write rows by what they are.

    seen: whole snapshots, new or changed; moved: snapshots whose facts stay; samples; events, unless they are there.
    """
    connection = session.connection()
    for name, statement in _statements(dialect).items():
        if rows[name]:
            execute(connection, statement, rows[name] if name != "moved" else [_bound(row) for row in rows[name]])


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    """An UPDATE's parameters: they may not be called like the columns."""
    return {f"its_{name}": row[name] for name in (*_KEY, *_MOVES)}


_MOVES = ("version", "state", "observed_at", "changed_at", "missed", "look_at")


@cache
def _statements(dialect: str) -> Mapping[str, Insert | Update]:
    insert = insert_of[dialect]
    seen = insert(_SNAPSHOT)
    again = {name: seen.excluded[name] for name in (*_MOVES, "facts", "raw")}
    return {
        "seen": seen.on_conflict_do_update(index_elements=_KEY, set_=again),
        "moved": update(_SNAPSHOT)
        .where(*(_SNAPSHOT.c[name] == bindparam(f"its_{name}") for name in _KEY))
        .values({name: bindparam(f"its_{name}") for name in _MOVES}),
        "samples": insert(_SAMPLE).on_conflict_do_nothing(),
        "events": insert(_EVENT).on_conflict_do_nothing(),
    }
