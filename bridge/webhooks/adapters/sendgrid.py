"""SendGrid's Event Webhook, with its signature.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (the fields) and …/getting-started-event-
webhook-security-features (ECDSA over time and body). A body is a list of events.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator

from bridge.events import EventType
from bridge.webhooks.adapters.contract import Arrived, ForgedError, Found, Item, Misread, RejectReason
from bridge.webhooks.adapters.settings import SourceSettings
from bridge.webhooks.adapters.wire import each, judge_time, misread, text_of, texts_of, unix_time

TYPES: Mapping[str, EventType] = {
    "processed": EventType.MESSAGE_QUEUED,
    "deferred": EventType.MESSAGE_DEFERRED,
    "delivered": EventType.MESSAGE_DELIVERED,
    "bounce": EventType.MESSAGE_BOUNCED,
    # SendGrid itself did not send it.
    "dropped": EventType.MESSAGE_REJECTED,
    "open": EventType.MESSAGE_OPENED,
    "click": EventType.MESSAGE_CLICKED,
    "spamreport": EventType.MESSAGE_COMPLAINED,
    "unsubscribe": EventType.MESSAGE_UNSUBSCRIBED,
    "group_unsubscribe": EventType.MESSAGE_UNSUBSCRIBED,
    "group_resubscribe": EventType.MESSAGE_SUBSCRIBED,
}
REASONS: Mapping[str, RejectReason] = {
    "invalid": RejectReason.INVALID,
    "unsubscribed address": RejectReason.UNSUBSCRIBED,
    "bounced address": RejectReason.BOUNCED,
    "bounce": RejectReason.BOUNCED,
    "blocked": RejectReason.BLOCKED,
    "expired": RejectReason.TIMED_OUT,
    "spam reporting address": RejectReason.SPAM,
}
"""Of dropped events, in lower case."""
_SIGNATURE, _STAMP = (f"X-Twilio-Email-Event-Webhook-{name}" for name in ("Signature", "Timestamp"))
_ENDS = (".filter", ".recvd-")
"""In `sg_message_id`, where the id ends that the send was answered with."""
_OWN = frozenset(
    {
        *("asm_group_id", "attempt", "bounce_classification", "category", "cert_err", "email", "event", "ip", "pool"),
        *("marketing_campaign_id", "marketing_campaign_name", "newsletter", "nlvx_campaign_id"),
        *("nlvx_campaign_split_id", "nlvx_user_id", "post_type", "reason", "response", "send_at", "sg_content_type"),
        *("sg_event_id", "sg_machine_open", "sg_message_id", "sg_template_id", "sg_template_name", "singlesend_id"),
        *("singlesend_name", "smtp-id", "status", "template_id", "template_hash", "timestamp", "tls", "type", "url"),
        *("url_offset", "useragent"),
    }
)
"""SendGrid's fields; what else stands in an event is what the customer put on the message."""


@lru_cache(maxsize=32)
def _key(text: str) -> EllipticCurvePublicKey:
    key = load_der_public_key(b64decode(text, validate=True))
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError
    return key


def _public_key(text: str) -> str:
    try:
        _key(text)
    except (ValueError, TypeError):
        raise ValueError("is no public key; copy the verification key of SendGrid's webhook settings") from None
    return text


class Settings(SourceSettings):
    """The webhook must be signed: "Signed Event Webhook" in SendGrid's settings."""

    public_key: Annotated[str, AfterValidator(_public_key)]
    """The verification key."""


def verify(settings: Settings, arrived: Arrived, now: datetime) -> None:
    """ECDSA with SHA-256 over the time and the body."""
    stamp = arrived.headers.get(_STAMP, "")
    try:
        signature = b64decode(arrived.headers.get(_SIGNATURE, ""), validate=True)
        _key(settings.public_key).verify(signature, stamp.encode() + arrived.body, ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        raise ForgedError from None
    judge_time(stamp, now, settings.window)


def items(arrived: Arrived) -> Iterator[Found]:
    """Each event of the list."""
    for one in each(arrived.body):
        yield one if isinstance(one, Misread) else _item(one)


def _item(event: Mapping[str, Any]) -> Found:
    word = text_of(event.get("event"))
    if word is None:
        return misread("event is missing", event)
    dropped = word == "dropped"
    # The cause is in `type` of some, in `reason` of others.
    why = text_of(event.get("type")) or text_of(event.get("reason")) or ""
    said = text_of(event.get("response")) or text_of(event.get("reason"))
    return Item(
        event_type=TYPES.get(word, EventType.MESSAGE_UNKNOWN),
        raw_status=word,
        vendor_id=text_of(event.get("sg_event_id")),
        message_id=_message_id(event),
        recipient=text_of(event.get("email")),
        time=unix_time(event.get("timestamp")),
        reject_reason=REASONS.get(why.lower(), RejectReason.OTHER) if dropped else None,
        mta_response=None if dropped else said,
        tags=texts_of(event.get("category")),
        metadata={name: event[name] for name in event.keys() - _OWN},
        click_url=text_of(event.get("url")),
        user_agent=text_of(event.get("useragent")),
        raw=event,
    )


def _message_id(event: Mapping[str, Any]) -> str | None:
    """The id that the send was answered with (`X-Message-Id`): the beginning of both ids that an event may have."""
    own = text_of(event.get("sg_message_id"))
    if own is not None:
        return own[: min((place for end in _ENDS if (place := own.find(end)) > 0), default=len(own))]
    smtp = text_of(event.get("smtp-id"))
    return smtp.strip("<>").partition("@")[0] or None if smtp else None
