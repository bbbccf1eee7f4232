"""Socket Mode: Slack's requests over a WebSocket that the bot opens."""

from typing import ClassVar

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import SlackConfig


class SocketDoor(AsyncSocketModeHandler):
    """Bolt's handler, which forgets the envelope's id; we need it to know a repeated delivery."""

    ENVELOPE: ClassVar = "x-edmbot-envelope-id"

    def __init__(self, app: AsyncApp, slack: SlackConfig, client: AsyncWebClient) -> None:
        super().__init__(app, app_token=slack.app_token.get_secret_value(), web_client=client)

    async def open(self) -> None:
        """Connect; reconnecting is the client's own business."""
        await self.connect_async()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Disconnect."""
        await self.close_async()  # type: ignore[no-untyped-call]

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """One envelope through the app, acked by its id."""
        bolt_request = AsyncBoltRequest(
            mode="socket_mode", body=req.payload, headers={self.ENVELOPE: [str(req.envelope_id)]}
        )
        answer = await self.app.async_dispatch(bolt_request)
        await send_async_response(client, req, answer, 0.0)
