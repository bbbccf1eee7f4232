"""Alerts as rows: each step of a life is written down where nobody else has been (compare and set), with its event."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, SQLModel, col, select

from bridge.alerts.life import Fire, Given, Life, Step, Terms, step
from bridge.alerts.rules import Rule
from bridge.alerts.wall import Wall
from bridge.events import EventType, event_id, subject_of
from bridge.notices import subscriptions
from bridge.webhooks import feed
from store import homes, rows
from store.tables import Alert, AlertState, Approval, Event, Subscription

_FIELDS = tuple(one.name for one in fields(Life) if one.name != "claims")
_ALERT = SQLModel.metadata.tables["alert"]
_WRITE = (
    update(_ALERT)
    .where(_ALERT.c.id == bindparam("its_id"), _ALERT.c.version == bindparam("its_version"))
    .values({name: bindparam(name) for name in (*_FIELDS, "version", "open_key")})
)
_BY_KEY = select(Alert).where(col(Alert.open_key).in_(bindparam("keys", expanding=True))).with_for_update()
_QUIET = (EventType.ALERT_FIRING, EventType.ALERT_RESOLVED)
"""What a message says by itself; anything else begins the story in its thread."""


class OutpacedError(Exception):
    """Somebody else has changed the alert; nothing of this transaction may stay."""


class Casebook:
    """The alerts that one transaction changes, what happened to them, and where they are shown."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.wall = Wall(session, now)
        self.events: list[Event] = []
        """What people may be told of: this book's, and what was recorded before."""
        self._opened: dict[str, Alert] = {}
        self._happened: list[Event] = []
        """Both to be written, all at once."""

    def open(self, row: Alert, given: Given, terms: Terms) -> bool:
        """A new alert, where `given` makes one of what `blank` made."""
        made = step(None, given, self.now, terms)
        if made.life is None:
            return False
        row.__dict__.update(_columns(made.life))
        self._opened[row.id] = row
        self._note(row, made)
        return True

    def write(self, *, keep: bool = True) -> None:
        """Write down what is new; `keep`: somebody will read or change it in this transaction."""
        rows.insert(self.session, [*self._opened.values()], keep=keep)
        rows.insert(self.session, self._happened)
        self._opened, self._happened = {}, []

    def enter(self, row: Alert, given: Given, terms: Terms) -> Step:
        """What becomes of an alert; `Step.life` is None when it was forgotten, and so is its row."""
        if row.id in self._opened:
            self.write()
        before = life_of(row)
        made = step(before, given, self.now, terms)
        if made.life is None:
            self.session.delete(row)
        elif made.life != before:
            self._write(row, made.life)
            if self.wall.is_told(row.id):
                storied = made.happened is not None and (made.happened.type not in _QUIET or bool(row.resolved_by))
                self.wall.changed(row, at_once=made.happened is not None, storied=storied)
        self._note(row, made)
        return made

    def free(self, row: Alert) -> None:
        """Let another alert have the key of one that a person closed."""
        row.open_key = None
        # The key must be free before another takes it.
        self.session.flush()

    def happened(self, row: Alert | Approval, what: EventType, subject: str, data: Mapping[str, Any]) -> None:
        """Write down an event of this transaction."""
        event = rows.new(
            Event,
            id=event_id(row.account, subject, what, f"{row.id} {row.version}"),
            account=row.account,
            type=what.value,
            subject=subject,
            time=self.now,
            recorded_at=self.now,
            data=dict(data),
        )
        self.note(event)

    def note(self, event: Event) -> None:
        """Write down an event that is about no alert."""
        self._happened.append(event)
        self.events.append(event)

    def close(self, asked: Sequence[Subscription] | None = None) -> None:
        """Show what has changed, here and in App Home, and tell the people and the systems that asked for such events.

        asked: all subscriptions, where they have been read.
        """
        self.write(keep=False)
        self.wall.hang()
        if self.events:
            homes.changed(self.session, self.now)
            everybody = subscriptions.everybody(self.session) if asked is None else asked
            subscriptions.tell(self.session, self.now, self.events, everybody)
            feed.publish(self.session, self.now, self.events)

    def _note(self, row: Alert, made: Step) -> None:
        if made.happened is None:
            return
        about = {"rule": row.rule, "kind": row.kind, "severity": row.severity, "about": row.subject}
        data = about | {"reason": row.reason, "by": None} | dict(made.happened.data)
        self.happened(row, made.happened.type, subject_of("alert", row.id), data)

    def _write(self, row: Alert, life: Life) -> None:
        values = _columns(life) | {"version": row.version + 1}
        if not life.claims:
            values["open_key"] = None
        params = {"its_id": row.id, "its_version": row.version, "open_key": row.open_key, **values}
        written = self.session.connection().execute(_WRITE, params)
        if written.rowcount != 1:
            raise OutpacedError(row.id)
        for name, value in values.items():
            set_committed_value(row, name, value)


def blank(rule: Rule, account: str, subject: str, given: Fire, now: datetime) -> Alert:
    """An alert that is not one yet: what routes and silences go by."""
    return rows.new(
        Alert,
        open_key=key_of(rule.name, account, subject),
        rule=rule.name,
        kind=rule.kind,
        severity=rule.severity,
        account=account,
        subject=subject,
        state=AlertState.PENDING,
        reason=given.reason,
        facts=dict(given.facts),
        peak={},
        began_at=now,
    )


def key_of(rule: str, account: str, subject: str) -> str:
    """`Alert.open_key`."""
    return f"{rule}|{account}|{subject}"


def life_of(row: Alert) -> Life:
    """What changes about a row."""
    return Life(claims=row.open_key is not None, **{name: getattr(row, name) for name in _FIELDS})


def by_key(session: Session, keys: Collection[str]) -> dict[str, Alert]:
    """The alerts that hold these keys."""
    if not keys:
        return {}
    found = session.exec(_BY_KEY, params={"keys": [*keys]}).all()
    return {row.open_key: row for row in found if row.open_key}


def open_of(session: Session, account: str) -> Sequence[Alert]:
    """An account's open alerts, the oldest first."""
    is_open = [state for state in AlertState if state is not AlertState.RESOLVED]
    query = select(Alert).where(col(Alert.account) == account, col(Alert.state).in_(is_open))
    return session.exec(query.order_by(col(Alert.id)).with_for_update()).all()


def _columns(life: Life) -> dict[str, Any]:
    values = {name: getattr(life, name) for name in _FIELDS}
    return values | {"facts": dict(life.facts), "peak": dict(life.peak)}
