"""What goes over the wire and comes back: one request, one answer."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from urllib.parse import quote

from providers.base import Rate
from providers.charset import decode


class About(TypedDict):
    """What every `providers.model.Observation` says of itself."""

    account: str
    observed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Only `name` may be shown."""

    name: str
    """Such as `task.php?do=task-list`."""
    url: str = field(repr=False)
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content: bytes | Callable[[], AsyncIterator[bytes]] | None = field(default=None, repr=False)
    """The body, or what makes it piece by piece; then the headers say how long it is."""
    limit: tuple[str, Rate] | None = None
    """The vendor's limit and the key it is counted under."""
    deadlines: int = 1
    """How many deadlines it may take: an upload takes as long as its file is large."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What only this call carries and nobody may read, such as a mailbox's new password."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with HTTP 2xx, or with a 4xx whose body the provider may understand."""

    status: int
    content: bytes = field(repr=False)
    charset: str | None

    @property
    def text(self) -> str:
        """The body as text; raises BadAnswerError where it is none."""
        return decode(self.content, self.charset)


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is still coming."""

    status: int
    charset: str | None
    pieces: AsyncIterator[bytes]


def encoded(pairs: Sequence[tuple[str, str]], *, safe: str = "") -> str:
    """Pairs as a query or a form, encoded as PHP's rawurlencode does (000, note 2): UTF-8, space as %20."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe=safe)}" for name, value in pairs)
