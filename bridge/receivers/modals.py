"""Modals: opened at once, filled when what they ask for is known."""

from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

_log = structlog.get_logger()

View = dict[str, Any]


class SlackModals:
    """Opens and updates a person's modal."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def open(self, trigger_id: str, view: View) -> str | None:
        """The id of the modal, or None when it could not be opened: a trigger lives for 3 s."""
        try:
            opened = await self._client.views_open(trigger_id=trigger_id, view=view)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            _log.info("slack.views_open", error=str(error))
            return None
        return str(opened["view"]["id"])

    async def update(self, view_id: str, view: View) -> bool:
        """Show another view in its place; False when it is no longer open."""
        try:
            await self._client.views_update(view_id=view_id, view=view)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            _log.info("slack.views_update", error=str(error))
            return False
        return True
