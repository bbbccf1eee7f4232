"""The HTTP server: Slack's requests, webhooks and schemas for everybody; health and metrics for those on the inside."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from bot import schemapages
from bot.config import Config
from bot.inlet import PATHS, Inlet
from bot.metrics import exposition
from store.engine import Store

SLACK_PATH = "/slack/events"
_BODY_LIMIT = 1024 * 1024
"""Bytes; Slack's largest payloads are a tenth of it."""
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What proxies add: then the request is from somewhere else than it seems."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


class WebDoor:
    """Listens where app.yaml says."""

    def __init__(
        self,
        config: Config,
        store: Store,
        bolt: AsyncApp | None,
        ready: Callable[[], bool],
        *,
        inlet: Inlet | None = None,
    ) -> None:
        """Without `bolt` (Socket Mode, a worker) there is no path for Slack's requests; nor for webhooks without it."""
        self._config = config
        self._store = store
        self._bolt = bolt
        self._inlet = inlet
        self._ready = ready
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address it listens on, with the port that it got."""
        if self._runner is None:
            raise RuntimeError("not open")
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def open(self) -> None:
        """Bind the port and serve."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_get("/healthz", self._inside(self._health))
        app.router.add_get("/readyz", self._inside(self._readiness))
        app.router.add_get("/metrics", self._inside(self._metrics))
        for path in schemapages.PATHS:
            app.router.add_get(path, schemapages.serve)
        if self._bolt is not None:
            app.router.add_post(SLACK_PATH, self._slack)
        if self._inlet is not None:
            for path in PATHS:
                app.router.add_post(path, self._inlet.take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        server = self._config.server
        await web.TCPSite(self._runner, server.host, server.port).start()

    async def close(self) -> None:
        """Take no more requests; those under way end first."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _inside(self, handler: Handler) -> Handler:
        """Not for the world: with the token where there is one, else from this machine."""
        token = self._config.server.metrics_token.get_secret_value()

        async def guarded(request: web.Request) -> web.Response:
            shown = request.headers.get("Authorization", "")
            allowed = hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()) if token else _is_here(request)
            return await handler(request) if allowed else web.Response(status=403)

        return guarded

    async def _slack(self, request: web.Request) -> web.Response:
        assert self._bolt is not None  # noqa: S101  # the route exists only then
        answer = await self._bolt.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(answer)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readiness(self, _request: web.Request) -> web.Response:
        ready = self._ready()
        return web.json_response({"ready": ready, "slack": ready}, status=200 if ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=await exposition(self._store), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _is_here(request: web.Request) -> bool:
    if any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
