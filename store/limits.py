"""The vendors' limits as rows, so that a command line, several processes and a restart keep them together."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from providers.base import Rate
from providers.errors import RateLimitedError
from store.engine import Store, yields
from store.tables import Limit

PATIENCE = timedelta(seconds=15)
"""The longest wait that still leaves time for an answer within the vendor's time-out."""

_NOTHING = timedelta(0)


class SharedLimiter:
    """`providers.base.Limiter` on the database."""

    def __init__(self, store: Store, patience: timedelta = PATIENCE) -> None:
        self._store = store
        self._patience = patience

    async def acquire(self, key: str, rate: Rate) -> None:
        """Take one call out of `rate`, waiting at most `patience`.

        Raises:
            RateLimitedError: when the wait would be longer; nothing was taken then.
        """
        take = _space if rate.calls == 1 else _count
        # A call that yields books no turn ahead: until there is a free one, it lets the others by.
        ahead = _NOTHING if yields() else self._patience
        waited = _NOTHING
        while (wait := await self._store.transact(partial(take, key, rate, ahead))) > ahead:
            if ahead or waited + wait > self._patience:
                raise RateLimitedError(
                    f"{rate.calls} calls in {rate.per} are used up", account=key, retry_after=wait.total_seconds()
                )
            await asyncio.sleep(wait.total_seconds())
            waited += wait
        if wait > _NOTHING:
            await asyncio.sleep(wait.total_seconds())


def _space(key: str, rate: Rate, patience: timedelta, session: Session, now: datetime) -> timedelta:
    """One call each `per`: take the next free slot, unless it is too far away."""
    row = session.get(Limit, key) or Limit(key=key, next_at=now)
    slot = max(row.next_at, now)
    if slot - now <= patience:
        row.next_at = slot + rate.per
        session.add(row)
    return slot - now


def _count(key: str, rate: Rate, _patience: timedelta, session: Session, now: datetime) -> timedelta:
    """`calls` in a window of `per` that begins with its first call."""
    row = session.get(Limit, key) or Limit(key=key, next_at=now)
    if row.next_at + rate.per <= now:
        row.next_at, row.used = now, 0
    if row.used >= rate.calls:
        return row.next_at + rate.per - now
    row.used += 1
    session.add(row)
    return timedelta(0)
