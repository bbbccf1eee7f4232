"""Every table, on one page.

Times are UTC in the database and aware in Python: `UtcTime` sees to it. Ids that mean nothing are UUIDv7, so that rows
sort by age. JSON columns hold what only people and later code read, never what a query must find.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Index, String
from sqlalchemy import text as sql
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel
from uuid6 import uuid7


class UtcTime(TypeDecorator[datetime]):
    """Aware in, UTC in the database, aware out; SQLite forgets zones by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

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
    """The task as it was read right before: status, sent, planned, name."""
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
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
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
