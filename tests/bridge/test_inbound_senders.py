"""Who may send, and how much: proofs, addresses, sizes, rates; over a real socket."""

import asyncio
import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import ValidationError

import bot.inlet
from bridge.webhooks.adapters import ADAPTERS
from store.tables import Misfit
from tests.bridge import senders
from tests.bridge.door import DELIVERED, built, every, told


@pytest.fixture
async def closed(tmp_path):
    async with built(f"sqlite:///{tmp_path}/edmbot.db") as door:
        yield door


@pytest.fixture
async def door(closed):
    async with closed.open():
        yield closed


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
