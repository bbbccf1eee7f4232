"""Files as multipart/form-data (RFC 7578), read from disk as they go out."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from providers.errors import NoAnswerError, RefusedError

PIECE = 1 << 16
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"\\/]")


class Multipart:
    """A form with fields and files (field, where it lies, the name to show); its length is known before it is sent.

    Raises:
        RefusedError: a file that cannot be read. Nothing was sent.
    """

    def __init__(self, fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, Path, str]]) -> None:
        self._boundary = f"edmbot-{uuid4().hex}"
        self._parts: list[bytes | tuple[Path, int]] = []
        for name, value in fields:
            self._parts.append(self._head(f'name="{name}"') + value.encode() + b"\r\n")
        for name, path, shown in files:
            said = _UNSAFE.sub("_", shown)
            head = self._head(f'name="{name}"; filename="{said}"', "Content-Type: application/octet-stream\r\n")
            self._parts += [head, (path, _size(path)), b"\r\n"]
        self._parts.append(f"--{self._boundary}--\r\n".encode())

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the request must say of its body."""
        length = sum(len(part) if isinstance(part, bytes) else part[1] for part in self._parts)
        kind = f"multipart/form-data; boundary={self._boundary}"
        return (("Content-Type", kind), ("Content-Length", str(length)))

    async def body(self) -> AsyncIterator[bytes]:
        """The form, a piece at a time; of a file exactly as much as was promised."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            async for piece in _file(*part):
                yield piece

    def _head(self, disposition: str, more: str = "") -> bytes:
        return f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n".encode()


def _size(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return file.seek(0, 2)
    except OSError as error:
        raise RefusedError(f"the file {path.name} cannot be read ({error.strerror})") from None


async def _file(path: Path, size: int) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError:
        raise _ended_early() from None
    try:
        while size:
            piece = await asyncio.to_thread(_piece, file, min(PIECE, size))
            size -= len(piece)
            yield piece
    finally:
        file.close()


def _piece(file: BinaryIO, most: int) -> bytes:
    try:
        piece = file.read(most)
    except OSError:
        piece = b""
    if not piece:
        raise _ended_early()
    return piece


def _ended_early() -> NoAnswerError:
    return NoAnswerError("the file could no longer be read while it was sent")
