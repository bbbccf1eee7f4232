"""Which events there are and what they say, out of the schemas that receivers are given."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from bridge.events import EventType
from bridge.webhooks.envelope import SCHEMAS
from bridge.webhooks.schemas.data import DATA
from bridge.webhooks.schemas.forms import Data
from bridge.webhooks.schemas.published import GUIDES, data_schema, path_of

_KINDS: Mapping[str, str] = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
_MOVED = {"from", "to"}
_ORDER = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema")


def events() -> str:
    """The page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield "# Events\n"
    yield (
        "What webhooks bring and what subscriptions name. Each is a CloudEvents 1.0 envelope in JSON: `type` says what"
        " happened, `subject`\nto what, and `data` the rest. The bot serves a JSON Schema (2020-12) for each type at"
        f" `{SCHEMAS}/TYPE`, of its `data` alone\nat `{SCHEMAS}/TYPE/data`, and a list of them at `{SCHEMAS}`,"
        " to everybody.\n"
    )
    yield "- **New fields and words may come.** Pass over what you do not know."
    yield "- **null is unknown**, never 0. What a vendor did not say is not made up."
    yield "- **`id` is the event's**, the same however often it is sent: drop what you have already."
    yield "- **Whom a message went to** is left out unless the endpoint asks for addresses; texts then say `[address]`."
    yield (
        "- **What others tell** (`adapter: standard`, never `alert.*`, `approval.*`, `endpoint.*`, `delivery.*`)"
        " is passed on as\n  they say it: its data need not be as described here. `source` names the sender."
    )
    yield (
        "- **`dataschema`** is the schema of `data`, at the bot's public address (`server.url` of app.yaml). Without"
        " one, and\n  for what others tell, it is missing: CloudEvents wants an absolute URI or nothing."
    )
    yield "- **`endpoint.test`** is what `/edm webhook test` sends: it is no event, and has no schema.\n"
    yield "| Type | It means |"
    yield "| --- | --- |"
    for type_, guide in GUIDES.items():
        yield f"| [`{type_}`](#{type_.replace('.', '')}) | {guide.means} |"
    yield ""
    for family, types in groupby(GUIDES, lambda one: one.partition(".")[0]):
        yield f"## {family}\n"
        yield from _family([*types])


def _family(types: Sequence[EventType]) -> Iterator[str]:
    """The tables of fields first: most of a family's types share one, and the others add to it."""
    shown: set[type[Data]] = set()
    for model in sorted(dict.fromkeys(DATA[one] for one in types), key=lambda one: len(one.__mro__)):
        sharing = [one for one in types if DATA[one] is model]
        said = data_schema(sharing[0])
        above = next((one for one in model.__bases__ if one in shown), Data)
        more = " The fields above, and:" if above is not Data else ""
        yield f"`data` of {_listed(sharing)}: {_begun(said['description'])}{more}\n"
        yield from _fields(said, without={field.alias for field in above.model_fields.values()})
        shown.add(model)
    for type_ in types:
        yield f"### {type_}\n"
        yield f"{GUIDES[type_].means} Schema: `GET {path_of(type_)}`\n"
        yield "```json"
        yield from _example(json.loads(GUIDES[type_].sent(type_)), GUIDES[type_].data)
        yield "```\n"


def _listed(types: Sequence[EventType]) -> str:
    return ", ".join(f"`{one}`" for one in types)


def _begun(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _fields(said: Mapping[str, Any], without: Collection[str | None]) -> Iterator[str]:
    yield "| Field | Value | Meaning |"
    yield "| --- | --- | --- |"
    for name, field in said["properties"].items():
        if name in without:
            continue
        missing = "" if name in said["required"] else "; may be missing"
        yield f"| `{name}` | {_kind(field)}{missing} | {field['description']} |"
    yield ""


def _example(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    """As it is sent, a line a field; in the order of this page, where what is sent has the alphabet's."""
    yield "{"
    for name in _ORDER:
        yield f'  "{name}": {_json(envelope[name])},'
    yield '  "data": {'
    yield ",\n".join(f'    "{name}": {_json(data[name])}' for name in data)
    yield "  }"
    yield "}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kind(field: Mapping[str, Any]) -> str:
    """A schema in words."""
    if "anyOf" in field:
        return " or ".join(_kind({"format": field.get("format", ""), **one}) for one in field["anyOf"])
    if "enum" in field or "const" in field:
        words = field.get("enum") or [field["const"]]
        return "a type of event" if len(words) == len(EventType) else " ".join(f"`{word}`" for word in words)
    match field["type"]:
        case "array":
            return f"list of {_kind(field['items'])}"
        case "object":
            return _object(field.get("properties", {}))
        case "string" if field.get("format") == "date-time":
            return "time"
        case kind:
            return _KINDS[kind]


def _object(properties: Mapping[str, Any]) -> str:
    if properties and all(one.get("properties", {}).keys() == _MOVED for one in properties.values()):
        return "object: `{from, to}` for any of " + " ".join(f"`{name}`" for name in properties)
    return f"{{{', '.join(f'`{name}`' for name in properties)}}}" if properties else "object"
