"""What the bot sees of a channel: whether it may speak there."""

from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, and why it cannot be spoken in."""

    id: str
    name: str | None = None
    problem: str | None = None
    """`not_member`, `is_archived`, `channel_not_found`; `unasked` when Slack did not say; None when all is well."""


class SlackChannels:
    """Asks Slack about channels."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def look(self, channel_id: str) -> Channel:
        """The channel as it is now."""
        try:
            answer = await self._client.conversations_info(channel=channel_id)
        except SlackApiError as refused:
            data = refused.response.data
            word = data.get("error") if isinstance(data, dict) else None
            return Channel(channel_id, problem="channel_not_found" if word == "channel_not_found" else "unasked")
        except (aiohttp.ClientError, OSError, TimeoutError):
            return Channel(channel_id, problem="unasked")
        found = answer.get("channel") or {}
        outside = None if found.get("is_member") else "not_member"
        return Channel(channel_id, found.get("name"), "is_archived" if found.get("is_archived") else outside)
