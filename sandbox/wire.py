"""One vendor's door: an HTTP server on loopback that records every request before it is answered."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Literal

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.clock import WorldClock

VendorName = Literal["umail", "umail_v3", "emailcar", "itnio"]

SECRETS = frozenset({"password", "api_pwd", "pwd"})
LARGEST_BODY = 512 * 1024 * 1024
"""Room for a file of some million addresses; a file goes to disk while it is received."""
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Effect:
    """What the vendor makes of a change that it has accepted: nothing, or something only later."""

    late: float | None
    """World seconds until it is applied; None: never."""


@dataclass(slots=True)
class Call:
    """A request, read: what a vendor's code answers from."""

    vendor: VendorName
    name: str
    """The call's own name: a U-Mail `do` or script, `mail/send`, `getSendEmailRcd`."""
    method: str
    path: str
    """Below the vendor's base address."""
    query: Mapping[str, str]
    form: Mapping[str, str]
    """A form's fields, or the texts of a JSON object; an unreadable body has none."""
    headers: Mapping[str, str]
    files: tuple[FileField, ...] = ()
    """Files of a multipart form, in order. They are closed once the call is answered."""
    effect: Effect | None = None

    @property
    def params(self) -> dict[str, str]:
        """Query and form together; the form wins."""
        return {**self.query, **self.form}


@dataclass(frozen=True, slots=True)
class Received:
    """A request as a test sees it afterwards; passwords are `***`, and headers are not kept."""

    vendor: VendorName
    call: str
    method: str
    path: str
    params: Mapping[str, str] = field(repr=False)
    time: datetime
    """The world's time."""


class Streamed(web.Response):
    """An answer that is written while it is made, in chunks, so that its length costs no memory."""

    def __init__(self, pieces: Iterator[str], content_type: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body=_chunks(pieces), content_type=content_type, charset="utf-8", headers=headers)
        self._pieces = pieces

    def whole(self) -> str:
        """The whole answer at once: what a fault spoils. It can be read or sent, not both."""
        return "".join(self._pieces)


async def _chunks(pieces: Iterator[str]) -> AsyncIterator[bytes]:
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()


Answer = Callable[[Call], web.Response]
Name = Callable[[web.Request, Mapping[str, str]], tuple[VendorName, str]]
Around = Callable[[web.Request, Call, Answer], Awaitable[web.StreamResponse]]


def loopback(host: str) -> str:
    """The host, when it is a loopback address; ValueError for any other, names included except `localhost`."""
    if host != "localhost" and not is_loopback(host):
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    return host


def is_loopback(host: str) -> bool:
    """Whether it is a loopback address, in numbers."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Door:
    """A listening vendor. `name` says whose request it is and which call; `answer` answers it."""

    def __init__(
        self, base: str, name: Name, answer: Answer, *, around: Around, clock: WorldClock, log: list[Received]
    ) -> None:
        self._base = base
        self._name = name
        self._answer = answer
        self._around = around
        self._clock = clock
        self._log = log
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", f"{base}{{path:.*}}", self._serve)
        self._app = app
        # A client that leaves ends its handler, so that a held answer ends with it.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._host = ""
        self._port = 0
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """The base address, with its slash."""
        return f"{self.origin}{self._base}"

    def beside(self, path: str, serve: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        """Serve a path outside the base address too; before `open`."""
        self._app.router.add_route("*", path, serve)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{self._host}:{self._port}"

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        await self._runner.setup()
        self._host = loopback(host)
        self._port = port
        await self.accept_connections()

    async def accept_connections(self) -> None:
        """Listen again, on the same port."""
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def refuse_connections(self) -> None:
        """Stop listening: new connections are refused by the kernel, kept ones live on."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = await self._read(request)
        params = MappingProxyType({k: "***" if k in SECRETS else v for k, v in call.params.items()})
        self._log.append(Received(call.vendor, call.name, call.method, call.path, params, self._clock.now()))
        return await self._around(request, call, self._answer)

    async def _read(self, request: web.Request) -> Call:
        query = dict(request.query)
        vendor, name = self._name(request, query)
        path = request.match_info["path"]
        form, files = await _form(request)
        return Call(vendor, name, request.method, path, query, form, request.headers, files)


async def _form(request: web.Request) -> tuple[dict[str, str], tuple[FileField, ...]]:
    posted = await request.post()
    files = tuple(value for value in posted.values() if isinstance(value, FileField))
    return _texts(posted if request.content_type != "application/json" else await _json(request)), files


async def _json(request: web.Request) -> object:
    try:
        fields: object = json.loads(await request.read())
    except ValueError:
        return {}
    return fields


def _texts(fields: object) -> dict[str, str]:
    if not isinstance(fields, Mapping):
        return {}
    return {key: value for key, value in fields.items() if isinstance(value, str)}
