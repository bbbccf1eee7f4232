"""Reading bodies in bounded memory: whatever comes, compressed or endless, only so much of it is kept.

httpx would inflate a whole network chunk at once, and 64 KiB of gzip can hold 64 MiB: so the bytes are taken raw
and inflated here, piece by piece.
"""

import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

from providers.errors import AnswerTooLargeError, BadAnswerError

PIECE = 1 << 16
"""The most bytes that are inflated at a time."""
# Either header is recognised: many servers send zlib's where gzip's is due, and the other way round.
_ANY_HEADER = zlib.MAX_WBITS | 32


async def pieces(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """The decoded body in pieces, up to `limit` bytes in all.

    Raises:
        AnswerTooLargeError: there is more than that.
        BadAnswerError: an encoding that nobody asked for, or a damaged one.
        httpx.HTTPError: the connection failed.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    inflate = _inflater(encoding)
    declared = response.headers.get("content-length", "")
    if inflate is None and declared.isascii() and declared.isdigit() and int(declared[:18]) > limit:
        raise too_large(limit)
    seen = 0
    async for chunk in response.aiter_raw():
        for piece in inflate.feed(chunk) if inflate else (chunk,):
            seen += len(piece)
            if seen > limit:
                raise too_large(limit)
            yield piece
    if inflate and not inflate.whole:
        raise BadAnswerError("the compressed answer ends early")


async def whole(response: httpx.Response, limit: int) -> bytes:
    """The whole decoded body; raises as `pieces` does."""
    body = bytearray()
    async for piece in pieces(response, limit):
        body += piece
    return bytes(body)


async def beginning(response: httpx.Response, limit: int) -> bytes:
    """At most `limit` bytes of the body, for a look at what an error page says."""
    body = bytearray()
    try:
        async for piece in pieces(response, limit):
            body += piece
    except (AnswerTooLargeError, BadAnswerError, httpx.HTTPError):
        # The status has said enough; its page is only decoration.
        return bytes(body)
    return bytes(body)


def too_large(limit: int) -> AnswerTooLargeError:
    return AnswerTooLargeError(f"the answer is larger than {limit} bytes")


def _inflater(encoding: str) -> "_Inflater | None":
    if encoding in ("identity", ""):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflater()
    raise BadAnswerError("the answer is compressed in a way that was not asked for")


class _Inflater:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_ANY_HEADER)

    @property
    def whole(self) -> bool:
        return self._zlib.eof

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk and not self._zlib.eof:
            yield self._step(chunk)
            chunk = self._zlib.unconsumed_tail

    def _step(self, chunk: bytes) -> bytes:
        try:
            return self._zlib.decompress(chunk, PIECE)
        except zlib.error:
            pass
        raise BadAnswerError("the compressed answer is damaged")
