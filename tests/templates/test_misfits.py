"""Whatever the code says of something that arrived and could not be read, it says in Chinese, too."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bridge.webhooks
from bot.commands.webhook_looks import Unread
from bridge.events import EventType
from bridge.webhooks.adapters.forms import _FORMS, fault
from templates import render

ROOT = Path(bridge.webhooks.__file__).parent
TAKES_REASON = {"misread": 0, "Misread": 0, "set_aside": 1}
"""What makes a misfit, and which of its arguments is the reason."""
PASSED_ON = {"reason", "wrong", "_writable(reason)"}
"""Reasons that were made elsewhere: those of the next two functions."""
PUT_IN = "x7"
"""Stands for whatever a reason puts into its words."""
LEFT_IN_ENGLISH = re.compile("[a-z]+ [a-z]+")


def texts(node):
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if isinstance(part, ast.Constant) else PUT_IN for part in parts)]
        case ast.IfExp(body=one, orelse=other):
            return [*texts(one), *texts(other)]
        case _:
            assert ast.unparse(node) in PASSED_ON, f"a reason that this test cannot read: {ast.unparse(node)}"
            return []


def written():
    """The reasons that stand in the code."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=args) if name in TAKES_REASON:
                    yield from texts(args[TAKES_REASON[name]])
                case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                    yield from texts(value)
                case ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError"), args=[value])) if path.name == "wire.py":
                    yield from (f"not JSON: {text}" for text in texts(value))


def faults():
    """What is said of the data of an event of our own kinds."""
    yield fault(EventType.TASK_DISCOVERED, {})
    for name in _FORMS:
        yield fault(EventType.TASK_CHANGED, {name: object()})
        yield fault(EventType.ALERT_FIRING, {name: object()})


REASONS = sorted({*written(), *faults()})


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_said_in_both_languages(reason):
    unread = Unread(datetime(2026, 11, 20, tzinfo=UTC), "itnio", reason, "?")
    facts = {"found": [unread], "page": 1, "more": False, "source": None}
    english, chinese = (said(render("webhook/errors", language, **facts)) for language in ("en", "zh"))
    assert english == reason
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert LEFT_IN_ENGLISH.search(chinese) is None


def said(message):
    return message.text.splitlines()[2]


def test_reasons_of_every_sort_are_looked_at():
    some = {
        "empty",
        "emailId is missing",
        "cannot be written: x7",
        "x7 more than the x7 that a request may have; the first",
        "not JSON: nested too deep",
        "data.severity is not critical, warning or info",
    }
    assert some <= {*REASONS}
