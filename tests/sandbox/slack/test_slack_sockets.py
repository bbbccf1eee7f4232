"""Socket Mode: with Slack's own client, and with bare WebSockets where the client would be too polite."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer
from sandbox.slack.app import App

HOME = {"type": "home", "blocks": [{"type": "divider"}]}


class Listener:
    """Slack's client, which notes every envelope and acks as a test says."""

    def __init__(self, slack: SlackServer, client: AsyncWebClient) -> None:
        self.requests: list[SocketModeRequest] = []
        self.answer: dict | None = None
        self.silent = 0
        self.client = SocketModeClient(app_token=slack.app_token, web_client=client, ping_interval=0.05)
        self.client.socket_mode_request_listeners.append(self.take)

    async def take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.silent:
            self.silent -= 1
            return
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.answer))


async def connected(slack: SlackServer, number: int = 1) -> None:
    async with asyncio.timeout(3):
        while len(slack.sockets.connections) != number:
            await asyncio.sleep(0.005)


@pytest.fixture
async def listener(slack: SlackServer, client: AsyncWebClient) -> AsyncIterator[Listener]:
    listener = Listener(slack, client)
    await listener.client.connect()
    await connected(slack)
    yield listener
    await listener.client.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def bare(slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession):
    """A WebSocket that has heard its hello."""
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    socket = await session.ws_connect(address)
    return socket, await socket.receive_json(timeout=1)


async def test_a_command_arrives_in_an_envelope_and_its_ack_may_answer(slack: SlackServer, listener: Listener) -> None:
    listener.answer = {"text": "on it"}
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm", "balance")
    assert (reply.status, reply.error) == (200, None)
    (request,) = listener.requests
    assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
    assert request.payload["text"] == "balance"
    assert request.payload["response_url"] == reply.response_url
    assert [message.plain for message in slack.visible("U0MEI", "C0GENERAL")] == ["on it"]


async def test_clicks_and_submissions_are_interactive_envelopes(
    slack: SlackServer, client: AsyncWebClient, listener: Listener
) -> None:
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    await client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[{"type": "actions", "elements": [button]}])
    (message,) = slack.visible("U0MEI", "C0GENERAL")
    reply = await slack.click("U0MEI", message, "Go")
    assert listener.requests[-1].type == "interactive"
    assert listener.requests[-1].payload["actions"][0]["action_id"] == "go"
    name = {"type": "input", "block_id": "name", "label": {"type": "plain_text", "text": "Name"}}
    name["element"] = {"type": "plain_text_input", "action_id": "name"}
    title = {"type": "plain_text", "text": "Who"}
    await client.views_open(
        trigger_id=reply.trigger_id, view={"type": "modal", "title": title, "submit": title, "blocks": [name]}
    )
    listener.answer = {"response_action": "errors", "errors": {"name": "Taken"}}
    await slack.submit("U0MEI", {"name": "Mei"})
    assert slack.modal("U0MEI").errors == {"name": "Taken"}
    listener.answer = None
    await slack.submit("U0MEI", {"name": "Lin"})
    assert slack.modal("U0MEI") is None


async def test_an_event_takes_no_answer_and_counts_its_repetitions(slack: SlackServer, listener: Listener) -> None:
    listener.silent = 1
    reply = await slack.open_home("U0MEI")
    first, second = listener.requests
    assert (first.type, first.accepts_response_payload, first.retry_attempt) == ("events_api", False, 0)
    assert (second.retry_attempt, second.retry_reason) == (1, "http_timeout")
    assert first.payload == second.payload
    assert first.envelope_id != second.envelope_id
    assert reply.error is None


async def test_an_envelope_that_is_not_acked_in_time_is_told_to_the_person(
    slack: SlackServer, listener: Listener
) -> None:
    listener.silent = 1
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (reply.status, reply.error) == (None, "operation_timeout")
    assert "operation_timeout" in slack.visible("U0MEI", "C0GENERAL")[-1].plain


async def test_an_envelope_whose_connection_ends_comes_again_over_the_next_one(
    slack: SlackServer, listener: Listener, client: AsyncWebClient
) -> None:
    slack.faults.inject("drop_socket")
    other = Listener(slack, client)
    await other.client.connect()
    await connected(slack, 2)
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert reply.error is None
    seen = [request.envelope_id for request in listener.requests + other.requests]
    assert len(set(seen)) == 1
    await other.client.close()


async def test_an_envelope_waits_for_a_connection_to_come_back(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    first, _ = await bare(slack, client, session)
    await first.close()
    await connected(slack, 0)
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    asked = asyncio.create_task(slack.slash("U0MEI", "C0GENERAL", "/edm"))
    second = await session.ws_connect(address)
    assert (await second.receive_json(timeout=1))["type"] == "hello"
    envelope = await second.receive_json(timeout=1)
    await second.send_json({"envelope_id": envelope["envelope_id"]})
    assert (await asked).error is None


async def test_each_envelope_goes_to_one_connection_and_they_take_turns(
    slack: SlackServer, listener: Listener, client: AsyncWebClient
) -> None:
    other = Listener(slack, client)
    await other.client.connect()
    await connected(slack, 2)
    for number in range(4):
        await slack.slash("U0MEI", "C0GENERAL", "/edm", str(number))
    assert (len(listener.requests), len(other.requests)) == (2, 2)
    await other.client.close()


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_client_that_is_asked_to_refresh_comes_back(slack: SlackServer, listener: Listener, reason) -> None:
    (before,) = slack.sockets.connections
    await slack.sockets.disconnect(reason)
    async with asyncio.timeout(3):
        while slack.sockets.connections in ([], [before]):
            await asyncio.sleep(0.005)
    assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).error is None
    assert len(listener.requests) == 1


async def test_while_there_is_another_connection_a_retiring_one_gets_nothing(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    old, _ = await bare(slack, client, session)
    await slack.sockets.disconnect("refresh_requested")
    assert (await old.receive_json(timeout=1))["reason"] == "refresh_requested"
    new = Listener(slack, client)
    await new.client.connect()
    await connected(slack, 2)
    for _ in range(2):
        assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).error is None
    assert len(new.requests) == 2
    await new.client.close()


async def test_a_replay_is_the_same_envelope(slack: SlackServer, listener: Listener) -> None:
    slack.faults.inject("replay")
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    await slack.replay()
    assert len(listener.requests) == 3
    assert len({request.envelope_id for request in listener.requests}) == 1


async def test_hello_says_how_many_connections_there_are(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    opened = [await bare(slack, client, session) for _ in range(2)]
    hellos = [hello for _, hello in opened]
    assert [(hello["type"], hello["num_connections"]) for hello in hellos] == [("hello", 1), ("hello", 2)]
    assert hellos[0]["connection_info"] == {"app_id": "A0EDMBOT"}


async def test_an_eleventh_connection_is_turned_away(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    *opened, (_, refusal) = [await bare(slack, client, session) for _ in range(11)]
    assert [hello["type"] for _, hello in opened] == ["hello"] * 10
    assert (refusal["type"], refusal["reason"]) == ("disconnect", "too_many_websockets")
    assert len(slack.sockets.connections) == 10


async def test_an_address_is_good_for_one_connection_and_not_for_long(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession, clock
) -> None:
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    await session.ws_connect(address)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await session.ws_connect(address)
    late = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    clock.step(31)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await session.ws_connect(late)


async def test_only_the_app_token_opens_connections_and_it_does_nothing_else(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=slack.bot_token)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.api_call("auth.test", headers={"Authorization": f"Bearer {slack.app_token}"})


async def test_what_is_no_ack_is_not_heard(
    slack: SlackServer, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    socket, _ = await bare(slack, client, session)
    asked = asyncio.create_task(slack.slash("U0MEI", "C0GENERAL", "/edm"))
    envelope = await socket.receive_json(timeout=1)
    for words in ("not json", "[]", '{"envelope_id": "another"}'):
        await socket.send_str(words)
    assert not asked.done()
    await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
    assert (await asked).error is None


async def test_a_request_url_goes_before_sockets_unless_the_manifest_says_otherwise(
    slack: SlackServer, listener: Listener, bot
) -> None:
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (len(bot.requests), len(listener.requests)) == (1, 0)


async def test_with_socket_mode_in_the_manifest_an_app_without_a_socket_is_not_reached(clock) -> None:
    manifest = {
        "display_information": {"name": "edmbot"},
        "oauth_config": {"scopes": {"bot": ["commands"]}},
        "features": {"slash_commands": [{"command": "/edm"}]},
        "settings": {"socket_mode_enabled": True},
    }
    assert App.installed(manifest).socket_mode
    server = await SlackServer.start(now=clock, manifest=manifest, ack_seconds=0.05)
    server.connect("http://127.0.0.1:9/slack/events")
    reply = await server.slash("U0MEI", "C0GENERAL", "/edm")
    assert (reply.status, reply.error) == (None, "dispatch_failed")
    await server.stop()


async def test_without_socket_mode_in_the_manifest_a_socket_is_closed_at_once(
    clock, session: aiohttp.ClientSession
) -> None:
    manifest = {"display_information": {"name": "edmbot"}, "oauth_config": {"scopes": {"bot": []}}}
    server = await SlackServer.start(now=clock, manifest=manifest)
    web = AsyncWebClient(base_url=server.api_url, session=session, retry_handlers=[])
    _, refusal = await bare(server, web, session)
    assert refusal["reason"] == "link_disabled"
    await server.stop()
