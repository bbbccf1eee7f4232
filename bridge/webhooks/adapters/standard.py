"""Anybody's events in our own envelope, signed as Standard Webhooks says (`v1`, HMAC-SHA256).

Specification: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme". The body is a CloudEvents 1.0
object, or a list of them. What only this bot can say (alerts, approvals, its own deliveries) is taken from nobody.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr, field_validator
from standardwebhooks import Webhook

from bridge.events import EventType
from bridge.webhooks.adapters.contract import Arrived, ForgedError, Found, Misread, RejectReason, Told
from bridge.webhooks.adapters.forms import fault
from bridge.webhooks.adapters.settings import SigningSecret
from bridge.webhooks.adapters.wire import each, is_same, iso_time, judge_time, misread, object_of, text_of, unix_time
from bridge.webhooks.envelope import ORIGIN
from bridge.webhooks.signing import SHORTEST, is_secret

_OURS = ("alert.", "approval.", "endpoint.", "delivery.")
TYPES: Mapping[str, EventType] = {one.value: one for one in EventType if not one.startswith(_OURS)}
REASONS: Mapping[str, RejectReason] = {one.value: one for one in RejectReason}
_LONGEST = 200
"""Characters of an id or a subject."""
_OUR_ID = re.compile(r"[0-9a-f]{32}")


class Settings(SigningSecret):
    """The secret is `whsec_` and base64, as the sender shows it."""

    @field_validator("secret", "secret_before")
    @classmethod
    def _is_secret(cls, value: SecretStr) -> SecretStr:
        if not is_secret(value.get_secret_value()):
            raise ValueError(f"is no secret of Standard Webhooks; write whsec_ and base64 of at least {SHORTEST} bytes")
        return value


def verify(settings: Settings, arrived: Arrived, now: datetime) -> None:
    """One of the signatures must be of one of our secrets; each signs id, time and body."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    id_, stamp, shown = (arrived.headers.get(name, "") for name in names)
    at = unix_time(stamp)
    try:
        body = arrived.body.decode()
        # A header may hold bytes that are no characters.
        id_.encode()
    except UnicodeError:
        raise ForgedError from None
    if not id_ or at is None or not stamp.isdecimal():
        raise ForgedError
    known = [Webhook(secret).sign(id_, at, body) for secret in settings.secrets]
    if not any(is_same(one, signature) for one in shown.split(" ") for signature in known):
        raise ForgedError
    judge_time(stamp, now, settings.window)


def items(arrived: Arrived) -> Iterator[Found]:
    """Each envelope; one without an id has the request's."""
    for number, one in enumerate(each(arrived.body)):
        ours = arrived.headers.get("webhook-id", "") + (f"/{number}" if number else "")
        yield one if isinstance(one, Misread) else _item(one, ours)


def _item(envelope: Mapping[str, Any], request_id: str) -> Found:
    word, data = text_of(envelope.get("type")) or "", envelope.get("data", {})
    id_, subject = text_of(envelope.get("id")) or request_id, text_of(envelope.get("subject")) or word.split(".")[0]
    if word not in TYPES:
        return misread(f"no type of event that is taken: {word[:_LONGEST]}" if word else "type is missing", envelope)
    if not isinstance(data, dict):
        return misread("data is not an object", envelope)
    if (wrong := fault(TYPES[word], data)) is not None:
        return misread(wrong, envelope)
    if len(id_) > _LONGEST or len(subject) > _LONGEST:
        return misread(f"id or subject is longer than {_LONGEST} characters", envelope)
    time = iso_time(envelope.get("time"))
    if time is None and envelope.get("time") is not None:
        return misread("time is not ISO 8601 with a zone", envelope)
    origin = next((one for one in (text_of(envelope.get(ORIGIN)), id_) if one and _OUR_ID.fullmatch(one)), None)
    raw = {name: value for name, value in envelope.items() if name not in ("data", ORIGIN)}
    raw |= {ORIGIN: origin} if origin else {}
    return Told(id=id_, type=TYPES[word], subject=subject, time=time, data=object_of(data), raw=raw, origin=origin)
