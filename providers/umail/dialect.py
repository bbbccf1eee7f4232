"""U-Mail's two dialects side by side: `basic` is the document of 2019 (000), `md5` is V3.0 of 2017 (001)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from providers.model import FailureCategory, TaskStatus


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one document says otherwise than the other."""

    name: str
    """How people know it."""
    newer: bool
    """Whether the calls and parameters that only 000 has may be used."""
    statuses: Mapping[str, TaskStatus]
    """`send_status` -> ours; what is missing is unknown."""
    filters: Mapping[TaskStatus, tuple[str, ...]]
    """The values of task-list's `send_status` that together make one of ours."""
    added_as: Mapping[TaskStatus, str]
    """Values of add-task's `status`."""
    edited_to: Mapping[TaskStatus, str]
    """Values of edit-task's `send_status` that may be written."""
    time_format: str
    time_step: timedelta
    """The smallest step that `time_format` can say."""

    def time(self, moment: datetime, zone: ZoneInfo) -> str:
        """A time as this dialect writes it, never before `moment`: the vendor takes no time that has passed."""
        local = moment.astimezone(zone)
        short = timedelta(seconds=local.second if self.time_step >= timedelta(minutes=1) else 0)
        down = local - short - timedelta(microseconds=local.microsecond)
        return (down if down == local else down + self.time_step).strftime(self.time_format)


_V3_STATUSES = {
    "-1": TaskStatus.DRAFT,
    # 001 words it "waiting to send", as 000 words its 0.
    "1": TaskStatus.SCHEDULED,
    "2": TaskStatus.SENDING,
    "3": TaskStatus.SENT,
    # These two only in 001 6.1's filter list.
    "-2": TaskStatus.PAUSED,
    "-3": TaskStatus.CANCELLED,
}
_STATUSES = _V3_STATUSES | {
    "0": TaskStatus.QUEUED,
    "4": TaskStatus.STOPPED,
    "-4": TaskStatus.FAILED,
    "-5": TaskStatus.QUEUED,
}
DETAILS: Mapping[str, str] = MappingProxyType({"-5": "ingesting"})
"""What the status alone does not say (000 2.1: "waiting for ingest and start")."""
_ADDED_AS = {TaskStatus.DRAFT: "-1", TaskStatus.SCHEDULED: "1", TaskStatus.SENDING: "2"}


def _filters(statuses: Mapping[str, TaskStatus]) -> dict[TaskStatus, tuple[str, ...]]:
    return {status: tuple(value for value in statuses if statuses[value] is status) for status in statuses.values()}


BASIC = Dialect(
    name="2019",
    newer=True,
    statuses=_STATUSES,
    filters=_filters(_STATUSES),
    added_as=_ADDED_AS,
    # 000 6.3 lists all ten; the others are the platform's own, or mean two things (2), or are not explained (4).
    edited_to={
        TaskStatus.DRAFT: "-1",
        TaskStatus.SCHEDULED: "1",
        TaskStatus.PAUSED: "-2",
        TaskStatus.CANCELLED: "-3",
    },
    time_format="%Y-%m-%d %H:%M:%S",  # 000 6.2, 6.3
    time_step=timedelta(seconds=1),
)
MD5 = Dialect(
    name="V3.0",
    newer=False,
    statuses=_V3_STATUSES,
    filters=_filters(_V3_STATUSES),
    added_as=_ADDED_AS,
    edited_to={TaskStatus.DRAFT: "-1", TaskStatus.SCHEDULED: "1"},  # 001 6.3: "-1 or 1"
    time_format="%Y-%m-%d %H:%M",  # 001 5.1, 6.2, 6.3
    time_step=timedelta(minutes=1),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType({"basic": BASIC, "md5": MD5})

# 000 2.3: each type has a number, some a name as well; either may come back.
_CATEGORY_NAMES = {
    "1": ("not_exist", FailureCategory.MAILBOX_NOT_FOUND),
    "2": ("over_quota", FailureCategory.MAILBOX_FULL),
    "3": ("user_reject", FailureCategory.RECIPIENT_REJECTED),
    "4": (None, FailureCategory.SPAM_CONTENT),
    "5": (None, FailureCategory.DELIVERY_REFUSED),
    "6": (None, FailureCategory.SUPPRESSED),
    "7": (None, FailureCategory.SUPPRESSED_COMPLAINT),
    "8": ("invalid_addr", FailureCategory.INVALID_ADDRESS),
    "9": ("format_error", FailureCategory.INVALID_FORMAT),
    "10": (None, FailureCategory.CONNECTION_ERROR),
}
CATEGORIES: Mapping[str, FailureCategory] = MappingProxyType(
    {number: category for number, (_, category) in _CATEGORY_NAMES.items()}
    | {name: category for name, category in _CATEGORY_NAMES.values() if name}
)
"""failexportall's `type`, number or name, -> ours."""
# 000 2.3 wants a batch beside the types 1, 2 and 3; a period alone is only certain to do for `all`.
ASKED_AS: Mapping[FailureCategory, str] = MappingProxyType(
    {category: number for number, (_, category) in _CATEGORY_NAMES.items() if number not in ("1", "2", "3")}
)
"""Ours -> the `type` to ask for; the others are picked out of `all`."""
V3_TYPES: Mapping[FailureCategory, str] = MappingProxyType(
    {category: number for number, (name, category) in _CATEGORY_NAMES.items() if name}
)
"""Ours -> the five types of 001 2.3, which are those that have a name."""
