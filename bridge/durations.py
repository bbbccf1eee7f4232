"""How app.yaml and people write a span of time, `90s`, `5m`, `1h30m`, `400d`; and app.yaml a time of day, `09:00`."""

import re
from datetime import time, timedelta
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_AT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


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


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    # Without an offset: the section says in which zone it is meant, and one with an offset is before or after nothing.
    match = _AT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is no time of day; write it as in 09:00")
    return time(int(match[1]), int(match[2]))


TimeOfDay: TypeAlias = Annotated[time, BeforeValidator(_time_of_day)]
"""A field of app.yaml: hours and minutes, in the zone that its section names."""
