"""JSON as columns hold it: written and read by orjson, and by Python's own where that would lose something.

Several columns of every row are JSON, and Python's own takes three to five times as long for each. What orjson declines
(whole numbers beyond 64 bits, halves of surrogate pairs, keys that are no text: what others send holds anything) is
written by Python's own, and marked by a space in front, since orjson reads such numbers as rounded ones without a word.
"""

import json
from typing import Any

import orjson

_MARK = " "
_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def dumps(value: Any) -> str:  # noqa: ANN401  # JSON
    """Text for a column. What is no number (NaN, infinity) is null: PostgreSQL takes no other word for it.

    Raises:
        TypeError: there is no JSON for it; times and dataclasses are to be written by whoever knows how.
    """
    try:
        return orjson.dumps(value, option=_PLAIN).decode()
    except orjson.JSONEncodeError:
        meant = json.loads(json.dumps(value), parse_constant=lambda _: None)
        return _MARK + json.dumps(meant)


def loads(text: str | bytes) -> Any:  # noqa: ANN401  # JSON
    """What a column's text says."""
    # Python's own puts a space behind each colon, too: so do rows from before there was a mark.
    if isinstance(text, str):
        own = text.startswith(_MARK) or '": ' in text
    else:
        own = text.startswith(_MARK.encode()) or b'": ' in text
    return json.loads(text) if own else orjson.loads(text)
