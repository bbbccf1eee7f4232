"""Requests that arrive together share a transaction: whatever waits when the store is free goes into the next one."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bridge.webhooks.arrivals import Arrival, Written, apart, set_aside
from store.engine import Store

_AT_ONCE = 4_000
"""Things in one transaction; more wait for the next."""
_MOST_WAITING = 20_000
_MOST_BYTES = 64 * 1024 * 1024

Writing: TypeAlias = Callable[[Session, datetime, Sequence[Arrival]], Sequence[Written]]


@dataclass(slots=True)
class _Waiting:
    arrival: Arrival
    fate: asyncio.Future[Written]


class Journal:
    """Writes what arrives, several requests in one commit."""

    def __init__(self, store: Store, writing: Writing) -> None:
        """writing: part of a transaction, and may be run more than once."""
        self._store = store
        self._writing = writing
        self._waiting: list[_Waiting] = []
        self._size, self._bytes = 0, 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no more should."""
        return self._size >= _MOST_WAITING or self._bytes >= _MOST_BYTES

    async def add(self, arrival: Arrival) -> Written:
        """Commit what stood in a request.

        Raises:
            DBAPIError: some or all of it was not written; sent again, what was written is known.
        """
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._size += arrival.size
        self._bytes += arrival.length
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await waiting.fate

    async def _write(self) -> None:
        while self._waiting:
            some = self._next()
            try:
                await self._commit(some)
            except OperationalError as error:
                # The database takes nothing: it would take none of them alone.
                _fail(some, error)
            except Exception:  # noqa: BLE001  # each that fails alone hears of it, and raises it
                await self._commit_apart(some)

    def _next(self) -> Sequence[_Waiting]:
        number, size = 0, 0
        while number < len(self._waiting) and (not number or size + self._waiting[number].arrival.size <= _AT_ONCE):
            size += self._waiting[number].arrival.size
            number += 1
        some, self._waiting = self._waiting[:number], self._waiting[number:]
        self._size -= size
        self._bytes -= sum(waiting.arrival.length for waiting in some)
        return some

    async def _commit(self, some: Sequence[_Waiting]) -> None:
        arrivals = [waiting.arrival for waiting in some]
        written = await self._store.transact(lambda session, now: self._writing(session, now, arrivals))
        for waiting, what in zip(some, written, strict=True):
            # Who asked may have hung up.
            if not waiting.fate.done():
                waiting.fate.set_result(what)

    async def _commit_apart(self, some: Sequence[_Waiting]) -> None:
        """One of them cannot be written, and the others must not suffer from it."""
        for waiting in some:
            try:
                if len(some) == 1 or not await self._is_written(waiting):
                    await self._commit_items(waiting)
            except Exception as error:  # noqa: BLE001  # as above
                _fail([waiting], error)

    async def _is_written(self, waiting: _Waiting) -> bool:
        """Commit one request, unless something in it cannot be written."""
        try:
            await self._commit([waiting])
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001  # its items will say which of them it is
            return False
        return True

    async def _commit_items(self, waiting: _Waiting) -> None:
        """Commit one request's items one by one; what cannot be written is kept as what cannot be read is."""
        written = [await self._commit_item(one) for one in apart(waiting.arrival)]
        if not waiting.fate.done():
            counts = ([one.new for one in written], [one.known for one in written], [one.unread for one in written])
            waiting.fate.set_result(Written(*map(sum, counts)))

    async def _commit_item(self, one: Arrival) -> Written:
        try:
            return await self._transact(one)
        except OperationalError:
            raise
        except Exception as error:
            if one.misread:
                raise
            return await self._transact(set_aside(one, f"cannot be written: {type(error).__name__}"))

    async def _transact(self, one: Arrival) -> Written:
        [written] = await self._store.transact(lambda session, now: self._writing(session, now, [one]))
        return written


def _fail(some: Iterable[_Waiting], error: Exception) -> None:
    for waiting in some:
        if not waiting.fate.done():
            waiting.fate.set_exception(error)
