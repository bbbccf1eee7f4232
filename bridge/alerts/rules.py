"""Rules: what is worth an alert, of which kind, and from which point on. Data; `bridge.alerts.verdicts` judges them.

A rule of app.yaml that has a shipped one's name changes that one; another name makes a new rule.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from bridge.alerts.rulebase import RaisedRule, RateRule, Rule, RuleKind, Severity, Share, TaskRule, Where
from bridge.durations import Span
from bridge.events import EventType
from bridge.sightings import Kind, Link
from providers.model import FailureCategory, TaskStatus

__all__ = [
    "DEFAULTS", "MODELS", "BalanceLowRule", "BalanceShortRule", "BounceRateRule", "ComplaintsRule",
    "DeliveredRateRule", "DomainUnverifiedRule", "FailureCategoryRule", "ImportFailedRule", "MessageFailedRule",
    "ProviderDownRule", "RateRule", "Rule", "RuleKind", "ServiceDisabledRule", "ServiceExpiringRule", "Severity",
    "TaskLateRule", "TaskRule", "TaskStalledRule", "TaskStatusRule", "TemplateRejectedRule", "UnapprovedSendRule",
    "Where", "merged",
]  # fmt: skip


class TaskStatusRule(TaskRule):
    """A task has come to one of these."""

    of: ClassVar[Kind] = Kind.TASK
    kind: Literal[RuleKind.TASK_STATUS] = RuleKind.TASK_STATUS
    statuses: tuple[TaskStatus, ...] = (TaskStatus.FAILED, TaskStatus.STOPPED)


class TaskLateRule(TaskRule):
    """A task's time has passed and it has not started."""

    of: ClassVar[Kind] = Kind.TASK
    kind: Literal[RuleKind.TASK_LATE] = RuleKind.TASK_LATE
    after: Span = timedelta(minutes=15)


class TaskStalledRule(TaskRule):
    """A task is sending, and its counters have not moved."""

    of: ClassVar[Kind] = Kind.TASK
    fires: ClassVar[EventType | None] = EventType.TASK_STALLED
    kind: Literal[RuleKind.TASK_STALLED] = RuleKind.TASK_STALLED
    after: Span = timedelta(minutes=20)


class BounceRateRule(RaisedRule):
    """Of what was sent, too much failed: more than a share, or than some times the account's usual one."""

    fires: ClassVar[EventType | None] = EventType.BOUNCE_RATE_RAISED
    clears: ClassVar[EventType | None] = EventType.BOUNCE_RATE_CLEARED
    kind: Literal[RuleKind.BOUNCE_RATE] = RuleKind.BOUNCE_RATE


class FailureCategoryRule(RaisedRule):
    """Too much failed for these reasons: more than a share, or than some times the account's usual one."""

    kind: Literal[RuleKind.FAILURE_CATEGORY] = RuleKind.FAILURE_CATEGORY
    categories: tuple[FailureCategory, ...] = Field(min_length=1)


class DeliveredRateRule(RateRule):
    """Of what has come to an end, too little was delivered."""

    kind: Literal[RuleKind.DELIVERED_RATE] = RuleKind.DELIVERED_RATE
    below: Share


class ComplaintsRule(RateRule):
    """Too many recipients have complained. U-Mail counts who complained earlier and was left out (000 2.2)."""

    fires: ClassVar[EventType | None] = EventType.COMPLAINT_RATE_RAISED
    clears: ClassVar[EventType | None] = EventType.COMPLAINT_RATE_CLEARED
    kind: Literal[RuleKind.COMPLAINTS] = RuleKind.COMPLAINTS
    above: Share


class BalanceLowRule(Rule):
    """Less is left than a number, or than some days need as the account has been sending."""

    of: ClassVar[Kind] = Kind.BALANCE
    fires: ClassVar[EventType | None] = EventType.BALANCE_LOW
    clears: ClassVar[EventType | None] = EventType.BALANCE_RECOVERED
    kind: Literal[RuleKind.BALANCE_LOW] = RuleKind.BALANCE_LOW
    below: int | None = Field(default=None, ge=1)
    days: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.below is None and self.days is None:
            raise ValueError("says neither below nor days; add one of them")
        return self


class BalanceShortRule(Rule):
    """What is scheduled needs more than is left."""

    of: ClassVar[Kind] = Kind.BALANCE
    kind: Literal[RuleKind.BALANCE_SHORT] = RuleKind.BALANCE_SHORT
    within: Span = timedelta(days=7)
    """How far ahead scheduled sends count."""


class ServiceExpiringRule(Rule):
    """The vendor's service ends soon."""

    of: ClassVar[Kind] = Kind.SERVICE
    kind: Literal[RuleKind.SERVICE_EXPIRING] = RuleKind.SERVICE_EXPIRING
    within: Span = timedelta(days=14)


class ServiceDisabledRule(Rule):
    """The vendor lets the account send no more."""

    of: ClassVar[Kind] = Kind.SERVICE
    kind: Literal[RuleKind.SERVICE_DISABLED] = RuleKind.SERVICE_DISABLED


class TemplateRejectedRule(Rule):
    """A template did not pass the vendor's check."""

    of: ClassVar[Kind] = Kind.TEMPLATE
    kind: Literal[RuleKind.TEMPLATE_REJECTED] = RuleKind.TEMPLATE_REJECTED


class DomainUnverifiedRule(Rule):
    """A sender domain's DNS is not, or no longer, right."""

    of: ClassVar[Kind] = Kind.DOMAIN
    kind: Literal[RuleKind.DOMAIN_UNVERIFIED] = RuleKind.DOMAIN_UNVERIFIED


class ImportFailedRule(Rule):
    """A file did not make it into its list."""

    of: ClassVar[Kind] = Kind.IMPORT
    kind: Literal[RuleKind.IMPORT_FAILED] = RuleKind.IMPORT_FAILED


class MessageFailedRule(Rule):
    """A single message that somebody follows did not arrive."""

    of: ClassVar[Kind] = Kind.MESSAGE
    kind: Literal[RuleKind.MESSAGE_FAILED] = RuleKind.MESSAGE_FAILED


class ProviderDownRule(Rule):
    """The vendor does not answer, or not so that it could be used."""

    of: ClassVar[Kind] = Kind.PROVIDER
    kind: Literal[RuleKind.PROVIDER_DOWN] = RuleKind.PROVIDER_DOWN
    states: tuple[Link, ...] = (Link.UNREACHABLE, Link.AUTH_FAILED, Link.REFUSED, Link.SCHEMA_CHANGED)


class UnapprovedSendRule(TaskRule):
    """A task is going to be sent, or is, that nobody approved here."""

    of: ClassVar[Kind] = Kind.TASK
    kind: Literal[RuleKind.UNAPPROVED_SEND] = RuleKind.UNAPPROVED_SEND


MODELS: Mapping[RuleKind, type[Rule]] = {
    RuleKind.TASK_STATUS: TaskStatusRule,
    RuleKind.TASK_LATE: TaskLateRule,
    RuleKind.TASK_STALLED: TaskStalledRule,
    RuleKind.BOUNCE_RATE: BounceRateRule,
    RuleKind.FAILURE_CATEGORY: FailureCategoryRule,
    RuleKind.DELIVERED_RATE: DeliveredRateRule,
    RuleKind.COMPLAINTS: ComplaintsRule,
    RuleKind.BALANCE_LOW: BalanceLowRule,
    RuleKind.BALANCE_SHORT: BalanceShortRule,
    RuleKind.SERVICE_EXPIRING: ServiceExpiringRule,
    RuleKind.SERVICE_DISABLED: ServiceDisabledRule,
    RuleKind.TEMPLATE_REJECTED: TemplateRejectedRule,
    RuleKind.DOMAIN_UNVERIFIED: DomainUnverifiedRule,
    RuleKind.IMPORT_FAILED: ImportFailedRule,
    RuleKind.MESSAGE_FAILED: MessageFailedRule,
    RuleKind.PROVIDER_DOWN: ProviderDownRule,
    RuleKind.UNAPPROVED_SEND: UnapprovedSendRule,
}
"""Which class a rule of app.yaml is, by its `kind`."""

DEFAULTS: tuple[Rule, ...] = (
    TaskStatusRule(name="task-failed", severity=Severity.CRITICAL),
    TaskLateRule(name="task-late"),
    TaskStalledRule(name="task-stalled"),
    BounceRateRule(name="bounces", above=0.1, times=3, floor=500),
    # EmailCar's published limits for an account; past them it warns, then closes it. They make sense anywhere.
    FailureCategoryRule(
        name="invalid-addresses",
        severity=Severity.CRITICAL,
        per="day",
        categories=(
            FailureCategory.MAILBOX_NOT_FOUND,
            FailureCategory.INVALID_ADDRESS,
            FailureCategory.INVALID_FORMAT,
        ),
        above=0.1,
    ),
    FailureCategoryRule(
        name="judged-spam",
        severity=Severity.CRITICAL,
        per="day",
        categories=(FailureCategory.SPAM_CONTENT,),
        above=0.08,
    ),
    DeliveredRateRule(name="delivered", severity=Severity.CRITICAL, per="day", below=0.75, wait=timedelta(minutes=15)),
    ComplaintsRule(name="complaints", per="day", above=0.01),
    BalanceLowRule(name="balance-low", days=3),
    BalanceShortRule(name="balance-short"),
    ServiceExpiringRule(name="service-expiring"),
    ServiceDisabledRule(name="service-disabled", severity=Severity.CRITICAL),
    TemplateRejectedRule(name="template-rejected"),
    DomainUnverifiedRule(name="domain-unverified"),
    ImportFailedRule(name="import-failed"),
    MessageFailedRule(name="message-failed"),
    ProviderDownRule(name="provider-down", severity=Severity.CRITICAL, wait=timedelta(minutes=3)),
    ProviderDownRule(
        name="provider-limits", states=(Link.RATE_LIMITED,), severity=Severity.INFO, wait=timedelta(minutes=15)
    ),
)
"""The rules that are there unless app.yaml says otherwise, by names that it may repeat.

None is about sends that nobody approved: a card asks about them already (`approvals.unapproved_sends`), and to be told
of the same twice is not what people wish for unless they say so.
"""


def merged(configured: Sequence[Rule]) -> tuple[Rule, ...]:
    """The shipped rules and the configured ones, which replace those of their names; without the disabled ones."""
    rules = {rule.name: rule for rule in (*DEFAULTS, *configured)}
    return tuple(rule for rule in rules.values() if rule.enabled)
