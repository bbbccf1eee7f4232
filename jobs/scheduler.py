"""The clock in each process: APScheduler, for what nobody asks for.

The jobs hold no state: what falls due is a row, and a firing only looks for rows that are due.
"""

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from jobs.sweep import Sweep

LEASES_EVERY = 4
"""Seconds; a lease lasts 15."""
SWEEP_EVERY = 1
"""Seconds; an idle sweep is one indexed query."""


class Clockwork:
    """Fires the jobs."""

    def __init__(self, keep_leases: Callable[[], Awaitable[None]], sweep: Sweep) -> None:
        self._scheduler = AsyncIOScheduler(
            # A firing that came late still runs, once: the scheduler's own default skips it after a second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_job(keep_leases, "interval", seconds=LEASES_EVERY, id="leases")
        self._scheduler.add_job(sweep.run, "interval", seconds=SWEEP_EVERY, id="sweep")

    def start(self) -> None:
        """Begin firing."""
        self._scheduler.start()

    def stop(self) -> None:
        """Fire no more."""
        self._scheduler.shutdown(wait=False)
