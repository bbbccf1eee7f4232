"""Socket Mode: Slack's requests over a WebSocket that the bot opens."""

import asyncio
import contextlib
from typing import ClassVar

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import SlackConfig

LOOK = 0.5
"""Seconds between two looks at the connection. The client itself looks every ten, and a person waits three."""

_log = structlog.get_logger()


class SocketDoor(AsyncSocketModeHandler):
    """Bolt's handler, which forgets the envelope's id; we need it to know a repeated delivery."""

    ENVELOPE: ClassVar = "x-edmbot-envelope-id"

    def __init__(self, app: AsyncApp, slack: SlackConfig, client: AsyncWebClient) -> None:
        super().__init__(app, app_token=slack.app_token.get_secret_value(), web_client=client)
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and stay connected until `close`."""
        await self.connect_async()  # type: ignore[no-untyped-call]
        self._watch = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Disconnect."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self.close_async()  # type: ignore[no-untyped-call]

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """One envelope through the app, acked by its id."""
        bolt_request = AsyncBoltRequest(
            mode="socket_mode", body=req.payload, headers={self.ENVELOPE: [str(req.envelope_id)]}
        )
        answer = await self.app.async_dispatch(bolt_request)
        try:
            await send_async_response(client, req, answer, 0.0)
        except ConnectionError as error:
            # The envelope comes again over the next connection; its id says that it was run, and then it is acked.
            _log.warning("slack.socket.ack", envelope=req.envelope_id, error=str(error))

    async def _stay(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if not await self.client.is_connected():
                try:
                    await self.client.connect_to_new_endpoint()
                except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    _log.warning("slack.socket.connect", error=str(error))
