"""Signatures of webhooks as Standard Webhooks has them: `v1,` and the base64 of an HMAC-SHA256 of `id.time.body`.

Specification: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme". Written here a second time,
so that it agrees with the specification and not with the bot.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum

TOLERANCE = 300
"""Seconds that a signed time may be from ours, either way."""
SHORTEST = 24
"""Bytes of a secret."""
_PREFIX = "whsec_"


class Verdict(StrEnum):
    """What a receiver makes of a webhook."""

    VERIFIED = "verified"
    WRONG = "wrong"
    """It is signed with no secret that is known here, or was changed on its way."""
    STALE = "stale"
    """Signed rightly, and too long ago or too far ahead: somebody may be sending it a second time."""
    UNSIGNED = "unsigned"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """Whether a text has a secret's form, of at least SHORTEST bytes."""
    try:
        return text.startswith(_PREFIX) and len(_key(text)) >= SHORTEST
    except ValueError:
        return False


def sign(secret: str, id_: str, stamp: str, body: bytes) -> str:
    """The signature of one webhook; `stamp` is in seconds since 1970."""
    digest = hmac.new(_key(secret), f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def check(known: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> Verdict:
    """What to make of a webhook, with these secrets; several signatures may stand in its header, one must fit."""
    id_, stamp, shown = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not id_ or not stamp.isdecimal() or not shown:
        return Verdict.UNSIGNED
    right = [sign(secret, id_, stamp, body).encode() for secret in known]
    if not any(hmac.compare_digest(one.encode(), good) for one in shown.split() for good in right):
        return Verdict.WRONG
    return Verdict.VERIFIED if abs(now - int(stamp)) <= TOLERANCE else Verdict.STALE


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
