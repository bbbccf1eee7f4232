"""What goes wrong on the way: faults that a test or a demo puts into the vendors' answers."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import get_args

from aiohttp import web

from sandbox.wire import Answer, Call, Effect, Streamed, VendorName

EFFECTS = {"silent_accept", "late_apply"}
"""Faults of the vendor's own making: the answer is fine, the edit is not carried out, or later."""
CHANGES = {"edit-task", "del-task"}


@dataclass(slots=True)
class Fault:
    """One fault waiting for its call."""

    vendor: VendorName
    kind: str
    call: str | None
    times: float
    seconds: float

    def strikes(self, call: Call) -> bool:
        if self.vendor != call.vendor or self.times < 1:
            return False
        if self.kind in EFFECTS and call.name not in CHANGES:
            return False
        return self.call in (None, call.name)


class Faults:
    """The faults that are waiting. The one put in first strikes first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._released = asyncio.Event()

    def inject(
        self, vendor: VendorName, kind: str, *, call: str | None = None, times: int = 1, seconds: float = 1.0
    ) -> None:
        """Let the next `times` calls of a vendor go wrong.

        vendor: `umail`, `umail_v3` (whose requests are told apart by their credentials), `emailcar` or `itnio`.
        kind: a key of `KINDS` below, or of `EFFECTS`. `down` stays until `clear`.
        call: only this call: a U-Mail `do`, or script without `.php` where it takes none; `mail/send`;
        `getSendEmailRcd`. Without it any call; for `silent_accept` and `late_apply` any edit-task or del-task.
        seconds: real ones for `slow` and `http_429`'s Retry-After, world ones for `late_apply`.
        """
        if vendor not in get_args(VendorName):
            raise ValueError(f"no vendor {vendor!r}")
        if kind not in KINDS and kind not in EFFECTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted({*KINDS, *EFFECTS}))}")
        self._waiting.append(Fault(vendor, kind, call, float("inf") if kind == "down" else times, seconds))

    def clear(self, vendor: VendorName | None = None) -> None:
        """Take back what waits, for one vendor or for all, and let go of the answers that are being held."""
        self._waiting = [fault for fault in self._waiting if vendor not in (None, fault.vendor)]
        self._released.set()
        self._released = asyncio.Event()

    async def around(self, request: web.Request, call: Call, answer: Answer) -> web.StreamResponse:
        """Answer a call, with the fault that is due."""
        fault = next((fault for fault in self._waiting if fault.strikes(call)), None)
        if fault is None:
            return answer(call)
        fault.times -= 1
        if fault.kind in EFFECTS:
            call.effect = Effect(late=fault.seconds if fault.kind == "late_apply" else None)
            return answer(call)
        return await KINDS[fault.kind](Strike(request, fault, lambda: answer(call), self._released))


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault and the call it strikes."""

    request: web.Request
    fault: Fault
    answer: Callable[[], web.Response]
    released: asyncio.Event

    def cut(self, *, reset: bool) -> web.Response:
        """End the connection without an answer: closed, or reset."""
        transport = self.request.transport
        if transport is not None:
            if reset:
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        return web.Response()

    def changed(self, text: Callable[[str], bytes]) -> web.Response:
        """The true answer, its body altered."""
        answer = self.answer()
        true = answer.whole() if isinstance(answer, Streamed) else answer.text or ""
        return web.Response(
            status=answer.status, body=text(true), headers={"Content-Type": answer.headers["Content-Type"]}
        )


async def _timeout(strike: Strike) -> web.Response:
    """Nothing is done and nothing is said until the client leaves or the faults are cleared."""
    await strike.released.wait()
    return strike.cut(reset=False)


async def _lost_reply(strike: Strike) -> web.Response:
    """The work is done, but the connection ends before the answer."""
    strike.answer()
    return strike.cut(reset=False)


async def _reset(strike: Strike) -> web.Response:
    """Nothing is done; the connection is reset."""
    return strike.cut(reset=True)


async def _http_500(strike: Strike) -> web.Response:  # noqa: ARG001
    return web.Response(
        status=500, text="<html><body><h1>500 Internal Server Error</h1></body></html>", content_type="text/html"
    )


async def _http_429(strike: Strike) -> web.Response:
    retry = {"Retry-After": str(round(strike.fault.seconds))}
    return web.Response(status=429, text="Too Many Requests", headers=retry)


async def _html(strike: Strike) -> web.Response:  # noqa: ARG001
    """A log-in page under HTTP 200."""
    return web.Response(
        text="<html><head><title>用户登录</title></head><body><form></form><br></body></html>", content_type="text/html"
    )


async def _truncated(strike: Strike) -> web.Response:
    """The first half of the answer, as a whole HTTP message."""
    return strike.changed(lambda text: text[: len(text) // 2].encode())


async def _gbk(strike: Strike) -> web.Response:
    """The answer in GBK, though it says UTF-8; XML without Chinese gets some."""

    def encoded(text: str) -> bytes:
        ending = "<!--结束-->" if text.isascii() and text.startswith("<") else ""
        return f"{text}{ending}".encode("gbk", "replace")

    return strike.changed(encoded)


async def _garbage_json(strike: Strike) -> web.Response:
    """The answer, then the rest of another one."""
    return strike.changed(lambda text: f"{text}{json.dumps({'status': 'success'})}}}".encode())


MISPRINTS = (
    (re.compile("</rebate>"), "</rebtae>"),
    (re.compile(r"(<send_id>\d+)</send_id>"), r"\1</task_sn>"),
    (re.compile(r"(</user>|</click>)</data>"), r"\1<data>"),
    (re.compile(r"(?<!</item>)</maillist>"), "</aillist>"),
)
"""The five places where 000's own samples are no XML (2.4, 3.1, 3.2, 3.3, 4.2)."""


async def _misprint(strike: Strike) -> web.Response:
    """The true answer, with the mistakes of the document's sample."""

    def misprinted(text: str) -> bytes:
        for right, wrong in MISPRINTS:
            text = right.sub(wrong, text)
        return text.encode()

    return strike.changed(misprinted)


async def _slow(strike: Strike) -> web.Response:
    await asyncio.sleep(strike.fault.seconds)
    return strike.answer()


KINDS: dict[str, Callable[[Strike], Awaitable[web.Response]]] = {
    "timeout": _timeout,
    "lost_reply": _lost_reply,
    "reset": _reset,
    "down": _reset,
    "http_500": _http_500,
    "http_429": _http_429,
    "html": _html,
    "truncated": _truncated,
    "gbk": _gbk,
    "garbage_json": _garbage_json,
    "slow": _slow,
    "misprint": _misprint,
}
