"""What rules are judged by and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from bridge.alerts.usual import Sample, Usual
from bridge.sightings import Facts, Kind, about
from bridge.transitions import Known

LONG_AGO = timedelta(days=3)
"""What cannot change any more is nobody's alert after so long; what is so late was forgotten, not missed."""


class Reason(StrEnum):
    """Why, by name."""

    # of a firing
    STATUS = "status"
    LATE = "late"
    STALLED = "stalled"
    ABOVE_LIMIT = "above_limit"
    ABOVE_USUAL = "above_usual"
    BELOW_LIMIT = "below_limit"
    FEW_LEFT = "few_left"
    RUNS_OUT = "runs_out"
    """At the rate of the last days."""
    SHORT = "short"
    EXPIRES = "expires"
    EXPIRED = "expired"
    DISABLED = "disabled"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    UNAPPROVED = "unapproved"
    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    RATE_LIMITED = "rate_limited"
    SCHEMA_CHANGED = "schema_changed"
    REFUSED = "refused"
    # of a clear
    WELL = "well"
    """Within its limits, or as it should be."""
    ELSEWHERE = "elsewhere"
    """The task is in another state now."""
    HALTED = "halted"
    """The task was paused, cancelled or stopped."""
    GONE = "gone"
    """It is not there any more."""
    OVER = "over"
    """It ended long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that a rule may know about one subject at one moment."""

    account: str
    kind: Kind
    row: Known
    """The snapshot as it is now; `observed_at` is when the vendor last said so."""
    at: datetime
    fresh: bool = False
    """Its state is new: it was just discovered, or has just changed."""
    baseline: bool = False
    """It was there at the account's first poll, and is seen for the first time."""
    samples: Sequence[Sample] = ()
    """Of a task: its last movement. Of a balance: the last days, oldest first."""
    usual: Usual | None = None
    """Of statistics: the account's days before."""
    task: Known | None = None
    """Of a task's statistics: the task, where it is known."""
    scheduled: Sequence[Known] | None = None
    """Of a balance: the account's tasks that wait for their time; None where nobody has looked."""
    approved: bool | None = None
    """Of a task: whether somebody approved it here; None where nobody can say."""

    @property
    def subject(self) -> str:
        """As in `Event.subject`."""
        return about(self.kind, self.row.subject)


@dataclass(frozen=True, slots=True)
class Firing:
    """The rule holds."""

    reason: Reason
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON, for the words."""
    weight: float = 0.0
    """More is worse; comparable between firings of one alert."""


@dataclass(frozen=True, slots=True)
class Clear:
    """The rule does not hold, or not any more."""

    reason: Reason = Reason.WELL


Verdict: TypeAlias = Firing | Clear | None


def unless_over(view: View) -> Verdict:
    """Nothing to say of what stays as it is for ever, until it is old."""
    return Clear(Reason.OVER) if view.at - view.row.changed_at >= LONG_AGO else None


def time_of(facts: Facts, name: str) -> datetime | None:
    """A time among facts."""
    said = facts.get(name)
    return datetime.fromisoformat(said) if said else None


def names_of(facts: Facts, what: str, *keys: str) -> Sequence[str]:
    """What a task's `templates` or `lists` are called: their names, or whichever keys are asked for."""
    return [one[key] for one in facts.get(what) or () for key in keys or ("name",) if one.get(key)]


def of_task(row: Known) -> dict[str, Any]:
    """What a message about a task says of it."""
    told = ("raw_status", "detail", "planned", "sent", "unsent", "scheduled_at", "started_at")
    names = {what: names_of(row.facts, what) for what in ("templates", "lists")}
    return {"task": row.subject, "status": row.state, **names, **{name: row.facts.get(name) for name in told}}
