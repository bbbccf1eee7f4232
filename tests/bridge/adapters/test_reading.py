"""Whatever is sent, an adapter answers with items and misreads that every database and every encoding can write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.told import revived
from bridge.webhooks.adapters import ADAPTERS
from bridge.webhooks.adapters.contract import ForgedError, Item, Misread, Told
from bridge.webhooks.adapters.wire import iso_time, judge_secret, unix_time
from bridge.webhooks.arrivals import arrival
from tests.bridge import senders

WORDS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec=None, exclude_categories=()))
)
NAMES = st.sampled_from(
    [
        *("event", "timestamp", "email", "sg_message_id", "smtp-id", "category", "type", "reason", "url"),
        *("RecordType", "Type", "ID", "MessageID", "Tag", "Metadata", "DeliveredAt"),
        *("emailId", "emailState", "taskId", "remark", "id", "time", "subject", "data", "specversion"),
        *("event-data", "message", "headers", "message-id", "delivery-status", "user-variables", "tags", "recipient"),
    ]
)
KNOWN = st.sampled_from(
    ["bounce", "dropped", "failed", "temporary", "Bounce", "HardBounce", "SubscriptionChange", "成功", "task.failed"]
)
ANYTHING = st.recursive(
    WORDS | KNOWN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=8)
)


@given(value=ANYTHING)
@pytest.mark.parametrize("word", ADAPTERS)
def test_whatever_is_sent_is_read_or_set_aside(word, value):
    signature = {"signature": {"token": "t", "timestamp": "1", "signature": "s"}}
    body = json.dumps(signature | {"event-data": value} if word == "mailgun" else value).encode()
    found = list(ADAPTERS[word].items(senders.arrived(body, {"webhook-id": "msg_1"})))
    assert all(isinstance(one, Item | Told | Misread) for one in found)
    written = arrival("source", "account", found)
    for _, row in written.reports:
        text = json.dumps([row["data"], row["raw"]], allow_nan=False, ensure_ascii=False)
        assert "\0" not in (text + row["subject"]).encode().decode()
        assert row["time"] is None or row["time"].tzinfo is not None
        revived(row["data"])
    assert all("\0" not in one.body.encode().decode() for one in written.misread)


@given(body=st.binary())
@pytest.mark.parametrize("word", ADAPTERS)
def test_what_is_hardly_json_is_read_or_set_aside(word, body):
    assert all(isinstance(one, Item | Told | Misread) for one in ADAPTERS[word].items(senders.arrived(body)))


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2024-11-21T08:33:54.9070259+08:00", "2024-11-21T00:33:54.907025+00:00"),
        ("2024-11-21T00:00:04.0Z", "2024-11-21T00:00:04+00:00"),
        ("2024-11-21T00:00:04", None),
        ("2024-11-21", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_a_time_without_a_zone_is_no_time(said, at):
    assert (found := iso_time(said)) is None or found.isoformat() == at
    assert (found is None) is (at is None)


@pytest.mark.parametrize("said", [None, "", "soon", True, [], {}, 0, 2**40, 1e30, "nan", float("inf"), -(10**400)])
def test_what_is_no_time_since_1970_is_none(said):
    assert unix_time(said) is None


def test_an_empty_secret_opens_nothing():
    with pytest.raises(ForgedError):
        judge_secret(senders.arrived(b"", path_secret=""), [])


def test_what_only_looks_like_a_time_can_be_shown():
    assert revived({"sent": "2026-13-45T99:00:00Z"}) == {"sent": "2026-13-45T99:00:00Z"}
