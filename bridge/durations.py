"""How app.yaml and people write a span of time: `90s`, `5m`, `1h30m`, `400d`."""

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")


def span_of(text: str) -> timedelta | None:
    """The span, or None when it is none. Units once each, the longest first; at least one second."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        return None
    numbers = zip(_UNITS.values(), match.groups(), strict=True)
    return timedelta(**{unit: int(number) for unit, number in numbers if number}) or None


def _span(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    span = span_of(value) if isinstance(value, str) else None
    if span is None:
        raise ValueError("is no span of time; write it as in 90s, 5m, 1h30m or 400d")
    return span


Span: TypeAlias = Annotated[timedelta, BeforeValidator(_span)]
"""A field of app.yaml: more than nothing."""
