"""A process that polls once and tells what is due, and may be killed at any step from reading to marking it told."""

import asyncio
import multiprocessing
import os
import signal
from datetime import datetime, timedelta

import aiohttp

from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Route, Routing
from bridge.alerts.rules import DEFAULTS
from bridge.notices.outbox import STEPS as TELLING
from bridge.notices.outbox import Outbox
from bridge.receivers.board import Board
from jobs.place import STEPS as READING
from jobs.poll import Poller
from jobs.scheduler import Clockwork
from jobs.settings import Polling
from providers import PROVIDERS
from store.engine import Store
from store.limits import SharedLimiter
from tests.bridge.posts import client_of, english
from tests.jobs.conftest import SHANGHAI

STEPS = (*READING, *TELLING)
KILLED = -signal.SIGKILL
_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.jobs.pollster"])


Slack = tuple[str, str]
"""The address of the Web API, and a token."""


def work(url: str, vendor: dict[str, str], slack: Slack, offset: timedelta, at: datetime, step: str | None) -> None:
    """Make one poll of the tasks, if it is due, and tell what is due then; end by SIGKILL when `step` is reached."""
    asyncio.run(_work(url, vendor, slack, offset, at, step))


async def _work(
    url: str, vendor: dict[str, str], slack: Slack, offset: timedelta, at: datetime, step: str | None
) -> None:
    def crash(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(url)
    store.clock_offset = offset
    umail = PROVIDERS["umail"]
    settings = umail.Settings.model_validate(vendor)
    client = umail("umail", settings, timezone=SHANGHAI, limiter=SharedLimiter(store), clock=lambda: at)
    desk = AlertDesk(DEFAULTS, Routing((Route(receivers=("C0ALERTS",), group_wait=timedelta(0)),)))
    poller = Poller(store, {"umail": client}, desk, Polling(), zone_of=lambda _account: SHANGHAI, crash=crash)
    clock = Clockwork(store, duties=[duty for duty in poller.duties() if duty.name == "poll umail tasks"])
    await clock.claim_due()
    await clock.settle()
    async with aiohttp.ClientSession() as session:
        await Outbox(store, Board(client_of(*slack, session)), english, "/edm", crash=crash).run_once()
    await client.aclose()
    await store.close()


async def run(
    url: str, vendor: dict[str, str], slack: Slack, offset: timedelta, at: datetime, step: str | None = None
) -> int:
    """One such process, to its end; its exit code."""
    process = _processes.Process(target=work, args=(url, vendor, slack, offset, at, step))
    process.start()
    await asyncio.to_thread(process.join)
    return process.exitcode
