"""What is sent of an event: CloudEvents, the same bytes each time, and nobody's address unless it was asked for."""

import json
from datetime import UTC, datetime

import pytest

from bridge.addresses import LEFT_OUT, plain_text
from bridge.events import EventType
from bridge.webhooks.envelope import envelope
from tests.bridge.hooks import event

AT = datetime(2026, 11, 21, 2, 4, 5, tzinfo=UTC)
ANN = "Ann.O'Hara+news@mail.example.com"


def report(**data):
    return event(AT, "1", "message/<m1@mx.example.com>", type=EventType.MESSAGE_BOUNCED.value, data=data)


def sent(of, **more):
    return json.loads(envelope(of, **more))


def test_an_envelope_is_a_cloud_event():
    one = event(AT, "1", "task/19124", account="u mail/1")
    assert sent(one) == {
        "specversion": "1.0",
        "id": one.id,
        "source": "edmbot/u%20mail%2F1",
        "type": "task.paused",
        "subject": "task/19124",
        "time": "2026-11-21T02:04:05Z",
        "datacontenttype": "application/json",
        "data": {"from": "sending", "to": "paused"},
    }


def test_where_our_address_is_known_an_absolute_uri_says_what_data_is_as_unless_others_chose_its_words():
    home = "https://edmbot.example.com"
    assert sent(event(AT, "1"), home=home)["dataschema"] == f"{home}/schemas/task.paused/data"
    assert "dataschema" not in sent(event(AT, "1", as_told=True), home=home)
    assert "dataschema" not in sent(event(AT, "1"))


def test_the_same_event_makes_the_same_bytes_however_its_row_was_read():
    one, other = (report(**data) for data in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}))
    assert envelope(one) == envelope(other)


def test_words_that_are_no_text_at_all_do_not_stop_it():
    assert b"?" in envelope(report(description="\ud800"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("description", f"550 5.1.1 <{ANN}>: no such user", f"550 5.1.1 <{LEFT_OUT}>: no such user"),
        ("description", f"550 {ANN.lower()} or bob@example.org.", f"550 {LEFT_OUT} or {LEFT_OUT}"),
        ("mta_response", "rejected bounce+" + ANN.replace("@", "=") + "@mx", f"rejected bounce+{LEFT_OUT}@mx"),
        ("reason", f"mailto:{ANN}", f"mailto:{LEFT_OUT}"),
        ("tags", ["vip", ANN], ["vip", LEFT_OUT]),
        ("metadata", {"who": {"mail": ANN}, ANN: 1}, {"who": {"mail": LEFT_OUT}, LEFT_OUT: 1}),
        ("click_url", f"https://shop.example/a?e={ANN}#x", "https://shop.example/a"),
        ("click_url", "https://shop.example/u/token?u=YW5u", "https://shop.example/u/token"),
        ("click_url", f"https://{ANN}/a", "https://mail.example.com/a"),
        ("click_url", "https://shop.example/u/bob%40example.org/x", f"https://shop.example/u/{LEFT_OUT}/x"),
        ("click_url", "http://[", LEFT_OUT),
        ("message_id", "<m1@mx.example.com>", "<m1@mx.example.com>"),
        ("opens", 3, 3),
        ("reject_reason", None, None),
    ],
)
def test_whom_a_message_went_to_is_left_out_wherever_it_is_repeated(name, value, expected):
    one = report(**{"recipient": ANN, name: value})
    left = sent(one)
    assert ANN.lower() not in json.dumps(left).lower()
    assert "recipient" not in left["data"]
    if isinstance(expected, str) and value.endswith("."):
        assert left["data"][name].startswith(expected)
    else:
        assert left["data"][name] == expected
    assert sent(one, addresses=True)["data"] == json.loads(json.dumps({"recipient": ANN, name: value}))


def test_a_sender_that_calls_a_message_by_its_recipient_gives_nobody_away():
    names = {"message_id": ANN, "event_id": f"1/{ANN.lower()}"}
    one = event(AT, "1", f"message/{ANN}", type="message.bounced", data={"recipient": ANN, **names})
    left = sent(one)
    assert (left["subject"], left["data"]["message_id"]) == (f"message/{LEFT_OUT}", LEFT_OUT)
    assert left["data"]["event_id"] == f"1/{LEFT_OUT}"
    assert sent(one, addresses=True)["subject"] == f"message/{ANN}"


@pytest.mark.parametrize("way", ["@", "%40", r"\u0040"])
def test_somebodys_words_keep_nothing_that_looks_like_an_address(way):
    said = f'{{"to": "ann{way}mail.example.com"}} at 10:00 @noon, see <bob{way}example.org>.'
    assert plain_text(said) == f'{{"to": "{LEFT_OUT}"}} at 10:00 @noon, see <{LEFT_OUT}>.'


def test_what_is_no_report_of_a_message_stays_as_it_is():
    data = {"changed": {"sender": {"from": "news@example.com", "to": "shop@example.com"}}}
    assert sent(event(AT, "1", data=data))["data"] == data


def test_a_long_text_without_an_address_takes_no_time():
    text = "a" * 200_000 + " " + "a@" * 50_000
    began = datetime.now(UTC)
    envelope(report(description=text))
    assert (datetime.now(UTC) - began).total_seconds() < 5
