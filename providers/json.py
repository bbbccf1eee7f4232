"""JSON, exact: whole numbers of any size stay whole, and what is no JSON is an error of the tree."""

import json
import math
import re
from collections.abc import Mapping
from typing import NoReturn

from providers.errors import BadAnswerError, ProviderError
from providers.refusals import gist, is_success, line, page, refusal
from providers.values import text

MOST_LEVELS = 64
"""How deep a document may go; the vendors' have four levels."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")


def load(body: str) -> object:
    """The document. Its texts can be stored: control characters are dropped, and halves of a character replaced.

    Raises:
        BadAnswerError: no JSON, or only part of it.
        AuthenticationError: a log-in page or a line that says so.
    """
    try:
        return storable(json.loads(body, parse_constant=_no_number))
    # Nesting too deep, or a number with thousands of digits.
    except (ValueError, RecursionError):
        pass
    raise not_json(body)


def storable(value: object, level: int = 0) -> object:
    """A document whose texts can be encoded and kept, as `load` gives it.

    Raises:
        ValueError: it goes too deep, or holds a number without end.
    """
    if isinstance(value, str):
        return value if value.isprintable() else _HALVES.sub("\ufffd", _CONTROL.sub("", value))
    if level > MOST_LEVELS or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("no document of a vendor")
    if isinstance(value, list):
        return [storable(one, level + 1) for one in value]
    if isinstance(value, dict):
        return {storable(key): storable(one, level + 1) for key, one in value.items()}
    return value


def not_json(body: str) -> ProviderError:
    """The error for a body that cannot be read as JSON."""
    html = page(body)
    if html is not None:
        return html
    if body.lstrip()[:1] in ("{", "[", "<", ""):
        return BadAnswerError("the answer is no whole JSON document", vendor_text=gist(body))
    return line(body)


def refusal_in(document: object) -> ProviderError | None:
    """The refusal that a JSON object words, as frameworks do; None when it does not say no."""
    if not isinstance(document, Mapping):
        return None
    word = next((text(document[key]) for key in ("status", "code", "errcode", "error") if document.get(key)), None)
    said = next(
        (text(document[key]) for key in ("msg", "message", "reason", "info", "data") if document.get(key)), None
    )
    if word is None or is_success(word):
        return None
    return refusal(word, said or text(document.get("error")))


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)
