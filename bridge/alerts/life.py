"""The life of an alert: pure, and tested as a table. Rows, routes and messages are other modules' business.

    (none) ──▶ PENDING ──`for`──▶ FIRING ◀──its end── SNOOZED
                  │                 │  └──▶ ACKNOWLEDGED ┘
                  ▼                 ▼
              forgotten          RESOLVED      by itself, or by a person from any state but PENDING

Held is no state but a shadow over one: the account's provider cannot be reached, so nothing becomes due and nothing is
raised until the rule has been judged again (or GRACE has passed and nobody has).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from bridge.events import EventType
from store.tables import AlertState

GRACE = timedelta(minutes=10)
"""How long after the provider is back a held alert waits to be judged again; then what was true last is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What changes about an alert; the fields are those of the row."""

    state: AlertState
    reason: str
    facts: Mapping[str, Any]
    peak: Mapping[str, Any]
    """The facts at the worst moment, and `weight` and `at` of it."""
    began_at: datetime
    held: bool = False
    fired_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    step: int = 0
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    assigned_to: str | None = None
    claims: bool = True
    """Whether it keeps its key: while it is open, and after a person closed it, until the rule is clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is so around an alert at this moment."""

    wait: timedelta = timedelta(0)
    """The rule's `for`."""
    steps: tuple[timedelta, ...] = ()
    """When escalation takes its steps, counted from when people were told; ascending."""
    silenced_until: datetime | None = None
    quiet_until: datetime | None = None
    """Quiet hours: people are told then."""
    told: bool = True
    """Whether some receiver shows it, or is about to."""
    down: bool = False
    """The account's provider cannot be reached."""


@dataclass(frozen=True, slots=True)
class Fire:
    """The rule holds."""

    reason: str
    facts: Mapping[str, Any]
    weight: float = 0.0
    """More is worse."""


@dataclass(frozen=True, slots=True)
class Clear:
    """The rule no longer holds."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The account's provider is down."""


@dataclass(frozen=True, slots=True)
class Release:
    """The account's provider is back."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody looks after it."""

    by: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Somebody wants to hear of it later."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Assign:
    """Somebody asks a person to look after it; until that person acknowledges, it goes on as before."""

    by: str
    who: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Somebody says that it is over."""

    by: str


Given: TypeAlias = Fire | Clear | Hold | Release | Tick | Acknowledge | Snooze | Assign | Resolve


class Refusal(StrEnum):
    """Why what a person asked for is not done."""

    ALREADY = "already"
    RESOLVED = "resolved"
    PENDING = "pending"
    """It does not fire yet; nobody was told."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What there is to write down as an event."""

    type: EventType
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What became of it; `life` is None when there is none: it was a blip, and nobody was told."""

    life: Life | None
    happened: Happened | None = None
    refused: Refusal | None = None


def step(life: Life | None, given: Given, now: datetime, terms: Terms) -> Step:
    """What `given` makes of an alert; of none, only a Fire makes one."""
    if isinstance(given, Fire):
        return _fire(life, given, now, terms)
    if life is None:
        return Step(None)
    match given:
        case Clear():
            return _clear(life, given, now)
        case Hold() | Release():
            return Step(_hold(life) if isinstance(given, Hold) else _release(life, now))
        case Tick():
            return _tick(life, now, terms)
        case Acknowledge() | Snooze() | Assign() | Resolve():
            return _act(life, given, now)


def outlived(life: Life, given: Fire) -> bool:
    """Whether what a person closed is not what fires now: for another reason, or in another state."""
    state = [(one.get("status"), one.get("state")) for one in (life.facts, given.facts)]
    return life.state is AlertState.RESOLVED and (life.reason != given.reason or state[0] != state[1])


def _fire(life: Life | None, given: Fire, now: datetime, terms: Terms) -> Step:
    now_worst = {**given.facts, "weight": given.weight, "at": now.isoformat()}
    if life is None:
        life = Life(
            state=AlertState.PENDING,
            reason=given.reason,
            facts=given.facts,
            peak=now_worst,
            began_at=now,
            due_at=now + terms.wait,
        )
    elif life.state is AlertState.RESOLVED:
        return Step(life)
    else:
        peak = now_worst if given.weight > life.peak.get("weight", 0.0) else life.peak
        life = replace(life, reason=given.reason, facts=given.facts, peak=peak)
    if terms.down:
        return Step(_hold(life))
    if life.state is AlertState.PENDING and now >= life.began_at + terms.wait:
        return _raise(life, now, terms, because=life.reason)
    return Step(_resumed(life, now, terms))


def _raise(life: Life, now: datetime, terms: Terms, because: str) -> Step:
    fired = replace(
        life,
        state=AlertState.FIRING,
        held=False,
        fired_at=life.fired_at or now,
        acknowledged_by=None,
        acknowledged_at=None,
        snoozed_until=None,
        snoozed_by=None,
        step=0,
        due_at=_told_due(0, now, terms),
    )
    return _happened(EventType.ALERT_FIRING, life, fired, reason=because)


def _resumed(life: Life, now: datetime, terms: Terms) -> Life:
    """No longer held; what falls due by itself does again."""
    if not life.held:
        return life
    due = {
        AlertState.PENDING: life.began_at + terms.wait,
        AlertState.FIRING: _told_due(life.step, now, terms),
        AlertState.SNOOZED: life.snoozed_until,
    }
    return replace(life, held=False, due_at=due.get(life.state))


def _told_due(taken: int, now: datetime, terms: Terms) -> datetime | None:
    """When what fires, and has taken so many steps of its escalation, falls due: a silence's end, else the next."""
    if terms.silenced_until is not None:
        return terms.silenced_until
    if taken >= len(terms.steps):
        return None
    before = terms.steps[taken - 1] if taken else timedelta(0)
    return max(now, terms.quiet_until or now) + terms.steps[taken] - before


def _clear(life: Life, given: Clear, now: datetime) -> Step:
    if life.state is AlertState.PENDING:
        return Step(None)
    if life.state is AlertState.RESOLVED:
        return Step(replace(life, claims=False))
    over = replace(life, state=AlertState.RESOLVED, held=False, due_at=None, resolved_at=now, claims=False)
    return _happened(EventType.ALERT_RESOLVED, life, over, reason=given.reason)


def _hold(life: Life) -> Life:
    if life.state is AlertState.RESOLVED:
        return life
    return replace(life, held=True, due_at=life.snoozed_until if life.state is AlertState.SNOOZED else None)


def _release(life: Life, now: datetime) -> Life:
    if not life.held:
        return life
    due = now + GRACE
    return replace(life, due_at=min(due, life.due_at) if life.due_at else due)


def _tick(life: Life, now: datetime, terms: Terms) -> Step:
    if life.due_at is None or life.due_at > now:
        return Step(life)
    if life.state is AlertState.SNOOZED and life.snoozed_until is not None and life.snoozed_until <= now:
        # Held, it is told again when the provider is back.
        return Step(replace(life, held=True, due_at=None)) if terms.down else _raise(life, now, terms, "snooze_over")
    if terms.down:
        return Step(_hold(life))
    if life.state is AlertState.PENDING:
        return _raise(life, now, terms, because=life.reason)
    if life.state is AlertState.FIRING and not life.held:
        return _fall_due(life, now, terms)
    return Step(_resumed(life, now, terms))


def _fall_due(life: Life, now: datetime, terms: Terms) -> Step:
    """A silence is over, or nobody has acknowledged in time."""
    if terms.silenced_until is not None or not terms.told:
        return Step(replace(life, due_at=_told_due(life.step, now, terms)))
    if terms.quiet_until is not None:
        return Step(replace(life, due_at=terms.quiet_until))
    if life.step >= len(terms.steps):
        return Step(replace(life, due_at=None))
    taken = life.step + 1
    after = replace(life, step=taken, due_at=_told_due(taken, now, terms))
    return _happened(EventType.ALERT_ESCALATED, life, after, step=taken)


def _act(life: Life, given: Acknowledge | Snooze | Assign | Resolve, now: datetime) -> Step:
    if life.state in (AlertState.RESOLVED, AlertState.PENDING):
        return Step(life, refused=Refusal(life.state.value))
    if _is_so_already(life, given):
        return Step(life, refused=Refusal.ALREADY)
    match given:
        case Acknowledge(by):
            taken = replace(
                life,
                state=AlertState.ACKNOWLEDGED,
                acknowledged_by=by,
                acknowledged_at=now,
                snoozed_until=None,
                snoozed_by=None,
                due_at=life.due_at if life.held else None,
            )
            return _happened(EventType.ALERT_ACKNOWLEDGED, life, taken, by=by)
        case Snooze(by, until):
            later = replace(
                life,
                state=AlertState.SNOOZED,
                acknowledged_by=None,
                acknowledged_at=None,
                snoozed_until=until,
                snoozed_by=by,
                due_at=until,
            )
            return _happened(EventType.ALERT_SNOOZED, life, later, by=by, until=until.isoformat())
        case Assign(by, who):
            return _happened(EventType.ALERT_ASSIGNED, life, replace(life, assigned_to=who), by=by, who=who)
        case Resolve(by):
            over = replace(life, state=AlertState.RESOLVED, held=False, due_at=None, resolved_at=now, resolved_by=by)
            return _happened(EventType.ALERT_RESOLVED, life, over, by=by)


def _is_so_already(life: Life, given: Acknowledge | Snooze | Assign | Resolve) -> bool:
    if isinstance(given, Assign):
        return life.assigned_to == given.who
    return isinstance(given, Acknowledge) and life.state is AlertState.ACKNOWLEDGED


def _happened(what: EventType, before: Life, after: Life, **data: object) -> Step:
    return Step(after, Happened(what, {"from": before.state.value, "to": after.state.value, **data}))
