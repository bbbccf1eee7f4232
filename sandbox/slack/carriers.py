"""Which way a request goes to the app: signed HTTP or Socket Mode."""

from sandbox.slack.delivery import Ack, Carrier, Delivery, Retry
from sandbox.slack.people import Json
from sandbox.slack.sockets import SocketMode


class Carriers:
    """Socket Mode where the manifest turned it on; without a manifest, once a socket came and no address did."""

    def __init__(self, http: Delivery, sockets: SocketMode, socket_mode: bool | None) -> None:
        self._http = http
        self._sockets = sockets
        self._socket_mode = socket_mode

    @property
    def chosen(self) -> Carrier:
        """The way that the next request takes."""
        only_sockets = self._http.url is None and self._sockets.used
        by_socket = only_sockets if self._socket_mode is None else self._socket_mode
        return self._sockets if by_socket else self._http

    async def form(self, fields: dict[str, str]) -> Ack:
        return await self.chosen.form(fields)

    async def payload(self, payload: Json) -> Ack:
        return await self.chosen.payload(payload)

    async def event(self, event: Json, retry: Retry | None = None) -> Ack:
        return await self.chosen.event(event, retry)

    async def replay(self) -> Ack:
        return await self.chosen.replay()
