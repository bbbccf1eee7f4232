"""`POST /webhooks/NAME`: a request of the HTTP server's, for `bridge.webhooks.inbound`."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from bridge.webhooks.adapters.contract import Arrived
from bridge.webhooks.adapters.settings import is_within
from bridge.webhooks.inbound import Inbound, Reply

PATHS = ("/webhooks/{source}", "/webhooks/{source}/{secret}")
_PATIENCE = 30.0
"""Seconds in which a whole body must have come."""


class Inlet:
    """Its `take` is the handler for `PATHS`."""

    def __init__(self, inbound: Inbound, proxies: Sequence[str]) -> None:
        self._inbound = inbound
        self._proxies = proxies

    async def take(self, request: web.Request) -> web.Response:
        source, remote = request.match_info["source"], self._sender(request)
        if (refused := self._inbound.refusal_of(source, remote)) is not None:
            return _response(refused)
        try:
            async with asyncio.timeout(_PATIENCE):
                body = await _beginning(request, self._inbound.limit_of(source))
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except web.RequestPayloadError:
            raise web.HTTPBadRequest from None
        arrived = Arrived(
            headers=request.headers,
            body=body,
            query=request.query,
            remote=remote,
            path_secret=request.match_info.get("secret", ""),
        )
        return _response(await self._inbound.receive(source, arrived))

    def _sender(self, request: web.Request) -> str:
        """The nearest address that is no proxy of ours: only what our own proxies say counts."""
        remote = request.remote or ""
        named = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        while named and is_within(remote, self._proxies):
            remote = named.pop().strip() or remote
        return remote


def _response(reply: Reply) -> web.Response:
    return web.json_response(dict(reply.words), status=reply.status, headers=reply.headers)


async def _beginning(request: web.Request, limit: int) -> bytes:
    """The body, or of one that is larger than `limit` at least a byte more."""
    read = bytearray()
    while len(read) <= limit and (chunk := await request.content.readany()):
        read += chunk
    return bytes(read)
