"""ITNIO's batch callback: that messages were taken in, or not. It says nothing of delivery.

Not in the vendor's documents that we have; from its public pages: `{taskId, emailId, toAddress, emailState, remark}`,
one or a list, unsigned. So a secret stands in the path, or Basic auth does it, best with an allow-list of addresses.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.events import EventType
from bridge.webhooks.adapters.contract import Arrived, Found, Item, Misread, RejectReason
from bridge.webhooks.adapters.shared import Settings
from bridge.webhooks.adapters.wire import each, judge_secret, misread, text_of

__all__ = ["REASONS", "TYPES", "Settings", "items", "verify"]

TYPES: Mapping[str, EventType] = {
    # Submitted: the vendor has it.
    "成功": EventType.MESSAGE_QUEUED,
    "失败": EventType.MESSAGE_FAILED,
}
REASONS: Mapping[str, RejectReason] = {}
"""`remark` is free text."""


def verify(settings: Settings, arrived: Arrived, now: datetime) -> None:  # noqa: ARG001  # nothing is signed
    """The secret in the path, or Basic auth."""
    judge_secret(arrived, settings.secrets, settings.username, settings.password.get_secret_value())


def items(arrived: Arrived) -> Iterator[Found]:
    """Each message of the batch."""
    for one in each(arrived.body, "data"):
        yield one if isinstance(one, Misread) else _item(one)


def _item(row: Mapping[str, Any]) -> Found:
    # 19 digits: read as a number they keep all of them in JSON of ours.
    message_id, word = text_of(row.get("emailId")), text_of(row.get("emailState")) or ""
    if message_id is None:
        return misread("emailId is missing", row)
    type_ = TYPES.get(word, EventType.MESSAGE_UNKNOWN)
    return Item(
        event_type=type_,
        raw_status=word,
        vendor_id=f"{text_of(row.get('taskId')) or ''}/{message_id}/{word}",
        message_id=message_id,
        recipient=text_of(row.get("toAddress")),
        time=None,
        reject_reason=RejectReason.OTHER if type_ is EventType.MESSAGE_FAILED else None,
        description=text_of(row.get("remark")),
        raw=row,
    )
