"""What the words of a command line may be: ids, addresses, days.

A value that will not do raises ValueError with the name of its kind; `templates/not_understood.j2` has a sentence for
each. Nothing here asks a vendor.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated

from cyclopts import Parameter

from bot.command import RefusalError
from bridge.durations import span_of
from store.tables import Outcome


def _formed(kind: str, pattern: str) -> Callable[[object, str | None], None]:
    form = re.compile(pattern)

    def check(_type: object, value: str | None) -> None:
        # An option that was left out is validated as well.
        if value is not None and not form.fullmatch(value):
            raise ValueError(kind)

    return check


def _page(_type: object, value: int) -> None:
    if value < 1:
        raise ValueError("page")


def _span(_type: object, value: str | None) -> None:
    if value is not None and not LEAST <= (span_of(value) or timedelta(0)) <= MOST:
        raise ValueError("span")


LEAST, MOST = timedelta(minutes=1), timedelta(days=31)
"""How long people may want to hear nothing."""

_DIGITS = r"[1-9]\d{0,19}"
_DOMAIN = r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]"
ADDRESS = r"[^\s@,;<>\"'()\[\]:\\]{1,64}@" + _DOMAIN
"""An e-mail address as people write one; what a vendor takes beyond it is not worth a misread line."""

TaskId = Annotated[str, Parameter(validator=_formed("task id", _DIGITS))]
ListArg = Annotated[str, Parameter(validator=_formed("list id", _DIGITS))]
ContactArg = Annotated[str, Parameter(validator=_formed("contact id", _DIGITS))]
TemplateArg = Annotated[str, Parameter(validator=_formed("template id", _DIGITS))]
AttachmentArg = Annotated[str, Parameter(validator=_formed("attachment", _DIGITS + "|all"))]
MessageArg = Annotated[str, Parameter(validator=_formed("message id", r"[A-Za-z0-9_-]{1,64}"))]
EmailAddress = Annotated[str, Parameter(validator=_formed("address", ADDRESS))]
DomainName = Annotated[str, Parameter(validator=_formed("domain", _DOMAIN))]
EndpointName = Annotated[str, Parameter(validator=_formed("endpoint name", r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"))]
EventArg = Annotated[str | None, Parameter(validator=_formed("event id", r"[A-Za-z0-9_-]{4,200}"))]
AlertArg = Annotated[str, Parameter(validator=_formed("alert id", r"[0-9A-Fa-f-]{4,36}"))]
ApprovalArg = Annotated[str, Parameter(validator=_formed("request id", r"[0-9A-Fa-f-]{4,36}"))]
SilenceArg = Annotated[str, Parameter(validator=_formed("silence id", r"[0-9A-Fa-f-]{4,36}"))]
"""A UUID, or its end, which is what people are shown."""
PersonArg = Annotated[str | None, Parameter(validator=_formed("person", r"[UW][A-Z0-9]+|@?me|@?我"))]
"""An id, which is what Slack makes of `@name`; or oneself."""
SpanArg = Annotated[str, Parameter(validator=_span)]
AccountName = Annotated[str | None, Parameter(name="--account")]
Page = Annotated[int, Parameter(name="--page", validator=_page)]
Injected = Parameter(parse=False)
"""Marks the argument that `bot.dispatch` fills in: the `Context`."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both ends included; what a person called them stays beside."""

    words: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


_RANGE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:\.{2,3}(\d{4}-\d{1,2}-\d{1,2}))?")
LONGEST = 31
"""Days that one question may cover: the vendors answer a day at a time."""


def period(words: str, today: date) -> Period:
    """`today`, `yesterday`, `7d`, `30d`, `2026-11-01` or `2026-11-01..2026-11-07`.

    Raises:
        RefusalError: `bad_period`, saying what is wrong: not a date, the wrong way round, in the future, too long.
    """
    text = words.strip().lower()
    if text in _NAMED:
        first, last = (today - timedelta(days=back) for back in _NAMED[text])
        return Period(text, first, last)
    if match := re.fullmatch(r"(\d{1,3})d", text):
        first, last = today - timedelta(days=int(match[1]) - 1), today
    elif match := _RANGE.fullmatch(text):
        first, last = _day(match[1], words), _day(match[2] or match[1], words)
    else:
        raise RefusalError("bad_period", Outcome.NOT_UNDERSTOOD, words=words, problem="unknown", longest=LONGEST)
    problem = (
        "backwards"
        if last < first
        else "future"
        if last > today
        else "long"
        if (last - first).days >= LONGEST
        else None
    )
    if problem:
        raise RefusalError("bad_period", Outcome.NOT_UNDERSTOOD, words=words, problem=problem, longest=LONGEST)
    return Period(text, first, last)


_NAMED = {"today": (0, 0), "yesterday": (1, 1), "今天": (0, 0), "昨天": (1, 1)}


def _day(text: str, words: str) -> date:
    try:
        return date(*map(int, text.split("-")))
    except ValueError:
        raise RefusalError("bad_period", Outcome.NOT_UNDERSTOOD, words=words, problem="date", longest=LONGEST) from None


def moment(words: str, now: datetime, zone: tzinfo, command: str, *, end: bool = False) -> datetime:
    """`30m`, `2h` or `3d` ago; `2026-11-20T14:30`; or the beginning of a day, with `end` its end; days of `zone`.

    command: for whose sake, to name its help.

    Raises:
        RefusalError: `bad_since`.
    """
    text = words.strip().lower()
    if match := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=zone)
        days = period(words, now.astimezone(zone).date())
    except (RefusalError, ValueError):
        raise RefusalError("bad_since", Outcome.NOT_UNDERSTOOD, words=words, command=command) from None
    day = days.last + timedelta(days=1) if end else days.first
    return datetime(day.year, day.month, day.day, tzinfo=zone)


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(:\d{2})?")


def one_day(words: str, today: date) -> date:
    """A `period` of one day.

    Raises:
        RefusalError: `bad_period`.
    """
    asked = period(words, today)
    if asked.days != 1:
        raise RefusalError("bad_period", Outcome.NOT_UNDERSTOOD, words=words, problem="several", longest=1)
    return asked.first
