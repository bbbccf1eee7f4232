"""Who may drive the page: a browser on this machine, from the page itself and from no other website."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.page.bodies import BadFieldError, Fields
from sandbox.slack.people import Json
from sandbox.wire import is_loopback

LARGEST = 256 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RefusedError(Exception):
    """A request that is not carried out: 409 for what the workspace itself finds wrong, as a button that is gone."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers, tell what is wrong with a request as JSON."""
    if trespass := _trespass(request):
        return trespass
    try:
        return await handler(request)
    except BadFieldError as error:
        return refused(400, str(error))
    except RefusedError as error:
        return refused(error.status, str(error))


async def sealed(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal: every answer says what a browser may do with it."""
    response.headers.update(HEADERS)


async def body_of(request: web.Request) -> Mapping[str, Any]:
    """The JSON object of a POST; RefusedError where there is none."""
    if request.content_type != "application/json":
        raise RefusedError(415, "the body must be application/json")
    if request.content_length is None or request.content_length > LARGEST:
        raise RefusedError(413, f"the body must say its length, of at most {LARGEST} bytes")
    try:
        values = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise RefusedError(400, "the body is not JSON") from None
    if not isinstance(values, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return values


def posted(deed: Callable[[Fields], Awaitable[Json]]) -> Handler:
    """What people do by a POST, told in JSON."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(await deed(Fields(await body_of(request))))

    return answer


def refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def _trespass(request: web.Request) -> web.Response | None:
    """A name that only looks like this machine (DNS rebinding), and a page of elsewhere."""
    if not _here(request.host):
        return refused(403, "the Host must be a loopback address or localhost")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        return refused(403, "requests of other origins are not taken")
    return None


def _here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and (name == "localhost" or is_loopback(name))
