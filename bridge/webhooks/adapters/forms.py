"""What stands in an event's data, as far as anything here reads it: by name, whoever wrote the event.

Words and rules take our own events at their word. One that comes from outside is looked at first: what cannot be shown
would hold up the message that it shares with others.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.alerts.rules import Severity
from bridge.events import EventType
from bridge.transitions import VANISHED
from bridge.webhooks.adapters.wire import iso_time
from providers.model import TaskStatus


def fault(type_: EventType, data: Mapping[str, Any]) -> str | None:
    """What is wrong with the data of an event of this type; None where nothing is. What is missing is unknown."""
    forms = {**_FORMS, **_STATES} if type_.startswith("task.") else _FORMS
    for name, (is_right, what) in forms.items():
        if data.get(name) is not None and not is_right(data[name]):
            return f"data.{name} is not {what}"
    if type_ is EventType.TASK_DISCOVERED and data.get("to") in (None, VANISHED):
        return "data.to says no status"
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    return iso_time(value) is not None


def _is_status(value: object) -> bool:
    return isinstance(value, str) and value in {*TaskStatus, VANISHED}


def _is_severity(value: object) -> bool:
    return isinstance(value, str) and value in set(Severity)


def _is_change(value: object) -> bool:
    """Each field that differs, with both of its values."""
    fields = value.values() if isinstance(value, dict) else (None,)
    return all(isinstance(one, dict) and {"from", "to"} <= one.keys() for one in fields)


_Form = tuple[Callable[[object], bool], str]
_COUNT: _Form = (_is_count, "a whole number")
_TEXT: _Form = (_is_text, "a text")
_STATES: Mapping[str, _Form] = dict.fromkeys(("from", "to"), (_is_status, "a task's status"))
_FORMS: Mapping[str, _Form] = {
    **dict.fromkeys(("planned", "sent", "unsent", "opens"), _COUNT),
    **dict.fromkeys(("from", "to", "name", "said", "reason", "raw_status", "recipient"), _TEXT),
    "severity": (_is_severity, "critical, warning or info"),
    "scheduled_at": (_is_time, "ISO 8601 with a zone"),
    "changed": (_is_change, "an object of {from, to}"),
}
