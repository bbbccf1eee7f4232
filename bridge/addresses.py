"""Whom a message went to, left out of what is sent on: the field, and where others repeat it in words or links."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from store.tables import Event

LEFT_OUT = "[address]"
"""What stands where an address was."""
_WORD = re.compile(r"[^\s<>()\[\]{}\"',;:=/?&]+")
_AT = re.compile(r"@|%40|\\u0040", re.IGNORECASE)
_NAMES = frozenset({"message_id", "event_id", "from", "to", "opens"})
"""A message's own names look like addresses, and seldom say whom it went to."""
_ABOUT = "message."


def plain_data(event: Event) -> Mapping[str, Any]:
    """An event's data without whom a message went to. Where others chose the words, any of them may be an address."""
    if not event.as_told and not event.type.startswith(_ABOUT):
        return event.data
    known = _recipient(event)
    return {
        str(_cut(name, known)): _known_cut(value, known)
        if name in _NAMES and not event.as_told
        else _link(value, known)
        if name == "click_url"
        else _cut(value, known)
        for name, value in event.data.items()
        if name != "recipient"
    }


def plain_subject(event: Event) -> str:
    """An event's subject, unless a sender calls a message by whom it went to."""
    if event.as_told:
        return str(_cut(event.subject, _recipient(event)))
    return str(_known_cut(event.subject, _recipient(event))) if event.type.startswith(_ABOUT) else event.subject


def plain_text(text: str) -> str:
    """Somebody's words without what looks like an address, however it is escaped."""
    return _WORD.sub(_unless_address, text)


def _recipient(event: Event) -> re.Pattern[str] | None:
    recipient = event.data.get("recipient")
    return _spellings(recipient) if isinstance(recipient, str) and recipient else None


def _known_cut(value: Any, known: re.Pattern[str] | None) -> Any:  # noqa: ANN401  # JSON
    return known.sub(LEFT_OUT, value) if known and isinstance(value, str) else value


def _spellings(recipient: str) -> re.Pattern[str]:
    """An address as it is, in a URL, and in the return path that bounces come back to (`user=example.com`)."""
    ways = (recipient, quote(recipient, safe=""), recipient.replace("@", "="))
    return re.compile("|".join(map(re.escape, ways)), re.IGNORECASE)


def _cut(value: Any, known: re.Pattern[str] | None) -> Any:  # noqa: ANN401  # JSON
    match value:
        case str():
            return _WORD.sub(_unless_address, known.sub(LEFT_OUT, value) if known else value)
        case Mapping():
            return {_cut(name, known): _cut(one, known) for name, one in value.items()}
        case list() | tuple():
            return [_cut(one, known) for one in value]
        case _:
            return value


def _unless_address(word: re.Match[str]) -> str:
    local, *_, domain = _AT.split(word[0]) if _AT.search(word[0]) else ("", "")
    name = domain.rstrip(".")
    return LEFT_OUT + domain[len(name) :] if local and "." in name else word[0]


def _link(value: Any, known: re.Pattern[str] | None) -> Any:  # noqa: ANN401  # JSON
    """Where a link led: what follows its path tells recipients apart."""
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return LEFT_OUT
    host = parts.netloc.rpartition("@")[2]
    return _cut(urlunsplit((parts.scheme, host, parts.path, "", "")), known)
