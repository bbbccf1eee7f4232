"""The words of SMTP: answers, addresses with their options, and the two ways to log in (RFC 5321, 4954)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

LARGEST_MAIL = 10 * 1024 * 1024

Ask = Callable[[str], Awaitable[str]]
"""Prompt, in base64, and what came back."""

_PATH = re.compile(r"<([^\s<>@]+@[^\s<>@]+)>((?: \S+)*)")


class Answers:
    """What is said in more than one place."""

    SEQUENCE = "503 5.5.1 bad sequence of commands"
    SYNTAX = "501 5.5.4 bad address"
    TOO_LARGE = "552 5.3.4 message too big"


@dataclass(slots=True)
class Envelope:
    """Who writes to whom."""

    sender: str
    recipients: list[str] = field(default_factory=list)


def address_of(rest: str, keyword: str) -> tuple[str | None, list[tuple[str, str]]]:
    """The address of `FROM:<a@b> SIZE=1` and its options, names in capitals; None when it cannot be read."""
    path = rest[len(keyword) :].strip()
    match = _PATH.fullmatch(path) if rest[: len(keyword)].upper() == keyword else None
    if match is None:
        return None, []
    pairs = (option.partition("=") for option in match[2].split())
    return match[1], [(name.upper(), value) for name, _, value in pairs]


async def login(first: str, ask: Ask) -> tuple[str, str]:
    """AUTH LOGIN, the name with the command or after it; ValueError when it is not base64."""
    username = first or await ask(_prompt("Username:"))
    return _text(username), _text(await ask(_prompt("Password:")))


async def plain(first: str, ask: Ask) -> tuple[str, str]:
    """AUTH PLAIN; ValueError when it is not `identity NUL name NUL password` in base64."""
    _, username, password = _text(first or await ask("")).split("\0")
    return username, password


def _prompt(text: str) -> str:
    return b64encode(text.encode()).decode()


def _text(encoded: str) -> str:
    return b64decode(encoded, validate=True).decode()
