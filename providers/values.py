"""One value of a vendor's answer: numbers, identifiers and times out of text or JSON.

What cannot be read is None ("unknown"), and stays readable in `raw`. Identifiers are the exception: a wrong one
would pick somebody else's message, so a damaged one is refused.
"""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from providers.errors import BadAnswerError

_WHOLE = re.compile(r"([+-]?\d{1,30})(?:\.0+)?")
_MOST = 2**63 - 1
_ROUNDED = re.compile(r"\d+(?:\.\d+)?[eE]\+?\d+|\d+\.\d+")
_NAIVE = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:(?:\s+|T)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?\s*", re.ASCII
)
_CDATA = re.compile(r"!\[CDATA\[(.*)\]\]", re.DOTALL)


def text(value: object) -> str | None:
    """Text without surrounding space, or None when there is none.

    `![CDATA[x]]` without its angle brackets is how 000 4.7 prints a value; it reads as `x`.
    """
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    stripped = str(value).strip()
    literal = _CDATA.fullmatch(stripped)
    return (literal.group(1).strip() if literal else stripped) or None


def whole(value: object) -> int | None:
    """A whole number, exact; one that no counter can be (64 bits) is unknown."""
    match = _WHOLE.fullmatch(text(value) or "") if not isinstance(value, int) or isinstance(value, bool) else None
    number = int(match.group(1)) if match else value
    return number if type(number) is int and -_MOST <= number <= _MOST else None


def identifier(value: object) -> str | None:
    """An identifier as text; None when it is absent.

    Raises:
        BadAnswerError: it went through a float on its way, or is no single value: the true id is lost.
    """
    if isinstance(value, (bool, float, dict, list)) or (isinstance(value, str) and _ROUNDED.fullmatch(value.strip())):
        raise BadAnswerError("an id came as a rounded number or as no number at all")
    return text(value)


def moment(value: object, zone: ZoneInfo) -> datetime | None:
    """A time as aware UTC; naive ones are read in `zone`.

    `0000-00-00 00:00:00` and the epoch, PHP's two ways to say never, are None, and so is what cannot be read.
    """
    written = text(value) or ""
    match = _NAIVE.fullmatch(written)
    try:
        if match is None:
            read = datetime.fromisoformat(written)
        else:
            year, month, day_, hour, minute, second = (int(group or 0) for group in match.groups())
            read = datetime(year, month, day_, hour, minute, second, tzinfo=zone)
        aware = read if read.tzinfo else read.replace(tzinfo=zone)
        # The last year there is cannot be shown in every zone.
        return aware.astimezone(UTC) if 1970 < aware.year < 9999 else None
    except (ValueError, OverflowError):
        return None


def day(value: object) -> date | None:
    """A date, also at the head of a time; None for `0000-00-00` and what cannot be read."""
    match = _NAIVE.fullmatch(text(value) or "")
    try:
        read = date(*(int(group) for group in match.groups()[:3])) if match else None
    except ValueError:
        return None
    return read if read and read.year > 1970 else None


def total(*parts: int | None) -> int | None:
    """The sum of the parts that were given; None when none was."""
    given = [part for part in parts if part is not None]
    return sum(given) if given else None


def difference(whole_: int | None, *parts: int | None) -> int | None:
    """What is left of `whole_` without `parts`; None unless all are known and something sensible is left."""
    if whole_ is None or any(part is None for part in parts):
        return None
    left = whole_ - sum(part for part in parts if part is not None)
    return left if left >= 0 else None
