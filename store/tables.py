"""Every table, on one page.

Times are UTC in the database and aware in Python: `UtcTime` sees to it. Ids that mean nothing are UUIDv7, so that rows
sort by age. JSON columns hold what only people and later code read, never what a query must find.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Index, String
from sqlalchemy import text as sql
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel
from uuid6 import uuid7


def _as_text(value: datetime | None) -> str | None:
    """`2026-11-21 01:00:00.000000`, in UTC."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {value!r}")
    here = value if value.tzinfo is UTC else value.astimezone(UTC)
    return here.isoformat(" ", "microseconds")[:-6]


def _of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


class UtcTime(TypeDecorator[datetime]):
    """Aware in, UTC in the database, aware out; SQLite forgets zones by itself.

    On SQLite it writes and reads the text as SQLAlchemy does, in one step instead of four: a row has several.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[StrEnum]):
    """One of a StrEnum's words, stored as text: a new word then needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self.words(value)


_MAYBE: Any = JSON(none_as_null=True)
"""JSON, or nothing: NULL, which a condition and an index see, and not the word for it."""


def where(condition: str) -> dict[str, Any]:
    """The rows that an index is about, on either database."""
    return {"sqlite_where": sql(condition), "postgresql_where": sql(condition)}


def new_id() -> str:
    """A UUIDv7."""
    return str(uuid7())


class Outcome(StrEnum):
    """How a command ended."""

    DONE = "done"
    REFUSED = "refused"
    """Not allowed, not possible in this state, or not confirmed."""
    FAILED = "failed"
    NOT_UNDERSTOOD = "not_understood"
    UNKNOWN = "unknown"
    """A change was asked for and the vendor did not say whether it happened."""
    INTERRUPTED = "interrupted"
    """The process ended first."""


class CommandRun(SQLModel, table=True):
    """One command or click: who asked for what, and how it ended. The audit log."""

    __tablename__ = "command_run"
    __table_args__ = (Index("ix_command_run_open", "lease_until", **where("outcome IS NULL")),)

    id: str = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True)
    """What makes the request one: its signature, its envelope id, or (for `exec`) the row's own id."""
    kind: str
    """`slash`, `click` or `exec`."""
    user_id: str
    team_id: str | None = None
    channel_id: str | None = None
    text: str
    """The command line, as typed or as the button carries it."""
    confirmed: bool = False
    response_url: str | None = None
    worker: str
    """The process that runs it."""
    received_at: datetime | None = Field(default=None, sa_type=UtcTime, nullable=False)
    """Set by the database's clock when the row is written."""
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime, nullable=False)
    """Past this, with no outcome, the process is taken for dead."""
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    outcome: Outcome | None = Field(default=None, sa_column=Column(Word(Outcome), nullable=True))
    command: str | None = None
    """The command's name once understood, such as `task pause`."""
    account: str | None = None
    answer: str | None = None
    """What the person was told, in plain words."""
    check_with: str | None = None
    """Written before a change is asked for at a vendor: the command that shows whether it happened."""
    progress_channel: str | None = None
    progress_ts: str | None = None
    """The direct message that shows how far it is; whoever closes the run edits it."""


class ChangeState(StrEnum):
    """How far a change at a vendor has come."""

    INTENDED = "intended"
    """Written down; the call may or may not have been made."""
    UNKNOWN = "unknown"
    """The call was made and its outcome is being looked up."""
    DONE = "done"
    NOT_DONE = "not_done"
    """The vendor refused, or was seen not to have done it."""
    LOST = "lost"
    """Could not be found out in time; a person must look."""


class Change(SQLModel, table=True):
    """One change at a vendor, written down before it is asked for, so that it is never asked for twice."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_due", "state", "due_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="command_run.id")
    account: str
    task_id: str
    action: str
    """`pause`, `hold`, `resume`, `cancel` or `delete`."""
    wanted: str | None = None
    """The status that it should lead to; None for a deletion."""
    before: dict[str, Any] = Field(sa_type=JSON)
    """The task as it was read right before: status, sent, planned, name; its `form`, and which fields were `asked`."""
    form: dict[str, Any] | None = Field(default=None, sa_type=_MAYBE)
    """All that the call says: fields of `providers.model.TaskForm`, as JSON; None for a deletion."""
    state: ChangeState = Field(sa_column=Column(Word(ChangeState), nullable=False))
    created_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When to look next; None once it is settled."""
    looked: int = 0
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str | None = None
    """The error's code, or what was observed, in the vendor's words."""


class Limit(SQLModel, table=True):
    """How much of a vendor's limit is used up, shared by all processes."""

    __tablename__ = "rate_limit"

    key: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=UtcTime)
    """When the next call may go, if calls are spaced evenly; the window's start otherwise."""
    used: int = 0
    """Calls made in the window that began at `next_at`."""


class DraftState(StrEnum):
    """How far a message that was written here has come."""

    OPEN = "open"
    SENDING = "sending"
    """Claimed; the call may or may not have been made."""
    SENT = "sent"
    FAILED = "failed"
    """The vendor refused it, or was not reached."""
    UNKNOWN = "unknown"
    """The vendor never answered; nothing identifies the result, so this is final."""
    DISCARDED = "discarded"


class Draft(SQLModel, table=True):
    """A message that waits for its writer's yes, at vendors that cannot hold one."""

    __tablename__ = "draft"

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="command_run.id")
    """The request that wrote it; once it is claimed, the one that sends it."""
    account: str
    requested_by: str
    content: dict[str, Any] = Field(sa_type=JSON)
    """What would be sent, and to whom; once it is settled, only how many and a hash."""
    state: DraftState = Field(sa_column=Column(Word(DraftState), nullable=False))
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    settled_by: str | None = None
    result: dict[str, Any] | None = Field(default=None, sa_type=_MAYBE)
    """The vendor's id, code and words."""


class HomeTab(SQLModel, table=True):
    """A person who looks at App Home."""

    __tablename__ = "home_tab"

    user_id: str = Field(primary_key=True)
    team_id: str | None = None
    opened_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it should be published anew; None while it shows what is known."""


class Job(SQLModel, table=True):
    """What happens without anyone asking, and how it went."""

    __tablename__ = "job"

    name: str = Field(primary_key=True)
    worker: str | None = None
    """The process that ran it last."""
    next_due: datetime | None = Field(default=None, sa_type=UtcTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    last_started: datetime | None = Field(default=None, sa_type=UtcTime)
    last_finished: datetime | None = Field(default=None, sa_type=UtcTime)
    last_error: str | None = None
    """What the last failure was; None once it went well again."""
    failures: int = 0
    """How many times in a row it has failed."""
    last_good: datetime | None = Field(default=None, sa_type=UtcTime)
    """When the last run that went well began."""


class Snapshot(SQLModel, table=True):
    """What a vendor said last about one thing; its version says how often that has changed."""

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_due", "account", "kind", "look_at"),)

    account: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    """`task`, `balance`, `service`, `template`, `domain`, `import`, `message`, `stats` or `provider`."""
    subject: str = Field(primary_key=True)
    """The vendor's id; a date or a task's id for `stats`; empty where an account has only one."""
    version: int
    """1 when first seen; each change adds 1. Only who noted it before asking may write (compare and set)."""
    state: str
    """Our word: a task's status, a template's check, `up` or why not."""
    facts: dict[str, Any] = Field(sa_type=JSON)
    """The fields of `providers.model`, as JSON."""
    raw: dict[str, Any] | None = Field(default=None, sa_type=_MAYBE)
    first_seen: datetime = Field(sa_type=UtcTime)
    observed_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    missed: int = 0
    """Look-ups by id in a row that found nothing."""
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When to ask for it next; None: never again."""


class StatSample(SQLModel, table=True):
    """Counters at one moment: what rates and baselines are made of."""

    __tablename__ = "stat_sample"
    __table_args__ = (Index("ix_stat_sample_at", "at"),)

    account: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    """`task/19124` or `day/2026-11-21`."""
    at: datetime = Field(sa_type=UtcTime, primary_key=True)
    counters: dict[str, int | None] = Field(sa_type=JSON)
    """Fields of `providers.model.SendStats` (and `planned`, `emails_left`); what was not said is None."""


class Event(SQLModel, table=True):
    """Something that happened. The id is a hash, so that two processes that see it write one row."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_subject", "account", "subject", "recorded_at"),
        Index("ix_event_at", "recorded_at"),
        Index("ix_event_raw", "recorded_at", **where("raw IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    account: str
    type: str
    subject: str
    """`task/19124`, `balance`, `alert/0198…`."""
    time: datetime = Field(sa_type=UtcTime)
    """When it was observed."""
    recorded_at: datetime = Field(sa_type=UtcTime)
    data: dict[str, Any] = Field(sa_type=JSON)
    raw: dict[str, Any] | None = Field(default=None, sa_type=_MAYBE)
    """The vendor's own words, for as long as `retention.raw` says."""
    as_told: bool = False
    """Told by another system in our own vocabulary: its data need not be as our schemas say."""


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    """True, and not yet for as long as the rule's `for`."""
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Alert(SQLModel, table=True):
    """One rule that holds for one subject, from when it began to when it ended."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_due", "due_at"), Index("ix_alert_account", "account", "state"))

    id: str = Field(default_factory=new_id, primary_key=True)
    open_key: str | None = Field(default=None, unique=True)
    """`rule|account|subject` until it is resolved, then None: at most one open alert for each. One that a person closed
    keeps it until the rule is clear, so that what is still true is not raised again."""
    rule: str
    kind: str
    severity: str
    """`critical`, `warning` or `info`."""
    account: str
    subject: str
    """As in `Event.subject`."""
    state: AlertState = Field(sa_column=Column(Word(AlertState), nullable=False))
    version: int = 1
    """Each change adds 1; changes are compare-and-set on it."""
    held: bool = False
    """Its provider cannot be reached: nothing is said until it can."""
    reason: str
    """Why it fires, by name."""
    facts: dict[str, Any] = Field(sa_type=JSON)
    """What the message says: figures as they are now."""
    peak: dict[str, Any] = Field(sa_type=JSON)
    """The same at the worst moment."""
    began_at: datetime = Field(sa_type=UtcTime)
    fired_at: datetime | None = Field(default=None, sa_type=UtcTime)
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcTime)
    snoozed_until: datetime | None = Field(default=None, sa_type=UtcTime)
    snoozed_by: str | None = None
    step: int = 0
    """How many steps of its escalation have been taken."""
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When something falls due by itself: `for` is over, the next step, the snooze's end."""
    resolved_at: datetime | None = Field(default=None, sa_type=UtcTime)
    resolved_by: str | None = None
    """Who closed it by hand; None when it went away."""
    assigned_to: str | None = None
    """Whom a person has asked to look after it; mentioned first at the next step."""
    did: str | None = None
    """What the rule's action came to, such as `paused`."""


class NoticeKind(StrEnum):
    """What a message of ours is about."""

    ALERTS = "alerts"
    """One alert, or a group of them."""
    MEMBERS = "members"
    """In the thread of a group: a page of its alerts."""
    HISTORY = "history"
    """In the thread: what happened, and who did it."""
    ESCALATION = "escalation"
    """In the thread, to everyone: nobody has acknowledged."""
    EVENTS = "events"
    """Events that somebody subscribed to."""
    WATCH = "watch"
    """One task's progress, live."""
    APPROVAL = "approval"
    """A send that waits for a yes, and what came of it (`Notice.approval_id`)."""
    DIGEST = "digest"
    NOTE = "note"
    """A single word to admins or to one person."""


class Notice(SQLModel, table=True):
    """What one receiver shows, or should; whenever `wanted` is past `shown`, the rows are rendered as they are."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_due", "due_at", **where("due_at IS NOT NULL")),
        Index("ix_notice_repeat", "repeat_at", **where("repeat_at IS NOT NULL")),
        Index("ix_notice_parent", "parent_id"),
        Index("ix_notice_approval", "approval_id", **where("approval_id IS NOT NULL")),
        Index("ix_notice_open", "kind", **where("open_key IS NOT NULL")),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    open_key: str | None = Field(default=None, unique=True)
    """`receiver|kind|group` while more may join, then None."""
    kind: NoticeKind = Field(sa_column=Column(Word(NoticeKind), nullable=False))
    receiver: str
    """A channel (C…) or a person (U…)."""
    channel: str | None = None
    """Where it is shown: the channel, or the person's direct messages once known."""
    parent_id: str | None = None
    """The notice in whose thread it stands."""
    approval_id: str | None = None
    """The approval whose card it is."""
    page: int = 0
    ts: str | None = None
    """Slack's name for the message, once it is there."""
    wanted: int = 1
    shown: int = 0
    priority: int = 1
    """0 goes first: critical."""
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What is not read from other rows: a template's name and facts."""
    created_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it may be sent; None while it shows what is wanted, and when it is parked."""
    repeat_at: datetime | None = Field(default=None, sa_type=UtcTime)
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    """While a process sends it."""
    tried_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """Written before a post is tried, cleared when its end is known: a post with it set is looked for first."""
    attempts: int = 0
    parked: str | None = None
    """Why it cannot be sent until a person does something: Slack's error."""
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class NoticeAlert(SQLModel, table=True):
    """Which alerts a notice shows."""

    __tablename__ = "notice_alert"
    __table_args__ = (Index("ix_notice_alert_alert", "alert_id"),)

    notice_id: str = Field(primary_key=True, foreign_key="notice.id")
    alert_id: str = Field(primary_key=True, foreign_key="alert.id")
    added_at: datetime = Field(sa_type=UtcTime)
    position: int = 1
    """1, 2, …: the order in which they joined. Page n of MEMBERS shows 20n+1 to 20n+20."""
    joined: int = 1
    """`Notice.wanted` when it joined: a button that carries an older version does not cover it."""
    seen_version: int = 0
    """The alert's version when the message was last rendered, written before it is sent; 0: never yet."""


class Subscription(SQLModel, table=True):
    """What a channel or a person wants to be told."""

    __tablename__ = "subscription"

    id: str = Field(default_factory=new_id, primary_key=True)
    receiver: str
    types: str
    """An event type, or the beginning of several with a star: `task.*`."""
    severity: str | None = None
    """For alerts: this one and worse."""
    account: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class Silence(SQLModel, table=True):
    """What nobody wants to hear for a while."""

    __tablename__ = "silence"

    id: str = Field(default_factory=new_id, primary_key=True)
    matchers: dict[str, str] = Field(sa_type=JSON)
    """Any of `account`, `rule`, `kind`, `severity`, `subject`, `name`; all of them must match, stars allowed."""
    starts_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime = Field(sa_type=UtcTime)
    created_by: str
    comment: str | None = None
    ended_by: str | None = None


class MessageWatch(SQLModel, table=True):
    """A single message whose fate somebody wants to know."""

    __tablename__ = "message_watch"

    account: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    receiver: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    until: datetime = Field(sa_type=UtcTime)
    """When it is given up."""


class ApprovalKind(StrEnum):
    """What is asked for."""

    SCHEDULE = "schedule"
    """A task that was made or edited here, and is on hold at the vendor."""
    RESUME = "resume"
    """A task that somebody wants to let go on, and that nobody has approved here as it is."""
    FOUND = "found"
    """A task that was seen at the vendor on its way, and that nobody has approved here."""
    DRAFT = "draft"
    """A message at a vendor that cannot hold one."""


class ApprovalState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    """Enough votes; waits to be carried out."""
    EXECUTING = "executing"
    """Claimed; the call may or may not have been made."""
    EXECUTED = "executed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The vendor never answered; being looked up where it can be."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Nobody decided in time, or it could not be carried out in time. Never means yes."""
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    """What was shown is not what is there any more."""


class Approval(SQLModel, table=True):
    """A request to send, from when it was asked for to its end."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_due", "due_at", **where("due_at IS NOT NULL")),
        Index("ix_approval_subject", "account", "subject"),
        Index("ix_approval_state", "state"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    open_key: str | None = Field(default=None, unique=True)
    """`account|subject` until it has ended, then None: a task has at most one open request."""
    kind: ApprovalKind = Field(sa_column=Column(Word(ApprovalKind), nullable=False))
    account: str
    subject: str
    """`task/19124`, `draft/0198…`."""
    state: ApprovalState = Field(sa_column=Column(Word(ApprovalState), nullable=False))
    version: int = 1
    """Each change adds 1; changes are compare-and-set on it, and buttons carry it."""
    requested_by: str | None = None
    """None when it was found."""
    channel_id: str | None = None
    """Where it was asked for."""
    reason: str | None = None
    """Why, in the asker's words."""
    proposal: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Everything that the card shows; empty until it was read at the vendor."""
    hash: str = ""
    """Of the part of the proposal that was read and is approved; votes are for this hash."""
    policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What applied when it was asked for: why so many, who may, whom to tell when nobody answers."""
    needed: int = 1
    send_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it is to go out; None: as soon as it is approved."""
    expires_at: datetime = Field(sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    step: int = 0
    """How many steps of its escalation have been taken."""
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When something falls due by itself: to be read, the next step, its expiry, its execution, a look-up."""
    decided_by: str | None = None
    """Who rejected, withdrew, or gave the last vote."""
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str | None = None
    """Why it was rejected, voided, expired or failed: a person's words, or a name of ours."""
    replaces: str | None = None
    """The request that this one asks anew."""
    replaced_by: str | None = None
    run_id: str | None = None
    """The run that carries it out: its changes and the audit log."""
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    """While a process carries it out."""
    looked: int = 0
    result: dict[str, Any] | None = Field(default=None, sa_type=_MAYBE)
    """What the vendor answered, and what was read afterwards."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Vote(SQLModel, table=True):
    """One person's yes to one hash."""

    __tablename__ = "vote"

    approval_id: str = Field(primary_key=True, foreign_key="approval.id")
    user_id: str = Field(primary_key=True)
    hash: str
    at: datetime = Field(sa_type=UtcTime)
    lost_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it was seen that this person may not vote any more; the vote then does not count."""


class TaskLedger(SQLModel, table=True):
    """What we told a vendor of a task last, because it cannot all be read back."""

    __tablename__ = "task_ledger"

    account: str = Field(primary_key=True)
    task_id: str = Field(primary_key=True)
    form: dict[str, Any] = Field(sa_type=JSON)
    """Fields of `providers.model.TaskForm`, as JSON; what was not told is not there."""
    by: str
    at: datetime = Field(sa_type=UtcTime)


class EndpointState(StrEnum):
    """Whether a webhook endpoint is sent anything."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By a person: what happens meanwhile waits for it."""
    DISABLED = "disabled"
    """It failed for too long, or said that it is gone (410): what happens meanwhile is not kept for it."""
    DELETED = "deleted"


class WebhookEndpoint(SQLModel, table=True):
    """Somebody else's system that is told what happens."""

    __tablename__ = "webhook_endpoint"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str | None = Field(default=None, unique=True)
    """What people call it; None once it is deleted."""
    url: str
    state: EndpointState = Field(sa_column=Column(Word(EndpointState), nullable=False))
    shipped: bool = False
    """From app.yaml, which then says everything but the state; else added in Slack."""
    secret: str = ""
    """`whsec_…`; empty where app.yaml has it."""
    secret_before: str | None = None
    """Signs as well until `rotated_until`."""
    rotated_until: datetime | None = Field(default=None, sa_type=UtcTime)
    types: list[str] = Field(default_factory=lambda: ["*"], sa_type=JSON)
    """As in `Subscription.types`."""
    severity: str | None = None
    accounts: list[str] = Field(default_factory=list, sa_type=JSON)
    """Empty: all."""
    addresses: bool = False
    """Whether recipients' addresses are told."""
    allow_private: bool = False
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    failing_since: datetime | None = Field(default=None, sa_type=UtcTime)
    """The first failure since the last success."""
    warned: int = 0
    """Warnings given since then: at a half and at the end."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it was disabled or deleted."""
    why: str | None = None


class DeliveryState(StrEnum):
    """How far one event has come on its way to one endpoint."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Delivery(SQLModel, table=True):
    """One event for one endpoint."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "endpoint_id", "next_at", "seq", **where("state = 'pending'")),
        Index("ix_delivery_lent", "endpoint_id", "lease_until", **where("lease_until IS NOT NULL")),
        Index("ix_delivery_ended", "ended_at", **where("ended_at IS NOT NULL")),
        Index("ix_delivery_order", "endpoint_id", "subject", "seq", **where("state = 'pending'")),
        Index("ix_delivery_event", "event_id"),
        Index("ix_delivery_latest", "endpoint_id", "seq"),
    )

    seq: int | None = Field(default=None, primary_key=True)
    """Counts up: the order of an endpoint's events of one subject."""
    endpoint_id: str = Field(foreign_key="webhook_endpoint.id")
    event_id: str
    subject: str
    """`account/subject`: what order is kept for."""
    state: DeliveryState = Field(sa_column=Column(Word(DeliveryState), nullable=False))
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcTime)
    next_at: datetime = Field(sa_type=UtcTime)
    """When it may be tried: the lease's end while a process does, the year 9999 while it waits for the one before."""
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    replayed_by: str | None = None


class Attempt(SQLModel, table=True):
    """One try at a delivery, and how it went."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_endpoint", "endpoint_id", "at"), Index("ix_attempt_at", "at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    endpoint_id: str
    delivery_seq: int
    event_id: str
    at: datetime = Field(sa_type=UtcTime)
    status: int | None = None
    """HTTP's; None when there was no answer."""
    milliseconds: int
    error: str | None = None


class Misfit(SQLModel, table=True):
    """Something that arrived by webhook and could not be read; kept for people to look at."""

    __tablename__ = "misfit"
    __table_args__ = (Index("ix_misfit_at", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    source: str
    at: datetime = Field(sa_type=UtcTime)
    reason: str
    body: str
    """As it came, at most 16 KB of it."""
