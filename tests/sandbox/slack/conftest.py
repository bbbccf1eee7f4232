import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import httpx
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer

FRIDAY = datetime(2026, 11, 20, 2, 4, tzinfo=UTC)
"""Friday 20 November 2026, 10:04 in Shanghai."""


@dataclass
class Clock:
    """The workspace's time, which only a test moves."""

    at: datetime = FRIDAY

    def __call__(self) -> datetime:
        return self.at

    def step(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes
    fields: dict[str, Any]
    """A command's form fields, or an interaction's or event's payload."""


Handler = Callable[[Received], Awaitable[web.Response]]


@dataclass
class Bot:
    """A bot that verifies signatures, notes what it gets, and answers as a test says."""

    verifier: SignatureVerifier
    requests: list[Received] = field(default_factory=list)
    rejected: int = 0
    handler: Handler | None = None

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self.verifier.is_valid_request(body, dict(request.headers)):
            self.rejected += 1
            return web.Response(status=401)
        received = Received(dict(request.headers), body, _fields(request.content_type, body))
        self.requests.append(received)
        return await self.handler(received) if self.handler else web.Response()

    @property
    def last(self) -> dict[str, Any]:
        return self.requests[-1].fields


def _fields(content_type: str, body: bytes) -> dict[str, Any]:
    if content_type == "application/json":
        return json.loads(body)
    form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    return json.loads(form["payload"]) if "payload" in form else form


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SlackServer]:
    server = await SlackServer.start(now=clock, ack_seconds=0.2)
    yield server
    await server.stop()


@pytest.fixture
async def bot(slack: SlackServer) -> AsyncIterator[Bot]:
    bot = Bot(SignatureVerifier(slack.signing_secret))
    app = web.Application()
    app.router.add_post("/slack/events", bot.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.connect(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield bot
    await runner.cleanup()


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=slack.bot_token, base_url=slack.api_url, session=session, timeout=5, retry_handlers=[]
        )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client
