"""Slack's requests, as Bolt hands them over."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.config import Config, SlackConfig
from bot.conversation import Request, Slack
from bot.dispatch import Dispatcher
from bot.forms import CALLBACK, Form, Origin
from bot.home import Home
from bot.identity import Identity
from bot.socket import SocketDoor
from bridge.endings import unpark
from store.engine import Store
from store.tables import new_id
from templates import render
from templates.blocks import ACTION, LINK

PATIENCE = 2.0
"""Seconds that an ack waits for the request's row; Slack waits three, and nobody asks again for a click."""

_log = structlog.get_logger()


def make_bolt(
    config: Config,
    slack: SlackConfig,
    *,
    identity: Identity,
    dispatcher: Dispatcher,
    outlets: Slack,
    home: Home,
    store: Store,
) -> AsyncApp:
    """The app with its listeners; the command is registered first, because Bolt tries them in order."""

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
        receiving = asyncio.ensure_future(dispatcher.receive(request))
        await asyncio.wait({receiving}, timeout=PATIENCE)
        await ack()
        if receiving.done():
            await begin(request, receiving)
        else:
            dispatcher.spawn(begin(request, receiving))

    async def begin(request: Request, receiving: asyncio.Future[str | None]) -> None:
        try:
            run_id = await receiving
        except SQLAlchemyError as error:
            # Without its row a command could be run twice or forgotten.
            _log.error("dispatch.receive", error=str(error.__cause__))
            dispatcher.spawn(decline(request))
            return
        if run_id is not None:
            dispatcher.start(run_id, request, outlets)

    async def decline(request: Request) -> None:
        await outlets.answers.answer(dispatcher.opened(new_id(), request), render("no_memory", str(config.language)))

    @app.command(slack.command)
    async def _command(ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        await take(_slash(req, body), ack)

    @app.action(ACTION)
    async def _action(ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        await take(_click(req, body), ack)

    @app.action(LINK)
    async def _link(ack: AsyncAck) -> None:
        # The browser has opened it already; Slack only wants to hear that we know.
        await ack()

    @app.view(CALLBACK)
    async def _form(ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        request = _submission(req, body)
        if faults := await dispatcher.faults(request):
            await ack(response_action="errors", errors=dict(faults))
        else:
            await take(request, ack)

    @app.event("app_home_opened")
    async def _home(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            dispatcher.spawn(home.opened(event["user"], body.get("team_id")))

    @app.event("member_joined_channel")
    async def _joined(event: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("user") == context.bot_user_id:
            await back(event["channel"])

    @app.event("channel_unarchive")
    @app.event("group_unarchive")
    async def _unarchived(event: dict[str, Any]) -> None:
        await back(event["channel"])

    async def back(channel: str) -> None:
        """What could not be said there is tried at once."""
        await store.transact(lambda session, now: unpark(session, now, channel))

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
        trigger_id=body.get("trigger_id"),
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
        # A menu's entry carries it, where a button carries it itself.
        text=action.get("value") or action.get("selected_option", {}).get("value") or "",
        response_url=body.get("response_url"),
        trigger_id=body.get("trigger_id"),
        confirmed=manner == "confirmed",
        replace=manner in {"replace", "confirmed"},
    )


def _submission(req: AsyncBoltRequest, body: Mapping[str, Any]) -> Request:
    user, origin = body["user"], Origin.read(body["view"])
    return Request(
        key=request_key(req),
        kind="form",
        user_id=user["id"],
        team_id=user.get("team_id") or (body.get("team") or {}).get("id"),
        channel_id=origin.channel_id,
        text=origin.text,
        response_url=origin.response_url,
        form=Form.read(body["view"]),
    )


def request_key(req: AsyncBoltRequest) -> str:
    """What makes a delivery one: never the trigger id, which some stand-ins repeat."""
    signature = req.headers.get("x-slack-signature")
    return signature[0] if signature else req.headers[SocketDoor.ENVELOPE][0]
