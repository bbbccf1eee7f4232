"""`webhooks:` of app.yaml: who may send events to us."""

import re
from collections.abc import Mapping

from bot.document import Document, Value
from bot.sections import suggest, validated
from bridge.adapters import ADAPTERS
from bridge.inbound import Source

_EMPTY = (None, "")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEYS = ("in", "out")


def sources_of(document: Document) -> dict[str, Source]:
    """Who may send, by the name that stands in the path; blames what is wrong."""
    section = document.data.get("webhooks")
    if section in _EMPTY:
        return {}
    if not isinstance(section, dict):
        document.blame(("webhooks",), "must be keys with values", "begin with in: or out:")
        return {}
    for key in section.keys() - {*_KEYS}:
        document.blame(("webhooks", key), "is not a key here", suggest(key, _KEYS))
    written = section.get("in")
    if written in _EMPTY:
        return {}
    if not isinstance(written, dict):
        document.blame(("webhooks", "in"), "must be keys with values", "write each sender under a name of your own")
        return {}
    found = {name: _source(document, name, one) for name, one in written.items()}
    return {name: source for name, source in found.items() if source is not None}


def _source(document: Document, name: str, section: Value) -> Source | None:
    at = ("webhooks", "in", name)
    if not _NAME.fullmatch(name):
        document.blame(at, "is no name for a sender", "use lower-case letters, digits, - and _")
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", "begin with adapter:")
        return None
    word = section.get("adapter")
    if word in _EMPTY:
        document.blame((*at, "adapter"), "is missing", suggest("", ADAPTERS))
        return None
    adapter = ADAPTERS.get(str(word))
    if adapter is None:
        document.blame((*at, "adapter"), "is no adapter", suggest(str(word), ADAPTERS))
        return None
    rest: Mapping[str, Value] = {key: value for key, value in section.items() if key != "adapter"}
    settings = validated(document, adapter.Settings, rest, at, also=("adapter",))
    return Source(name, adapter, settings) if settings is not None else None
