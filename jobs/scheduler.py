"""The clock in each process: APScheduler, for what nobody asks for.

The jobs hold no state: what falls due is a row, and a firing only looks for rows that are due. How a job goes is a row
as well (`store.jobs`), for `/edm status`: written at once when it fails or works again, otherwise now and then.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import Counter

from store.engine import Store
from store.jobs import Firing, note

Work = Callable[[], Coroutine[Any, Any, None]]

EVERY = {"leases": 3.0, "sweep": 1.0, "homes": 2.0}
"""Seconds from one firing to the next. A lease lasts 10; an idle sweep is one indexed query. Homes are no part of the
sweep: they wait for vendors, and nobody's answer should wait for them."""
NOTE_EVERY = 10.0
"""Seconds from one note of a job that goes well to the next: an idle bot writes little."""
_LONGEST = 300
"""Characters of an error that are kept."""

_log = structlog.get_logger()
_firings = Counter("edmbot_jobs_total", "Firings of the clock's jobs by how they ended", ["job", "outcome"])


class Clockwork:
    """Fires the jobs."""

    def __init__(self, store: Store, *, seconds: Callable[[], float] = time.monotonic, **jobs: Work) -> None:
        """`jobs` are by the names of EVERY; `seconds` is a clock that only runs forward."""
        self._store = store
        self._jobs = jobs
        self._seconds = seconds
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._scheduler = AsyncIOScheduler(
            # A firing that came late still runs, once: the scheduler's own default skips it after a second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._running: set[asyncio.Task[None]] = set()
        self._failing: set[str] = set()
        self._noted: dict[str, float] = {}
        """By job, when it was written down last."""
        for name in jobs:
            self._scheduler.add_job(self.fire, "interval", seconds=EVERY[name], id=name, args=[name])

    def start(self) -> None:
        """Begin firing."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Fire no more, and let what runs come to its end."""
        self._scheduler.remove_all_jobs()
        if self._running:
            await asyncio.wait(self._running)
        self._scheduler.shutdown(wait=False)

    async def fire(self, name: str) -> None:
        """Run a job once, as the clock does: a failure is logged, counted and written down, and ends nothing."""
        task = asyncio.ensure_future(self._run(name))
        self._running.add(task)
        try:
            await task
        finally:
            self._running.discard(task)

    async def _run(self, name: str) -> None:
        begun, error = self._seconds(), None
        try:
            await self._jobs[name]()
        except Exception as raised:  # noqa: BLE001
            # Told below to whoever asks; the next firing tries again.
            error = _in_words(raised)
            _log.exception("job.failed", job=name)
        _firings.labels(name, "failed" if error else "done").inc()
        await self._note(name, begun, error)

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
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:_LONGEST] if first else type(error).__name__
