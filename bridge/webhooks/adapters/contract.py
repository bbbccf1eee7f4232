"""What an adapter is: one module for each kind of sender, with two tables, its keys of app.yaml and two functions.

    TYPES     the sender's word for what happened -> ours
    REASONS   its word for why a message was refused -> ours
    Settings  its keys of app.yaml
    verify    whether it proves who sent it and when
    items     what it says, one by one

A word that is in no table is `message.unknown` and keeps its raw value. Nothing here reads or writes rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from bridge.events import EventType
from bridge.webhooks.adapters.settings import SourceSettings


class RejectReason(StrEnum):
    """Why a message was refused, in django-anymail's words."""

    INVALID = "invalid"
    """No such form of address."""
    BOUNCED = "bounced"
    """It bounces, or did before."""
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"
    """By the vendor's policy."""
    SPAM = "spam"
    """The recipient complained before."""
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"


class ForgedError(Exception):
    """A request does not prove who sent it."""


class StaleError(Exception):
    """A request is signed, and not of now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A request, as it came over the wire."""

    headers: Mapping[str, str]
    """Found by any case."""
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    remote: str = ""
    """The sender's address; behind a proxy of ours, the one that it names."""
    path_secret: str = ""
    """What stands in the path after the source's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a sender says happened to a message, with django-anymail's names of fields."""

    event_type: EventType
    raw_status: str
    """The sender's word for it."""
    vendor_id: str | None
    """What makes it one, however often it is sent; None where the sender names nothing: then its content does."""
    message_id: str | None
    recipient: str | None
    time: datetime | None
    """Aware; None: when it arrived."""
    reject_reason: RejectReason | None = None
    description: str | None = None
    mta_response: str | None = None
    """What the recipient's server said."""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the sender's customer put on the message."""
    click_url: str | None = None
    user_agent: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event in our own envelope: it is taken as it is."""

    id: str
    type: EventType
    subject: str
    time: datetime | None
    """Aware; None: when it arrived."""
    data: Mapping[str, Any]
    raw: Mapping[str, Any]
    origin: str | None = None
    """Its id at the edmbot that told it first; None where none did."""


@dataclass(frozen=True, slots=True)
class Misread:
    """What could not be read, and why; people look at it."""

    reason: str
    body: str


Found: TypeAlias = Item | Told | Misread


class Adapter(Protocol):
    """A module of this folder."""

    @property
    def TYPES(self) -> Mapping[str, EventType]:  # noqa: N802  # a module's constant
        """The sender's word for what happened -> ours."""

    @property
    def REASONS(self) -> Mapping[str, RejectReason]:  # noqa: N802
        """The sender's word for why a message was refused -> ours."""

    @property
    def Settings(self) -> type[SourceSettings]:  # noqa: N802
        """The sender's keys of app.yaml."""

    def verify(self, settings: Any, arrived: Arrived, now: datetime, /) -> None:  # noqa: ANN401  # its own Settings
        """Whether a request proves who sent it, and when.

        Raises:
            ForgedError: who sent it is not proved.
            StaleError: it is proved, and signed longer ago than `settings.window`, or so far in the future.
        """

    def items(self, arrived: Arrived, /) -> Iterable[Found]:
        """What a proved request says, in its order. Raises nothing: what cannot be read is a `Misread`."""
