"""The vocabulary of sender domains, mailboxes and the vendor's console."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from providers.model import Observation

DomainId = NewType("DomainId", str)
"""A sender domain (U-Mail `domain_id`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Observation):
    """A domain that messages may be sent from."""

    name: str
    customer_id: str | None = None
    system: bool | None = None
    """Whether it is the vendor's own, open to every customer (U-Mail `customer_id` 0)."""


class DomainState(StrEnum):
    """What a look at a domain's DNS has found."""

    VERIFIED = "verified"
    ADDED = "added"
    """Added; its DNS is not right yet."""
    READY = "ready"
    """Not added; its DNS is right."""
    MISSING = "missing"
    """Neither added nor right."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck(Observation):
    """What a look at one domain has found."""

    name: str
    id: DomainId | None = None
    customer_id: str | None = None
    state: DomainState
    raw_state: str
    said: str | None = None
    dkim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAdded(Observation):
    """A domain that was added."""

    name: str
    id: DomainId | None = None
    verified: bool | None = None
    """None where the answer does not say, as to a manager."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox(Observation):
    """A sender's mailbox."""

    address: str
    name: str | None = None
    domain: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class ConsoleLogin:
    """The console's log-in form: where it goes and what it is filled with, but for the password."""

    action: str
    """A POST goes here."""
    username: str
    user_type: str
    """Empty, `agents` or `manager`."""
