"""What Slack does later by itself: scheduled messages, repeated events; by the workspace's clock."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_scheduled_message_is_posted_when_its_time_comes(
    slack: SlackServer, client: AsyncWebClient, clock
) -> None:
    at = int(clock().timestamp()) + 600
    answer = await client.chat_scheduleMessage(channel="C0ALERTS", text="digest", post_at=at)
    assert (answer["post_at"], answer["channel"], answer["message"]["text"]) == (at, "C0ALERTS", "digest")
    listed = (await client.chat_scheduledMessages_list())["scheduled_messages"]
    assert [(s["id"], s["post_at"]) for s in listed] == [(answer["scheduled_message_id"], at)]
    clock.step(599)
    await asyncio.sleep(0.05)
    assert slack.visible("U0MEI", "C0ALERTS") == []
    clock.step(1)
    await until(lambda: slack.visible("U0MEI", "C0ALERTS"))
    assert (await client.chat_scheduledMessages_list())["scheduled_messages"] == []


async def test_a_scheduled_message_is_deleted_but_not_in_its_last_minute(
    slack: SlackServer, client: AsyncWebClient, clock
) -> None:
    at = int(clock().timestamp()) + 600
    ids = []
    for _ in range(2):
        answer = await client.chat_scheduleMessage(channel="C0ALERTS", text="digest", post_at=at)
        ids.append(answer["scheduled_message_id"])
    await client.chat_deleteScheduledMessage(channel="C0ALERTS", scheduled_message_id=ids[0])
    clock.step(560)
    for gone in ids:
        with pytest.raises(SlackApiError, match="invalid_scheduled_message_id"):
            await client.chat_deleteScheduledMessage(channel="C0ALERTS", scheduled_message_id=gone)
    clock.step(60)
    await until(lambda: slack.visible("U0MEI", "C0ALERTS"))
    assert len(slack.visible("U0MEI", "C0ALERTS")) == 1


@pytest.mark.parametrize(
    ("delay", "error"), [(0, "time_in_past"), (-5, "time_in_past"), (121 * 86_400, "time_too_far")]
)
async def test_a_time_that_cannot_be_is_refused(client: AsyncWebClient, clock, delay, error) -> None:
    with pytest.raises(SlackApiError, match=error):
        await client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=int(clock().timestamp()) + delay)


async def test_thirty_in_five_minutes_are_enough(client: AsyncWebClient, clock) -> None:
    at = int(clock().timestamp()) + 600
    for _ in range(30):
        await client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=at)
    with pytest.raises(SlackApiError, match="restricted_too_many"):
        await client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=at + 60)
    await client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=at + 301)
    await client.chat_scheduleMessage(channel="C0DIGEST", text="x", post_at=at)


async def test_where_the_bot_was_thrown_out_nothing_is_posted(
    slack: SlackServer, client: AsyncWebClient, clock
) -> None:
    at = int(clock().timestamp()) + 600
    await client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=at)
    slack.workspace.channels["C0ALERTS"].members.remove(slack.app.bot_user)
    clock.step(601)
    await asyncio.sleep(0.05)
    assert slack.visible("U0MEI", "C0ALERTS") == []


def failing(bot, **headers: str) -> None:
    async def handler(_) -> web.Response:
        return web.Response(status=500, headers=headers)

    bot.handler = handler


async def test_an_event_comes_again_at_once_after_a_minute_and_after_five(slack: SlackServer, bot, clock) -> None:
    failing(bot)
    await slack.open_home("U0MEI")
    assert len(bot.requests) == 2
    clock.step(60)
    await until(lambda: len(bot.requests) == 3)
    clock.step(299)
    await asyncio.sleep(0.05)
    assert len(bot.requests) == 3
    clock.step(1)
    await until(lambda: len(bot.requests) == 4)
    clock.step(3600)
    await asyncio.sleep(0.05)
    numbers = [request.headers.get("X-Slack-Retry-Num") for request in bot.requests]
    assert numbers == [None, "1", "2", "3"]
    assert {request.headers.get("X-Slack-Retry-Reason") for request in bot.requests[1:]} == {"http_error"}
    assert len({request.fields["event_id"] for request in bot.requests}) == 1


async def test_an_event_that_was_acked_the_second_time_rests(slack: SlackServer, bot, clock) -> None:
    failing(bot)
    await slack.open_home("U0MEI")
    bot.handler = None
    clock.step(60)
    await until(lambda: len(bot.requests) == 3)
    clock.step(3600)
    await asyncio.sleep(0.05)
    assert len(bot.requests) == 3


async def test_a_bot_can_forbid_the_repetition(slack: SlackServer, bot, clock) -> None:
    failing(bot, **{"X-Slack-No-Retry": "1"})
    await slack.open_home("U0MEI")
    clock.step(3600)
    await asyncio.sleep(0.05)
    assert len(bot.requests) == 1
