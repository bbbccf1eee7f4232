"""What happens in the workspace, as a stream for whoever wants to look on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Kind = Literal["posted", "edited", "deleted", "opened", "updated", "closed", "published"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change: of a message in a channel, or of a person's view."""

    kind: Kind
    channel: str | None = None
    ts: str | None = None
    user: str | None = None
    """Who alone sees it: an ephemeral message's reader, a view's owner; None for everyone in the channel."""
    view: str | None = None


class Changes:
    """Tells each subscriber every change since it subscribed."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Change]] = set()

    def tell(self, change: Change) -> None:
        for queue in self._queues:
            queue.put_nowait(change)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[Change]]:
        """`with changes.subscribe() as stream: async for change in stream: ...`; the stream does not end by itself."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield _stream(queue)
        finally:
            self._queues.discard(queue)


async def _stream(queue: asyncio.Queue[Change]) -> AsyncIterator[Change]:
    while True:
        yield await queue.get()
