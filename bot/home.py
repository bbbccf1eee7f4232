"""App Home: where to begin."""

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config
from bot.people import People
from templates import render

_log = structlog.get_logger()


class Home:
    """Publishes a person's App Home."""

    def __init__(self, config: Config, client: AsyncWebClient, people: People) -> None:
        self._config = config
        self._client = client
        self._people = people

    async def show(self, user_id: str, team_id: str | None) -> None:
        """Publish it as it should be now; publishing again changes nothing."""
        person = await self._people.identify(user_id, team_id)
        message = render("home", person.language, slash=self._config.slash, person=person)
        try:
            await self._client.views_publish(user_id=user_id, view={"type": "home", "blocks": list(message.blocks)})
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            # It is published anew whenever it is opened.
            _log.warning("slack.views_publish", user=user_id, error=str(error))
