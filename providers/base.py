"""The contract: what a vendor's client offers.

A client is made as `ProviderType` says, the same way for every vendor. It is a `Provider` plus the capabilities
below that it has. A capability is a Protocol, so that a client claims it by having the methods; `require` turns the
absence of one into an `UnsupportedError`.
Every method may raise anything from `providers.errors`; reads are retried inside, changes never are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel

from providers.errors import UnsupportedError
from providers.messages import Accepted, MessageId, MessageRecord, MessageReport
from providers.model import (
    AccountInfo,
    Balance,
    FailureCategory,
    SendId,
    SendStats,
    Task,
    TaskForm,
    TaskStatus,
)
from providers.tables import Table

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `per`."""

    calls: int
    per: timedelta


class Limiter(Protocol):
    """Keeps a vendor's limit over all processes that share the account."""

    async def acquire(self, key: str, rate: Rate) -> None:
        """Take one call out of `rate`, waiting while the wait is short.

        Raises:
            RateLimitedError: when the wait would be too long for somebody who waits; knows how long.
        """


class Clock(Protocol):
    """Says what time it is, aware, UTC."""

    def __call__(self) -> datetime: ...


def utcnow() -> datetime:
    """The `Clock` of everyday."""
    return datetime.now(UTC)


DEADLINE = 20.0
"""Seconds that a call may take in all: waiting for a limit, repeating a read, reading the answer."""


@runtime_checkable
class Provider(Protocol):
    """One account at one vendor."""

    title: ClassVar[str]
    """The vendor's name as people write it: `U-Mail`."""
    Settings: ClassVar[type[BaseModel]]
    """What the account's section in app.yaml may say."""

    @property
    def account(self) -> str:
        """The account's name in app.yaml."""

    async def aclose(self) -> None:
        """Close the connections."""


class ProviderType(Protocol):
    """A vendor's client class: how every client is made."""

    title: str
    Settings: type[BaseModel]

    def __call__(
        self,
        account: str,
        settings: Any,  # noqa: ANN401  # an instance of `Settings`; each class names its own
        *,
        timezone: ZoneInfo,
        limiter: Limiter,
        clock: Clock = utcnow,
        client: httpx.AsyncClient | None = None,
        deadline: float = DEADLINE,
    ) -> Provider:
        """A client for `account`. Nothing is connected yet.

        timezone: the zone of the account: what the vendor's naive times and "today" mean.
        client: connections to use instead of its own; whoever hands them in closes them.
        """


@runtime_checkable
class TellsAccount(Provider, Protocol):
    """Whose account it is."""

    async def account_info(self) -> AccountInfo: ...


@runtime_checkable
class TellsBalance(Provider, Protocol):
    """What credit is left."""

    async def balance(self) -> Balance: ...


@runtime_checkable
class ReadsTasks(Provider, Protocol):
    """Sending tasks can be listed and looked up."""

    async def task(self, task_id: SendId) -> Task | None:
        """One task, or None when the vendor knows no such id."""

    async def tasks(
        self, *, status: TaskStatus | None = None, day: date | None = None, page: int = 1
    ) -> Sequence[Task]:
        """One page, at most 20 tasks, as the vendor orders them; empty past the end.

        QUEUED is two of U-Mail's values, asked one after the other: its pages hold up to 20 of each.
        A `status` that this dialect cannot name as a filter raises UnsupportedError.
        """

    async def tasks_between(self, first: date, last: date, *, page: int = 1) -> Sequence[Task]:
        """One page of the tasks to be sent from `first` to `last`: one template and one list each, no SMTP."""


@runtime_checkable
class ChangesTasks(ReadsTasks, Protocol):
    """Sending tasks can be created, held, started, deleted.

    None of the methods is retried. Each raises OutcomeUnknownError when it may or may not have happened.
    """

    def can_set(self, status: TaskStatus) -> bool:
        """Whether this dialect accepts a task being moved to `status`."""

    async def add_task(self, form: TaskForm, *, status: TaskStatus) -> SendId:
        """Create a task. `status` is DRAFT (held), SCHEDULED or SENDING (at once)."""

    async def edit_task(self, task_id: SendId, form: TaskForm, *, status: TaskStatus) -> None:
        """Write `form` and `status` over a task. Returns when the vendor did not object; read it back."""

    async def delete_task(self, task_id: SendId) -> None:
        """Delete a task. Returns when the vendor did not object; read it back."""

    def form_of(self, task: Task) -> TaskForm:
        """All that a fresh read knows of a task, as an edit must repeat it (PROVIDERS 1.7)."""


@runtime_checkable
class TellsDayStats(Provider, Protocol):
    """Counters by day."""

    async def day_stats(self, first: date, last: date) -> SendStats:
        """Totals over `first` to `last`, both included, in the account's zone."""


@runtime_checkable
class TellsTaskStats(Provider, Protocol):
    """Counters by sending task."""

    async def task_stats(self, task_id: SendId) -> SendStats | None:
        """One task's counters, or None while the vendor has none yet."""

    async def task_stats_between(self, first: date, last: date) -> Sequence[SendStats]:
        """Counters of every task of those days, one row each."""


@runtime_checkable
class ListsFailures(Provider, Protocol):
    """Failed recipients, one by one."""

    def failure_table(self, first: date, last: date, *, category: FailureCategory | None = None) -> Table:
        """The failures of `first` to `last`, both included.

        Columns: address, category (our word), vendor_type (the vendor's), reason (None here), statistics_id.
        """


@runtime_checkable
class SendsMessages(Provider, Protocol):
    """Single messages can be sent. Never retried; nothing identifies the result of a lost answer."""

    async def send(
        self,
        *,
        sender: str,
        sender_name: str,
        recipients: Sequence[str],
        subject: str,
        html: str,
        reply_to: str | None = None,
        track_opens: bool = False,
        track_clicks: bool = False,
    ) -> Accepted:
        """Hand messages over, at most 50 recipients a call."""


@runtime_checkable
class ListsMessages(Provider, Protocol):
    """Sent messages can be listed by day or by id."""

    async def messages(
        self, *, first: date | None = None, last: date | None = None, message_id: MessageId | None = None, page: int = 1
    ) -> Sequence[MessageRecord]:
        """One page of at most 40; empty when there are none. Dates are ignored when `message_id` is given."""

    async def message_stats(self, message_id: MessageId) -> SendStats:
        """Counters of one submission."""


@runtime_checkable
class LooksUpMessages(Provider, Protocol):
    """The state of messages can be asked by id."""

    async def look_up(self, message_ids: Sequence[MessageId]) -> MessageReport:
        """State of at most 200 messages."""


def require(provider: Provider, capability: type[C]) -> C:
    """The provider as a `capability`.

    Raises:
        UnsupportedError: when it lacks it.
    """
    if isinstance(provider, capability):
        return provider
    raise UnsupportedError(
        f"{provider.title} has no call for this ({capability.__name__})",
        account=provider.account,
        capability=capability,
    )
