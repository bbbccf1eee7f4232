"""What a call to Slack came to: a value for each way in which it can end."""

from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.receivers.board import Board, Later, Lost, Refused, Scope, Shown
from sandbox.slack.server import SlackServer
from templates import render
from tests.bridge.posts import ALERTS, WHO, Clock, board_of, client_of

ID = "0198c0de-0000-7000-8000-000000000001"
MESSAGE = render("notice/parked", "en", receiver="C0OLD", scope="content", error="x", since=Clock().now(), over=False)


@pytest.fixture
async def slack():
    server = await SlackServer.start()
    yield server
    await server.stop()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
        yield session


@pytest.fixture
def board(slack, http):
    return board_of(slack, http)


def now():
    return Clock().now()


async def test_a_post_carries_the_notices_id_where_slack_keeps_it(board, slack):
    shown = await board.post(ALERTS, MESSAGE, ID)
    [post] = slack.workspace.posts(ALERTS)
    assert shown == Shown(post.ts)
    assert post.metadata == {"event_type": "edmbot_notice", "event_payload": {"id": ID}}


@pytest.mark.parametrize(
    ("fault", "more", "came"),
    [
        ("http_429", {"seconds": 7}, Later(7.0)),
        ("not_ok", {"error": "message_limit_exceeded"}, Later(1.0)),
        ("not_ok", {"error": "service_unavailable"}, Later(5.0, "service_unavailable")),
        ("not_ok", {"error": "internal_error"}, Lost("internal_error")),
        ("not_ok", {"error": "is_archived"}, Refused("is_archived")),
        ("http_500", {}, Lost("HTTP 500")),
        ("lost_reply", {}, Lost("ServerDisconnectedError")),
        ("slow", {"seconds": 1.5}, Lost("TimeoutError")),
    ],
)
@pytest.mark.parametrize("way", ["post", "edit"])
async def test_what_a_call_came_to(board, slack, fault, more, came, way):
    ts = (await board.post(ALERTS, MESSAGE, ID)).ts
    method = {"post": "chat.postMessage", "edit": "chat.update"}[way]
    slack.faults.inject(fault, method, **more)
    found = await (board.post(ALERTS, MESSAGE, ID) if way == "post" else board.edit(ALERTS, ts, MESSAGE))
    assert found == came


async def test_a_slack_that_is_not_there_took_nothing(slack, http):
    await slack.stop()
    board = Board(client_of(slack.api_url, slack.bot_token, http))
    assert isinstance(await board.post(ALERTS, MESSAGE, ID), Later)


@pytest.mark.parametrize(
    ("channel", "error", "scope"),
    [
        ("C0OLD", "is_archived", Scope.RECEIVER),
        ("C0RANDOM", "not_in_channel", Scope.RECEIVER),
        ("C0SECRET", "channel_not_found", Scope.RECEIVER),
        ("C0NOWHERE", "channel_not_found", Scope.RECEIVER),
    ],
)
async def test_a_channel_that_cannot_be_written_to_is_refused_by_name(board, channel, error, scope):
    refused = await board.post(channel, MESSAGE, ID)
    assert (refused, refused.scope) == (Refused(error), scope)


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive", "invalid_auth", "missing_scope"])
async def test_a_token_that_is_not_taken_closes_every_receiver(error):
    assert Refused(error).scope is Scope.RECEIVER


async def test_what_slack_says_of_a_message_alone_concerns_that_message():
    assert [Refused(error).scope for error in ("msg_too_long", "some_new_word")] == [Scope.CONTENT] * 2


async def test_an_edit_of_what_is_gone_says_so(board):
    refused = await board.edit(ALERTS, "1.000001", MESSAGE)
    assert (refused, refused.scope) == (Refused("message_not_found"), Scope.GONE)


async def test_a_message_is_found_in_the_channel_or_in_its_thread(board, slack):
    parent = await board.post(ALERTS, MESSAGE, "parent")
    child = await board.post(ALERTS, MESSAGE, ID, parent.ts)
    assert await board.find(ALERTS, "parent", now()) == parent
    assert await board.find(ALERTS, ID, now()) is None
    assert await board.find(ALERTS, ID, now(), parent.ts) == child
    assert await board.find(ALERTS, "other", now(), parent.ts) is None


async def test_a_reply_to_everyone_shows_in_the_channel(board, slack):
    parent = await board.post(ALERTS, MESSAGE, "parent")
    reply = await board.post(ALERTS, MESSAGE, ID, parent.ts, broadcast=True)
    assert reply.ts in {message.ts for message in slack.visible(WHO, ALERTS)}


async def test_a_look_goes_through_all_pages_and_no_further_back_than_ten_minutes(board, slack, monkeypatch):
    monkeypatch.setattr("bridge.receivers.board._PAGE", 2)
    first = await board.post(ALERTS, MESSAGE, ID)
    for number in range(4):
        await board.post(ALERTS, MESSAGE, f"other {number}")
    assert await board.find(ALERTS, ID, now() + timedelta(minutes=9)) == first
    assert await board.find(ALERTS, ID, now() + timedelta(minutes=11)) is None


async def test_somebody_elses_metadata_is_not_ours(board, slack, http):
    await client_of(slack.api_url, slack.bot_token, http).chat_postMessage(
        channel=ALERTS, text="x", metadata={"event_type": "other", "event_payload": {"id": ID}}
    )
    assert await board.find(ALERTS, ID, now()) is None


async def test_a_persons_direct_messages_are_opened_once(board, slack):
    assert [await board.direct("U0LIN"), await board.direct("U0LIN")] == ["D0LIN"] * 2
    assert len([call for call in slack.calls if call.method == "conversations.open"]) == 1
    assert await board.direct("U0GONE") == Refused("user_disabled")


async def test_nothing_in_a_message_pings_by_accident(board, slack):
    nasty = render("notice/parked", "en", receiver="x", scope="y", error="<!channel>", since=now(), over=False)
    await board.post(ALERTS, nasty, ID)
    assert slack.visible(WHO, ALERTS)[0].pings == []


@pytest.fixture
async def terse(http):
    """The board of a Slack that says ok to everything, and nothing else."""

    async def ok(_request):
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/api/{method}", ok)
    app.router.add_get("/api/{method}", ok)
    async with TestServer(app) as server:
        yield Board(client_of(str(server.make_url("/api/")), "xoxb-test", http))


async def test_a_history_that_says_nothing_of_messages_is_no_empty_one(terse):
    assert await terse.find(ALERTS, ID, now()) == Lost("no messages")
    assert await terse.find(ALERTS, ID, now(), "1.000001") == Lost("no messages")


async def test_an_ok_that_names_nothing_is_lost(terse):
    assert await terse.post(ALERTS, MESSAGE, ID) == Lost("no ts")
    assert await terse.direct("U0LIN") == Lost("no channel")
