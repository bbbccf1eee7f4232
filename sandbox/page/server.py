"""The page's server: its files, what a person sees as JSON, a stream of changes, and what people do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.box import Sandbox
from sandbox.page.bodies import Fields
from sandbox.page.deeds import Deeds
from sandbox.page.guard import guarded, posted, refused, sealed
from sandbox.page.outside import Outside
from sandbox.page.sight import Sight
from sandbox.page.stream import tell
from sandbox.page.webhooks import Webhooks
from sandbox.page.words import Word
from sandbox.slack import SlackServer
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Json
from sandbox.wire import loopback

STATIC = Path(__file__).with_name("static")
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What is shown in place; everything else is only downloaded, for it might be a page with scripts."""
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What the page cannot see for itself."""

    command: str
    words: Sequence[Word]
    roles: Mapping[str, str]


class Page:
    """A running page, in the caller's event loop."""

    def __init__(self, slack: SlackServer, box: Sandbox, known: Known, webhooks: Webhooks | None) -> None:
        self._slack = slack
        self._sight = Sight(slack, known.roles)
        self._deeds = Deeds(slack, self._sight, known.command)
        self._outside = Outside(box)
        self._webhooks = webhooks
        self._known = {
            "command": known.command,
            "words": [asdict(word) for word in known.words],
            "team": slack.workspace.team.name,
            "webhooks": webhooks is not None,
        }
        app = web.Application(middlewares=[guarded])
        app.on_response_prepare.append(sealed)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)

    @classmethod
    async def start(
        cls,
        slack: SlackServer,
        box: Sandbox,
        *,
        command: str = "/edm",
        words: Sequence[Word] = (),
        roles: Mapping[str, str] | None = None,
        webhooks: Webhooks | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> Self:
        """Listen; port 0 takes a free one. ValueError for a host that is not loopback, OSError for a taken port.

        words: the bot's commands, for the composer to complete.
        roles: by person's id, what to say of them in the list of people.
        webhooks: the page of a receiver, beside this one.
        """
        loopback(host)
        page = cls(slack, box, Known(command, words, roles or {}), webhooks)
        await page._runner.setup()
        try:
            await web.TCPSite(page._runner, host, port).start()
        except OSError:
            await page._runner.cleanup()
            raise
        return page

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The page's address."""
        name, number = self._runner.addresses[0][:2]
        return f"http://[{name}]:{number}/" if ":" in name else f"http://{name}:{number}/"

    def _routes(self) -> list[web.AbstractRouteDef]:
        posts: dict[str, Callable[[Fields], Awaitable[Json]]] = {
            "type": self._deeds.type,
            "press": self._deeds.press,
            "suggest": self._deeds.suggest,
            "submit": self._deeds.submit,
            "close": self._deeds.close,
            "home": self._deeds.open_home,
            "world": self._pull,
        }
        return [
            web.get("/", self._index),
            web.get("/api/workspace", self._workspace),
            web.get("/api/room", self._room),
            web.get("/api/world", self._world),
            web.get("/api/changes", self._changes),
            web.get("/files/{file}", self._file),
            web.post("/api/upload", self._upload),
            *(web.post(f"/api/{name}", posted(deed)) for name, deed in posts.items()),
            web.static("/static", STATIC),
            *(self._webhooks.routes() if self._webhooks else ()),
        ]

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def _workspace(self, request: web.Request) -> web.Response:
        user = self._sight.person(_query(request))
        return web.json_response({**self._known, **self._sight.workspace(user)})

    async def _room(self, request: web.Request) -> web.Response:
        query = _query(request)
        user = self._sight.person(query)
        channel = query.maybe("channel")
        return web.json_response(self._sight.room(user, channel, query.maybe("thread")))

    async def _world(self, _request: web.Request) -> web.Response:
        return web.json_response(self._outside.state())

    async def _pull(self, body: Fields) -> Json:
        self._outside.pull(body)
        return self._outside.state()

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        """One event for every change that the person can see, none for what they cannot."""
        user = self._sight.person(_query(request))
        with self._slack.workspace.changes.subscribe() as changes:
            seen = (
                {"kind": one.kind, "channel": one.channel} if self._sight.concerns(user, one) else None
                async for one in changes
            )
            return await tell(request, seen)

    async def _upload(self, request: web.Request) -> web.Response:
        """A file that somebody chose in a modal: its bytes are the body, what it is for stands in the address."""
        if request.content_type != "application/octet-stream":
            return refused(415, "the body must be application/octet-stream")
        chunks = request.content.iter_chunked(CHUNK)
        return web.json_response(await self._deeds.upload(_query(request), chunks))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A file that the person can see."""
        user = self._sight.person(_query(request))
        try:
            file = self._slack.files.find(request.match_info["file"])
        except SlackError:
            return refused(404, "no such file")
        if not self._sight.has(user, file):
            return refused(404, "no such file")
        manner = "inline" if file.mimetype in PICTURES else "attachment"
        kind = file.mimetype if file.mimetype in PICTURES else "application/octet-stream"
        return web.FileResponse(file.path, headers={"Content-Type": kind, "Content-Disposition": manner})


def _query(request: web.Request) -> Fields:
    return Fields(request.query)
