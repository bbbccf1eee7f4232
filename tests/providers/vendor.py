"""A vendor that says exactly what a test tells it to say, on a real socket; and what else every test here needs."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from providers.base import Rate

NOW = datetime(2026, 11, 20, 2, 4, tzinfo=UTC)
"""Friday 20 November 2026, 10:04 in Shanghai."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
PASSWORD = "s3cret&Päss word"
DOCUMENTS = Path(__file__).parent.parent / "data" / "documents"

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """A request as it stood on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True, strict_parsing=False))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


def reply(body: str | bytes = b"", status: int = 200, **headers: str) -> bytes:
    """A whole HTTP answer; header names with `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    given = {"Content-Length": str(len(content)), "Connection": "close"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + content


async def reset(writer: asyncio.StreamWriter) -> None:
    """The connection is reset without an answer."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The connection is closed without an answer."""


async def silence(writer: asyncio.StreamWriter) -> None:
    """Nothing is said until the client leaves."""
    await asyncio.Event().wait()


def endless(head: bytes, chunk: bytes, times: int) -> Act:
    """`head`, then `chunk` again and again while the client takes it."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(times):
            writer.write(chunk)
            await writer.drain()

    return act


@dataclass
class Vendor:
    """A scripted server. Replies are used up one by one; the last one stays."""

    url: str
    requests: list[Seen] = field(default_factory=list)
    script: list[bytes | Act] = field(default_factory=list)
    route: Callable[[Seen], bytes | Act] | None = None

    def says(self, *replies: str | bytes | Act) -> None:
        """From now on; text becomes the body of an HTTP 200."""
        self.script = [reply(said) if isinstance(said, str) else said for said in replies]

    @property
    def asked(self) -> Seen:
        """The only request."""
        assert len(self.requests) == 1, [seen.target for seen in self.requests]
        return self.requests[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            lowered = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(lowered.get("content-length", 0)))
            seen = Seen(method, target, headers, body)
            self.requests.append(seen)
            if self.route:
                said: bytes | Act = self.route(seen)
            else:
                said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if isinstance(said, bytes):
                writer.write(said)
                await writer.drain()
            else:
                await said(writer)
        writer.close()


@dataclass
class Turns:
    """A `Limiter` that writes down and never waits."""

    taken: list[tuple[str, int, timedelta]] = field(default_factory=list)

    async def acquire(self, key: str, rate: Rate) -> None:
        self.taken.append((key, rate.calls, rate.per))


def sample(name: str) -> str:
    """A sample of a vendor's document, named after document and chapter."""
    return (DOCUMENTS / name).read_text(encoding="utf-8")


def filled(name: str, **values: object) -> str:
    """A document's sample with values for the descriptions in it; the document's layout and spelling stay."""
    text = sample(name)
    for tag, value in values.items():
        text, count = re.subn(rf"<{tag}>[^<]*</", f"<{tag}>{value}</", text)
        assert count, f"{name} has no <{tag}>"
    return text


_BASIC = {"username": "demo", "password": PASSWORD}
_MD5 = _BASIC | {"auth": "md5"}
SECTIONS: dict[str, dict[str, str]] = {
    "umail": _BASIC,
    "umail-v3": _MD5,
    "umail-sub": _BASIC | {"customer_id": "7020"},
    "umail-v3-sub": _MD5 | {"customer_id": "362"},
    "umail-manager": _BASIC | {"customer_id": "7020", "user_type": "manager"},
    "umail-v3-manager": _MD5 | {"customer_id": "362", "user_type": "manager"},
    "emailcar": {"username": "demo", "password": PASSWORD},
    "itnio": {"app_id": "fKFtblIy", "api_key": "bDqJFiq9", "api_secret": "s3cret-s3cret"},
    "itnio-post": {"app_id": "fKFtblIy", "api_key": "bDqJFiq9", "api_secret": "s3cret-s3cret", "method": "POST"},
}
