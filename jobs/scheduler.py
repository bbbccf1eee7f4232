"""The clock in each process: APScheduler, for what nobody asks for.

The jobs hold no state: what falls due is a row, and a firing only looks for rows that are due.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Coroutine[Any, Any, None]]

LEASES_EVERY = 3
"""Seconds; a lease lasts 10."""
SWEEP_EVERY = 1
"""Seconds; an idle sweep is one indexed query."""


class Clockwork:
    """Fires the jobs."""

    def __init__(self, keep_leases: Job, sweep: Job) -> None:
        self._scheduler = AsyncIOScheduler(
            # A firing that came late still runs, once: the scheduler's own default skips it after a second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._running: set[asyncio.Task[None]] = set()
        for name, job, seconds in (("leases", keep_leases, LEASES_EVERY), ("sweep", sweep, SWEEP_EVERY)):
            self._scheduler.add_job(self._fire, "interval", seconds=seconds, id=name, args=[job])

    def start(self) -> None:
        """Begin firing."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Fire no more, and let what runs come to its end."""
        self._scheduler.remove_all_jobs()
        if self._running:
            await asyncio.wait(self._running)
        self._scheduler.shutdown(wait=False)

    async def _fire(self, job: Job) -> None:
        task = asyncio.ensure_future(job())
        self._running.add(task)
        try:
            await task
        finally:
            self._running.discard(task)
