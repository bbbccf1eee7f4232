"""What can happen, in one vocabulary: the types of events, and what makes two of them the same one."""

from enum import StrEnum
from hashlib import sha256


class EventType(StrEnum):
    """Dotted, as subscriptions and webhooks name them. `message.*` are django-anymail's tracking words."""

    TASK_DISCOVERED = "task.discovered"
    TASK_SCHEDULED = "task.scheduled"
    TASK_STARTED = "task.started"
    TASK_PROGRESSED = "task.progressed"
    """Recorded; told only to who watches the task."""
    TASK_PAUSED = "task.paused"
    TASK_RESUMED = "task.resumed"
    TASK_COMPLETED = "task.completed"
    TASK_CANCELLED = "task.cancelled"
    TASK_STOPPED = "task.stopped"
    TASK_FAILED = "task.failed"
    TASK_STALLED = "task.stalled"
    TASK_CHANGED = "task.changed"
    TASK_VANISHED = "task.vanished"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_SENT = "message.sent"
    MESSAGE_REJECTED = "message.rejected"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_BOUNCED = "message.bounced"
    MESSAGE_DEFERRED = "message.deferred"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_AUTORESPONDED = "message.autoresponded"
    MESSAGE_OPENED = "message.opened"
    MESSAGE_CLICKED = "message.clicked"
    MESSAGE_COMPLAINED = "message.complained"
    MESSAGE_UNSUBSCRIBED = "message.unsubscribed"
    MESSAGE_SUBSCRIBED = "message.subscribed"
    MESSAGE_UNKNOWN = "message.unknown"
    STATS_COUNTED = "stats.counted"
    BOUNCE_RATE_RAISED = "stats.bounce_rate_raised"
    BOUNCE_RATE_CLEARED = "stats.bounce_rate_cleared"
    COMPLAINT_RATE_RAISED = "stats.complaint_rate_raised"
    COMPLAINT_RATE_CLEARED = "stats.complaint_rate_cleared"
    BALANCE_CHANGED = "balance.changed"
    BALANCE_LOW = "balance.low"
    BALANCE_RECOVERED = "balance.recovered"
    SERVICE_CHANGED = "service.changed"
    TEMPLATE_CHECKED = "template.checked"
    DOMAIN_CHECKED = "domain.checked"
    IMPORT_FINISHED = "import.finished"
    PROVIDER_UNREACHABLE = "provider.unreachable"
    PROVIDER_AUTH_FAILED = "provider.auth_failed"
    PROVIDER_RATE_LIMITED = "provider.rate_limited"
    PROVIDER_SCHEMA_CHANGED = "provider.schema_changed"
    PROVIDER_RECOVERED = "provider.recovered"
    ENDPOINT_FAILING = "endpoint.failing"
    ENDPOINT_DISABLED = "endpoint.disabled"
    ENDPOINT_RECOVERED = "endpoint.recovered"
    DELIVERY_DEAD = "delivery.dead"
    ALERT_FIRING = "alert.firing"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_SNOOZED = "alert.snoozed"
    ALERT_ASSIGNED = "alert.assigned"
    ALERT_ESCALATED = "alert.escalated"
    ALERT_RESOLVED = "alert.resolved"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_APPROVED = "approval.approved"
    APPROVAL_REJECTED = "approval.rejected"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_WITHDRAWN = "approval.withdrawn"
    APPROVAL_VOIDED = "approval.voided"
    APPROVAL_EXECUTED = "approval.executed"
    APPROVAL_FAILED = "approval.failed"
    APPROVAL_UNKNOWN = "approval.unknown"
    """The vendor never answered, and nobody can find out."""


def event_id(account: str, subject: str, type: str, version: int | str) -> str:  # noqa: A002  # the field's name
    """One transition has one id, whoever sees it: a second row is refused by the table's key.

    version: the snapshot's, after the change; so that pause, resume, pause are three.
    """
    return sha256("\0".join((account, subject, type, str(version))).encode()).hexdigest()[:32]


def subject_of(kind: str, subject: str) -> str:
    """What an event is about: `task/19124`; `balance`, where an account has only one."""
    return f"{kind}/{subject}" if subject else kind
