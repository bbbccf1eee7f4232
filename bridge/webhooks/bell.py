"""Somebody who must be told soon, and not a thousand times a second."""

import asyncio
from collections.abc import Callable


class Bell:
    """Passes calls on, at most one in `gap` seconds: the first at once, those that come too soon as one, later."""

    def __init__(self, told: Callable[[], None], gap: float) -> None:
        self._told = told
        self._gap = gap
        self._next = 0.0
        self._later: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """Something has happened."""
        if self._later is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._next - loop.time()
        if wait > 0:
            self._later = loop.call_later(wait, self._tell)
        else:
            self._tell()

    def stop(self) -> None:
        """Tell nobody any more of what has rung."""
        if self._later is not None:
            self._later.cancel()

    def _tell(self) -> None:
        self._later = None
        self._next = asyncio.get_running_loop().time() + self._gap
        self._told()
