"""A file of HTML that a person handed over, as text."""

import asyncio
import re
from pathlib import Path

from bot.command import RefusalError
from providers.charset import decode
from providers.errors import BadAnswerError

LARGEST = 512 * 1024
"""Bytes. Mail programs cut messages off at a fifth of that, and a list of templates carries them all."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9._-]+)", re.IGNORECASE)


async def html_in(path: Path) -> str:
    """The text of an HTML file: as its own <meta> says, else UTF-8; never mojibake.

    Raises:
        RefusalError: `template/bad_file`: `unreadable`, `too_large`, `not_text` or `empty`.
    """
    try:
        raw = await asyncio.to_thread(_beginning, path)
    except OSError:
        raise RefusalError("template/bad_file", problem="unreadable") from None
    if len(raw) > LARGEST:
        raise RefusalError("template/bad_file", problem="too_large")
    named = _CHARSET.search(raw[:4096])
    try:
        text = decode(raw, named[1].decode("ascii") if named else None)
    except BadAnswerError:
        raise RefusalError("template/bad_file", problem="not_text") from None
    if not text.strip():
        raise RefusalError("template/bad_file", problem="empty")
    if "\x00" in text:
        raise RefusalError("template/bad_file", problem="not_text")
    return text


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
