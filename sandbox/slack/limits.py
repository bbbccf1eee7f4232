"""How often an app may call. Source: docs.slack.dev/apis/web-api/rate-limits.

Tiers are so many calls of a method a minute; posting is one message a second and channel, with short bursts.
"""

import math
import time
from dataclasses import dataclass

from sandbox.slack.errors import RateLimitedError
from sandbox.slack.workspace import Now

TIER_1, TIER_2, TIER_3, TIER_4, SPECIAL = 1, 20, 50, 100, 600
"""Calls a minute."""
BURST = 5
"""Messages that a channel takes at once before it is one a second."""


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time."""

    size: float
    a_second: float
    left: float
    at: float

    def take(self, now: float) -> None:
        """Use one; RateLimitedError with the whole seconds until there is one."""
        self.left = min(self.size, self.left + (now - self.at) * self.a_second)
        self.at = now
        if self.left < 1:
            raise RateLimitedError(max(1, math.ceil((1 - self.left) / self.a_second)))
        self.left -= 1


class Limits:
    """The buckets of one app. Clients wait in real time; a step of the workspace's clock counts as well."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._buckets: dict[str, Bucket] = {}
        self._seconds = 0.0
        self._real = time.monotonic()
        self._world = now()

    def method(self, name: str, a_minute: int) -> None:
        self._take(name, size=a_minute, a_second=a_minute / 60)

    def channel(self, channel: str) -> None:
        self._take(f"#{channel}", size=BURST, a_second=1)

    def _take(self, key: str, *, size: float, a_second: float) -> None:
        now = self._elapsed()
        if key not in self._buckets:
            self._buckets[key] = Bucket(size, a_second, size, now)
        self._buckets[key].take(now)

    def _elapsed(self) -> float:
        real, world = time.monotonic(), self._now()
        self._seconds += max(real - self._real, (world - self._world).total_seconds())
        self._real, self._world = real, world
        return self._seconds
