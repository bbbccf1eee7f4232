"""Runs of text between a template and Block Kit.

While a template renders, every value that it interpolates is put aside in a `Spans` list and only its number stays in
the text, between two private-use characters. So nothing that a vendor or a person wrote is ever parsed: our own words
may carry `*bold*` and `` `code` ``, a value can carry neither, and no value can close a tag, split a cell or ping.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

OPEN, CLOSE = "\ue000", "\ue001"
_PARTS = re.compile(f"{OPEN}(\\d+){CLOSE}|(\\*)|(`)|([^{OPEN}*`]+)")
_WIDE_STOP = re.compile("([。？！：；，]) +")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    code: bool = False
    ours: bool = False
    """Whether it is our own wording: only then may it stand in mrkdwn."""


@dataclass(frozen=True, slots=True)
class Moment(Run):
    """A time; Slack draws it in the reader's zone, everything else shows `text`."""

    timestamp: int = 0
    format: str = ""


@dataclass(frozen=True, slots=True)
class Mention(Run):
    """A person (`U…`, `W…`), a user group (`S…`) or a channel (`C…`); `text` is their name where Slack draws none."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class Link(Run):
    """A page's address; where Slack draws no link, it is text."""


@dataclass(frozen=True, slots=True)
class Figure(Run):
    """A number; charts draw `value`, everything else shows `text`."""

    value: int | float = 0


class Spans:
    """The values put aside during one rendering."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def put(self, run: Run) -> str:
        """Keep a run; the returned mark stands for it in the text."""
        text = clean(run.text)
        self._runs.append(run if text == run.text else replace(run, text=text))
        return f"{OPEN}{len(self._runs) - 1}{CLOSE}"

    def called(self) -> tuple[str, ...]:
        """The people and user groups among them, by id."""
        ids = (run.id for run in self._runs if isinstance(run, Mention) and run.id[:1] in "UWS")
        return tuple(dict.fromkeys(ids))

    def runs(self, text: str) -> list[Run]:
        """Read rendered text: `*` and `` ` `` switch styles, marks become their runs."""
        found: list[Run] = []
        bold = code = False
        for mark, star, tick, words in _PARTS.findall(text):
            if star:
                bold = not bold
            elif tick:
                code = not code
            elif mark:
                run = self._runs[int(mark)]
                found.append(replace(run, bold=bold, code=code) if bold or code or run.bold or run.code else run)
            else:
                found.append(Run(words, bold=bold, code=code, ours=True))
        return [run for run in found if run.text]


def clean(text: str) -> str:
    """Text without control characters and without those that turn the direction of writing round."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace(OPEN, "").replace(CLOSE, "")


def lines_of(body: str) -> str:
    """A tag's body as it should read: indentation and the line ends at both sides are the template's, not ours."""
    # Chinese punctuation brings its own space.
    lines = [_WIDE_STOP.sub(r"\1", line).strip() for line in body.strip().split("\n")]
    return "\n".join(line for line in lines if line)


def plain(runs: list[Run]) -> str:
    """The words alone."""
    return "".join(run.text for run in runs)


def cut(runs: list[Run], limit: int, pointer: str) -> list[Run]:
    """At most `limit` characters; what is left out is replaced by `pointer`."""
    if sum(len(run.text) for run in runs) <= limit:
        return runs
    return [*_first(runs, limit - len(pointer)), Run(pointer, ours=True)]


def _first(runs: list[Run], room: int) -> Iterator[Run]:
    for run in runs:
        if room <= 0:
            return
        yield run if len(run.text) <= room else replace(run, text=run.text[:room])
        room -= len(run.text)


def moment(at: datetime, zone: tzinfo, pattern: str) -> Moment:
    """A time for Slack's date elements, with a fallback that names its zone.

    `pattern` is `clock` (time of day), `when` (day and time) or `day`.
    """
    local = at.astimezone(zone)
    return Moment(
        text=f"{local:{_FALLBACK[pattern]}}{'' if pattern == 'day' else zone_name(local)}",
        timestamp=int(at.timestamp()),
        format=_SLACK[pattern],
    )


def zone_name(local: datetime) -> str:
    """` UTC+8`: understood everywhere, unlike CST."""
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    return f" UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else " UTC"


_FALLBACK = {"clock": "%H:%M", "when": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d"}
_SLACK = {"clock": "{time}", "when": "{date_short_pretty} {time}", "day": "{date_short_pretty}"}
