"""Composition root: builds everything once, starts it in order, stops it in the reverse one."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.commands import COMMANDS
from bot.config import Config, SlackConfig
from bot.dispatch import Dispatcher, Request
from bot.grammar import Grammar
from bot.people import People
from bot.socket import SocketDoor
from bot.web import WebDoor
from bridge.receivers.slack import TIMEOUT, SlackAnswers
from jobs.scheduler import Clockwork
from jobs.sweep import Sweep
from providers import PROVIDERS
from providers.base import Provider
from store.engine import Store
from store.limits import SharedLimiter
from templates.blocks import ACTION

DRAIN = 25.0
"""Seconds that a shutdown waits for commands at work: a vendor's time-out and a little."""

_log = structlog.get_logger()


@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Store]:
    """The database, migrated."""
    store = Store(config.database, durability=config.durability)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_providers(config: Config, store: Store) -> AsyncIterator[Mapping[str, Provider]]:
    """A client for each account."""
    limiter = SharedLimiter(store)
    clients = {
        name: PROVIDERS[account.provider](name, account.settings, timezone=account.vendor_zone, limiter=limiter)
        for name, account in config.accounts.items()
    }
    try:
        yield clients
    finally:
        await asyncio.gather(*(client.aclose() for client in clients.values()))


def grammar() -> Grammar:
    """All commands; an empty line asks for help."""
    return Grammar(COMMANDS, fallback="help")


@asynccontextmanager
async def serve(config: Config) -> AsyncIterator[WebDoor]:
    """The bot, serving; at the end of the block it lets its work end and stops."""
    slack = config.slack
    if slack is None:
        raise ValueError("serving needs the slack section")
    async with (
        open_store(config) as store,
        open_providers(config, store) as providers,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
    ):
        client = _client(slack, session)
        people = People(config, client)
        dispatcher = Dispatcher(config, store, providers, people, grammar())
        answers = SlackAnswers(client, session)
        identity = Identity(client, people)
        bolt = _bolt(slack, identity=identity, dispatcher=dispatcher, answers=answers)
        sweep = Sweep(
            store,
            providers,
            answers,
            language_of=people.language_of,
            zone_of=people.zone_of,
            slash=config.slash,
        )
        clock = Clockwork(dispatcher.keep_leases, sweep.run)
        web = WebDoor(config, bolt if slack.mode == "http" else None, identity.known)
        socket = SocketDoor(bolt, slack, client) if slack.mode == "socket" else None
        await identity.ask()
        await web.open()
        clock.start()
        if socket:
            await socket.open()
        try:
            yield web
        finally:
            if socket:
                await socket.close()
            await web.close()
            await clock.stop()
            await dispatcher.drain(DRAIN)


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


@asynccontextmanager
async def terminal(config: Config) -> AsyncIterator[tuple[Dispatcher, People]]:
    """The same commands without Slack, for `edmbot exec`."""
    async with open_store(config) as store, open_providers(config, store) as providers:
        people = People(config, None)
        yield Dispatcher(config, store, providers, people, grammar()), people


def _client(slack: SlackConfig, session: aiohttp.ClientSession) -> AsyncWebClient:
    # Without the SDK's retry: it posts a second time when a reply is lost.
    return AsyncWebClient(
        token=slack.bot_token.get_secret_value(),
        base_url=slack.api_url,
        session=session,
        timeout=int(TIMEOUT),
        retry_handlers=[],
    )


def _bolt(
    slack: SlackConfig,
    *,
    identity: Identity,
    dispatcher: Dispatcher,
    answers: SlackAnswers,
) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return identity.authorize()

    app = AsyncApp(
        # Bolt's own client posts nothing: answers go through `SlackAnswers`.
        client=AsyncWebClient(base_url=slack.api_url),
        signing_secret=slack.signing_secret.get_secret_value() or None,
        authorize=authorize,
        # The listener writes a row and acks; Bolt's default would look for the ack every 10 ms.
        process_before_response=True,
        request_verification_enabled=slack.mode == "http",
    )

    async def take(request: Request, ack: AsyncAck) -> None:
        run_id = await dispatcher.receive(request)
        await ack()
        if run_id is not None:
            dispatcher.start(run_id, request, answers)

    @app.command(slack.command)
    async def _command(ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        await take(_slash(req, body), ack)

    @app.action(ACTION)
    async def _action(ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        await take(_click(req, body), ack)

    return app


def _slash(req: AsyncBoltRequest, body: Mapping[str, Any]) -> Request:
    return Request(
        key=request_key(req),
        kind="slash",
        user_id=body["user_id"],
        team_id=body.get("team_id"),
        channel_id=body.get("channel_id"),
        text=body.get("text") or "",
        response_url=body.get("response_url"),
    )


def _click(req: AsyncBoltRequest, body: Mapping[str, Any]) -> Request:
    action = body["actions"][0]
    user = body["user"]
    manner = action["action_id"].split(".")[0]
    channel = body.get("channel") or {}
    return Request(
        key=request_key(req),
        kind="click",
        user_id=user["id"],
        team_id=user.get("team_id") or (body.get("team") or {}).get("id"),
        channel_id=channel.get("id") or (body.get("container") or {}).get("channel_id"),
        text=action.get("value") or "",
        response_url=body.get("response_url"),
        confirmed=manner == "confirmed",
        replace=manner in {"replace", "confirmed"},
    )


def request_key(req: AsyncBoltRequest) -> str:
    """What makes a delivery one: never the trigger id, which some stand-ins repeat."""
    for header in ("x-slack-signature", SocketDoor.ENVELOPE):
        if values := req.headers.get(header):
            return f"{header}:{values[0]}"
    return json.dumps(req.body, sort_keys=True)
