"""Mailgun's webhooks, with their signature.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/ ("Webhook payloads" and "Securing webhooks"). A
body is one event. The signature covers a time and a token, not the event: so the token is what makes an event one, and
a signature that is shown again with another event changes nothing.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from bridge.events import EventType
from bridge.webhooks.adapters.contract import Arrived, ForgedError, Found, Item, Misread, RejectReason
from bridge.webhooks.adapters.settings import SigningSecret
from bridge.webhooks.adapters.wire import (
    each,
    is_same,
    json_of,
    judge_time,
    misread,
    object_of,
    text_of,
    texts_of,
    unix_time,
)

TYPES: Mapping[str, EventType] = {
    "accepted": EventType.MESSAGE_QUEUED,
    "delivered": EventType.MESSAGE_DELIVERED,
    "failed": EventType.MESSAGE_BOUNCED,
    # As `failed` with the severity `temporary`: Mailgun goes on trying.
    "failed temporary": EventType.MESSAGE_DEFERRED,
    "rejected": EventType.MESSAGE_REJECTED,
    "opened": EventType.MESSAGE_OPENED,
    "clicked": EventType.MESSAGE_CLICKED,
    "complained": EventType.MESSAGE_COMPLAINED,
    "unsubscribed": EventType.MESSAGE_UNSUBSCRIBED,
}
REASONS: Mapping[str, RejectReason] = {
    "bounce": RejectReason.BOUNCED,
    "suppress-bounce": RejectReason.BOUNCED,
    "suppress-complaint": RejectReason.SPAM,
    "suppress-unsubscribe": RejectReason.UNSUBSCRIBED,
    "generic": RejectReason.OTHER,
}


class Settings(SigningSecret):
    """The secret is the "HTTP webhook signing key" of Mailgun's settings."""


def verify(settings: Settings, arrived: Arrived, now: datetime) -> None:
    """HMAC-SHA256 over the time and the token; events of a subaccount are signed by the account above it, too."""
    try:
        signature = object_of(object_of(json_of(arrived.body)).get("signature"))
    except ValueError:
        raise ForgedError from None
    stamp, token = text_of(signature.get("timestamp")) or "", text_of(signature.get("token")) or ""
    shown = [text_of(signature.get(name)) or "" for name in ("signature", "parent-signature")]
    message = f"{stamp}{token}".encode()
    known = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in settings.secrets]
    if not stamp or not token or not any(is_same(one, right) for one in shown for right in known):
        raise ForgedError
    judge_time(stamp, now, settings.window)


def items(arrived: Arrived) -> Iterator[Found]:
    """The event."""
    for one in each(arrived.body):
        yield one if isinstance(one, Misread) else _found(one)


def _found(body: Mapping[str, Any]) -> Found:
    event = object_of(body.get("event-data"))
    word = text_of(event.get("event"))
    return _item(event, word, body) if word else misread("event-data.event is missing", body)


def _item(event: Mapping[str, Any], word: str, body: Mapping[str, Any]) -> Item:
    severe = f"{word} {event.get('severity')}"
    type_ = TYPES.get(severe) or TYPES.get(word, EventType.MESSAGE_UNKNOWN)
    headers = object_of(object_of(event.get("message")).get("headers"))
    status = object_of(event.get("delivery-status"))
    why = text_of(event.get("reason"))
    rejected = type_ is EventType.MESSAGE_REJECTED
    message_id = text_of(headers.get("message-id"))
    return Item(
        event_type=type_,
        raw_status=word,
        vendor_id=text_of(object_of(body.get("signature")).get("token")),
        message_id=f"<{message_id.strip('<>')}>" if message_id else None,
        # Of what was rejected only the headers say it.
        recipient=text_of(event.get("recipient")) or parseaddr(text_of(headers.get("to")) or "")[1] or None,
        time=unix_time(event.get("timestamp")),
        reject_reason=REASONS.get(why, RejectReason.OTHER) if why else RejectReason.OTHER if rejected else None,
        description=text_of(status.get("description")) or text_of(object_of(event.get("reject")).get("reason")),
        mta_response=text_of(status.get("message")),
        tags=texts_of(event.get("tags")),
        metadata=object_of(event.get("user-variables")),
        click_url=text_of(event.get("url")),
        user_agent=text_of(object_of(event.get("client-info")).get("user-agent")),
        raw=event,
    )
