"""A Slack workspace on loopback, for one app, with everything that a test or a page does to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from sandbox.slack.agenda import Agenda
from sandbox.slack.api import Call, Door
from sandbox.slack.app import App
from sandbox.slack.carriers import Carriers
from sandbox.slack.control import Control
from sandbox.slack.deeds import Reply, Scene
from sandbox.slack.delivery import ACK_SECONDS, Ack, Delivery
from sandbox.slack.faults import Faults
from sandbox.slack.files import File, Files
from sandbox.slack.interactions import Interactions
from sandbox.slack.limits import Limits
from sandbox.slack.messages import Message
from sandbox.slack.methods.desk import Desk
from sandbox.slack.oauth import Consents
from sandbox.slack.presses import Presses
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.sockets import SocketMode
from sandbox.slack.submissions import choose_file, file_field
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import View
from sandbox.slack.workspace import Now, Workspace
from sandbox.wire import loopback

LARGEST_BODY = 4 * 1024 * 1024


def _real_time() -> datetime:
    return datetime.now(UTC)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


class SlackServer:
    """A running workspace, in the caller's event loop.

    `workspace` is what is in it, `faults` what goes wrong, `sockets` the app's connections in Socket Mode, `files`
    what was uploaded, `calls` every call of the app, oldest first.
    """

    def __init__(self, now: Now, app: App, ack_seconds: float) -> None:
        self.app = app
        self.workspace = Workspace(app, now)
        self.faults = Faults()
        triggers = Triggers(now)
        self._responses = ResponseUrls(self.workspace)
        self._agenda = Agenda(now)
        self._consents = Consents(now)
        self.files = Files(self.workspace)
        self._delivery = Delivery(app, self.faults, ack_seconds)
        self.sockets = SocketMode(app, self.faults, now, ack_seconds)
        self._carriers = Carriers(self._delivery, self.sockets, app.socket_mode)
        desk = Desk(
            self.workspace, triggers, Limits(now), self.sockets.address, self.files, self._agenda, self._consents
        )
        self._door = Door(desk, self._responses, self.faults)
        scene = Scene(self.workspace, self._carriers, self._responses, triggers, self.faults, self._agenda)
        self._people = Interactions(scene)
        self._presses = Presses(scene)
        served = web.Application(client_max_size=LARGEST_BODY)
        control = Control(self.faults, self._delivery, self.sockets, self._carriers)
        served.add_routes([*self._door.routes(), self.sockets.route(), *control.routes(), *self.files.routes()])
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
        self._url = ""

    @classmethod
    async def start(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        now: Now = _real_time,
        *,
        manifest: Mapping[str, Any] | None = None,
        ack_seconds: float = ACK_SECONDS,
    ) -> Self:
        """Listen; port 0 takes a free one. ValueError for a host that is not loopback.

        now: the workspace's time, aware: what timestamps, expiries and "today" go by.
        manifest: the app manifest to install; without it the app may do everything and takes every command.
        ack_seconds: how long the app has to acknowledge; Slack's three unless a test is in a hurry.
        """
        server = cls(now, App.installed(manifest), ack_seconds)
        await server._listen(loopback(host), port)
        return server

    async def stop(self) -> None:
        await self._agenda.close()
        self.sockets.close()
        await self._delivery.close()
        await self._runner.cleanup()
        self.files.close()

    # What the app needs to know

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end: what the control API's paths are appended to."""
        return self._url

    @property
    def api_url(self) -> str:
        """The Web API's base address, with its slash."""
        return f"{self._url}/api/"

    @property
    def bot_token(self) -> str:
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.app.signing_secret

    def environ(self) -> dict[str, str]:
        """The environment that points app.yaml at this workspace."""
        return {
            "SLACK_API_URL": self.api_url,
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_APP_TOKEN": self.app_token,
        }

    def connect(self, request_url: str) -> None:
        """Where the app takes Slack's requests: `http://127.0.0.1:PORT/slack/events`.

        An app in Socket Mode says so itself, by apps.connections.open.
        """
        self._delivery.url = request_url

    def install(self, user: str, redirect_uri: str | None = None) -> str:
        """Let a person agree to the app's scopes: the code that oauth.v2.access takes."""
        return self._consents.give(user, redirect_uri)

    # What people do; see Interactions

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Reply:
        """Type a command; a channel `D…` is that person's direct messages with the bot."""
        if channel == self.workspace.direct_id(user):
            self.workspace.direct(user)
        return await self._people.slash(user, channel, command, text)

    async def click(
        self, user: str, target: Message | View, name: str, *, confirm: bool = True, block: str | None = None
    ) -> Reply:
        """Press a button by its text or action_id, or choose a menu's option by its text; see Presses."""
        return await self._presses.click(user, target, name, confirm=confirm, block=block)

    async def choose(
        self,
        user: str,
        target: Message | View,
        name: str,
        value: Any,  # noqa: ANN401
        *,
        confirm: bool = True,
        block: str | None = None,
    ) -> Reply:
        """Set a select, a picker, boxes or an input, by its action_id; see Presses."""
        return await self._presses.choose(user, target, name, value, confirm=confirm, block=block)

    async def suggest(
        self, user: str, target: Message | View, name: str, query: str, *, block: str | None = None
    ) -> Reply:
        """Type into an external select: `Reply.options` are what the app suggests."""
        return await self._presses.suggest(user, target, name, query, block=block)

    async def submit(self, user: str, values: Mapping[str, Any]) -> Reply:
        """Submit the modal on top, with values by action_id."""
        return await self._people.submit(user, values)

    async def attach(self, user: str, field: str, name: str, content: bytes) -> File:
        """Choose a file for the `file_input` of the modal on top, by its action_id, beside those chosen already.

        It goes to the app with `submit`, which need not name it. LookupError where there is no such field, ValueError
        for a file that the field does not take: its ending, its size, one too many.
        """
        view = self.modal(user)
        if view is None:
            raise LookupError(f"{user} has no modal open")
        block, element = file_field(view, field)
        file = await self.files.upload(user, name, _once(content), element.get("filetypes", ()))
        choose_file(self.workspace, view, block, element, file.id)
        return file

    async def close(self, user: str) -> Reply:
        """Cancel the modal on top."""
        return await self._people.close(user)

    async def open_home(self, user: str) -> Reply:
        """Look at App Home."""
        return await self._people.open_home(user)

    async def invite(self, user: str, channel: str, guest: str) -> Reply:
        """Bring somebody, the bot perhaps, into a channel."""
        return await self._people.invite(user, channel, guest)

    async def unarchive(self, user: str, channel: str) -> Reply:
        """Bring an archived channel back."""
        return await self._people.unarchive(user, channel)

    async def replay(self) -> Ack:
        """Slack's last request once more, byte for byte; in Socket Mode the last envelope, under its own id."""
        return await self._carriers.replay()

    # What people see

    def visible(self, user: str, channel: str, thread: str | None = None) -> list[Message]:
        """What the person sees in a channel, or in the thread under a message: oldest first, ephemeral ones too."""
        return self.workspace.visible(user, channel, thread)

    def modal(self, user: str) -> View | None:
        """The modal on top."""
        stack = self.workspace.modals.get(user)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """What the app published as the person's App Home."""
        return self.workspace.homes.get(user)

    async def wait(
        self,
        user: str,
        channel: str,
        wanted: Callable[[Message], bool],
        timeout: float = 5.0,  # noqa: ASYNC109
    ) -> Message:
        """The newest message that the person can read in the channel, threads included, and that is wanted.

        Returns at once when it is there already. TimeoutError, with what is there instead, after real seconds.
        """
        with self.workspace.changes.subscribe() as changes, suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                if found := self._newest(user, channel, wanted):
                    return found
                async for change in changes:
                    if change.channel == channel and (found := self._newest(user, channel, wanted)):
                        return found
        there = [message.plain for message in self.workspace.readable(user, channel)]
        raise TimeoutError(f"{user} sees nothing such in {channel} after {timeout} s; there is: {there}")

    @property
    def calls(self) -> list[Call]:
        """The app's calls of the Web API and of response URLs (method `response_url`), oldest first."""
        return self._door.calls

    def _newest(self, user: str, channel: str, wanted: Callable[[Message], bool]) -> Message | None:
        return next((m for m in reversed(self.workspace.readable(user, channel)) if wanted(m)), None)

    async def _listen(self, host: str, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        name, number = self._runner.addresses[0][:2]
        self._url = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        self._responses.base = f"{self._url}/respond/"
        self.files.base = self._url
        self.sockets.base = self._url.replace("http", "ws", 1)
        self._agenda.open()
