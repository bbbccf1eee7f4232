"""Socket Mode: envelopes to the app over WebSockets that it opened, each to one of them, and its acks.

Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import WSMsgType, web

from sandbox.slack.app import App
from sandbox.slack.delivery import FAILED, TIMEOUT, Ack, Retry
from sandbox.slack.faults import Faults
from sandbox.slack.people import Json
from sandbox.slack.workspace import Now

PATH = "/link/"
TICKET_LIFE = timedelta(seconds=30)
"""How long the address that apps.connections.open gives can be used; once."""
MOST = 10
"""Connections of one app."""
GRACE = 10.0
"""Real seconds that a connection lives on after a `disconnect`."""
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass(eq=False, slots=True)
class Connection:
    """A WebSocket of the app's. A retiring one is given nothing new while there are others."""

    socket: web.WebSocketResponse
    request: web.Request
    gone: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    retiring: bool = False

    def end(self) -> None:
        """Let those who wait for an ack over it know that it is over."""
        if not self.gone.done():
            self.gone.set_result(None)

    def drop(self) -> None:
        """Cut it, without a closing handshake."""
        self.end()
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketMode:
    """The app's connections. `base` is the server's address (`ws://127.0.0.1:PORT`), known once it listens."""

    def __init__(self, app: App, faults: Faults, now: Now, ack_seconds: float) -> None:
        self.base = ""
        self.connections: list[Connection] = []
        self.used = False
        """Whether there ever was a connection."""
        self._app = app
        self._faults = faults
        self._now = now
        self._patience = ack_seconds
        self._tickets: dict[str, datetime] = {}
        self._waiting: dict[str, asyncio.Future[str]] = {}
        """By envelope id, the ack that is waited for."""
        self._arrived = asyncio.Event()
        self._last: Json | None = None
        self._closers: set[asyncio.TimerHandle] = set()

    def route(self) -> web.RouteDef:
        return web.get(PATH, self._serve)

    def address(self) -> str:
        """A new address, good for one connection: what apps.connections.open answers."""
        ticket = secrets.token_urlsafe(18)
        self._tickets[ticket] = self._now() + TICKET_LIFE
        return f"{self.base}{PATH}?ticket={ticket}&app_id={self._app.id}"

    # A carrier of what people do; see delivery.Carrier

    async def form(self, fields: dict[str, str]) -> Ack:
        return await self._deliver("slash_commands", dict(fields), answerable=True)

    async def payload(self, payload: Json) -> Ack:
        return await self._deliver("interactive", payload, answerable=True)

    async def event(self, event: Json, retry: Retry | None = None) -> Ack:
        attempt: Json = {
            "retry_attempt": retry.number if retry else 0,
            "retry_reason": retry.reason if retry else "",
        }
        return await self._deliver("events_api", event, answerable=False, more=attempt)

    async def replay(self) -> Ack:
        """The last envelope once more, under its own id; LookupError when there was none."""
        if self._last is None:
            raise LookupError("nothing was sent yet")
        return await self._acked(self._last)

    # What goes wrong with connections

    async def disconnect(self, reason: Reason) -> None:
        """Ask the app to connect anew, on every connection; they are closed a little later."""
        for connection in list(self.connections):
            connection.retiring = True
            await _say(connection.socket, {"type": "disconnect", "reason": reason, "debug_info": _DEBUG})
            self._closers.add(asyncio.get_running_loop().call_later(GRACE, connection.drop))

    def drop(self) -> None:
        """Cut every connection."""
        for connection in list(self.connections):
            connection.drop()
            self._forget(connection)

    def close(self) -> None:
        self.drop()
        for closer in self._closers:
            closer.cancel()

    async def _deliver(self, kind: str, payload: Json, *, answerable: bool, more: Json | None = None) -> Ack:
        envelope: Json = {"envelope_id": secrets.token_hex(16), "payload": payload, "type": kind}
        self._last = envelope | {"accepts_response_payload": answerable} | (more or {})
        ack = await self._acked(self._last)
        if self._faults.strike("replay"):
            await self._acked(self._last)
        return ack if answerable else replace(ack, body="")

    async def _acked(self, envelope: Json) -> Ack:
        """Send until it is acked: again, over another connection, when the one it went out on ends before."""
        start = time.monotonic()
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[str(envelope["envelope_id"])] = answer
        try:
            async with asyncio.timeout(self._patience):
                while not answer.done():
                    await self._try(envelope, answer)
        except TimeoutError:
            return Ack(None, time.monotonic() - start, TIMEOUT if self.connections else FAILED)
        finally:
            # Gone already where the same envelope was sent twice at once.
            self._waiting.pop(str(envelope["envelope_id"]), None)
        return Ack(200, time.monotonic() - start, None, answer.result())

    async def _try(self, envelope: Json, answer: asyncio.Future[str]) -> None:
        """Over one connection: until the ack is there, or the connection is not."""
        connection = await self._next()
        await _say(connection.socket, envelope)
        if self._faults.strike("drop_socket"):
            connection.drop()
            self._forget(connection)
            return
        ends: set[asyncio.Future[Any]] = {connection.gone, answer}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)

    async def _next(self) -> Connection:
        """The connections take turns; without one, the next that arrives."""
        while not self.connections:
            self._arrived.clear()
            await self._arrived.wait()
        chosen = min(self.connections, key=lambda connection: connection.retiring)
        self.connections.remove(chosen)
        self.connections.append(chosen)
        return chosen

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        until = self._tickets.pop(request.query.get("ticket", ""), None)
        if until is None or self._now() > until:
            return web.Response(status=403, text="this address was never given out, was used before, or is too old")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if refusal := self._refusal():
            await _say(socket, {"type": "disconnect", "reason": refusal, "debug_info": _DEBUG})
            await socket.close()
            return socket
        await self._converse(Connection(socket, request))
        return socket

    def _refusal(self) -> Reason | None:
        if self._app.socket_mode is False:
            return "link_disabled"
        return "too_many_websockets" if len(self.connections) >= MOST else None

    async def _converse(self, connection: Connection) -> None:
        self.connections.append(connection)
        self.used = True
        hello: Json = {"type": "hello", "num_connections": len(self.connections), "debug_info": _DEBUG}
        await _say(connection.socket, hello | {"connection_info": {"app_id": self._app.id}})
        self._arrived.set()
        try:
            async for message in connection.socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.data)
        finally:
            connection.end()
            self._forget(connection)

    def _heard(self, words: str) -> None:
        """An ack, whichever connection it comes over; anything else is none, and goes unheard as at Slack."""
        try:
            said = json.loads(words)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        waiting = self._waiting.get(str(said.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = said.get("payload")
            waiting.set_result(json.dumps(payload, ensure_ascii=False) if payload else "")

    def _forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)


_DEBUG: Json = {"host": "applink-sandbox", "approximate_connection_time": 18060}


async def _say(socket: web.WebSocketResponse, words: Json) -> None:
    """Send; what is said into a socket that just ended is lost, as in any network."""
    try:
        await socket.send_str(json.dumps(words, ensure_ascii=False))
    except ConnectionError:
        return
