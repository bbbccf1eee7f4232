"""A process that polls once, and may be killed at any step between reading a transition and having it told."""

import asyncio
import multiprocessing
import os
import signal
from datetime import datetime, timedelta

from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Route, Routing
from bridge.alerts.rules import DEFAULTS
from jobs.poll import Poller
from jobs.scheduler import Clockwork
from jobs.settings import Polling
from providers import PROVIDERS
from store.engine import Store
from store.limits import SharedLimiter
from tests.jobs.conftest import SHANGHAI

KILLED = -signal.SIGKILL
_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.jobs.pollster"])


def work(url: str, vendor: dict[str, str], offset: timedelta, at: datetime, step: str | None) -> None:
    """Make one poll of the tasks, if it is due; end by SIGKILL when `step` is reached."""
    asyncio.run(_work(url, vendor, offset, at, step))


async def _work(url: str, vendor: dict[str, str], offset: timedelta, at: datetime, step: str | None) -> None:
    def crash(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(url)
    store.clock_offset = offset
    umail = PROVIDERS["umail"]
    settings = umail.Settings.model_validate(vendor)
    client = umail("umail", settings, timezone=SHANGHAI, limiter=SharedLimiter(store), clock=lambda: at)
    desk = AlertDesk(DEFAULTS, Routing((Route(receivers=("C0ALERTS",)),)))
    poller = Poller(store, {"umail": client}, desk, Polling(), zone_of=lambda _account: SHANGHAI, crash=crash)
    clock = Clockwork(store, duties=[duty for duty in poller.duties() if duty.name == "poll umail tasks"])
    await clock.claim_due()
    await clock.settle()
    await client.aclose()
    await store.close()


async def run(url: str, vendor: dict[str, str], offset: timedelta, at: datetime, step: str | None = None) -> int:
    """One such process, to its end; its exit code."""
    process = _processes.Process(target=work, args=(url, vendor, offset, at, step))
    process.start()
    await asyncio.to_thread(process.join)
    return process.exitcode
