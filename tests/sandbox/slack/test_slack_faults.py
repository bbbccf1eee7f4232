"""What goes wrong when a test asks for it."""

import time

import aiohttp
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer


async def test_a_lost_reply_was_posted_all_the_same(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.faults.inject("lost_reply", "chat.postMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="C0ALERTS", text="once")
    assert [message.plain for message in slack.visible("U0MEI", "C0ALERTS")] == ["once"]


async def test_a_lost_reply_to_a_response_url_was_posted_all_the_same(
    slack: SlackServer, bot, http: httpx.AsyncClient
) -> None:
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    slack.faults.inject("lost_reply", "response_url")
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post(reply.response_url, json={"text": "once"})
    assert [message.plain for message in slack.visible("U0MEI", "C0GENERAL")] == ["once"]
    assert slack.calls[-1].method == "response_url"


async def test_refusals_post_nothing_and_end_after_their_times(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.faults.inject("http_429", times=2, seconds=7)
    slack.faults.inject("not_ok", "chat.postMessage", error="message_limit_exceeded")
    slack.faults.inject("http_500")
    seen = []
    for _ in range(4):
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0ALERTS", text="x")
        response = caught.value.response
        seen.append((response.status_code, response.headers.get("Retry-After"), response.data and response["error"]))
    assert seen[:3] == [(429, "7", "ratelimited")] * 2 + [(200, None, "message_limit_exceeded")]
    assert seen[3][0] == 500
    assert slack.visible("U0MEI", "C0ALERTS") == []
    await client.chat_postMessage(channel="C0ALERTS", text="x")


async def test_a_fault_strikes_its_own_method_only(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.faults.inject("not_ok", "chat.update", error="fatal_error")
    await client.chat_postMessage(channel="C0ALERTS", text="x")
    slack.faults.clear()
    with pytest.raises(ValueError, match="no fault 'earthquake'"):
        slack.faults.inject("earthquake")


async def test_a_workspace_may_not_know_charts_yet(
    slack: SlackServer, client: AsyncWebClient, bot, http: httpx.AsyncClient
) -> None:
    slices = [{"label": "bounced", "value": 1}]
    chart = {"type": "data_visualization", "title": "x", "chart": {"type": "pie", "segments": slices}}
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    slack.faults.inject("no_charts", times=2)
    await client.chat_postMessage(channel="C0ALERTS", text="words")
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[chart])
    refused = await http.post(reply.response_url, json={"text": "x", "blocks": [chart]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_blocks")
    await client.chat_postMessage(channel="C0ALERTS", text="picture", blocks=[chart])
    assert [message.text for message in slack.visible("U0MEI", "C0ALERTS")] == ["words", "picture"]


async def test_a_slow_answer_was_carried_out_at_once(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.faults.inject("slow", "chat.postMessage", seconds=0.05)
    start = time.monotonic()
    await client.chat_postMessage(channel="C0ALERTS", text="x")
    assert time.monotonic() - start >= 0.05


async def test_a_replay_is_the_same_request_byte_for_byte(slack: SlackServer, bot) -> None:
    slack.faults.inject("replay")
    await slack.slash("U0MEI", "C0GENERAL", "/edm", "task pause 19124")
    first, second = bot.requests
    assert (first.headers, first.body) == (second.headers, second.body)
    await slack.replay()
    assert len(bot.requests) == 3


async def test_one_trigger_id_can_be_made_to_serve_twice(slack: SlackServer, bot) -> None:
    first = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    slack.faults.inject("repeat_trigger_id")
    second = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    third = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert first.trigger_id == second.trigger_id != third.trigger_id


async def test_a_skewed_clock_makes_a_signature_stale(slack: SlackServer, bot) -> None:
    slack.faults.inject("clock_skew", seconds=-301)
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (reply.status, bot.rejected) == (401, 1)
    assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).status == 200
