"""The vocabulary of single messages: what was handed over, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from providers.model import Observation

MessageId = NewType("MessageId", str)
"""One message to one recipient at EmailCar or ITNIO; exceeds 2**53."""


class MessageStatus(StrEnum):
    """Where one message to one recipient stands, in anymail's words."""

    QUEUED = "queued"
    """Accepted by the vendor; says nothing about delivery."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    """The receiving server refused it, with an SMTP code."""
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Observation):
    """The vendor took messages in. That is not delivery."""

    message_ids: tuple[MessageId, ...]
    """Empty when the vendor named none; fewer than the recipients when it names one for all."""
    refused: tuple[str, ...] = ()
    """Recipients that were declined while the others were taken (SMTP)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord(Observation):
    """One message to one recipient, as the vendor reports it."""

    id: MessageId | None = None
    recipient: str | None = None
    status: MessageStatus
    raw_status: str
    reason: str | None = None
    subject: str | None = None
    sender: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None
    sent_at: datetime | None = None
    opens: int | None = None
    opener_ip: str | None = None
    opener_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport(Observation):
    """ITNIO's answer about a set of ids: the rows are the truth, the counts are as reported."""

    asked: tuple[MessageId, ...]
    records: tuple[MessageRecord, ...]
    missing: tuple[MessageId, ...]
    """Asked for and not among the rows: unknown or still queued."""
    delivered: int | None = None
    failed: int | None = None
    sending: int | None = None
    not_found: int | None = None
