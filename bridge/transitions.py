"""From one snapshot to the next: which events that makes. Pure; DESIGN section 3 has the table of tasks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.events import EventType
from bridge.sightings import Facts, Kind, Link, Sighting
from providers.contacts import ImportState
from providers.domains import DomainState
from providers.mailtemplates import CheckState
from providers.messages import MessageStatus
from providers.model import TaskStatus

VANISHED = "vanished"
"""The state of what two look-ups by id in a row did not find."""
TASK_ENDS = (TaskStatus.SENT, TaskStatus.CANCELLED, TaskStatus.STOPPED, TaskStatus.FAILED, VANISHED)
"""The states of a task to which nothing more can happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A snapshot's row, without what the vendor said literally."""

    subject: str
    version: int
    state: str
    facts: Facts
    first_seen: datetime
    observed_at: datetime
    changed_at: datetime
    missed: int = 0
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened, before it has an id."""

    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON. `from` and `to` are states, `changed` says which other fields went from what to what."""


def differs(before: Known, now: Sighting) -> bool:
    """Whether a sighting says anything new."""
    return before.state != now.state or before.facts != now.facts


def changes(before: Known | None, now: Sighting, *, baseline: bool) -> Sequence[Change]:
    """What happened between the two.

    baseline: it is the account's first poll of this kind; what was not known then makes no events.
    """
    if before is None and baseline:
        return ()
    if before is not None and not differs(before, now):
        return ()
    return _OF[now.kind](before, now)


def vanished(kind: Kind, before: Known) -> Sequence[Change]:
    """What it means that something is gone. Only tasks are missed: the rest is given up quietly."""
    if kind is not Kind.TASK:
        return ()
    return (Change(EventType.TASK_VANISHED, _told(before.facts, before.state, VANISHED)),)


# ---- sending tasks

_COUNTS = ("sent", "unsent")
"""What moves while a task is sent."""
_TOLD = ("raw_status", "detail", "templates", "lists", "planned", "sent", "unsent", "scheduled_at")
"""What every event of a task says."""
_ARRIVED = {
    TaskStatus.PAUSED: EventType.TASK_PAUSED,
    TaskStatus.CANCELLED: EventType.TASK_CANCELLED,
    TaskStatus.STOPPED: EventType.TASK_STOPPED,
    TaskStatus.FAILED: EventType.TASK_FAILED,
    TaskStatus.SENT: EventType.TASK_COMPLETED,
}
"""These are told wherever the task comes from."""
_HALTED = (TaskStatus.PAUSED, TaskStatus.STOPPED)
_UNDER_WAY = (TaskStatus.SENDING, TaskStatus.QUEUED, TaskStatus.SCHEDULED)
_MOVED: Mapping[tuple[str, str], EventType] = {
    **{(old, new): EventType.TASK_RESUMED for old in _HALTED for new in _UNDER_WAY},
    **{
        (old, new): EventType.TASK_SCHEDULED
        for old in (TaskStatus.DRAFT, TaskStatus.UNKNOWN)
        for new in (TaskStatus.QUEUED, TaskStatus.SCHEDULED)
    },
    **{
        (old, TaskStatus.SENDING): EventType.TASK_STARTED
        for old in (TaskStatus.DRAFT, TaskStatus.QUEUED, TaskStatus.SCHEDULED)
    },
    **{(old, new): told for new, told in _ARRIVED.items() for old in TaskStatus if old is not new},
}
"""From which status to which. A pair that is not here is `task.changed`: no document explains such a way."""


def _task(before: Known | None, now: Sighting) -> Sequence[Change]:
    if before is None or before.state == VANISHED:
        return (Change(EventType.TASK_DISCOVERED, _told(now.facts, None, now.state)),)
    changed = _changed(before.facts, now.facts, apart=("status", "raw_status"))
    data = _told(now.facts, before.state, now.state)
    if before.state != now.state:
        kind = _MOVED.get((before.state, now.state), EventType.TASK_CHANGED)
        return (Change(kind, data | {"changed": changed}),)
    counted = {name: changed.pop(name) for name in _COUNTS if name in changed} if now.state == "sending" else {}
    found = [Change(EventType.TASK_PROGRESSED, data | {"changed": counted})] if counted else []
    if changed or before.facts.get("raw_status") != now.facts.get("raw_status"):
        found.append(Change(EventType.TASK_CHANGED, data | {"changed": changed}))
    return found


def _told(facts: Facts, old: str | None, new: str) -> dict[str, Any]:
    return {"from": old, "to": new, **{name: facts.get(name) for name in _TOLD}}


def _changed(before: Facts, now: Facts, *, apart: Sequence[str] = ()) -> dict[str, Any]:
    """Each field that differs, with both of its values."""
    return {
        name: {"from": before.get(name), "to": value}
        for name, value in now.items()
        if name not in apart and before.get(name) != value
    }


# ---- all the rest


def _figures(type_: EventType, *, first: bool) -> Callable[[Known | None, Sighting], Sequence[Change]]:
    """A kind whose figures move. first: whether being seen for the first time is news, too."""

    def found(before: Known | None, now: Sighting) -> Sequence[Change]:
        if before is None and not first:
            return ()
        changed = _changed(before.facts if before else {}, now.facts)
        moved = {name: both for name, both in changed.items() if both["from"] is not None or both["to"] is not None}
        states = {"from": before.state if before else None, "to": now.state}
        return (Change(type_, states | {"changed": moved}),)

    return found


def _verdicts(
    type_: EventType, final: Sequence[str], *, told: Sequence[str], by: str | None = None
) -> Callable[[Known | None, Sighting], Sequence[Change]]:
    """A kind that ends in a verdict: told when one is reached, or is another than before.

    told: the facts that the event repeats; by: the one of them that tells two verdicts of one state apart.
    """

    def found(before: Known | None, now: Sighting) -> Sequence[Change]:
        same = before is not None and before.state == now.state
        if same and by is not None and before is not None:
            same = before.facts.get(by) == now.facts.get(by)
        if same or now.state not in final:
            return ()
        said = {name: now.facts.get(name) for name in told}
        return (Change(type_, {"from": before.state if before else None, "to": now.state, **said}),)

    return found


_MESSAGE = {
    MessageStatus.QUEUED: EventType.MESSAGE_QUEUED,
    MessageStatus.DELIVERED: EventType.MESSAGE_DELIVERED,
    MessageStatus.BOUNCED: EventType.MESSAGE_BOUNCED,
    MessageStatus.FAILED: EventType.MESSAGE_FAILED,
    MessageStatus.UNKNOWN: EventType.MESSAGE_UNKNOWN,
}


def _message(before: Known | None, now: Sighting) -> Sequence[Change]:
    """The address stays in the snapshot: events are shown to people who may not see it."""
    old = before.state if before else None
    said = {"raw_status": now.facts.get("raw_status"), "reason": now.facts.get("reason")}
    found = []
    if old != now.state:
        found.append(Change(_MESSAGE[MessageStatus(now.state)], {"from": old, "to": now.state, **said}))
    opens, opened = now.facts.get("opens"), (before.facts.get("opens") if before else None) or 0
    if opens is not None and opens > opened:
        found.append(Change(EventType.MESSAGE_OPENED, {"from": now.state, "to": now.state, "opens": opens}))
    return found


_LINK = {
    Link.UP: EventType.PROVIDER_RECOVERED,
    Link.UNREACHABLE: EventType.PROVIDER_UNREACHABLE,
    Link.AUTH_FAILED: EventType.PROVIDER_AUTH_FAILED,
    # It answers and lets us read nothing; `code` says that it was no wrong password.
    Link.REFUSED: EventType.PROVIDER_AUTH_FAILED,
    Link.RATE_LIMITED: EventType.PROVIDER_RATE_LIMITED,
    Link.SCHEMA_CHANGED: EventType.PROVIDER_SCHEMA_CHANGED,
}


def _provider(before: Known | None, now: Sighting) -> Sequence[Change]:
    old = before.state if before else None
    if now.state == (old or Link.UP):
        return ()
    return (Change(_LINK[Link(now.state)], {"from": old, "to": now.state, **now.facts}),)


_OF: Mapping[Kind, Callable[[Known | None, Sighting], Sequence[Change]]] = {
    Kind.TASK: _task,
    Kind.BALANCE: _figures(EventType.BALANCE_CHANGED, first=False),
    Kind.SERVICE: _figures(EventType.SERVICE_CHANGED, first=False),
    Kind.STATS: _figures(EventType.STATS_COUNTED, first=True),
    Kind.TEMPLATE: _verdicts(
        EventType.TEMPLATE_CHECKED,
        (CheckState.PASSED, CheckState.REJECTED),
        told=("name", "subject", "colour"),
        by="colour",
    ),
    Kind.DOMAIN: _verdicts(
        EventType.DOMAIN_CHECKED,
        (DomainState.VERIFIED, DomainState.ADDED, DomainState.READY, DomainState.MISSING),
        told=("name", "said"),
    ),
    Kind.IMPORT: _verdicts(
        EventType.IMPORT_FINISHED, (ImportState.DONE, ImportState.FAILED), told=("raw_state", "said")
    ),
    Kind.MESSAGE: _message,
    Kind.PROVIDER: _provider,
}
