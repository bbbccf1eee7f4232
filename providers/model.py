"""The vocabulary: what every vendor's answer is turned into.

Rules that hold for everything on this page:

- what a vendor did not say is `None`, never 0;
- every figure carries its account, when it was observed, by which call, and the vendor's own words (`raw`);
- times are aware; a vendor's naive local time is read in the account's zone;
- identifiers stay text: some exceed 2**53, and none of them is a number to count with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

SendId = NewType("SendId", str)
"""The sending task: what people call the task id (U-Mail 000 3.1: "send_id")."""
StatisticsId = NewType("StatisticsId", str)
"""The statistics task id that track.php?do=overview returns; failexport takes it. Never a `SendId` (000 2.3)."""
ReportKey = NewType("ReportKey", str)
"""`task_id` in stask.php: primary key of the report, "not the real task id" (000 2.4)."""
BatchNumber = NewType("BatchNumber", str)
"""`sn`, `ident`, `task_sn`: the batch number, such as `20180402101814-7020-53`."""


class TaskStatus(StrEnum):
    """Where a sending task stands. The vendor's own value stays beside it in `Task.raw_status`."""

    DRAFT = "draft"
    """Held: will not start until somebody starts it."""
    QUEUED = "queued"
    """Accepted, waiting to be sent or still being ingested."""
    SCHEDULED = "scheduled"
    """Waits for its time."""
    SENDING = "sending"
    SENT = "sent"
    """Finished. Terminal."""
    PAUSED = "paused"
    """Stopped half-way; can be resumed."""
    CANCELLED = "cancelled"
    """Terminal."""
    STOPPED = "stopped"
    """The vendor ended it; treated as terminal, since no document says otherwise."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """A value that no document explains."""


class FailureClass(StrEnum):
    """How final a failure is."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"
    NOT_SENT = "not_sent"
    """Dropped before sending."""
    UNKNOWN = "unknown"


class FailureCategory(StrEnum):
    """Why one recipient did not get the message."""

    MAILBOX_NOT_FOUND = "mailbox_not_found"
    MAILBOX_FULL = "mailbox_full"
    RECIPIENT_REJECTED = "recipient_rejected"
    SPAM_CONTENT = "spam_content"
    DELIVERY_REFUSED = "delivery_refused"
    SUPPRESSED = "suppressed"
    """On the vendor's blacklist: not sent."""
    SUPPRESSED_COMPLAINT = "suppressed_complaint"
    """Complained earlier: not sent. Not a new complaint."""
    INVALID_ADDRESS = "invalid_address"
    INVALID_FORMAT = "invalid_format"
    CONNECTION_ERROR = "connection_error"
    UNKNOWN = "unknown"

    @property
    def failure_class(self) -> FailureClass:
        """Hard, soft, blocked or never sent."""
        return _CLASS_OF[self]


_CLASS_OF = {
    FailureCategory.MAILBOX_NOT_FOUND: FailureClass.HARD,
    FailureCategory.MAILBOX_FULL: FailureClass.SOFT,
    FailureCategory.RECIPIENT_REJECTED: FailureClass.BLOCK,
    FailureCategory.SPAM_CONTENT: FailureClass.BLOCK,
    FailureCategory.DELIVERY_REFUSED: FailureClass.BLOCK,
    FailureCategory.SUPPRESSED: FailureClass.NOT_SENT,
    FailureCategory.SUPPRESSED_COMPLAINT: FailureClass.NOT_SENT,
    FailureCategory.INVALID_ADDRESS: FailureClass.NOT_SENT,
    FailureCategory.INVALID_FORMAT: FailureClass.NOT_SENT,
    FailureCategory.CONNECTION_ERROR: FailureClass.SOFT,
    FailureCategory.UNKNOWN: FailureClass.UNKNOWN,
}


class Tracking(StrEnum):
    """What a task follows after delivery."""

    NONE = "none"
    OPENS = "opens"
    OPENS_AND_CLICKS = "opens_and_clicks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something a vendor said, with whose it is and how old it is."""

    account: str
    """The account's name in app.yaml."""
    observed_at: datetime
    """When the answer arrived, UTC."""
    source: str
    """The call that said it, such as `task.php?do=task-list`."""
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The vendor's own fields, unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo(Observation):
    """Whose account it is (U-Mail customer-info)."""

    id: str | None = None
    username: str | None = None
    company: str | None = None
    contact: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    im: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Observation):
    """What is left to send with. Whole e-mails and points, never fractions."""

    emails_left: int | None = None
    emails_bought: int | None = None
    sms_left: int | None = None
    ads_left: int | None = None
    enabled: bool | None = None
    """Whether the vendor lets this account send."""
    service_from: date | None = None
    service_until: date | None = None
    daily_allowance: bool | None = None
    """True when `emails_left` is what is left of today, not in all (U-Mail `service_type=day`)."""


@dataclass(frozen=True, slots=True)
class NamedRef:
    """A template or a contact list, as a task names it."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Observation):
    """A sending task."""

    id: SendId
    batch: BatchNumber | None = None
    status: TaskStatus
    raw_status: str
    detail: str | None = None
    """What the status alone does not say, such as `ingesting`."""
    templates: tuple[NamedRef, ...] = ()
    lists: tuple[NamedRef, ...] = ()
    subscription_lists: bool | None = None
    """True when `lists` are subscription lists (U-Mail `addr_type=1`)."""
    sender: str | None = None
    """The sender's address; None when the vendor rotates several (then see `sender_scope`)."""
    sender_scope: str | None = None
    """`all`, `domain` or `address` (U-Mail `acct_type`)."""
    sender_domain: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None
    limit: int | None = None
    """The number that was asked for (U-Mail `send_qty`); 0 stands for everybody."""
    planned: int | None = None
    """How many it will go to (U-Mail `send_qty_remak`)."""
    sent: int | None = None
    unsent: int | None = None
    """What could not be sent at all (U-Mail `error_count`). These are not bounces."""
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tracking: Tracking | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """What add-task and edit-task are told. `None` leaves a field out; the vendor then applies its own default."""

    template_ids: tuple[str, ...] | None = None
    list_ids: tuple[str, ...] | None = None
    sender_domain: str | None = None
    sender: str | None = None
    """An address, or `all`."""
    sender_name: str | None = None
    reply_to: str | None = None
    first: int | None = None
    """Index of the first address of the list, from 1 (U-Mail 2019 `send_qty_start`)."""
    last: int | None = None
    """2019: index of the last address; V3.0: how many. 0 stands for everybody (`send_qty`)."""
    scheduled_at: datetime | None = None
    unsubscribe_link: bool | None = None
    tracking: Tracking | None = None
    tracking_domain: str | None = None
    hourly_speed: int | None = None
    """Messages an hour, 100 to 75,000 (2019)."""
    read_receipt: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStats(Observation):
    """Counters of a day, a period, a task or a set of messages. People, except `*_total` and points."""

    first_day: date | None = None
    last_day: date | None = None
    task_id: SendId | None = None
    batch: BatchNumber | None = None
    report: ReportKey | None = None
    requested: int | None = None
    sent: int | None = None
    delivered: int | None = None
    delivered_is_derived: bool = False
    """True when the vendor gave no such figure and it is sent minus failed."""
    failed: int | None = None
    bounced_hard: int | None = None
    mailbox_full: int | None = None
    connection_error: int | None = None
    recipient_rejected: int | None = None
    spam_content: int | None = None
    judged_spam: int | None = None
    """U-Mail `rubbish`: judged spam and refused. May overlap with `spam_content`."""
    delivery_refused: int | None = None
    """U-Mail `jujue_count`."""
    rejected: int | None = None
    """Dropped before sending; the sum of the parts that the vendor gave."""
    invalid_address: int | None = None
    invalid_format: int | None = None
    suppressed: int | None = None
    suppressed_complaint: int | None = None
    pending: int | None = None
    not_found: int | None = None
    """ITNIO `nofound`: ids not known, including mail that is still queued."""
    points_charged: int | None = None
    points_refunded: int | None = None

    @property
    def points_net(self) -> int | None:
        """What it really cost: charged minus refunded (000 2.4)."""
        if self.points_charged is None or self.points_refunded is None:
            return None
        return self.points_charged - self.points_refunded
