"""What others send over a real socket: proved, kept once, answered when it is committed; on both databases."""

import asyncio
import gzip
import json
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from pydantic import ValidationError
from sqlalchemy import event as listen
from sqlalchemy import text
from sqlmodel import col, select

import bot.inlet
import store.engine
from bot.inlet import PATHS, Inlet
from bridge.events import event_id
from bridge.notices.messagewatch import watch
from bridge.notices.subscriptions import add as subscribe
from bridge.record import Look, note, record
from bridge.sightings import Kind, of_message
from bridge.webhooks.adapters import ADAPTERS
from bridge.webhooks.envelope import envelope
from bridge.webhooks.inbound import Inbound, Source
from providers.messages import MessageRecord, MessageStatus
from store.engine import Store
from store.tables import Delivery, EndpointState, Event, Misfit, Notice, NoticeKind, Snapshot, WebhookEndpoint
from tests.bridge import senders
from tests.bridge.alerting import Scene

SETTINGS = {
    "sendgrid": {"public_key": senders.SENDGRID_KEY},
    "mailgun": {"secret": senders.MAILGUN_KEY},
    "postmark": {"secret": senders.PATH_SECRET, "username": "edm", "password": "pass-pass-pass-p"},
    "itnio": {"secret": senders.PATH_SECRET, "account": "itnio"},
    "standard": {"secret": senders.STANDARD_SECRET},
}
DELIVERED = "mailgun-webhook-payload-delivered.json"
MESSAGE = "2411210000000000101"


def told(**fields):
    return {"specversion": "1.0", "id": "e-1", "source": "crm", "type": "task.failed", "subject": "task/7"} | fields


class Door:
    """Somewhere to send to, and a look at what came of it."""

    def __init__(self, database):
        self.store = Store(database)
        self.judge = Scene(self.store).desk
        self.proxies = ()
        self.now = datetime.now(UTC)

    @asynccontextmanager
    async def open(self, **changed):
        """changed: by source, keys that are other than in SETTINGS."""
        sources = {
            name: Source(name, adapter, adapter.Settings(**SETTINGS[name] | changed.get(name, {})))
            for name, adapter in ADAPTERS.items()
        }
        inbound = Inbound(self.store, sources, self.judge, follows={"itnio"}, clock=lambda: self.now)
        app = web.Application()
        for path in PATHS:
            app.router.add_post(path, Inlet(inbound, self.proxies).take)
        runner = web.AppRunner(app, access_log=None, lingering_time=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as self.session:
            yield self
        await runner.cleanup()

    async def send(self, source, request, **headers):
        """The answer's status and words; a refusal's words are its error."""
        path = f"/webhooks/{source}" + (f"/{request.path_secret}" if request.path_secret else "")
        async with self.session.post(path, data=request.body, headers={**request.headers, **headers}) as answer:
            self.headers = answer.headers
            said = await answer.json()
            assert said["ok"] is answer.ok
            return answer.status, said.get("error") or (said["new"], said["known"], said["unread"])

    async def rows(self, model, *order):
        return await self.store.transact(lambda session, _now: session.exec(select(model).order_by(*order)).all())

    async def events(self):
        return await self.rows(Event, col(Event.time), col(Event.id))


@asynccontextmanager
async def built(database):
    door = Door(database)
    await door.store.migrate()
    await door.store.open()
    yield door
    await door.store.close()


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


def every():
    """One request of each kind of sender."""
    return {
        "sendgrid": senders.sendgrid(senders.payload("sendgrid-event-webhook-reference-all-events.json")),
        "mailgun": senders.mailgun(senders.payload(DELIVERED)),
        "postmark": senders.plain(senders.payload("postmark-delivery-webhook.json")),
        "itnio": senders.plain(senders.payload("itnio-callback-batch.json")),
        "standard": senders.standard(told()),
    }


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


# ---- who sends


@pytest.mark.parametrize("source", ADAPTERS)
async def test_who_proves_nothing_is_refused_and_nothing_is_kept(door, source):
    request = every()[source]
    naked = senders.arrived(request.body, {"Content-Type": "application/json"})
    wrong = senders.arrived(request.body.replace(b"token", b"taken"), request.headers, path_secret="guess")
    tampered = senders.arrived(request.body + b" ", request.headers, path_secret="")
    odd = {name: "ÿ, , v1,ÿ" for name in request.headers if name.lower() != "content-type"}
    strange = senders.arrived(request.body + b"\xff", odd | {"Authorization": "Basic ÿÿ"}, path_secret="%FF%00")
    if source in {"sendgrid", "standard"}:
        wrong = senders.arrived(request.body.replace(b"e", b"E", 1), request.headers)
    # What Mailgun signs stands in the body, and the rest of the body is not signed.
    forged = [wrong, strange] if source == "mailgun" else [naked, wrong, strange, tampered]
    for one in forged:
        assert await door.send(source, one) == (401, "not_proved")
    assert await door.events() == await door.rows(Misfit) == []


async def test_a_proof_in_characters_that_cannot_be_signed_is_none(door):
    port = door.session._base_url.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /webhooks/standard HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    writer.write(
        f"{head}webhook-timestamp: {senders.unix(None)}\r\n".encode()
        + b"webhook-signature: v1,x\r\nwebhook-id: \xff\r\n\r\n{}"
    )
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    for name in ("token", "timestamp", "signature"):
        signed = {"token": "t", "timestamp": "1", "signature": "s", name: "\ud83d"}
        body = json.dumps({"signature": signed}).encode()
        assert await door.send("mailgun", senders.arrived(body)) == (401, "not_proved")


@pytest.mark.parametrize("off", [-301, 301])
@pytest.mark.parametrize("source", ["sendgrid", "mailgun", "standard"])
async def test_what_is_not_of_now_is_stale(door, source, off):
    signed = {"sendgrid": senders.sendgrid, "mailgun": senders.mailgun, "standard": senders.standard}[source]
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    door.now = at - timedelta(seconds=off)
    assert await door.send(source, signed({}, at=at)) == (400, "stale")
    door.now = at - timedelta(seconds=off) * 0.99
    assert (await door.send(source, signed({}, at=at)))[0] == 200


async def test_how_far_a_time_may_be_from_ours_can_be_said(closed):
    async with closed.open(mailgun={"window": timedelta(hours=9)}) as door:
        before = datetime.now(UTC) - timedelta(hours=8)
        assert (await door.send("mailgun", senders.mailgun(senders.payload(DELIVERED), at=before)))[0] == 200


async def test_basic_auth_is_as_good_as_a_secret_in_the_path(door):
    request = senders.plain(senders.payload("postmark-delivery-webhook.json"), path_secret="")
    assert (await door.send("postmark", request, Authorization="Basic ZWRtOnBhc3MtcGFzcy1wYXNzLXA="))[0] == 200
    assert await door.send("postmark", request, Authorization="Basic ZWRtOndyb25n") == (401, "not_proved")


async def test_two_secrets_are_taken_while_one_is_changed(closed):
    async with closed.open(
        standard={"secret": "whsec_" + "bmV3" * 8, "secret_before": senders.STANDARD_SECRET}
    ) as door:
        assert (await door.send("standard", senders.standard(told())))[0] == 200
        assert (await door.send("standard", senders.standard(told(), secret="whsec_" + "bmV3" * 8)))[0] == 200
        assert (await door.send("standard", senders.standard(told(), secret="whsec_" + "b2xk" * 8)))[0] == 401


async def test_of_several_signatures_one_is_enough(door):
    before = "v1a,abc v1,Z3Vlc3M= nonsense "
    assert (await door.send("standard", senders.standard(told(), before=before)))[0] == 200


async def test_a_source_that_is_none_is_not_found(door):
    assert await door.send("nobody", senders.plain({})) == (404, "no_such_source")


async def test_only_who_is_named_may_send(closed):
    async with closed.open(itnio={"allow_from": ("203.0.113.0/24",)}) as door:
        assert await door.send("itnio", every()["itnio"]) == (403, "not_from_there")
        # Anybody may write such a line.
        answer = await door.send("itnio", every()["itnio"], **{"X-Forwarded-For": "203.0.113.7"})
        assert answer == (403, "not_from_there")
        assert (await door.send("mailgun", every()["mailgun"]))[0] == 200
    async with closed.open(itnio={"allow_from": ("127.0.0.0/8",)}) as door:
        assert (await door.send("itnio", every()["itnio"]))[0] == 200


async def test_of_who_may_not_send_no_body_is_waited_for(closed):
    async with closed.open(itnio={"allow_from": ("203.0.113.0/24",)}) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.session._base_url.port)
        writer.write(b"POST /webhooks/itnio HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert b" 403 " in await asyncio.wait_for(reader.readline(), 2)
        writer.close()


@pytest.mark.parametrize("given", [{"secret": "x" * 15}, {"username": "edm", "password": "x" * 15}])
@pytest.mark.parametrize("source", ["itnio", "postmark"])
def test_what_could_be_guessed_is_no_secret(source, given):
    name = "password" if "password" in given else "secret"
    with pytest.raises(ValidationError) as error:
        ADAPTERS[source].Settings(**given)
    [wrong] = error.value.errors()
    assert wrong["loc"] == (name,)
    assert ADAPTERS[source].Settings(**{**given, name: "x" * 16})


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        ("203.0.113.7", 200),
        ("198.51.100.1, 203.0.113.7", 200),
        ("203.0.113.7, 10.0.0.1", 200),
        ("203.0.113.7, 198.51.100.1", 403),
        ("::ffff:203.0.113.7", 200),
        ("nonsense", 403),
        ("", 403),
    ],
)
async def test_behind_our_own_proxies_the_sender_is_whom_they_name(closed, chain, status):
    closed.proxies = ("127.0.0.1", "10.0.0.0/8")
    async with closed.open(itnio={"allow_from": ("203.0.113.0/24",)}) as door:
        assert (await door.send("itnio", every()["itnio"], **{"X-Forwarded-For": chain}))[0] == status


GUARDS = {
    "nothing is wrong": ({}, [lambda: senders.standard(told())], (200, (1, 0, 0))),
    "signature": ({}, [lambda: senders.standard(told(), secret="whsec_" + "b2xk" * 8)], (401, "not_proved")),
    "signature of another body": ({}, [lambda: tampered(senders.standard(told()))], (401, "not_proved")),
    "timestamp window": ({}, [lambda: senders.standard(told(), at=ago(minutes=6))], (400, "stale")),
    "timestamp of later": ({}, [lambda: senders.standard(told(), at=ago(minutes=-6))], (400, "stale")),
    "replay": ({}, [lambda: senders.standard(told())] * 2, (200, (0, 1, 0))),
    "size limit": ({"limit": "1kb"}, [lambda: senders.standard(told(data={"a": "b" * 1_000}))], (413, "too_large")),
    "rate": ({"rate": "1/h"}, [lambda: senders.standard(told())] * 2, (429, "too_fast")),
}
"""By guard: what app.yaml says, the requests, and how the last of them is answered."""


def tampered(request):
    return senders.arrived(request.body.replace(b"failed", b"paused"), request.headers)


def ago(**span):
    return datetime.now(UTC) - timedelta(**span)


@pytest.mark.parametrize("guard", GUARDS)
async def test_each_guard_answers_with_its_status_and_lets_nothing_through(closed, guard):
    settings, requests, expected = GUARDS[guard]
    async with closed.open(standard=settings) as door:
        answers = [await door.send("standard", request()) for request in requests]
        assert answers[-1] == expected
        assert ("Retry-After" in door.headers) is (expected[0] == 429)
        assert len(await door.events()) == sum(status == 200 and counts[0] for status, counts in answers)


# ---- how much


async def test_what_is_too_large_is_refused(closed):
    request = every()["itnio"]
    size = len(request.body)
    async with closed.open(itnio={"limit": "64kb"}) as door:
        at_most = senders.arrived(request.body + b" " * (64 * 1024 - size), path_secret=senders.PATH_SECRET)
        more = senders.arrived(at_most.body + b" ", path_secret=senders.PATH_SECRET)
        assert (await door.send("itnio", at_most))[0] == 200
        assert await door.send("itnio", more) == (413, "too_large")


async def test_what_is_packed_is_not_unpacked_beyond_what_a_body_may_be(door):
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)
    packed = senders.arrived(bomb, {"Content-Encoding": "gzip"}, path_secret=senders.PATH_SECRET)
    # The answer comes while it is still being sent, or the connection ends.
    with suppress(aiohttp.ClientConnectionError):
        answer = await door.send("itnio", packed)
        assert answer == (413, "too_large")
    assert await door.events() == await door.rows(Misfit) == []


async def test_more_items_than_a_request_may_have_are_set_aside_as_one(door, monkeypatch):
    monkeypatch.setattr("bridge.webhooks.inbound._MOST_ITEMS", 2)
    assert await door.send("itnio", senders.plain([{"emailId": str(n)} for n in range(5)])) == (200, (2, 0, 1))
    [misfit] = await door.rows(Misfit)
    assert (misfit.reason, misfit.body) == ("3 more than the 2 that a request may have; the first", '{"emailId": "2"}')


async def test_a_body_without_end_is_not_read_to_its_end(door):
    read = []

    async def endless():
        while len(read) < 400:
            read.append(1)
            yield b" " * 64 * 1024

    # The answer comes while it is still being sent, or the connection ends.
    with suppress(aiohttp.ClientError):
        answer = await door.send("itnio", senders.arrived(endless(), path_secret=senders.PATH_SECRET))
        assert answer == (413, "too_large")
    assert len(read) < 400


async def test_a_body_that_never_comes_is_waited_for_no_longer_than_that(door, monkeypatch):
    monkeypatch.setattr(bot.inlet, "_PATIENCE", 0.05)
    port = door.session._base_url.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /webhooks/itnio HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_who_sends_too_fast_is_told_when_to_come_again(closed):
    async with closed.open(itnio={"rate": "3/h"}) as door:
        forged = senders.plain({}, path_secret="guess")
        for _ in range(5):
            # Nobody else uses up what a sender may send.
            assert (await door.send("itnio", forged))[0] == 401
        answers = [await door.send("itnio", every()["itnio"]) for _ in range(4)]
        assert [status for status, _ in answers] == [200, 200, 200, 429]
        assert 1190 <= int(door.headers["Retry-After"]) <= 1201


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


# ---- our own envelope


async def test_an_envelope_is_taken_as_it_is(door):
    said = told(time="2026-11-21T08:00:00+08:00", data={"to": "failed"}, partner="x")
    assert await door.send("standard", senders.standard(said)) == (200, (1, 0, 0))
    [event] = await door.events()
    assert (event.account, event.type, event.subject) == ("standard", "task.failed", "task/7")
    assert (event.time, event.data) == (datetime(2026, 11, 21, tzinfo=UTC), {"to": "failed"})
    assert event.raw == {name: value for name, value in said.items() if name != "data"}


async def test_an_id_is_one_event_whatever_else_is_said(door):
    await door.send("standard", senders.standard(told(), id_="msg_1"))
    again = told(type="task.stopped", data={"more": 1})
    assert await door.send("standard", senders.standard(again, id_="msg_2")) == (200, (0, 1, 0))


async def test_nobody_takes_an_id_that_an_event_of_ours_will_have(anywhere):
    await followed(anywhere)
    ours = event_id("itnio", f"message/{MESSAGE}", "message.queued", 1)
    assert await anywhere.send("standard", senders.standard(told(id=ours))) == (200, (1, 0, 0))
    assert await anywhere.send("standard", senders.standard(told(id=ours))) == (200, (0, 1, 0))
    [taken] = await anywhere.events()
    assert taken.id != ours
    await anywhere.send("itnio", reported("成功"))
    assert ours in [event.id for event in await anywhere.events() if event.type == "message.queued"]


def forwarded(event):
    """As an edmbot sends it to the next."""
    return senders.raw_standard(envelope(event, addresses=True))


@pytest.mark.parametrize("length", [2, 3])
async def test_what_goes_round_from_one_edmbot_to_the_next_comes_to_an_end(tmp_path, length):
    async with AsyncExitStack() as stack:
        ring = []
        for number in range(length):
            door = await stack.enter_async_context(built(f"sqlite:///{tmp_path}/{number}.db"))
            ring.append(await stack.enter_async_context(door.open()))
        assert await ring[0].send("mailgun", every()["mailgun"]) == (200, (1, 0, 0))
        [event] = await ring[0].events()
        for door in ring[1:]:
            assert await door.send("standard", forwarded(event)) == (200, (1, 0, 0))
            [event] = await door.events()
        assert await ring[0].send("standard", forwarded(event)) == (200, (0, 1, 0))
        assert len(await ring[0].events()) == 1


async def test_what_came_from_outside_a_ring_goes_round_once(door):
    origin, first, second = ("0123456789abcdef" * 2, "1" * 32, "2" * 32)
    assert await door.send("standard", senders.standard(told(id=first, originid=origin))) == (200, (1, 0, 0))
    assert await door.send("standard", senders.standard(told(id=second, originid=origin))) == (200, (0, 1, 0))


async def test_without_an_id_the_requests_counts(door):
    batch = [told(id=None), told(id=None, subject="task/8")]
    assert await door.send("standard", senders.standard(batch)) == (200, (2, 0, 0))
    assert await door.send("standard", senders.standard(batch)) == (200, (0, 2, 0))
    assert await door.send("standard", senders.standard(batch, id_="msg_2")) == (200, (2, 0, 0))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "order.paid"}, "no type of event that is taken: order.paid"),
        ({"type": "alert.firing"}, "no type of event that is taken: alert.firing"),
        ({"type": "approval.approved"}, "no type of event that is taken: approval.approved"),
        ({"type": None}, "type is missing"),
        ({"data": [1]}, "data is not an object"),
        ({"time": "2026-11-21T08:00:00"}, "time is not ISO 8601 with a zone"),
        ({"time": 17}, "time is not ISO 8601 with a zone"),
        ({"subject": "x" * 201}, "id or subject is longer than 200 characters"),
    ],
)
async def test_an_envelope_that_says_what_it_must_not_is_set_aside(door, changed, reason):
    assert await door.send("standard", senders.standard(told(**changed))) == (200, (0, 0, 1))
    [misfit] = await door.rows(Misfit)
    assert misfit.reason == reason


# ---- who hears of it


async def test_who_has_subscribed_is_told(anywhere):
    await anywhere.store.transact(
        lambda session, now: subscribe(session, now, receiver="C0OPS", types="message.bounced", user="U0LIN")
    )
    await anywhere.send("sendgrid", every()["sendgrid"])
    await anywhere.send("sendgrid", every()["sendgrid"])
    bounced = [event.id for event in await anywhere.events() if event.type == "message.bounced"]
    [notice] = await anywhere.rows(Notice)
    assert (notice.kind, notice.receiver) == (NoticeKind.EVENTS, "C0OPS")
    assert sorted(notice.facts["events"]) == sorted(bounced)


async def test_an_endpoint_is_sent_what_it_asks_for_once(anywhere):
    endpoint = {"url": "https://hooks.example/", "created_by": "U0MEI", "state": EndpointState.ACTIVE}
    await anywhere.store.transact(
        lambda session, now: session.add(
            WebhookEndpoint(id="e1", name="crm", types=["message.bounced"], created_at=now, **endpoint)
        )
    )
    await anywhere.send("sendgrid", every()["sendgrid"])
    await anywhere.send("sendgrid", every()["sendgrid"])
    bounced = {event.id for event in await anywhere.events() if event.type == "message.bounced"}
    assert sorted(one.event_id for one in await anywhere.rows(Delivery)) == sorted(bounced)


def seen(status, **more):
    fields = {"raw_status": "0", "recipient": "reader@example.com"} | more
    at = datetime.now(UTC)
    return of_message(
        MessageRecord(account="itnio", observed_at=at, source="poll", id=MESSAGE, status=status, **fields)
    )


async def polled(door, sighting):
    noted = await note(door.store, "itnio", Kind.MESSAGE, [MESSAGE])
    return (await record(door.store, Look(noted=noted, sightings=[sighting]), door.judge)).events


async def followed(door):
    await door.store.transact(
        lambda session, now: watch(session, now, account="itnio", ids=[MESSAGE], receiver="U0LIN", user="U0LIN")
    )


def reported(word):
    return senders.plain({"taskId": "1", "emailId": MESSAGE, "toAddress": "reader@example.com", "emailState": word})


async def test_of_a_message_that_is_followed_a_callback_and_a_poll_tell_once(anywhere):
    await followed(anywhere)
    assert await anywhere.send("itnio", reported("成功")) == (200, (1, 0, 0))
    assert list(await polled(anywhere, seen(MessageStatus.QUEUED, raw_status="成功"))) == []
    [event] = await anywhere.events()
    assert (event.type, event.subject) == ("message.queued", f"message/{MESSAGE}")
    [notice] = await anywhere.rows(Notice)
    assert (notice.receiver, notice.facts["events"]) == ("U0LIN", [event.id])
    [snapshot] = await anywhere.rows(Snapshot)
    assert (snapshot.kind, snapshot.subject, snapshot.state) == (Kind.MESSAGE, MESSAGE, "queued")


async def test_a_callback_moves_what_a_poll_knows(anywhere):
    await polled(anywhere, seen(MessageStatus.QUEUED, opens=2))
    assert await anywhere.send("itnio", reported("失败")) == (200, (1, 0, 0))
    [snapshot] = await anywhere.rows(Snapshot)
    assert (snapshot.state, snapshot.version, snapshot.facts["opens"]) == ("failed", 2, 2)
    assert await anywhere.send("itnio", reported("失败")) == (200, (0, 1, 0))


async def test_that_it_was_taken_in_is_old_news_once_it_has_arrived(door):
    await polled(door, seen(MessageStatus.DELIVERED))
    for word in ("成功", "失败"):
        assert await door.send("itnio", reported(word)) == (200, (0, 1, 0))
    [snapshot] = await door.rows(Snapshot)
    assert snapshot.state == "delivered"


@pytest.mark.parametrize("word", ["open", "click", "spamreport", "deferred", "unsubscribe", "unheard-of"])
async def test_of_a_message_that_is_followed_what_polls_do_not_know_is_an_event_like_any_other(database, word):
    async with built(database) as closed, closed.open(sendgrid={"account": "itnio"}) as door:
        await followed(door)
        await polled(door, seen(MessageStatus.DELIVERED))
        request = senders.sendgrid([{"event": word, "sg_event_id": "e1", "sg_message_id": MESSAGE}])
        assert await door.send("sendgrid", request) == (200, (1, 0, 0))
        assert await door.send("sendgrid", request) == (200, (0, 1, 0))
        [snapshot] = await door.rows(Snapshot)
        assert snapshot.state == "delivered"
        assert len({event.type for event in await door.events()}) == 2


async def test_a_callback_about_a_message_that_nobody_follows_is_an_event_only(door):
    await door.send("itnio", every()["itnio"])
    assert await door.rows(Snapshot) == []
    assert [event.type for event in await door.events()].count("message.failed") == 1
