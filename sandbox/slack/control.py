"""The control API: what goes wrong, asked for over HTTP by a demo, a page or a test in another process."""

import json
import re
from collections.abc import Awaitable, Callable, Collection
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.slack.carriers import Carriers
from sandbox.slack.delivery import Delivery
from sandbox.slack.faults import DELIVERY, KINDS, RESPONSE_URL, Faults
from sandbox.slack.methods import METHODS
from sandbox.slack.people import Json
from sandbox.slack.sockets import Reason, SocketMode
from sandbox.wire import is_loopback

LARGEST = 16 * 1024
MOST_TIMES = 10_000
MOST_SECONDS = 86_400.0
_ERROR = re.compile(r"[a-z0-9_]{1,80}")
_REASONS = ("warning", "refresh_requested")


class BadFieldError(Exception):
    """A field of the body that cannot be taken, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")


class Fields:
    """The fields of a body, each read once; `finish` refuses those that nobody read."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._left = values

    def on(self, name: str) -> bool:
        """Whether the field is there; then it is `true`, and the only one."""
        if name not in self._left:
            return False
        if self._left.pop(name) is not True:
            raise BadFieldError(name, "must be true")
        self.finish()
        return True

    def word(self, name: str, words: Collection[str], *, optional: bool = False) -> str | None:
        value = self._left.pop(name, None)
        if value is None and optional:
            return None
        if not isinstance(value, str) or value not in words:
            raise BadFieldError(name, f"must be one of {', '.join(words)}")
        return value

    def number(self, name: str, least: float, most: float, *, whole: bool = False) -> float | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        fits = not isinstance(value, bool) and isinstance(value, int if whole else int | float)
        if not fits or not least <= value <= most:
            raise BadFieldError(name, f"must be a {'whole ' if whole else ''}number from {least:g} to {most:g}")
        return cast("float", value)

    def code(self, name: str) -> str | None:
        value = self._left.pop(name, None)
        if value is not None and not (isinstance(value, str) and _ERROR.fullmatch(value)):
            raise BadFieldError(name, "must be a code of a-z, 0-9 and _")
        return value

    def finish(self) -> None:
        for name in self._left:
            raise BadFieldError(name, "is not a field here")


class Control:
    """Answers JSON with JSON. What it does not understand is refused with the field and the reason."""

    def __init__(self, faults: Faults, http: Delivery, sockets: SocketMode, carriers: Carriers) -> None:
        self._faults = faults
        self._http = http
        self._sockets = sockets
        self._carriers = carriers

    def routes(self) -> list[web.RouteDef]:
        changes = {
            "faults": self._change_faults,
            "clock": self._change_clock,
            "sockets": self._change_sockets,
            "replay": self._replay,
        }
        posts = [web.post(f"/control/{name}", _posted(change)) for name, change in changes.items()]
        return [web.get("/control", self._state), *posts]

    async def _state(self, request: web.Request) -> web.Response:
        if trespass := _trespass(request):
            return trespass
        return web.json_response(self._told())

    def _told(self) -> Json:
        waiting = [
            {"kind": f.kind, "method": f.method, "times": f.times, "seconds": f.seconds, "error": f.error}
            for f in self._faults.waiting
        ]
        return {"faults": waiting, "skew_seconds": self._http.skew, "connections": len(self._sockets.connections)}

    async def _change_faults(self, body: Fields) -> Json:
        if body.on("clear"):
            self._faults.clear()
            return self._told()
        kind = cast("str", body.word("kind", sorted({*KINDS, *DELIVERY})))
        method = body.word("method", [*METHODS, RESPONSE_URL], optional=True)
        if method is not None and kind in DELIVERY:
            raise BadFieldError("method", f"has no meaning for {kind}, which strikes what Slack sends")
        least = -MOST_SECONDS if kind == "clock_skew" else 0
        given: dict[str, Any] = {
            "times": body.number("times", 1, MOST_TIMES, whole=True),
            "seconds": body.number("seconds", least, MOST_SECONDS),
            "error": body.code("error"),
        }
        body.finish()
        self._faults.inject(kind, method, **{name: value for name, value in given.items() if value is not None})
        return self._told()

    async def _change_clock(self, body: Fields) -> Json:
        skew = body.number("skew_seconds", -MOST_SECONDS, MOST_SECONDS)
        body.finish()
        if skew is None:
            raise BadFieldError("skew_seconds", "is missing")
        self._http.skew = skew
        return self._told()

    async def _change_sockets(self, body: Fields) -> Json:
        if body.on("drop"):
            self._sockets.drop()
            return self._told()
        reason = body.word("disconnect", _REASONS)
        body.finish()
        await self._sockets.disconnect(cast("Reason", reason))
        return self._told()

    async def _replay(self, body: Fields) -> Json:
        body.finish()
        ack = await self._carriers.replay()
        return {"status": ack.status, "error": ack.error}


def _posted(change: Callable[[Fields], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        if refusal := _trespass(request) or _unreadable(request):
            return refusal
        try:
            values = json.loads(await request.read())
        except (ValueError, RecursionError):
            return _refused(400, "the body is not JSON")
        if not isinstance(values, dict):
            return _refused(400, "the body must be a JSON object")
        try:
            return web.json_response(await change(Fields(values)))
        except BadFieldError as error:
            return _refused(400, str(error))
        except LookupError as error:
            return _refused(409, str(error))

    return answer


def _unreadable(request: web.Request) -> web.Response | None:
    if request.content_type != "application/json":
        return _refused(415, "the body must be application/json")
    if request.content_length is None or request.content_length > LARGEST:
        return _refused(413, f"the body must be of at most {LARGEST} bytes, and say its length")
    return None


def _trespass(request: web.Request) -> web.Response | None:
    """A refusal for a name that only looks like this machine (DNS rebinding), and for a page of elsewhere."""
    if not _here(f"//{request.host}"):
        return _refused(403, "the Host must be a loopback address or localhost")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return _refused(403, "requests of other origins are not taken")
    return None


def _here(address: str) -> bool:
    try:
        host = urlsplit(address).hostname
    except ValueError:
        return False
    return host is not None and (host == "localhost" or is_loopback(host))


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
