"""What was seen at a vendor, of every kind, in one shape: the beginning of every event.

A sighting is made of a typed observation of `providers`; its facts are that observation's own fields as JSON, so that
what a vendor did not say stays None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from bridge.events import subject_of
from providers.contacts import ImportStatus
from providers.domains import DomainCheck
from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
    UnreachableError,
)
from providers.mailtemplates import TemplateCheck
from providers.messages import MessageRecord
from providers.model import Balance, NamedRef, Observation, SendStats, Task

Facts: TypeAlias = Mapping[str, Any]
"""Fields of `providers.model` as JSON: times ISO 8601 with zone, templates and lists as [{id, name}]."""


class Kind(StrEnum):
    """What can be looked at; `Snapshot.kind`."""

    TASK = "task"
    BALANCE = "balance"
    SERVICE = "service"
    TEMPLATE = "template"
    DOMAIN = "domain"
    IMPORT = "import"
    MESSAGE = "message"
    STATS = "stats"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One thing, as a vendor has just described it."""

    account: str
    kind: Kind
    subject: str
    """The vendor's id; `task/19124` or `day/2026-11-21` for STATS; empty where an account has only one."""
    state: str
    """Our word: a task's status, a template's check, `up` or why not; `known` where there is nothing to say."""
    facts: Facts
    observed_at: datetime
    raw: Mapping[str, object] | None = None

    @property
    def about(self) -> str:
        """The subject of events, alerts and samples."""
        return about(self.kind, self.subject)


def about(kind: Kind, subject: str) -> str:
    """The subject of events, alerts and samples: `task/19124`, `balance`. Statistics are about their task or day."""
    return subject if kind is Kind.STATS else subject_of(kind, subject)


FIGURES = "known"
"""The state of what has figures only."""


class Link(StrEnum):
    """How an account's vendor can be reached: the state of PROVIDER."""

    UP = "up"
    UNREACHABLE = "unreachable"
    """No connection, no answer, HTTP 5xx."""
    AUTH_FAILED = "auth_failed"
    RATE_LIMITED = "rate_limited"
    SCHEMA_CHANGED = "schema_changed"
    """Answers that cannot be read."""
    REFUSED = "refused"
    """It answers, and declines to tell."""


def of_task(task: Task) -> Sighting:
    """A sending task."""
    return _sighting(task, Kind.TASK, task.id, task.status)


def of_balance(balance: Balance) -> tuple[Sighting, Sighting]:
    """What is left, and whether the service runs: one answer, two things that change for different reasons."""
    every = _facts(balance)
    service = {name: every.pop(name) for name in ("enabled", "service_from", "service_until")}
    running = {True: "enabled", False: "disabled", None: "unknown"}[balance.enabled]
    return (
        _sighting(balance, Kind.BALANCE, "", FIGURES, every),
        _sighting(balance, Kind.SERVICE, "", running, service),
    )


def of_template(check: TemplateCheck) -> Sighting:
    """A template's check."""
    return _sighting(check, Kind.TEMPLATE, check.id, check.state)


def of_domain(check: DomainCheck) -> Sighting:
    """A look at a sender domain's DNS."""
    return _sighting(check, Kind.DOMAIN, check.name, check.state)


def of_import(status: ImportStatus) -> Sighting:
    """A file on its way into a list."""
    return _sighting(status, Kind.IMPORT, status.id, status.state)


def of_message(record: MessageRecord, message_id: str | None = None) -> Sighting:
    """A single message. `message_id`: what was asked for, where the rows name none (EmailCar).

    Raises:
        ValueError: neither says which message it is.
    """
    known = message_id or record.id
    if not known:
        raise ValueError("a message without an id cannot be followed")
    return _sighting(record, Kind.MESSAGE, known, record.status)


def of_stats(stats: SendStats, subject: str) -> Sighting:
    """Counters of `task/19124` or of `day/2026-11-21`."""
    return _sighting(stats, Kind.STATS, subject, FIGURES)


def of_provider(account: str, error: ProviderError | None, at: datetime) -> Sighting:
    """Whether the vendor answers: `error` is what the last poll failed with, None when it went well."""
    facts: dict[str, Any] = dict.fromkeys(("code", "call", "vendor_code", "vendor_text"))
    state = Link.UP
    if error is not None:
        state = next((link for kind, link in _LINKS if isinstance(error, kind)), Link.REFUSED)
        facts = {name: getattr(error, name) or None for name in facts}
    return Sighting(account=account, kind=Kind.PROVIDER, subject="", state=state, facts=facts, observed_at=at)


_LINKS: tuple[tuple[type[ProviderError], Link], ...] = (
    (UnreachableError, Link.UNREACHABLE),
    (NoAnswerError, Link.UNREACHABLE),
    (ServerFaultError, Link.UNREACHABLE),
    (AuthenticationError, Link.AUTH_FAILED),
    (RateLimitedError, Link.RATE_LIMITED),
    (BadAnswerError, Link.SCHEMA_CHANGED),
)


_Seen: TypeAlias = Task | Balance | TemplateCheck | DomainCheck | ImportStatus | MessageRecord | SendStats


def _sighting(seen: _Seen, kind: Kind, subject: str, state: str, facts: Facts | None = None) -> Sighting:
    return Sighting(
        account=seen.account,
        kind=kind,
        subject=subject,
        state=str(state),
        facts=_facts(seen) if facts is None else facts,
        observed_at=seen.observed_at,
        raw=seen.raw or None,
    )


_ABOUT = {field.name for field in fields(Observation)}


_OWN = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _ABOUT)
    for kind in (Task, Balance, TemplateCheck, DomainCheck, ImportStatus, MessageRecord, SendStats)
}
"""The fields that are each kind's own."""


def _facts(seen: _Seen) -> dict[str, Any]:
    return {name: _json(getattr(seen, name)) for name in _OWN[type(seen)]}


def _json(value: object) -> object:
    written = _WRITTEN.get(type(value))
    if written is not None:
        return written(value)
    return value.value if isinstance(value, StrEnum) else value


_WRITTEN: Mapping[type, Callable[[Any], object]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    NamedRef: lambda ref: {"id": ref.id, "name": ref.name},
    tuple: lambda values: [_json(value) for value in values],
}


# ---- counters

_COUNTERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TASK: ("planned", "sent", "unsent"),
    Kind.BALANCE: ("emails_left",),
    Kind.STATS: tuple(field.name for field in fields(SendStats) if field.type == int | None),
}


def moved_counters(kind: Kind, before: Facts | None, now: Facts) -> Mapping[str, int | None] | None:
    """What a sample of these facts says; None when no counter has moved, or none is known."""
    counters = {name: now[name] for name in _COUNTERS.get(kind, ())}
    if all(value is None for value in counters.values()):
        return None
    moved = before is None or any(before.get(name) != value for name, value in counters.items())
    return counters if moved else None
