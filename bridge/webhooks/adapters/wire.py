"""What comes over the wire, read without trust."""

import hmac
import json
import math
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from bridge.webhooks.adapters.contract import Arrived, ForgedError, Misread, StaleError

_DEEPEST = 32
"""What is nested deeper is no vendor's; what renders and forwards it later goes down by recursion."""
# JSON is UTF-8 (RFC 8259 8.1): whatever cannot be written stands there as an escape.
_UNWRITABLE = re.compile(rb"\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}|[dD][c-fC-F][0-9a-fA-F]{2})")
"""A NUL, which PostgreSQL does not store, and halves of characters, which no encoding writes."""
_KEPT = 16 * 1024


def json_of(body: bytes) -> Any:  # noqa: ANN401  # JSON
    """A body as JSON, in UTF-8, that every database and every encoding can write.

    Raises:
        ValueError: it is none, or is nested too deep.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None
    _judge_depth(value, _DEEPEST)
    return _clean(value) if _UNWRITABLE.search(body) else value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant[:20]} is no number that JSON can say")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refused(number)


def _judge_depth(value: object, left: int) -> None:
    if not left:
        raise ValueError("nested too deep")
    inner: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        if isinstance(one, dict | list):
            _judge_depth(one, left - 1)


def _clean(value: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, str):
        return _writable(value)
    return value


def _writable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def misread(reason: str, body: bytes | object) -> Misread:
    """What could not be read, as it came, or at least the beginning of it."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
    return Misread(_writable(reason), _writable(text[:_KEPT]))


def each(body: bytes, key: str | None = None) -> Iterator[Mapping[str, Any] | Misread]:
    """The objects of a body that is one, or a list of them. key: where the list stands, in a body that is an object."""
    try:
        value = json_of(body)
    except ValueError as error:
        yield misread(f"not JSON: {error}" if body else "empty", body)
        return
    if key is not None and isinstance(value, dict) and isinstance(value.get(key), list):
        value = value[key]
    for one in value if isinstance(value, list) else [value]:
        yield one if isinstance(one, dict) else misread("not an object", one)


def text_of(value: object) -> str | None:
    """A text, or a number as one; None for what is neither, and for an empty one."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def object_of(value: object) -> Mapping[str, Any]:
    """An object; empty for what is none."""
    return value if isinstance(value, dict) else {}


def texts_of(value: object) -> tuple[str, ...]:
    """A list of texts, or one text as a list of one."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for one in values if (text := text_of(one)) is not None)


def unix_time(value: object) -> datetime | None:
    """Seconds since 1970, whole or not, as a number or a text; None for what is no such time."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return _likely(datetime.fromtimestamp(float(value), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def iso_time(value: object) -> datetime | None:
    """ISO 8601 with a zone; None for what is no such time."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return _likely(found.astimezone(UTC)) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _likely(at: datetime) -> datetime | None:
    """A time of this century: at the ends of the calendar there is no way from zone to zone."""
    return at if 2000 <= at.year < 2100 else None


# ---- proofs


def judge_time(signed: str, now: datetime, window: timedelta) -> None:
    """Whether a signed time, in seconds since 1970, is of now.

    Raises:
        StaleError: it is not, or is no time.
    """
    at = unix_time(signed)
    if at is None or abs(now - at) > window:
        raise StaleError


def is_same(shown: str, known: str) -> bool:
    """Whether two texts are the same, in a time that does not say where they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), known.encode())


def judge_secret(arrived: Arrived, secrets: Iterable[str], username: str = "", password: str = "") -> None:
    """Whether a request that nobody signed shows a secret: in the path, or as the password of Basic auth.

    Raises:
        ForgedError: it does not.
    """
    shown = [is_same(arrived.path_secret, secret) for secret in secrets]
    if username and password:
        shown.append(is_same(_basic(arrived.headers.get("Authorization", "")), f"{username}:{password}"))
    if not any(shown):
        raise ForgedError


def _basic(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return ""
