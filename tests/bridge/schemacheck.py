"""Whether what is sent is what our schemas say: stricter than receivers are, so that a field nobody described shows."""

import json
from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from bridge.events import EventType
from bridge.webhooks.envelope import envelope
from bridge.webhooks.schemas.published import schema


def closed(node):
    """A schema in which every object that names its fields has no others."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    inner = {name: closed(value) for name, value in node.items() if name != "examples"}
    return inner | {"additionalProperties": False} if "properties" in node and "type" in node else inner


@cache
def validator(type_):
    """Of a type's events as we write them."""
    return Draft202012Validator(closed(schema(type_)), format_checker=FormatChecker())


def faults(sent):
    """What is wrong with an envelope, by field."""
    found = validator(EventType(sent["type"])).iter_errors(sent)
    return [f"{sent['type']}: {'.'.join(map(str, one.absolute_path))}: {one.message}" for one in found]


def check(*events):
    """Every event that was written is as its schema says, with addresses and without; their types."""
    for event in events:
        for addresses in (True, False):
            wrong = faults(json.loads(envelope(event, addresses=addresses)))
            assert not wrong, wrong
    return {event.type for event in events}
