"""The control API: what goes wrong, asked for from outside, strictly."""

import asyncio

import aiohttp
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer


async def test_a_storm_of_429_is_injected_and_taken_back(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient
) -> None:
    storm = {"kind": "http_429", "method": "chat.postMessage", "times": 50, "seconds": 30}
    told = (await http.post(f"{slack.url}/control/faults", json=storm)).json()
    assert told["faults"] == [storm | {"error": "internal_error"}]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0ALERTS", text="x")
    assert caught.value.response.headers["Retry-After"] == "30"
    assert (await http.get(f"{slack.url}/control")).json()["faults"][0]["times"] == 49
    assert (await http.post(f"{slack.url}/control/faults", json={"clear": True})).json()["faults"] == []
    await client.chat_postMessage(channel="C0ALERTS", text="x")


async def test_slacks_clock_is_skewed_until_it_is_put_right(slack: SlackServer, bot, http: httpx.AsyncClient) -> None:
    told = await http.post(f"{slack.url}/control/clock", json={"skew_seconds": -400})
    assert told.json()["skew_seconds"] == -400
    assert [(await slack.slash("U0MEI", "C0GENERAL", "/edm")).status for _ in range(2)] == [401, 401]
    await http.post(f"{slack.url}/control/clock", json={"skew_seconds": 0})
    assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).status == 200


async def test_sockets_are_asked_to_refresh_and_cut(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient
) -> None:
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(address)
        assert (await socket.receive_json(timeout=1))["type"] == "hello"
        await http.post(f"{slack.url}/control/sockets", json={"disconnect": "warning"})
        assert (await socket.receive_json(timeout=1))["reason"] == "warning"
        told = await http.post(f"{slack.url}/control/sockets", json={"drop": True})
        assert told.status_code == 200
        async with asyncio.timeout(1):
            assert (await socket.receive()).type in {aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSED}


async def test_the_last_request_is_replayed(slack: SlackServer, bot, http: httpx.AsyncClient) -> None:
    early = await http.post(f"{slack.url}/control/replay", json={})
    assert (early.status_code, early.json()) == (409, {"error": "nothing was sent yet"})
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (await http.post(f"{slack.url}/control/replay", json={})).json() == {"status": 200, "error": None}
    assert bot.requests[0].body == bot.requests[1].body


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("faults", {}, "kind must be one of clock_skew, drop_socket, http_429"),
        ("faults", {"kind": "earthquake"}, "kind must be one of"),
        ("faults", {"kind": ["slow"]}, "kind must be one of"),
        ("faults", {"kind": "slow", "method": "chat.shout"}, "method must be one of"),
        ("faults", {"kind": "replay", "method": "chat.update"}, "method has no meaning for replay"),
        ("faults", {"kind": "slow", "times": 0}, "times must be a whole number from 1 to 10000"),
        ("faults", {"kind": "slow", "times": 1.5}, "times must be a whole number"),
        ("faults", {"kind": "slow", "times": True}, "times must be a whole number"),
        ("faults", {"kind": "slow", "seconds": -1}, "seconds must be a number from 0 to 86400"),
        ("faults", {"kind": "slow", "seconds": "9"}, "seconds must be a number"),
        ("faults", {"kind": "not_ok", "error": "<b>"}, "error must be a code of a-z, 0-9 and _"),
        ("faults", {"kind": "slow", "colour": 1}, "colour is not a field here"),
        ("faults", {"clear": 1}, "clear must be true"),
        ("faults", {"clear": True, "kind": "slow"}, "kind is not a field here"),
        ("clock", {}, "skew_seconds is missing"),
        ("clock", {"skew_seconds": 1e9}, "skew_seconds must be a number from -86400 to 86400"),
        ("sockets", {}, "disconnect must be one of warning, refresh_requested"),
        ("sockets", {"drop": False}, "drop must be true"),
        ("replay", {"times": 2}, "times is not a field here"),
    ],
)
async def test_a_bad_field_is_named(slack: SlackServer, http: httpx.AsyncClient, path, body, words) -> None:
    answer = await http.post(f"{slack.url}/control/{path}", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert slack.faults.waiting == ()


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{", {}, 400, "not JSON"),
        (b"\xff", {}, 400, "not JSON"),
        (b"[" * 9_000, {}, 400, "not JSON"),
        (b"[]", {}, 400, "a JSON object"),
        (b"kind=slow", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (b" " * 20_000, {}, 413, "at most 16384 bytes"),
        (b"{}", {"Host": "evil.example"}, 403, "the Host must be a loopback address"),
        (b"{}", {"Host": "127.0.0.1.evil.example"}, 403, "the Host must be a loopback address"),
        (b"{}", {"Host": "[::1"}, 403, "the Host must be a loopback address"),
        (b"{}", {"Origin": "https://evil.example"}, 403, "other origins"),
        (b"{}", {"Origin": "null"}, 403, "other origins"),
    ],
)
async def test_what_is_no_request_of_ours_is_refused(
    slack: SlackServer, http: httpx.AsyncClient, content, headers, status, words
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    answer = await http.post(f"{slack.url}/control/faults", content=content, headers=sent)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True)


async def test_looking_is_refused_to_other_hosts_too(slack: SlackServer, http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{slack.url}/control", headers={"Host": "evil.example"})).status_code == 403
    port = slack.url.rpartition(":")[2]
    assert (await http.get(f"{slack.url}/control", headers={"Host": f"localhost:{port}"})).status_code == 200
