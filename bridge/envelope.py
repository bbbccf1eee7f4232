"""What is sent of an event: CloudEvents 1.0 in JSON, the same bytes whenever it is written.

Specification: https://github.com/cloudevents/spec, "CloudEvents - Version 1.0.2" and its "JSON Event Format". There
`dataschema` is optional, and an absolute URI of what `data` (not the envelope) is as; so without a public address of
ours, and for data in others' words, it is left out. Whom a message went to is left out unless an endpoint asks for it,
also where a vendor repeats it in words or links.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from store.tables import Event

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SOURCE = "edmbot"
SCHEMAS = "/schemas"
"""Where schemas are served, below our address."""
LEFT_OUT = "[address]"
"""What stands where an address was."""
_WORD = re.compile(r"[^\s<>()\[\]{}\"',;:=/?&]+")
_AT = re.compile("@|%40")
_NAMES = frozenset({"message_id", "event_id", "from", "to", "opens"})
"""A message's own names look like addresses, and say nothing of whom it went to."""


def data_path(type_: str) -> str:
    """Where the schema of a type's `data` is served; behind our address, `dataschema`."""
    return f"{SCHEMAS}/{type_}/data"


def envelope(event: Event, *, addresses: bool = False, home: str | None = None) -> bytes:
    """The body of a request.

    home: our public address, without a slash at its end; None: nobody said it.
    """
    schema = {} if home is None or event.as_told else {"dataschema": home + data_path(event.type)}
    return _json(
        {
            **schema,
            "specversion": "1.0",
            "id": event.id,
            "source": f"{SOURCE}/{quote(event.account, safe='')}" if event.account else SOURCE,
            "type": event.type,
            "subject": event.subject,
            "time": _time(event.time),
            "datacontenttype": "application/json",
            "data": event.data if addresses else without_addresses(event.type, event.data),
        }
    )


def trial(id_: str, at: datetime, *, endpoint_id: str, name: str | None, by: str) -> bytes:
    """What a person sends to try an endpoint; it is no event, and has no schema."""
    return _json(
        {
            "specversion": "1.0",
            "id": id_,
            "source": SOURCE,
            "type": "endpoint.test",
            "subject": f"endpoint/{endpoint_id}",
            "time": _time(at),
            "datacontenttype": "application/json",
            "data": {"endpoint": endpoint_id, "name": name, "by": by},
        }
    )


def _json(envelope: Mapping[str, Any]) -> bytes:
    return json.dumps(envelope, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def without_addresses(type_: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event's data without whom a message went to."""
    if not type_.startswith("message."):
        return data
    recipient = data.get("recipient")
    known = _spellings(recipient) if isinstance(recipient, str) and recipient else None
    return {
        name: value if name in _NAMES else _link(value, known) if name == "click_url" else _cut(value, known)
        for name, value in data.items()
        if name != "recipient"
    }


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
