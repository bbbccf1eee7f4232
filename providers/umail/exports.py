"""Exports: rows of XML or lines of text as they come, and what is said when it is no export after all.

Every stream raises at its end when rows are missing; what it gave before is true.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

from providers.call import Answer, Call, Download
from providers.charset import candidates
from providers.errors import AnswerTooLargeError, BadAnswerError, ProviderError, RefusedError
from providers.lines import LineStream
from providers.refusals import line, page, says_nothing_found
from providers.status import by_status
from providers.umail.api import Api, document, result
from providers.xml import Element, Reader, RowStream, begins_with

T = TypeVar("T")

_LOOK = 1 << 16
"""Bytes by whose end it is known whether an export has begun."""
_EXPLAINED = 1 << 20
"""Bytes of what came instead of an export: a refusal, a page."""


class _Stream(Protocol[T]):
    def feed(self, chunk: bytes, *, last: bool = False) -> list[T]: ...


class _Kind(Protocol[T]):
    """What an export looks like."""

    def begun(self, head: bytes, charset: str | None) -> bool | None:
        """Whether it is one; None while too little has come to tell."""

    def stream(self, head: bytes, charset: str | None) -> _Stream[T]: ...

    def explain(self, answer: Answer) -> None:
        """Raise what came instead; return when that is an export of nothing."""


async def rows(api: Api, call: Call, root: str, row: str, build: Callable[[Reader], T | None]) -> AsyncIterator[T]:
    """What `build` makes of each `row` below `root`, without rows that have no children or of which it makes None."""

    def read(element: Element) -> T | None:
        return build(Reader(element, api.zone)) if len(element) else None

    async for batch in row_batches(api, call, root, row, read):
        for built in batch:
            yield built


def row_batches(
    api: Api, call: Call, root: str, row: str, read: Callable[[Element], T | None], *, open_ended: bool = False
) -> AsyncGenerator[list[T], None]:
    """What `read` makes of each `row` below `root`, in batches as they come; it must not keep the element.

    open_ended: whether the document shows the last end tag without its slash.
    """
    return _streamed(api, call, _Rows(root, row, read, open_ended=open_ended))


async def lines(api: Api, call: Call, build: Callable[[str], T]) -> AsyncIterator[T]:
    """What `build` makes of each line. It is an export when the first one holds an address."""
    async for batch in line_batches(api, call, build):
        for built in batch:
            yield built


async def line_batches(api: Api, call: Call, build: Callable[[str], T]) -> AsyncGenerator[list[T], None]:
    """`lines` in batches, as they come."""
    async for batch in _streamed(api, call, _Lines()):
        yield [build(found) for found in batch]


async def _streamed(api: Api, call: Call, kind: _Kind[T]) -> AsyncGenerator[list[T], None]:
    try:
        async with api.wire.download(call) as download:
            async for batch in _fed(download, kind):
                yield batch
    except ProviderError as error:
        fault = api.wire.signed(error, call)
    else:
        return
    # Without its traceback, whose frames hold the body.
    raise fault.with_traceback(None)


async def _fed(download: Download, kind: _Kind[T]) -> AsyncGenerator[list[T], None]:
    head = bytearray()
    expected = None if download.status < 400 else False
    stream: _Stream[T] | None = None
    async for piece in download.pieces:
        if stream is not None:
            yield stream.feed(piece)
            continue
        looked = len(head)
        head += piece
        if expected is None and looked < _LOOK:
            expected = kind.begun(bytes(head[:_LOOK]), download.charset)
        if len(head) > _EXPLAINED:
            raise AnswerTooLargeError("the answer is no export, and too large to read")
        if expected:
            stream = kind.stream(bytes(head), download.charset)
            yield stream.feed(bytes(head))
    if stream is None:
        await asyncio.to_thread(kind.explain, Answer(download.status, bytes(head), download.charset))
        return
    yield stream.feed(b"", last=True)


class _Rows(Generic[T]):
    def __init__(self, root: str, row: str, read: Callable[[Element], T | None], *, open_ended: bool) -> None:
        self._root, self._row, self._read = root, row, read
        self._end = root if open_ended else None

    def begun(self, head: bytes, charset: str | None) -> bool | None:
        return begins_with(head, self._root, charset)

    def stream(self, head: bytes, charset: str | None) -> RowStream[T]:
        return RowStream(self._row, candidates(head, charset)[0], self._read, root=self._end)

    def explain(self, answer: Answer) -> None:
        try:
            document(self._root, answer)
        except RefusedError as error:
            if not says_nothing_found(error):
                raise


class _Lines:
    def begun(self, head: bytes, charset: str | None) -> bool | None:
        start, newline, _ = head.decode(candidates(head, charset)[0], "ignore").lstrip("\ufeff \t\r\n").partition("\n")
        if start[:1] in ("<", "{", "["):
            return False
        # Until the line is whole nothing is known; a text of one line without a newline is told at its end.
        return True if "@" in start else (False if newline else None)

    def stream(self, head: bytes, charset: str | None) -> LineStream:
        return LineStream(candidates(head, charset)[0])

    def explain(self, answer: Answer) -> None:
        text = answer.text.strip("\ufeff \t\r\n")
        if not text and answer.status < 400:
            return
        fault = by_status(_instead(text, answer), answer)
        if not says_nothing_found(fault):
            raise fault


def _instead(text: str, answer: Answer) -> ProviderError:
    """The error for what came where lines of text are due."""
    if text.startswith(("<", "{", "[")):
        try:
            result(answer)
        except ProviderError as error:
            return error
        return BadAnswerError("the answer is no text export")
    fault = page(text) or line(text)
    # A sentence such as "没有数据" is no damage, it says that there are no lines.
    said = RefusedError("the vendor declined", vendor_text=fault.vendor_text)
    return said if says_nothing_found(said) else fault
