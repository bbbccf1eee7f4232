"""Somebody else's system, which is told by webhook: it checks each signature and keeps what came."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from aiohttp import web

from sandbox.signatures import Verdict, check, new_secret
from sandbox.wire import loopback

KEPT = 200
"""Webhooks, the latest."""
LARGEST = 1024 * 1024
ANSWERS: Mapping[int, str] = {
    204: "takes it",
    500: "has a fault",
    429: "asks for 5 s of patience",
    410: "is gone for good",
}
"""What it says to a webhook that is signed rightly."""
REFUSED = 401
"""What it says to any other."""
PATIENCE = "5"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook, as it came."""

    number: int
    """Counts up."""
    at: datetime
    id: str
    """Its `webhook-id`, which stays the same however often it is sent."""
    headers: Sequence[tuple[str, str]]
    body: str
    verdict: Verdict
    answer: int
    copy: int
    """Which time this id came, rightly signed: more than once may happen, and must be told apart from new ones."""


class Receiver:
    """A running receiver, in the caller's event loop."""

    def __init__(self) -> None:
        self.arrivals: deque[Arrival] = deque(maxlen=KEPT)
        """The newest last."""
        self.answer = 204
        """One of ANSWERS."""
        self.secrets = [new_secret()]
        """The first is its own; others are added by whoever has them from elsewhere."""
        self._count = 0
        self._waiting: set[asyncio.Queue[Arrival]] = set()
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @classmethod
    async def start(cls, host: str = "127.0.0.1") -> Self:
        """Listen on a free port; ValueError for a host that is not loopback."""
        receiver = cls()
        await receiver._runner.setup()
        await web.TCPSite(receiver._runner, loopback(host), 0).start()
        return receiver

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where webhooks are sent to."""
        name, number = self._runner.addresses[0][:2]
        return f"http://[{name}]:{number}/" if ":" in name else f"http://{name}:{number}/"

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[Arrival]]:
        """`with receiver.subscribe() as coming: async for arrival in coming: ...`; it does not end by itself."""
        queue: asyncio.Queue[Arrival] = asyncio.Queue()
        self._waiting.add(queue)
        try:
            yield _each(queue)
        finally:
            self._waiting.discard(queue)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        verdict = check(self.secrets, request.headers, body, time.time())
        answer = self.answer if verdict is Verdict.VERIFIED else REFUSED
        id_ = request.headers.get("webhook-id", "")
        before = sum(one.id == id_ and one.verdict is Verdict.VERIFIED for one in self.arrivals)
        self._count += 1
        arrival = Arrival(
            self._count,
            datetime.now(UTC),
            id_,
            tuple(request.headers.items()),
            body.decode("utf-8", "replace"),
            verdict,
            answer,
            before + 1,
        )
        self.arrivals.append(arrival)
        for queue in self._waiting:
            queue.put_nowait(arrival)
        return web.Response(status=answer, headers={"Retry-After": PATIENCE} if answer == 429 else None)


async def _each(queue: asyncio.Queue[Arrival]) -> AsyncIterator[Arrival]:
    while True:
        yield await queue.get()
