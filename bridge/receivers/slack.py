"""Answers into Slack: privately, and at most once.

An ephemeral answer leaves no trace in a channel's history, so a lost reply can never be looked up. Hence: what Slack
refused, or never received, goes the next way; what it may have taken is not sent again.
    response_url  ->  chat.postEphemeral  ->  a direct message
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import StrEnum

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from store.tables import CommandRun
from templates import Message

TIMEOUT = 10.0
"""Seconds for one call to Slack."""
PATIENCE = 30.0
"""Seconds that a Retry-After is waited for."""
_ATTEMPTS = 3

_log = structlog.get_logger()


class Sent(StrEnum):
    """What became of one try."""

    YES = "yes"
    NO = "no"
    """Slack said no or was not reached: nothing was posted."""
    MAYBE = "maybe"
    """The reply was lost; it may have been posted."""


class SlackAnswers:
    """Tells the person who asked."""

    def __init__(self, client: AsyncWebClient, http: aiohttp.ClientSession) -> None:
        """Both must not retry by themselves: a lost reply would become a second message."""
        self._client = client
        self._http = http

    async def answer(self, run: CommandRun, message: Message, *, replace: bool = False) -> Sent:
        """Show `message` to the asker alone; `replace` puts it in the place of the message that was clicked."""
        ways: list[Callable[[CommandRun, Message], Awaitable[Sent]]] = [self._ephemeral, self._direct]
        if run.response_url:
            ways.insert(0, self._replacement if replace else self._reply)
        sent = Sent.NO
        for way in ways:
            sent = await way(run, message)
            if sent is not Sent.NO:
                break
        if sent is not Sent.YES:
            _log.warning("slack.answer", run=run.id, sent=str(sent))
        return sent

    async def announce(self, run: CommandRun, message: Message) -> Sent:
        """Show `message` to everyone in the channel where the command was typed."""
        if not run.response_url or (run.channel_id or "").startswith("D"):
            return Sent.NO
        return await self._respond(
            run.response_url, message, {"response_type": "in_channel", "replace_original": False}
        )

    async def begin(self, run: CommandRun, message: Message) -> tuple[str, str] | None:
        """Show a direct message that will be edited; where it is, or None when it may not be there."""
        shown: tuple[str, str] | None = None

        async def post() -> Sent:
            nonlocal shown
            opened = await self._client.conversations_open(users=run.user_id)
            channel = str(opened["channel"]["id"])
            posted = await self._client.chat_postMessage(channel=channel, **message.payload())
            shown = (channel, str(posted["ts"]))
            return Sent.YES

        await carefully(post)
        return shown

    async def edit(self, channel: str, ts: str, message: Message) -> Sent:
        """Put other words into a message of ours; doing it twice changes nothing."""

        async def post() -> Sent:
            await self._client.chat_update(channel=channel, ts=ts, **message.payload())
            return Sent.YES

        return await carefully(post)

    async def _reply(self, run: CommandRun, message: Message) -> Sent:
        return await self._respond(
            run.response_url or "", message, {"response_type": "ephemeral", "replace_original": False}
        )

    async def _replacement(self, run: CommandRun, message: Message) -> Sent:
        return await self._respond(
            run.response_url or "", message, {"response_type": "ephemeral", "replace_original": True}
        )

    async def _respond(self, url: str, message: Message, manner: dict[str, object]) -> Sent:
        async def post() -> Sent:
            async with self._http.post(url, json={**message.payload(), **manner}) as answer:
                if answer.status == 429:
                    raise SlowDownError(float(answer.headers.get("Retry-After", "1")))
                return Sent.YES if answer.ok and not _says_no(await answer.read()) else Sent.NO

        return await carefully(post)

    async def _ephemeral(self, run: CommandRun, message: Message) -> Sent:
        if not run.channel_id:
            return Sent.NO

        async def post() -> Sent:
            await self._client.chat_postEphemeral(channel=run.channel_id or "", user=run.user_id, **message.payload())
            return Sent.YES

        return await carefully(post)

    async def _direct(self, run: CommandRun, message: Message) -> Sent:
        async def post() -> Sent:
            opened = await self._client.conversations_open(users=run.user_id)
            await self._client.chat_postMessage(channel=opened["channel"]["id"], **message.payload())
            return Sent.YES

        return await carefully(post)


def _says_no(body: bytes) -> bool:
    """Whether the answer to a response_url is a refusal under HTTP 200; usually it is a plain `ok`."""
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("ok") is False


class SlowDownError(Exception):
    """Slack wants to be asked later, in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def carefully(post: Callable[[], Awaitable[Sent]]) -> Sent:
    """Post; wait when told to; never again after a reply was lost.

    Raises nothing of Slack's: `post` may raise SlowDownError and whatever the SDK and aiohttp raise.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await post()
        except SlowDownError as slow:
            await asyncio.sleep(min(slow.seconds, PATIENCE))
        except SlackApiError as refused:
            if refused.response.status_code != 429:
                return Sent.NO
            await asyncio.sleep(min(float(refused.response.headers.get("Retry-After", "1")), PATIENCE))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
            return Sent.NO
        except (aiohttp.ClientError, TimeoutError):
            return Sent.MAYBE
    return Sent.NO
