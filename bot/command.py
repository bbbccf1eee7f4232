"""What a command is, and the ways in which one ends.

A command is an async function with typed arguments that returns an `Answer`; its docstring is its help, and the msgid
of its Chinese. It never replies and catches nothing: `bot.dispatch` does both.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from bot.config import Role
from providers.errors import ProviderError
from store.tables import Outcome
from templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command came to: what the asker reads, and the same for machines and for the audit log."""

    message: Message
    outcome: Outcome = Outcome.DONE
    account: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For `--json`: keys as in `providers.model`."""
    error: Mapping[str, Any] | None = None
    """For `--json`: a stable `code`, with the vendor's own words where there are any."""
    announcement: Message | None = None
    """A change, told to the channel where it was asked for."""


def error_of(template: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer that says no, for machines: the vendor's error where there is one, else the reason's name."""
    error = facts.get("error")
    if isinstance(error, ProviderError):
        return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
    return {"code": template, "problem": facts.get("problem") or facts.get("verdict")}


class RefusalError(Exception):
    """A command cannot go on, for a reason that a person can act on: `template` with `facts` says which."""

    def __init__(self, template: str, outcome: Outcome = Outcome.REFUSED, /, **facts: Any) -> None:  # noqa: ANN401
        super().__init__(template)
        self.template = template
        self.outcome = outcome
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, who may use it, and how it is used."""

    name: str
    """As typed: `task pause`."""
    run: Callable[..., Awaitable[Answer]]
    role: Role
    usage: str
    """Its arguments: `ID [--account NAME]`."""
    examples: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The docstring's first line, which is also the msgid of its translation."""
        return (self.run.__doc__ or "").strip().split("\n", 1)[0]


F = TypeVar("F", bound=Callable[..., Awaitable[Answer]])


def command(name: str, *, role: Role, usage: str = "", examples: tuple[str, ...] = ()) -> Callable[[F], Command]:
    """Make a command of a function; `bot.commands.COMMANDS` lists it."""
    return lambda run: Command(name, run, role, usage, examples or (name,))


def _task_id(_type: object, value: str | None) -> None:
    # An option that was left out is validated as well.
    if value is not None and not re.fullmatch(r"[1-9]\d{0,19}", value):
        raise ValueError("task id")


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both ends included; what a person called them stays beside."""

    words: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


TaskId = Annotated[str, Parameter(validator=_task_id)]
AccountName = Annotated[str | None, Parameter(name="--account")]
Injected = Parameter(parse=False)
"""Marks the argument that `bot.dispatch` fills in: the `Context`."""

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
