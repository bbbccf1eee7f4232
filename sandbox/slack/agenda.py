"""What Slack does later by itself: scheduled messages, repeated events. Later is by the workspace's clock."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.slack.workspace import Now

LOOK = 0.02
"""Real seconds between two looks at the clock, which may be one that a test steps."""

Deed = Callable[[], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Entry:
    """Something to be done at a moment."""

    at: datetime
    deed: Deed


class Agenda:
    """Does each deed once, when its moment has come, the earliest first."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._entries: list[Entry] = []
        self._keeper: asyncio.Task[None] | None = None

    def put(self, at: datetime, deed: Deed) -> Entry:
        """Have it done at `at` (aware), or right after."""
        entry = Entry(at, deed)
        self._entries.append(entry)
        return entry

    def strike_out(self, entry: Entry) -> None:
        """Have it not done."""
        self._entries.remove(entry)

    def open(self) -> None:
        """Begin to look at the clock."""
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Do nothing any more; raises what a deed raised."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _keep(self) -> None:
        while True:
            due = sorted((entry for entry in self._entries if entry.at <= self._now()), key=lambda entry: entry.at)
            for entry in due:
                if entry in self._entries:
                    self._entries.remove(entry)
                    await entry.deed()
            await asyncio.sleep(LOOK)
