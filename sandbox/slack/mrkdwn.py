"""Slack's mrkdwn, read the way its clients draw it: the words without the marks, and whom it would notify.

Source: docs.slack.dev/messaging/formatting-message-text. A mention counts wherever it stands, in code as well: where
Slack's clients differ, the sandbox assumes the one that pings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sandbox.slack.dates import shown
from sandbox.slack.people import Channel, Group, Person

_TOKEN = re.compile(r"<([^<>]*)>")
_CODE = re.compile(r"```\n?(.+?)\n?```|`([^`\n]+)`", re.DOTALL)
_MARKED = [re.compile(rf"(?<![\w{m}]){m}(?=\S)([^{m}\n]*?\S){m}(?![\w{m}])") for m in (r"\*", "_", "~")]
_QUOTE = re.compile(r"^(?:&gt;|>) ?", re.MULTILINE)
_BROADCAST = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")
_KEPT = re.compile("\ue000(\\d+)\ue001")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
QUOTE = "│ "


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the zone and language that dates are shown in, and what ids are called."""

    zone: tzinfo
    locale: str
    now: datetime
    people: Mapping[str, Person]
    channels: Mapping[str, Channel]
    groups: Mapping[str, Group]

    def date(self, timestamp: int, pattern: str, fallback: str) -> str:
        """A date element or token."""
        text = shown(timestamp, pattern, self.zone, self.locale, self.now)
        return fallback if text is None else text

    def person(self, user: str) -> str:
        known = self.people.get(user)
        return f"@{known.name if known else user}"

    def channel(self, channel: str) -> str:
        known = self.channels.get(channel)
        return f"#{known.name if known else channel}"

    def group(self, group: str) -> str:
        known = self.groups.get(group)
        return f"@{known.handle if known else group}"


@dataclass(slots=True)
class Words:
    """Text as it is read, and the mentions in it that would notify somebody.

    `pings` has `channel`, `here`, `everyone`, and ids of people (`U…`) and user groups (`S…`), in order.
    """

    text: str = ""
    pings: list[str] = field(default_factory=list)


def entities(text: str) -> str:
    """Slack's three entities as characters."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def read(text: str, reader: Reader, *, verbatim: bool = False) -> Words:
    """Mrkdwn as it is shown. Where it is not `verbatim` Slack also takes a bare `@channel` for a mention."""
    return _Reading(reader).read(text, verbatim=verbatim)


class _Reading:
    """Sets aside what must not be formatted, takes the marks off the rest, and puts it together again."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: list[str] = []
        self._pings: list[str] = []

    def read(self, text: str, *, verbatim: bool) -> Words:
        text = _TOKEN.sub(lambda token: self._keep(self._token(token[1])), text)
        text = _CODE.sub(lambda code: self._keep(entities(code[1] or code[2])), text)
        if not verbatim:
            self._pings += _BROADCAST.findall(text)
        text = _QUOTE.sub(QUOTE, text)
        for marked in _MARKED * 2:
            text = marked.sub(r"\1", text)
        return Words(self._restored(entities(text)), self._pings)

    def _keep(self, text: str) -> str:
        self._kept.append(text)
        return f"\ue000{len(self._kept) - 1}\ue001"

    def _restored(self, text: str) -> str:
        while _KEPT.search(text):
            text = _KEPT.sub(lambda kept: self._kept[int(kept[1])], text)
        return text

    def _token(self, inner: str) -> str:
        body, _, label = inner.partition("|")
        for prefix, shape in _SHAPES.items():
            if body.startswith(prefix):
                return shape(self, body.removeprefix(prefix), label)
        return entities(label or body.removeprefix("mailto:"))

    def _ping(self, who: str, text: str) -> str:
        self._pings.append(who)
        return text

    def person(self, user: str, _label: str) -> str:
        return self._ping(user, self._reader.person(user))

    def channel(self, channel: str, _label: str) -> str:
        return self._reader.channel(channel)

    def group(self, group: str, _label: str) -> str:
        return self._ping(group, self._reader.group(group))

    def date(self, body: str, label: str) -> str:
        timestamp, _, pattern = body.partition("^")
        pattern = pattern.split("^")[0]
        return self._reader.date(int(timestamp), pattern, entities(label)) if timestamp.isdigit() else entities(label)

    def special(self, body: str, label: str) -> str:
        if body in {"channel", "here", "everyone"}:
            return self._ping(body, f"@{body}")
        return entities(label) or f"<!{body}>"


_SHAPES: dict[str, Callable[[_Reading, str, str], str]] = {
    "@": _Reading.person,
    "#": _Reading.channel,
    "!subteam^": _Reading.group,
    "!date^": _Reading.date,
    "!": _Reading.special,
}
