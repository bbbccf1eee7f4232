"""When a command is begun: the acks of a burst go first."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET = 0.005
"""Seconds without a new request before the next command is begun: acks have Slack's 3 s, answers have more."""
PATIENCE = 1.0
"""Seconds after which a command is begun although requests keep arriving, then one each PACE seconds."""
PACE = 0.01


class Turns:
    """Lets commands begin one by one, once no more requests arrive."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._arriving = 0
        self._last_request = 0.0
        self._last_start = 0.0

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While a request is taken in, no command is begun."""
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1
            self._last_request = time.monotonic()

    async def mine(self) -> None:
        """Wait until a command may begin; one waiter at a time watches."""
        latest = time.monotonic() + PATIENCE
        async with self._turn:
            while True:
                now = time.monotonic()
                quiet_at = (now if self._arriving else self._last_request) + QUIET
                wait = min(quiet_at, max(latest, self._last_start + PACE)) - now
                if wait <= 0:
                    self._last_start = now
                    return
                await asyncio.sleep(wait)
