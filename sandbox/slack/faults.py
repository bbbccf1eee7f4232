"""What goes wrong between Slack and the app, when a test or a demo asks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

RESPONSE_URL = "response_url"
"""What a response_url is called where methods are named."""
DELIVERY = frozenset({"replay", "repeat_trigger_id", "clock_skew", "drop_socket"})
"""Faults of what Slack sends: the request comes twice, byte for byte; with the last trigger id; dated wrongly; over a
WebSocket that ends before the ack."""


CARRYING = {"no_charts": b"data_visualization"}
"""Faults of the calls whose body has this in it; others pass."""


@dataclass(slots=True)
class Fault:
    """One fault waiting for its call or its delivery."""

    kind: str
    method: str | None
    times: int
    seconds: float
    error: str


class Faults:
    """The faults that are waiting. The one put in first strikes first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def inject(
        self,
        kind: str,
        method: str | None = None,
        times: int = 1,
        *,
        seconds: float = 1.0,
        error: str = "internal_error",
    ) -> None:
        """Let the next `times` calls or deliveries go wrong.

        kind: a key of `KINDS` below, for calls; one of `DELIVERY`, for what Slack sends.
        method: only calls of this Web API method, or `response_url`; without it all of them.
        seconds: `slow`'s real seconds, `http_429`'s Retry-After, `clock_skew`'s lead (negative: lag).
        error: what `not_ok` answers under HTTP 200.
        """
        if kind not in KINDS and kind not in DELIVERY:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted({*KINDS, *DELIVERY}))}")
        self._waiting.append(Fault(kind, method, times, seconds, error))

    def clear(self) -> None:
        """Take back what waits."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """What was put in and did not strike yet; the first strikes first."""
        return tuple(self._waiting)

    def strike(self, kind: str) -> Fault | None:
        """The delivery fault of this kind, once, if one is due."""
        return self._take(lambda fault: fault.kind == kind)

    async def around(self, request: web.Request, method: str, answer: Callable[[], web.Response]) -> web.Response:
        """Answer a call, with the fault that is due."""
        body = await request.read()
        fault = self._take(
            lambda fault: (
                fault.kind in KINDS and fault.method in (None, method) and CARRYING.get(fault.kind, b"") in body
            )
        )
        return answer() if fault is None else await KINDS[fault.kind](request, fault, answer)

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        fault = next((fault for fault in self._waiting if fits(fault)), None)
        if fault is not None:
            fault.times -= 1
            if fault.times < 1:
                self._waiting.remove(fault)
        return fault


Answer = Callable[[], web.Response]


async def _lost_reply(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    """The call is carried out, but the connection ends before the answer."""
    answer()
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _http_429(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    return too_many(round(fault.seconds))


async def _http_500(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    return web.Response(status=500, text="<html><body>Internal Server Error</body></html>", content_type="text/html")


async def _slow(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    """The call is carried out at once and answered late."""
    answered = answer()
    await asyncio.sleep(fault.seconds)
    return answered


async def _not_ok(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    return web.json_response({"ok": False, "error": fault.error})


async def _no_charts(request: web.Request, fault: Fault, answer: Answer) -> web.Response:  # noqa: ARG001
    """A workspace that the block has not come to yet: 400 from a response_url, 200 from a method."""
    return web.json_response(
        {"ok": False, "error": "invalid_blocks"}, status=400 if request.path.startswith("/respond/") else 200
    )


def too_many(seconds: int) -> web.Response:
    """Slack's 429."""
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(max(1, seconds))}
    )


KINDS: dict[str, Callable[[web.Request, Fault, Answer], Awaitable[web.Response]]] = {
    "lost_reply": _lost_reply,
    "http_429": _http_429,
    "http_500": _http_500,
    "slow": _slow,
    "not_ok": _not_ok,
    "no_charts": _no_charts,
}
