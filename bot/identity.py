"""Who the bot is in its workspace."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.people import People

_log = structlog.get_logger()


class Identity:
    """Who the bot is in its workspace: asked at the start, so that no ack waits for it."""

    def __init__(self, client: AsyncWebClient, people: People) -> None:
        self._client = client
        self._people = people
        self._answer: Mapping[str, Any] = {}
        self._asking: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        """Ask Slack; when it cannot be reached the bot serves all the same, and asks again with the next request."""
        try:
            answer = await self._client.auth_test()
            self._answer = {key: answer.get(key) for key in ("team_id", "user_id", "bot_id")}
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("slack.auth_test", error=str(error))
            return
        self._people.team_id = self._answer.get("team_id")

    def known(self) -> bool:
        """Whether Slack has taken our token."""
        return bool(self._answer)

    def authorize(self) -> AuthorizeResult:
        """Bolt's question before every listener."""
        if not self._answer and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self.ask())
        answer = self._answer
        return AuthorizeResult(
            enterprise_id=None,
            team_id=answer.get("team_id"),
            bot_user_id=answer.get("user_id"),
            bot_id=answer.get("bot_id"),
            bot_token=self._client.token,
        )
