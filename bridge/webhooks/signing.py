"""Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body, `v1`.

Specification: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme". While a secret is being
changed there are several signatures, parted by spaces, the newest secret's first.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from standardwebhooks import Webhook

SHORTEST = 24
"""Bytes of a secret, as the specification says."""
_BYTES = 32


def is_secret(text: str) -> bool:
    """Whether it is one as the specification has them: base64 of 24 bytes or more, behind `whsec_` or nothing."""
    try:
        return len(b64decode(text.removeprefix("whsec_"), validate=True)) >= SHORTEST
    except ValueError:
        return False


def new_secret() -> str:
    """`whsec_` and base64."""
    return "whsec_" + b64encode(secrets.token_bytes(_BYTES)).decode()


def sign(keys: Sequence[str], id_: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of a request; `keys` are secrets as `new_secret` makes them, at least one."""
    text = body.decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(_signer(key).sign(id_, at, text) for key in keys),
    }


@lru_cache(maxsize=256)
def _signer(key: str) -> Webhook:
    return Webhook(key)
