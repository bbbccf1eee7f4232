"""The vocabulary of mail templates at a vendor."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from providers.model import Observation

TemplateId = NewType("TemplateId", str)
"""A mail template (U-Mail `tpl_id`)."""
AttachmentId = NewType("AttachmentId", str)
"""One file of a template (U-Mail `atta_id`)."""


class AllAttachments(StrEnum):
    """Every file of a template, said aloud: U-Mail takes silence for it (000 5.8)."""

    ALL = "all"


class CheckState(StrEnum):
    """What the vendor's check of a template has found."""

    CHECKING = "checking"
    REJECTED = "rejected"
    PASSED = "passed"
    UNKNOWN = "unknown"


class BodyEncoding(StrEnum):
    """How the message is encoded on its way."""

    BASE64 = "base64"
    QUOTED_PRINTABLE = "quoted-printable"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a template."""

    id: AttachmentId
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTemplate(Observation):
    """One template. `raw` leaves `content` out: it may be megabytes."""

    id: TemplateId
    user_id: str | None = None
    name: str | None = None
    subjects: tuple[str, ...] = ()
    content: str | None = None
    content_type: str | None = None
    attachments: tuple[Attachment, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCheck(Observation):
    """Whether a template may be used."""

    id: TemplateId
    state: CheckState
    raw_state: str
    colour: str | None = None
    """`green`, `yellow`, `red_pass` or `red`; None while it is checked."""
    name: str | None = None
    subject: str | None = None
    updated_at: datetime | None = None
    size_kb: int | None = None
    """Of the whole message; None while it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateForm:
    """What is told of a template. None leaves a field out."""

    name: str | None = None
    subjects: tuple[str, ...] | None = None
    content: str | None = None
    """HTML."""
    text_content: str | None = None
    """For readers that show no HTML."""
    encoding: BodyEncoding | None = None
