"""Which type of event has which data.

Our own events have every field that is not marked as one that may be missing; null says that nobody knows, never 0.
"""

from collections.abc import Mapping

from bridge.events import EventType
from bridge.webhooks.schemas.forms import Data
from bridge.webhooks.schemas.ours import (
    AlertData,
    ApprovalData,
    AssignData,
    DeliveryData,
    EndpointData,
    EscalationData,
    RuleSaid,
    SnoozeData,
)
from bridge.webhooks.schemas.seen import (
    BalanceData,
    DomainData,
    ImportData,
    MessageData,
    ProviderData,
    ServiceData,
    StatsData,
    TaskChange,
    TaskData,
    TemplateData,
)

_OF: Mapping[str, type[Data]] = {
    "task": TaskChange,
    "message": MessageData,
    "stats": RuleSaid,
    "balance": RuleSaid,
    "service": ServiceData,
    "template": TemplateData,
    "domain": DomainData,
    "import": ImportData,
    "provider": ProviderData,
    "endpoint": EndpointData,
    "delivery": DeliveryData,
    "alert": AlertData,
    "approval": ApprovalData,
}
"""By the first part of the type, unless the type has its own."""
_OWN: Mapping[EventType, type[Data]] = {
    EventType.TASK_DISCOVERED: TaskData,
    EventType.TASK_VANISHED: TaskData,
    EventType.TASK_STALLED: RuleSaid,
    EventType.STATS_COUNTED: StatsData,
    EventType.BALANCE_CHANGED: BalanceData,
    EventType.ALERT_SNOOZED: SnoozeData,
    EventType.ALERT_ASSIGNED: AssignData,
    EventType.ALERT_ESCALATED: EscalationData,
}
DATA: Mapping[EventType, type[Data]] = {one: _OWN.get(one) or _OF[one.partition(".")[0]] for one in EventType}
