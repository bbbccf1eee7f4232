"""What others send: which row it becomes, what cannot be read, and that what is acknowledged is kept; real sockets."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event as listen
from sqlalchemy import text
from sqlmodel import col

import store.engine
from bridge.webhooks.adapters import ADAPTERS
from store.engine import Store
from store.tables import Misfit
from tests.bridge import senders
from tests.bridge.door import DELIVERED, built, every


@pytest.fixture
async def closed(tmp_path):
    async with built(f"sqlite:///{tmp_path}/edmbot.db") as door:
        yield door


@pytest.fixture
async def door(closed):
    async with closed.open():
        yield closed


@pytest.fixture
async def anywhere(database):
    """The same on both databases, where rows are concerned."""
    async with built(database) as door, door.open():
        yield door


# ---- what becomes a row


async def test_each_item_becomes_an_event_with_anymails_words_and_the_senders_own(anywhere):
    assert await anywhere.send("sendgrid", every()["sendgrid"]) == (200, (16, 0, 0))
    events = await anywhere.events()
    assert [event.type.removeprefix("message.") for event in events] == [
        *("queued", "deferred", "delivered", "opened", "clicked", "bounced", "bounced", "rejected", "rejected"),
        *("rejected", "rejected", "complained", "unsubscribed", "unsubscribed", "subscribed", "unknown"),
    ]
    assert {event.subject for event in events} == {"message/14c5d75ce93.dfd.64b469"}
    clicked = events[4]
    assert clicked.time == datetime(2024, 11, 21, 0, 0, 4, tzinfo=UTC)
    assert clicked.account == "sendgrid"
    assert clicked.data == {
        "from": None,
        "to": "clicked",
        "raw_status": "click",
        "event_id": "ZXZlbnQ04PT0",
        "message_id": "14c5d75ce93.dfd.64b469",
        "recipient": "reader@example.com",
        "reject_reason": None,
        "description": None,
        "mta_response": None,
        "tags": ["cat facts"],
        "metadata": {"campaign": "november", "order": 4711},
        "click_url": "https://shop.example/?offer=1",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
    }
    assert clicked.raw["url_offset"] == {"index": 0, "type": "html"}


async def test_a_word_that_nobody_knows_is_unknown_and_kept(door):
    await door.send("mailgun", senders.mailgun(senders.payload("mailgun-webhook-payload-stored.json")))
    [event] = await door.events()
    assert (event.type, event.data["raw_status"]) == ("message.unknown", "stored")


@pytest.mark.parametrize("source", ADAPTERS)
async def test_what_is_sent_again_is_the_same_event(anywhere, source):
    request = every()[source]
    status, (new, known, unread) = await anywhere.send(source, request)
    assert (status, known, unread) == (200, 0, 0)
    assert await anywhere.send(source, request) == (200, (0, new, 0))
    assert len(await anywhere.events()) == new > 0


async def test_events_in_anybodys_own_words_are_told_from_those_that_we_put_into_ours(anywhere):
    for source, request in every().items():
        await anywhere.send(source, request)
    assert {event.account for event in await anywhere.events() if event.as_told} == {"standard"}


async def test_what_many_send_at_once_is_one_event_and_few_transactions(anywhere):
    commits = []
    listen.listen(anywhere.store._engine, "commit", commits.append)
    events = senders.payload("sendgrid-event-webhook-reference-all-events.json")
    answers = await asyncio.gather(*(anywhere.send("sendgrid", senders.sendgrid(events)) for _ in range(30)))
    assert {status for status, _ in answers} == {200}
    assert sum(new for _, (new, _, _) in answers) == 16 == len(await anywhere.events())
    assert len(commits) < 20


async def test_twice_in_one_request_is_once(door):
    [event] = senders.payload("sendgrid-event-webhook-reference-category-as-string.json")
    assert await door.send("sendgrid", senders.sendgrid([event, event])) == (200, (1, 1, 0))


async def test_two_senders_may_use_the_same_ids(closed):
    closed_settings = {"postmark": {"account": "mail"}, "itnio": {"account": "mail"}}
    async with closed.open(**closed_settings) as door:
        row = {"ID": 1, "RecordType": "Bounce", "Type": "HardBounce", "emailId": "1", "emailState": "失败"}
        assert await door.send("postmark", senders.plain(row)) == (200, (1, 0, 0))
        assert await door.send("itnio", senders.plain(row)) == (200, (1, 0, 0))


async def test_a_signature_of_mailgun_that_is_shown_with_another_event_changes_nothing(door):
    """It signs a time and a token, not the event."""
    await door.send("mailgun", senders.mailgun(senders.payload(DELIVERED)))
    other = senders.payload("mailgun-webhook-payload-complained.json")
    assert await door.send("mailgun", senders.mailgun(other)) == (200, (0, 1, 0))
    assert [event.type for event in await door.events()] == ["message.delivered"]


async def test_a_subaccounts_event_is_proved_by_the_account_above_it(door):
    request = senders.mailgun(senders.payload(DELIVERED), name="parent-signature")
    assert await door.send("mailgun", request) == (200, (1, 0, 0))


# ---- what cannot be read


async def test_a_bad_item_is_set_aside_and_the_rest_goes_through(anywhere):
    good = senders.payload("itnio-callback-batch.json")
    batch = [good[0], {"taskId": "1"}, "nonsense", good[1]]
    assert await anywhere.send("itnio", senders.plain(batch)) == (200, (2, 0, 2))
    misfits = await anywhere.rows(Misfit, col(Misfit.reason))
    assert [(one.source, one.reason, json.loads(one.body)) for one in misfits] == [
        ("itnio", "emailId is missing", {"taskId": "1"}),
        ("itnio", "not an object", "nonsense"),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<xml/>", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'[{"event": NaN}]', "not JSON: NaN is no number"),
        (b'[{"event": 1e999}]', "not JSON: 1e999 is no number"),
        (b"[" * 5_000 + b"]" * 5_000, "nested too deep"),
        (b'{"data":' * 50 + b"1" + b"}" * 50, "nested too deep"),
        (b"[" + b"9" * 5_000 + b"]", "not JSON"),
        ('[{"emailId":"1"}]'.encode("utf-16"), "not JSON"),
        ('["\ud83d"]'.encode("utf-16-le", "surrogatepass"), "not JSON"),
        ('["\ud83d"]'.encode("utf-32-be", "surrogatepass"), "not JSON"),
        (b'["\xed\xa0\xbd"]', "not JSON"),
    ],
)
async def test_what_is_no_json_is_kept_and_taken_so_that_it_is_not_sent_for_ever(door, body, reason):
    request = senders.arrived(body, {"Content-Type": "application/json"}, path_secret=senders.PATH_SECRET)
    for source in ("itnio", "postmark"):
        assert await door.send(source, request) == (200, (0, 0, 1))
    first, second = await door.rows(Misfit)
    assert reason in first.reason
    assert reason in second.reason


async def test_at_most_16_kb_are_kept_of_what_cannot_be_read(door):
    body = "好".encode() * 20_000
    await door.send("itnio", senders.arrived(body, path_secret=senders.PATH_SECRET))
    [misfit] = await door.rows(Misfit)
    assert misfit.body == "好" * 16_384


async def test_characters_that_no_database_keeps_do_no_harm(anywhere):
    row = {"emailId": "a\0b", "emailState": "成功", "remark": "half \ud83d, whole \U0001f600"}
    assert await anywhere.send("itnio", senders.plain([row])) == (200, (1, 0, 0))
    [event] = await anywhere.events()
    assert (event.subject, event.data["description"]) == ("message/a\ufffdb", "half \ufffd, whole 😀")


@pytest.mark.parametrize("row", [b'"\\ud83d\\u0000"', b'{"emailState": "\\udc00", "\\u0000": 1}'])
async def test_what_cannot_be_read_is_kept_on_any_database_whatever_its_characters(anywhere, row):
    request = senders.arrived(b"[" + row + b"]", path_secret=senders.PATH_SECRET)
    assert await anywhere.send("itnio", request) == (200, (0, 0, 1))
    [misfit] = await anywhere.rows(Misfit)
    assert "\ufffd" in misfit.body


async def test_a_mark_of_the_byte_order_is_no_part_of_the_json(door):
    request = senders.arrived(b"\xef\xbb\xbf" + every()["itnio"].body, path_secret=senders.PATH_SECRET)
    assert await door.send("itnio", request) == (200, (3, 0, 0))


async def test_an_id_that_is_too_long_for_an_index_does_no_harm(anywhere):
    row = {"emailId": "9" * 20_000, "emailState": "成功"}
    assert await anywhere.send("itnio", senders.plain([row])) == (200, (1, 0, 0))
    [event] = await anywhere.events()
    assert event.subject == "message/" + "9" * 200


async def test_a_time_that_is_none_is_when_it_arrived(door):
    for number, stamp in enumerate((None, "soon", 1e30, float(10**15), [])):
        event = {"event": "delivered", "sg_event_id": f"e{number}", "timestamp": stamp}
        assert await door.send("sendgrid", senders.sendgrid([event])) == (200, (1, 0, 0))
    assert all(abs(event.time - datetime.now(UTC)) < timedelta(minutes=1) for event in await door.events())


# ---- what is acknowledged is there


async def test_while_the_database_takes_nothing_senders_are_told_to_come_again(closed, monkeypatch):
    monkeypatch.setattr(store.engine, "_PATIENCE", 0.1)
    async with closed.open() as door:
        with Store(str(door.store._url))._engine.connect() as other, other.begin():
            other.execute(text("SELECT 1"))
            answers = await asyncio.gather(*(door.send(source, request) for source, request in every().items()))
            assert answers == [(503, "no_memory")] * 5
            assert door.headers["Retry-After"] == "11"
        assert {(await door.send(source, request))[0] for source, request in every().items()} == {200}
        assert len(await door.events()) == 16 + 1 + 1 + 3 + 1


async def test_who_hangs_up_has_sent_it_nevertheless(door):
    request = every()["mailgun"]
    _, writer = await asyncio.open_connection("127.0.0.1", door.session._base_url.port)
    head = f"POST /webhooks/mailgun HTTP/1.1\r\nHost: x\r\nContent-Length: {len(request.body)}\r\n\r\n"
    writer.write(head.encode() + request.body)
    await writer.drain()
    writer.close()
    for _ in range(200):
        if await door.events():
            break
        await asyncio.sleep(0.01)
    assert len(await door.events()) == 1
    assert await door.send("mailgun", request) == (200, (0, 1, 0))


async def test_answers_are_counted_by_source_and_outcome(door):
    def counted():
        found = {("requests", *key): _value("edmbot_webhooks_total", *key) for key in REQUESTS}
        return found | {("items", *key): _value("edmbot_webhook_items_total", *key) for key in ITEMS}

    before = counted()
    await door.send("itnio", senders.plain([*senders.payload("itnio-callback-batch.json"), {}]))
    await door.send("itnio", every()["itnio"])
    await door.send("itnio", senders.plain({}, path_secret="guess"))
    await door.send("a-strangers-name", senders.plain({}))
    moved = {key: value - before[key] for key, value in counted().items()}
    assert moved == {
        ("requests", "itnio", "taken"): 2,
        ("requests", "itnio", "not_proved"): 1,
        ("requests", "", "no_such_source"): 1,
        ("items", "itnio", "new"): 3,
        ("items", "itnio", "known"): 3,
        ("items", "itnio", "unread"): 1,
    }
    assert not REGISTRY.get_sample_value(
        "edmbot_webhooks_total", {"source": "a-strangers-name", "outcome": "no_such_source"}
    )


REQUESTS = [("itnio", "taken"), ("itnio", "not_proved"), ("", "no_such_source")]
ITEMS = [("itnio", "new"), ("itnio", "known"), ("itnio", "unread")]


def _value(name, source, outcome):
    return REGISTRY.get_sample_value(name, {"source": source, "outcome": outcome}) or 0
