"""Postmark's webhooks. It signs nothing: a secret stands in the path, or Basic auth does it.

https://postmarkapp.com/developer/webhooks/webhooks-overview and https://postmarkapp.com/developer/api/bounce-api (the
types of bounce). A body is one event.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.events import EventType
from bridge.webhooks.adapters.contract import Arrived, Found, Item, Misread, RejectReason
from bridge.webhooks.adapters.shared import Settings
from bridge.webhooks.adapters.wire import each, iso_time, judge_secret, misread, object_of, text_of, texts_of

__all__ = ["REASONS", "TYPES", "Settings", "items", "verify"]

TYPES: Mapping[str, EventType] = {
    # RecordType
    "Delivery": EventType.MESSAGE_DELIVERED,
    "Bounce": EventType.MESSAGE_BOUNCED,
    "Open": EventType.MESSAGE_OPENED,
    "Click": EventType.MESSAGE_CLICKED,
    "SpamComplaint": EventType.MESSAGE_COMPLAINED,
    "SubscriptionChange": EventType.MESSAGE_UNSUBSCRIBED,
    # Type of a bounce or complaint, SuppressionReason of a change of subscription: they say it better.
    "HardBounce": EventType.MESSAGE_BOUNCED,
    # A hard bounce may still follow.
    "SoftBounce": EventType.MESSAGE_BOUNCED,
    "VirusNotification": EventType.MESSAGE_BOUNCED,
    "Transient": EventType.MESSAGE_DEFERRED,
    "DnsError": EventType.MESSAGE_DEFERRED,
    # The receiving server tests whether Postmark is an open relay.
    "OpenRelayTest": EventType.MESSAGE_DEFERRED,
    "AutoResponder": EventType.MESSAGE_AUTORESPONDED,
    "AddressChange": EventType.MESSAGE_AUTORESPONDED,
    "ChallengeVerification": EventType.MESSAGE_AUTORESPONDED,
    "Unsubscribe": EventType.MESSAGE_UNSUBSCRIBED,
    "ManualSuppression": EventType.MESSAGE_UNSUBSCRIBED,
    "Subscribe": EventType.MESSAGE_SUBSCRIBED,
    "SpamNotification": EventType.MESSAGE_COMPLAINED,
    "BadEmailAddress": EventType.MESSAGE_REJECTED,
    "ManuallyDeactivated": EventType.MESSAGE_REJECTED,
    "Unconfirmed": EventType.MESSAGE_REJECTED,
    "Blocked": EventType.MESSAGE_REJECTED,
    "DMARCPolicy": EventType.MESSAGE_REJECTED,
    "SMTPApiError": EventType.MESSAGE_FAILED,
    "TemplateRenderingFailed": EventType.MESSAGE_FAILED,
    "Unknown": EventType.MESSAGE_UNKNOWN,
    # Of a message to us, not of one of ours.
    "InboundError": EventType.MESSAGE_UNKNOWN,
}
REASONS: Mapping[str, RejectReason] = {
    "HardBounce": RejectReason.BOUNCED,
    "SoftBounce": RejectReason.BOUNCED,
    "VirusNotification": RejectReason.OTHER,
    "Unsubscribe": RejectReason.UNSUBSCRIBED,
    "ManualSuppression": RejectReason.UNSUBSCRIBED,
    "SpamNotification": RejectReason.SPAM,
    "SpamComplaint": RejectReason.SPAM,
    "BadEmailAddress": RejectReason.INVALID,
    "ManuallyDeactivated": RejectReason.BLOCKED,
    "Blocked": RejectReason.BLOCKED,
    "DMARCPolicy": RejectReason.BLOCKED,
}
_NARROWER: Mapping[str, str] = {"Bounce": "Type", "SpamComplaint": "Type", "SubscriptionChange": "SuppressionReason"}
"""By RecordType, the field that says more."""
_TIMES = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


def verify(settings: Settings, arrived: Arrived, now: datetime) -> None:  # noqa: ARG001  # nothing is signed
    """The secret in the path, or Basic auth."""
    judge_secret(arrived, settings.secrets, settings.username, settings.password.get_secret_value())


def items(arrived: Arrived) -> Iterator[Found]:
    """The event."""
    for one in each(arrived.body):
        yield one if isinstance(one, Misread) else _item(one)


def _item(event: Mapping[str, Any]) -> Found:
    record = text_of(event.get("RecordType"))
    if record is None or record == "Inbound":
        return misread(
            "an inbound message; this is for what becomes of sent ones"
            if record or "FromFull" in event
            else "RecordType is missing",
            event,
        )
    word = _word(event, record)
    return Item(
        event_type=TYPES.get(word) or TYPES.get(record, EventType.MESSAGE_UNKNOWN),
        raw_status=word,
        # Only bounces and complaints have an id.
        vendor_id=f"{record}/{event['ID']}" if "ID" in event else None,
        message_id=text_of(event.get("MessageID")),
        recipient=text_of(event.get("Email")) or text_of(event.get("Recipient")),
        time=next((at for name in _TIMES if (at := iso_time(event.get(name)))), None),
        reject_reason=REASONS.get(word),
        description=text_of(event.get("Description")),
        mta_response=text_of(event.get("Details")),
        tags=texts_of(event.get("Tag")),
        metadata=object_of(event.get("Metadata")),
        click_url=text_of(event.get("OriginalLink")),
        user_agent=text_of(event.get("UserAgent")),
        raw=event,
    )


def _word(event: Mapping[str, Any], record: str) -> str:
    """The narrowest of Postmark's words for it."""
    if record == "SubscriptionChange" and event.get("SuppressSending") is False:
        return "Subscribe"
    narrower = text_of(event.get(_NARROWER.get(record, ""))) or record
    return narrower if narrower in TYPES else record
