"""The clock in each process: APScheduler, for what nobody asks for.

A process's own jobs (EVERY) hold no state: what falls due is a row, and a firing only looks for rows that are due. How
such a job goes is written down at once when it fails or works again, otherwise now and then.

A duty is done once for all processes: its `Job` row says when it is due, and each second every process claims the
duties that are due and nobody's (`store.jobs`). So a run that nobody was there for is made up, once; a duty whose
process died is taken up when its lease ends; and each is a task of its own, so that a slow one delays no other.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from types import MappingProxyType
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from prometheus_client import Counter

from providers.errors import ProviderError, RateLimitedError
from store.engine import Store
from store.jobs import Claimed, Firing, Turn, claim, finish, note, reconcile, release

Work = Callable[[], Coroutine[Any, Any, object]]
"""A job; if it gives a timedelta, it wants to be fired again that soon."""
Run = Callable[[Claimed], Awaitable[None]]

EVERY = {
    "leases": 3.0,
    "sweep": 1.0,
    "homes": 2.0,
    "duties": 1.0,
    "outbox": 1.0,
    "webhooks": 1.0,
    "alive": 10.0,
    "approvals": 1.0,
    "executions": 1.0,
    "inquiries": 1.0,
}
"""Seconds from one firing to the next. A lease lasts 10; an idle sweep is one indexed query. Homes are no part of the
sweep: they wait for vendors, and nobody's answer should wait for them."""
NOTE_EVERY = 10.0
"""Seconds from one note of a job that goes well to the next: an idle bot writes little."""
BACK_OFF = timedelta(minutes=5)
"""The longest that a failing duty is put off, unless it is rarer than that anyway."""
_JITTER = 0.2
_PATIENCE = 1.0
"""Seconds that a stop gives the duties under way; what was not finished is taken up by whoever is there next."""
_LONGEST = 300
"""Characters of an error that are kept."""

_log = structlog.get_logger()
_firings = Counter("edmbot_jobs_total", "Firings of the clock's jobs by how they ended", ["job", "outcome"])


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, at a time of day somewhere; on the days when clocks change too."""

    at: time_of_day
    zone: ZoneInfo

    def after(self, now: datetime) -> datetime:
        """The next time after `now`."""
        trigger = CronTrigger(hour=self.at.hour, minute=self.at.minute, timezone=self.zone)
        fires: datetime = trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
        return fires


@dataclass(frozen=True, slots=True)
class Duty:
    """A job that is done once for all processes. Its name's first word is its family: `poll umail tasks`."""

    name: str
    run: Run
    every: timedelta | Daily

    @property
    def family(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def turn(self) -> Turn:
        if isinstance(self.every, Daily):
            return Turn(self.name, self.every.after, timedelta(hours=26))
        longest = max(self.every, BACK_OFF) * (1 + _JITTER)
        return Turn(self.name, lambda now: now, longest)

    def next(self, claimed: Claimed, error: Exception | None) -> Callable[[datetime], datetime]:
        """When it is due again, said now: missed runs are one, and what fails is put off more and more."""
        every = self.every
        if isinstance(every, Daily):
            soon = _jittered(BACK_OFF)
            # What failed is tried again today.
            return every.after if error is None else lambda now: min(now + soon, every.after(now))
        if error is None:
            return lambda now: max(claimed.at + every, now)
        # The exponent is bounded: a vendor may be away for days.
        put_off = _jittered(min(every * 2 ** min(claimed.failures, 10), max(every, BACK_OFF)))
        wait = min(max(put_off, _told_to_wait(error)), self.turn.horizon)
        return lambda now: now + wait


def _jittered(span: timedelta) -> timedelta:
    return span * random.uniform(1 - _JITTER, 1 + _JITTER)


def _told_to_wait(error: Exception) -> timedelta:
    return timedelta(seconds=error.retry_after or 0 if isinstance(error, RateLimitedError) else 0)


class Clockwork:
    """Fires the jobs."""

    def __init__(
        self,
        store: Store,
        jobs: Mapping[str, Work] = MappingProxyType({}),
        duties: Sequence[Duty] = (),
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`jobs` are the process's own, by the names of EVERY; `seconds` is a clock that only runs forward."""
        self._store = store
        self._duties = {duty.name: duty for duty in duties}
        self._turns = [duty.turn for duty in duties]
        self._jobs: Mapping[str, Work] = {**jobs, "duties": self.claim_due} if duties else jobs
        self._seconds = seconds
        # Two clocks may be in one process, and a process may get the number of one that died.
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
        self._scheduler = AsyncIOScheduler(
            # A firing that came late still runs, once: the scheduler's own default skips it after a second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._running: set[asyncio.Task[None]] = set()
        self._serving: dict[Claimed, asyncio.Task[None]] = {}
        self._again: dict[str, bool] = {}
        """By job that is at work: whether it was fired meanwhile."""
        self._soon: dict[str, asyncio.TimerHandle] = {}
        """By job, when it wants to be fired before its time."""
        self._failing: set[str] = set()
        self._noted: dict[str, float] = {}
        """By job, when it was written down last."""
        for name in self._jobs:
            self._scheduler.add_job(self._tick, "interval", seconds=EVERY[name], id=name, args=[name])

    async def start(self) -> None:
        """Begin firing."""
        if self._duties:
            await reconcile(self._store, self._turns, {duty.family for duty in self._duties.values()})
        self._scheduler.start()

    async def stop(self) -> None:
        """Fire no more, and let what runs come to its end."""
        self._scheduler.remove_all_jobs()
        # A tick that is under way begins its job now.
        await asyncio.sleep(0)
        while self._running:
            await asyncio.wait(self._running)
        for timer in self._soon.values():
            timer.cancel()
        await self.settle(_PATIENCE)
        for task in self._serving.values():
            task.cancel()
        await self.settle()
        self._scheduler.shutdown(wait=False)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait until no duty is under way here, at most so long."""
        if self._serving:
            await asyncio.wait(tuple(self._serving.values()), timeout=seconds)

    async def fire(self, name: str) -> None:
        """Run a job, as the clock does: a failure is logged, counted and written down, and ends nothing.

        Fired while it is at work, it runs once more when that is done.
        """
        if name in self._again:
            self._again[name] = True
            return
        self._again[name] = True
        task = asyncio.ensure_future(self._run_out(name))
        self._running.add(task)
        try:
            await task
        finally:
            self._running.discard(task)

    def wake(self, name: str) -> None:
        """Fire a job now instead of at its time; nothing where another process of ours has it."""
        if name in self._jobs:
            # In a context of its own: a poll lets others by, and the message about what it found must not.
            task = asyncio.get_running_loop().create_task(self.fire(name), context=Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _tick(self, name: str) -> None:
        """What the scheduler runs: over at once, so that it never finds a job still running and complains of it.

        A job that is at work when its time comes is fired again at its next.
        """
        if name not in self._again:
            self.wake(name)

    async def _run_out(self, name: str) -> None:
        try:
            while self._again[name]:
                self._again[name] = False
                await self._run(name)
        finally:
            del self._again[name]

    async def claim_due(self) -> None:
        """Take the duties that are due and nobody's, and begin them."""
        for claimed in await claim(self._store, self._worker, self._turns, tuple(self._serving)):
            task = asyncio.create_task(self._serve(claimed))
            self._serving[claimed] = task
            task.add_done_callback(lambda _done, claimed=claimed: self._serving.pop(claimed))  # type: ignore[misc]

    async def _serve(self, claimed: Claimed) -> None:
        duty = self._duties[claimed.name]
        failure: Exception | None = None
        try:
            await duty.run(claimed)
        except asyncio.CancelledError:
            await release(self._store, claimed)
            raise
        except ProviderError as raised:
            failure = raised
            _log.warning("job.failed", job=claimed.name, error=raised.code)
        except Exception as raised:  # noqa: BLE001
            failure = raised
            _log.exception("job.failed", job=claimed.name)
        _firings.labels(duty.family, "failed" if failure else "done").inc()
        await finish(self._store, claimed, duty.next(claimed, failure), _in_words(failure) if failure else None)

    async def _run(self, name: str) -> None:
        begun, error = self._seconds(), None
        try:
            again = await self._jobs[name]()
            if isinstance(again, timedelta):
                self._fire_soon(name, again)
        except Exception as raised:  # noqa: BLE001
            # Told below to whoever asks; the next firing tries again.
            error = _in_words(raised)
            _log.exception("job.failed", job=name)
        _firings.labels(name, "failed" if error else "done").inc()
        await self._note(name, begun, error)

    def _fire_soon(self, name: str, wait: timedelta) -> None:
        """Fire it before its time; what was meant before is out of date."""
        if name in self._soon:
            self._soon[name].cancel()
        self._soon[name] = asyncio.get_running_loop().call_later(wait.total_seconds(), self.wake, name)

    async def _note(self, name: str, begun: float, error: str | None) -> None:
        now = self._seconds()
        changed = bool(error) or name in self._failing
        if not changed and now - self._noted.get(name, -NOTE_EVERY) < NOTE_EVERY:
            return
        again = timedelta(seconds=EVERY[name] + NOTE_EVERY)
        await note(self._store, Firing(name, self._worker, timedelta(seconds=now - begun), again, error))
        self._noted[name] = now
        (self._failing.add if error else self._failing.discard)(name)


def _in_words(error: Exception) -> str:
    """An error as it may be shown: its kind and its first line, where no library puts the data it worked on."""
    if isinstance(error, ExceptionGroup):
        return " · ".join(_in_words(one) for one in error.exceptions)[:_LONGEST]
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:_LONGEST] if first else type(error).__name__
