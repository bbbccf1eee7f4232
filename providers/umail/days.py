"""A period, day by day, for the calls that know single days only."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar

from providers.errors import UnsupportedError

T = TypeVar("T")

MOST = 31
"""Days that are asked one by one; more would take too long for somebody who waits."""
_AT_ONCE = 6


def days(first: date, last: date, account: str) -> list[date]:
    """The days from `first` to `last`, both included.

    Raises:
        UnsupportedError: there are none, or more than `MOST`.
    """
    count = (last - first).days + 1
    if not 1 <= count <= MOST:
        raise UnsupportedError(f"U-Mail tells this day by day, for 1 to {MOST} days at once", account=account)
    return [first + timedelta(days=offset) for offset in range(count)]


async def each_day(asked: Sequence[date], ask: Callable[[date], Awaitable[T]]) -> list[T]:
    """The answer for each day, in order, a few at a time. The first failure ends all and is raised."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(day: date) -> T:
        async with turns:
            return await ask(day)

    tasks = [asyncio.ensure_future(one(day)) for day in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
