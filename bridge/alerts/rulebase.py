"""What every rule says, whatever it looks at."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bridge.durations import Span
from bridge.events import EventType
from bridge.sightings import Kind


class Severity(StrEnum):
    """How bad it is; the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


def rank(severity: str) -> int:
    """0 for the worst."""
    return [*Severity].index(Severity(severity))


class RuleKind(StrEnum):
    """What a rule looks at."""

    TASK_STATUS = "task_status"
    TASK_LATE = "task_late"
    TASK_STALLED = "task_stalled"
    BOUNCE_RATE = "bounce_rate"
    FAILURE_CATEGORY = "failure_category"
    DELIVERED_RATE = "delivered_rate"
    COMPLAINTS = "complaints"
    BALANCE_LOW = "balance_low"
    BALANCE_SHORT = "balance_short"
    SERVICE_EXPIRING = "service_expiring"
    SERVICE_DISABLED = "service_disabled"
    TEMPLATE_REJECTED = "template_rejected"
    DOMAIN_UNVERIFIED = "domain_unverified"
    IMPORT_FAILED = "import_failed"
    MESSAGE_FAILED = "message_failed"
    PROVIDER_DOWN = "provider_down"
    UNAPPROVED_SEND = "unapproved_send"


def _share(value: object) -> float:
    if isinstance(value, float):
        return value
    try:
        share = float(Decimal(str(value).strip().removesuffix("%").strip()) / 100)
    except InvalidOperation:
        share = -1.0
    if not str(value).strip().endswith("%") or not 0 <= share <= 1:
        raise ValueError("is no share; write it as in 10% or 0.5%")
    return share


Share: TypeAlias = Annotated[float, BeforeValidator(_share)]
"""A field of app.yaml: `10%`; 0.1 here."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Where(_Frozen):
    """What a rule is for; everything where nothing is said. Stars stand for anything."""

    accounts: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    """Ids of tasks or names of their templates."""
    lists: tuple[str, ...] = ()
    """Ids or names of the lists that a task goes to."""


class Rule(_Frozen):
    """What every rule says."""

    of: ClassVar[Kind]
    """What its facts are about."""
    fires: ClassVar[EventType | None] = None
    """The event that its firing is, besides `alert.firing`."""
    clears: ClassVar[EventType | None] = None

    name: str = Field(min_length=1, max_length=60)
    kind: RuleKind
    severity: Severity = Severity.WARNING
    where: Where = Where()
    wait: Span | None = Field(default=None, alias="for")
    """How long it must hold before anybody is told; None: not at all."""
    runbook: str | None = None
    """What to do about it: a link, or a sentence."""
    enabled: bool = True

    @property
    def depends(self) -> bool:
        """Whether it is held back while the vendor cannot be reached."""
        return self.kind is not RuleKind.PROVIDER_DOWN


class TaskRule(Rule):
    """A rule whose subject may be a sending task, so that it can pause it."""

    action: Literal["pause"] | None = None
    """What is done when it fires, besides telling."""
    cooldown: Span = timedelta(hours=1)
    """How long after it has acted on a task it leaves the task alone."""


class RateRule(TaskRule):
    """A rule about counters."""

    of: ClassVar[Kind] = Kind.STATS
    per: Literal["task", "day"] = "task"
    """Whose counters: each task's, or the account's of each day."""
    floor: int = Field(default=200, ge=1)
    """Of fewer messages no share is judged."""


class RaisedRule(RateRule):
    """A rule about a share that is too high: above a limit, or above some times the account's usual one."""

    above: Share | None = None
    times: float | None = Field(default=None, gt=1)
    least: Share = 0.02
    """Below this, no multiple of the usual share is worth a word."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.above is None and self.times is None:
            raise ValueError("says neither above nor times; add one of them")
        return self
