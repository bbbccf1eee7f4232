"""The world's clock: real time, real time sped up, or time that only a test moves."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The vendors' naive local times are Shanghai's (000 chapter 10 sets it in its sample)."""


class WorldClock:
    """What time it is in the sandbox. Every moment is aware UTC; `step` moves either kind forward."""

    def __init__(self, start: datetime, speed: float) -> None:
        if start.tzinfo is None:
            raise ValueError("the world's clock needs an aware start")
        if speed < 0:
            raise ValueError("time does not run backwards")
        self.speed = speed
        self._start = start.astimezone(UTC)
        self._origin = time.monotonic()
        self._stepped = timedelta()

    @classmethod
    def stepped(cls, start: datetime) -> Self:
        """A clock that stands still until it is stepped."""
        return cls(start, speed=0.0)

    @classmethod
    def running(cls, speed: float = 1.0) -> Self:
        """A clock that starts now and runs `speed` times as fast as real time."""
        return cls(datetime.now(UTC), speed)

    def now(self) -> datetime:
        """The moment in the world, aware UTC."""
        return self._start + self._stepped + timedelta(seconds=self.speed * (time.monotonic() - self._origin))

    def step(self, seconds: float) -> datetime:
        """Move forward by so many world seconds; the new moment."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._stepped += timedelta(seconds=seconds)
        return self.now()

    def accelerate(self, speed: float) -> None:
        """Run from now on `speed` times as fast as real time; the moment itself does not jump."""
        if speed < 0:
            raise ValueError("time does not run backwards")
        self._start = self.now() - self._stepped
        self._origin = time.monotonic()
        self.speed = speed

    def wire_seconds(self) -> float:
        """Seconds for the vendors' call limits: real ones plus those stepped.

        Speed does not count, since a client keeps to a limit in real time; a step does, so that no test waits one out.
        """
        return time.monotonic() + self._stepped.total_seconds()


def vendor_day(moment: datetime) -> date:
    """The Shanghai day that a moment belongs to."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The first moment of a Shanghai day, aware UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def vendor_time(moment: datetime | None) -> str:
    """`YYYY-MM-DD HH:MM:SS`, naive Shanghai time, as the vendors print it.

    Never is `0000-00-00 00:00:00`, MySQL's zero date; the documents show no sample of it.
    """
    if moment is None:
        return "0000-00-00 00:00:00"
    return str(moment.astimezone(SHANGHAI))[:19]
