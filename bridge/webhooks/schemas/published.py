"""A JSON Schema (2020-12) for each type of event: the envelope as `bridge.webhooks.envelope` writes it, and its data.

Specifications: https://json-schema.org/draft/2020-12 and https://github.com/cloudevents/spec, "JSON Event Format". New
fields may come at any time; receivers pass over what they do not know.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from bridge.events import EventType
from bridge.webhooks.envelope import ORIGIN, SCHEMAS, data_path
from bridge.webhooks.schemas.data import DATA
from bridge.webhooks.schemas.guide import Guide
from bridge.webhooks.schemas.guides_ours import OURS
from bridge.webhooks.schemas.guides_seen import SEEN

Schema: TypeAlias = Mapping[str, Any]
GUIDES: Mapping[EventType, Guide] = {one: ({**SEEN, **OURS})[one] for one in EventType}
"""All types, in the order of the vocabulary."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONTENT_TYPE = "application/schema+json"
_UNSAID = ("title", "default")
"""What pydantic adds, and what says nothing about JSON that is sent."""


def path_of(type_: str) -> str:
    """Where the schema of a type's envelopes is served."""
    return f"{SCHEMAS}/{type_}"


@cache
def schema(type_: EventType) -> Schema:
    """The schema of a type, with an example."""
    guide = GUIDES[type_]
    return {
        "$schema": DIALECT,
        "$id": path_of(type_),
        "title": type_.value,
        "description": guide.means,
        "type": "object",
        "properties": {**_envelope(type_), "data": data_schema(type_)},
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
        "additionalProperties": True,
        "examples": [json.loads(guide.sent(type_))],
    }


@cache
def index() -> Schema:
    """Which schemas there are."""
    return {"schemas": [{"type": one.value, "description": GUIDES[one].means, "schema": path_of(one)} for one in DATA]}


@cache
def data_page(type_: EventType) -> Schema:
    """The schema of `data` as it is served: what `dataschema` leads to."""
    return {"$schema": DIALECT, "$id": data_path(type_), "title": f"data of {type_}", **data_schema(type_)}


@cache
def data_schema(type_: EventType) -> Schema:
    """The schema of `data` alone; it refers to nothing outside."""
    made = DATA[type_].model_json_schema()
    inlined: Schema = _inline(made, made.get("$defs", {}))
    return inlined


def _envelope(type_: EventType) -> Schema:
    return {
        "specversion": {"const": "1.0", "description": "CloudEvents."},
        "id": {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "The same however often the event is sent, and the same as `webhook-id`.",
        },
        "source": {
            "type": "string",
            "format": "uri-reference",
            "pattern": "^edmbot(/.+)?$",
            "description": "`edmbot/ACCOUNT`, the account or sender of app.yaml; `edmbot` where it is about none.",
        },
        "type": {"const": type_.value},
        "subject": {"type": "string", "minLength": 1, "description": "What it is about, such as `task/19124`."},
        "time": {"type": "string", "format": "date-time", "description": "When it was observed, UTC."},
        "datacontenttype": {"const": "application/json"},
        ORIGIN: {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "Of what another edmbot told: its id there, where it was told first.",
        },
        "dataschema": {
            "type": "string",
            "format": "uri",
            "pattern": f"{re.escape(data_path(type_))}$",
            "description": "Where the schema of `data` is; missing where the bot's address is not known to it, and for"
            " what others tell in their own words.",
        },
    }


def _inline(node: Any, defs: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
    """Without references, and without pydantic's own titles."""
    if isinstance(node, list):
        return [_inline(one, defs) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        return _inline({**defs[node["$ref"].rpartition("/")[2]], **beside}, defs)
    said = {name: value for name, value in node.items() if name != "$defs" and name not in _UNSAID}
    properties = said.pop("properties", None)
    told = {name: _inline(value, defs) for name, value in said.items()}
    # A property may be called as one of our own words is.
    return told if properties is None else told | {"properties": {k: _inline(v, defs) for k, v in properties.items()}}
