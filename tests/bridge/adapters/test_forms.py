"""What others write into an event: whatever is taken can be told."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.alerts.routes import is_as_bad
from bridge.events import EventType
from bridge.notices.subscriptions import severity_of
from bridge.told import Told, revived
from bridge.webhooks.adapters.forms import fault
from bridge.webhooks.adapters.standard import TYPES
from providers.model import TaskStatus
from store.tables import Event
from templates import render

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from([*TaskStatus, "vanished", "passed", "2026-11-21T08:00:00Z", "2026-13-45T00:00:00Z", "critical"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["from", "to", "emails_left"]), inner),
    max_leaves=4,
)
DATA = st.dictionaries(
    st.sampled_from(["to", "from", "planned", "sent", "scheduled_at", "changed", "name", "said", "severity", "x"]),
    VALUES,
)


@given(type_=st.sampled_from([*TYPES.values()]), data=DATA, subject=st.sampled_from(["7", "", "a/b"]))
def test_what_is_taken_can_be_told(type_, data, subject):
    if fault(type_, data) is not None:
        return
    entry = {
        "at": datetime.now(UTC),
        "type": type_.value,
        "account": "crm",
        "subject": subject,
        "of": type_.partition(".")[0],
        "data": Told(revived(data)),
    }
    assert render("notice/events", "en", entries=[entry]).text
    event = Event(
        id="1", account="crm", type=type_.value, subject=subject, time=entry["at"], recorded_at=entry["at"], data=data
    )
    assert is_as_bad(severity_of(event), "warning") in {True, False}


@pytest.mark.parametrize(
    ("type_", "data", "what"),
    [
        (EventType.TASK_FAILED, {}, None),
        (EventType.TASK_VANISHED, {"from": "sending", "to": "vanished"}, None),
        (EventType.TASK_FAILED, {"to": "burnt"}, "data.to is not a task's status"),
        (EventType.TEMPLATE_CHECKED, {"to": "burnt"}, None),
        (EventType.TASK_DISCOVERED, {}, "data.to says no status"),
        (EventType.TASK_DISCOVERED, {"to": "vanished"}, "data.to says no status"),
        (EventType.TASK_STARTED, {"planned": True}, "data.planned is not a whole number"),
        (EventType.TASK_STARTED, {"planned": 2**60}, "data.planned is not a whole number"),
        (EventType.TASK_SCHEDULED, {"scheduled_at": "tomorrow"}, "data.scheduled_at is not ISO 8601 with a zone"),
        (EventType.BALANCE_CHANGED, {"changed": {"emails_left": {"from": 1, "to": None}}}, None),
        (EventType.BALANCE_CHANGED, {"changed": {"emails_left": 3}}, "data.changed is not an object of {from, to}"),
        (EventType.BALANCE_CHANGED, {"changed": []}, "data.changed is not an object of {from, to}"),
        (EventType.BALANCE_LOW, {"severity": "awful"}, "data.severity is not critical, warning or info"),
        (EventType.MESSAGE_OPENED, {"recipient": ["a"]}, "data.recipient is not a text"),
    ],
)
def test_what_could_not_be_told_is_named(type_, data, what):
    assert fault(type_, data) == what
