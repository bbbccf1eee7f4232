"""Slack's requests, as Bolt hands them over."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.config import SlackConfig
from bot.conversation import Request, Slack
from bot.dispatch import Dispatcher
from bot.forms import CALLBACK, Form, Origin
from bot.home import Home
from bot.identity import Identity
from bot.socket import SocketDoor
from bridge.notices.endings import unpark
from store.engine import Store
from store.tables import new_id
from templates import Message, render
from templates.blocks import ACTION, LINK
from templates.inputs import FIELD

PATIENCE = 2.0
"""Seconds that an ack waits for the request's row; Slack waits three, and nobody asks again for a click."""

_log = structlog.get_logger()


def make_bolt(slack: SlackConfig, identity: Identity, listeners: "Listeners") -> AsyncApp:
    """The app; the command is registered first, because Bolt tries its listeners in order."""

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
    app.command(slack.command)(listeners.command)
    app.action(ACTION)(listeners.click)
    app.action(LINK)(listeners.link)
    app.view(CALLBACK)(listeners.form)
    app.options(FIELD)(listeners.options)
    app.event("app_home_opened")(listeners.home_opened)
    app.event("member_joined_channel")(listeners.joined)
    app.event("channel_unarchive")(listeners.unarchived)
    app.event("group_unarchive")(listeners.unarchived)
    return app


class Listeners:
    """What is done with each kind of request; Bolt hands over what an argument's name asks for."""

    def __init__(self, *, dispatcher: Dispatcher, outlets: Slack, home: Home, store: Store, language: str) -> None:
        """`language`: what to answer in while nobody can be looked up."""
        self._dispatcher = dispatcher
        self._outlets = outlets
        self._home = home
        self._store = store
        self._language = language

    async def command(self, ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        """Somebody typed the slash command."""
        await self._take(_slash(req, body), ack)

    async def click(self, ack: AsyncAck, req: AsyncBoltRequest, body: dict[str, Any]) -> None:
        """Somebody pressed a button or chose from a menu; its value is a command line."""
        await self._take(_click(req, body), ack)

    async def link(self, ack: AsyncAck) -> None:
        """The browser has opened it already; Slack only wants to hear that we know."""
        await ack()

    async def form(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Somebody submitted a modal: what is wrong with it is the ack."""
        request = _submission(body)
        if faults := self._dispatcher.faults(request):
            await ack(response_action="errors", errors=dict(await self._dispatcher.in_words(faults, request)))
        elif self._dispatcher.stays(request):
            # Both at once: Slack waits three seconds.
            showing = asyncio.ensure_future(self._dispatcher.loading(request))
            await self._take(replace(request, view_id=body["view"]["id"]), ack, showing)
        else:
            await self._take(request, ack)

    async def options(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Somebody types into a field that offers more than fits."""
        request = _submission(body)
        await ack(options=await self._dispatcher.suggested(request, body["action_id"], body["value"]))

    async def home_opened(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """Somebody looks at App Home, or at the messages beside it."""
        if event.get("tab", "home") == "home":
            self._dispatcher.spawn(self._home.opened(event["user"], body.get("team_id")))

    async def joined(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """Somebody came into a channel; maybe we did."""
        if event.get("user") == context.bot_user_id:
            await self._back(event["channel"])

    async def unarchived(self, event: dict[str, Any]) -> None:
        """A channel takes messages again."""
        await self._back(event["channel"])

    async def _take(self, request: Request, ack: AsyncAck, showing: asyncio.Future[Message] | None = None) -> None:
        """Commit it, ack it, run it; `showing`: what its modal shows meanwhile, instead of closing."""
        receiving = asyncio.ensure_future(self._dispatcher.receive(request))
        await asyncio.wait({receiving}, timeout=PATIENCE)
        if showing is None:
            await ack()
        else:
            await ack(response_action="update", view=(await showing).view())
        if receiving.done():
            await self._begin(request, receiving)
        else:
            self._dispatcher.spawn(self._begin(request, receiving))

    async def _begin(self, request: Request, receiving: asyncio.Future[str | None]) -> None:
        try:
            run_id = await receiving
        except SQLAlchemyError as error:
            # Without its row a command could be run twice or forgotten.
            _log.error("dispatch.receive", error=str(error.__cause__))
            self._dispatcher.spawn(self._decline(request))
            return
        if run_id is not None:
            self._dispatcher.start(run_id, request, self._outlets)

    async def _decline(self, request: Request) -> None:
        run, message = self._dispatcher.opened(new_id(), request), render("no_memory", self._language)
        if request.view_id is None or not await self._outlets.modals.update(request.view_id, message.view()):
            await self._outlets.answers.answer(run, message)

    async def _back(self, channel: str) -> None:
        """What could not be said there is tried at once."""
        await self._store.transact(lambda session, now: unpark(session, now, channel))


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
    channel_id, response_url = _where(body)
    return Request(
        key=request_key(req),
        kind="click",
        user_id=user["id"],
        team_id=user.get("team_id") or (body.get("team") or {}).get("id"),
        channel_id=channel_id,
        # A menu's entry carries it, where a button carries it itself.
        text=action.get("value") or action.get("selected_option", {}).get("value") or "",
        response_url=response_url,
        trigger_id=body.get("trigger_id"),
        confirmed=manner == "confirmed",
        replace=manner in {"replace", "confirmed"},
        view_id=_modal(body).get("id"),
    )


def _where(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The channel and the response_url of a click; a modal has none, and is answered where it came from."""
    if modal := _modal(body):
        origin = Origin.read(modal)
        return origin.channel_id, origin.response_url
    channel, container = body.get("channel") or {}, body.get("container") or {}
    return channel.get("id") or container.get("channel_id"), body.get("response_url")


def _modal(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The modal that was clicked; empty where it was a message or App Home."""
    view: Mapping[str, Any] = body.get("view") or {}
    return view if view.get("type") == "modal" else {}


def _submission(body: Mapping[str, Any]) -> Request:
    user, view, origin = body["user"], body["view"], Origin.read(body["view"])
    return Request(
        # A form as it was shown is taken once, however often it is submitted: its hash is new when it comes back.
        key=f"form/{view['id']}/{view['hash']}",
        kind="form",
        user_id=user["id"],
        team_id=user.get("team_id") or (body.get("team") or {}).get("id"),
        channel_id=origin.channel_id,
        text=origin.text,
        response_url=origin.response_url,
        form=Form.read(view),
    )


def request_key(req: AsyncBoltRequest) -> str:
    """What makes a delivery one: never the trigger id, which some stand-ins repeat."""
    signature = req.headers.get("x-slack-signature")
    return signature[0] if signature else req.headers[SocketDoor.ENVELOPE][0]
