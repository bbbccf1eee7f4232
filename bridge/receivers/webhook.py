"""Somebody else's system: one signed POST, to an address that was looked at first.

A name is resolved once for a connection; where one of its addresses is closed (`bridge.webhooks.destinations`), none
is used; and the very address that was judged is connected to, checked once more as the socket is made. Host and SNI
stay the name, and the certificate must be the name's. No proxy, no redirect, no cookie; an answer is read as far as it
makes the connection usable again, never unpacked, and its status counts as soon as it is there.

Connections are kept and used again, apart for those that may go to private networks.
"""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

import aiohttp
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from bridge.addresses import plain_text
from bridge.webhooks.destinations import Fault, UnsafeError, is_open, judge

PATIENCE = 15.0
"""Seconds until a status is there, the look-up of the name included."""
MOST_READ = 64 * 1024
"""Bytes of an answer."""
_REST = 1.0
"""Seconds that the rest of an answer may take once its status is there."""
_QUOTED = 200
"""Characters of a refusal that are kept."""
_KEPT = 4.0
"""Seconds that an idle connection is kept: less than most servers keep it."""
_THREADS = 32
"""Names that may be looked up at once: one that hangs delays no other."""
_LONGEST = 86_400.0
"""Seconds that anybody may ask to be left alone."""
_AGENT = "edmbot"

Resolve: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises OSError: it has none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to."""

    status: int | None
    """HTTP's; None when there was no answer."""
    milliseconds: int
    error: str | None = None
    """Why it was not taken, in words."""
    retry_after: float | None = None
    """Seconds that the other side asks to be left alone."""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookReceiver:
    """Posts; any number at once."""

    def __init__(
        self, *, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None, patience: float = PATIENCE
    ) -> None:
        """resolve: the system's, where it is not given; tls: whom to trust, where not the system's authorities."""
        self._names = ThreadPoolExecutor(_THREADS, "names")
        self._resolve = resolve or self._look_up
        self._tls = tls
        self._patience = patience
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Give the connections back."""
        for session in self._sessions.values():
            await session.close()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool = False) -> Answer:
        """One request, tried once."""
        began = time.monotonic()
        try:
            judge(url, allow_private=allow_private)
            return await self._post(url, body, headers, allow_private, began)
        except TimeoutError:
            return Answer(None, _since(began), f"no answer in {self._patience:g} s")
        except UnsafeError as error:
            return Answer(None, _since(began), _REFUSED.format(error.fault.value))
        except (aiohttp.ClientError, OSError) as error:
            return Answer(None, _since(began), _words(error))

    async def _post(
        self, url: str, body: bytes, headers: Mapping[str, str], allow_private: bool, began: float
    ) -> Answer:
        session = self._session(allow_private)
        async with asyncio.timeout(self._patience):
            response = await session.post(url, data=body, headers=headers, allow_redirects=False)
        async with response:
            status, waited = response.status, _since(began)
            said = await _rest(response)
            if 200 <= status < 300:
                return Answer(status, waited)
            return Answer(status, waited, _quoted(said) or response.reason, _asked(response.headers))

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        if allow_private not in self._sessions:
            connector = aiohttp.TCPConnector(
                limit=0,
                use_dns_cache=False,
                resolver=_Judging(self._resolve, allow_private=allow_private),
                socket_factory=_sockets(allow_private=allow_private),
                ssl=self._tls or True,
                keepalive_timeout=_KEPT,
            )
            self._sessions[allow_private] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._sessions[allow_private]

    async def _look_up(self, name: str) -> Sequence[str]:
        """Asked by several at once, the system is asked once."""
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = asyncio.get_running_loop().run_in_executor(self._names, _addresses, name)
            asked.add_done_callback(lambda done: self._answered(name, done))
        return await asyncio.shield(asked)

    def _answered(self, name: str, done: asyncio.Future[Sequence[str]]) -> None:
        del self._asked[name]
        if not done.cancelled():
            # Who asked may be gone: then nobody else looks at it.
            done.exception()


def _addresses(name: str) -> Sequence[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Judging(AbstractResolver):
    """Names to addresses that may be connected to."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # the interface
    ) -> list[ResolveResult]:
        found = await self._resolve(host)
        self._judge(found)
        return [
            ResolveResult(hostname=host, host=one, port=port, family=_family(one), proto=0, flags=socket.AI_NUMERICHOST)
            for one in found
        ]

    def _judge(self, found: Sequence[str]) -> None:
        if not all(is_open(address, allow_private=self._allow_private) for address in found):
            # One good address among them is the usual bait.
            raise UnsafeError(Fault.PRIVATE)

    async def close(self) -> None:
        """Nothing is held."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _sockets(*, allow_private: bool) -> Callable[[AddrInfoType], socket.socket]:
    """What makes a socket for an address, and for no other than an open one."""

    def made(info: AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        if not is_open(str(address[0]), allow_private=allow_private):
            raise PermissionError(errno.EACCES, _CLOSED)
        return socket.socket(family, kind, proto)

    return made


async def _rest(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of an answer; where more comes, or it comes slowly, the connection is not used again."""
    said = bytearray()
    try:
        async with asyncio.timeout(_REST):
            while chunk := await response.content.readany():
                said += chunk
                if len(said) > MOST_READ:
                    break
            else:
                return bytes(said)
    except (TimeoutError, aiohttp.ClientError):
        pass
    response.close()
    return bytes(said)


def _quoted(said: bytes) -> str:
    """The beginning in one line, without what looks like an address: it may repeat what it was sent."""
    text = "".join(one if one.isprintable() else " " for one in said[: 16 * _QUOTED].decode(errors="replace"))
    return plain_text(" ".join(text.split()))[:_QUOTED]


def _asked(headers: Mapping[str, str]) -> float | None:
    """Retry-After: seconds, or a date (RFC 9110 10.2.3); a day at most."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    wait = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(wait, 0.0), _LONGEST)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


_REFUSED = "not sent: {}"
_CLOSED = _REFUSED.format(Fault.PRIVATE.value)
_WORDS: Mapping[type[Exception], str] = {
    aiohttp.ClientConnectorCertificateError: "its certificate cannot be trusted",
    aiohttp.ClientSSLError: "no TLS connection",
    aiohttp.ClientConnectorDNSError: "its name is not known",
    aiohttp.ServerDisconnectedError: "closed the connection without an answer",
    aiohttp.ClientConnectionResetError: "closed the connection without an answer",
    aiohttp.ClientConnectorError: "cannot be reached",
    aiohttp.ClientResponseError: "its answer is no HTTP",
}
"""The first that fits."""


def _words(error: Exception) -> str:
    said = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), "cannot be reached")
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    why = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None)
    if why == _CLOSED:
        return _CLOSED
    return f"{said}: {why}"[:_QUOTED] if why else said
