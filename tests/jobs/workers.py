"""Processes of the whole bot on one database, which may be killed at any moment, and the world around them.

Time stands still for all of them while anything is going on, and passes while nothing is: it is an offset in a file
that the database's clock, the vendor's world and the workspace share. A process's own clock may be wrong on top.
"""

import asyncio
import logging
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlmodel import Session, col, select

import bot.app
import bridge.notices.outbox
import jobs.scheduler
import providers.http
from bot.app import Part, serve
from bot.appyaml import Purpose, load
from bot.log import configure
from providers.umail import UMail
from sandbox import Sandbox
from sandbox.mailing import Status
from sandbox.seeds.tasks import Coming, _coming
from sandbox.slack import SlackServer
from store.engine import Store
from store.tables import Notice
from tests.bridge.storm import FileClock, TimedStore

ALERTS = "C0ALERTS"
FIRST = 30_001
CALM = 0.02
"""Seconds without a call, after which time goes on."""
PATIENCE = 0.6
"""Of an outbox, in real seconds, as all of them are that a process counts itself."""
DEAD = 2 * PATIENCE
"""Who holds a lease for so many real seconds is no more: time goes on without."""


def work(app_yaml: Path, environ: dict[str, str], clock: Path, wrong_by: float, part: Part) -> None:
    """Serve until somebody ends it."""
    configure(logging.ERROR)
    TimedStore.clock = FileClock(clock)
    bot.app.Store = TimedStore
    jobs.scheduler.EVERY |= dict.fromkeys(("duties", "outbox", "sweep", "alive"), 0.03)
    providers.http.ATTEMPTS = 1
    bridge.notices.outbox.PATIENCE = PATIENCE
    skew = timedelta(seconds=wrong_by)
    UMail.__init__.__kwdefaults__["clock"] = lambda: TimedStore.clock.now() + skew
    asyncio.run(_serve(app_yaml, environ, part))


async def _serve(app_yaml: Path, environ: dict[str, str], part: Part) -> None:
    async with serve(load(app_yaml, environ, purpose=Purpose.RUN), part):
        await asyncio.Event().wait()


_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once; there is one such server for all tests, and the last to ask is heard.
_processes.set_forkserver_preload(["__main__", "tests.bridge.storm", "tests.jobs.workers"])


@dataclass
class Town:
    """A vendor with many tasks, a workspace, and the processes between them."""

    box: Sandbox
    slack: SlackServer
    clock: FileClock
    app_yaml: Path
    environ: dict[str, str]
    running: dict[int, BaseProcess] = field(default_factory=dict)
    """By place: each has a wrong clock of its own."""

    def start(self, place: int, wrong_by: float, part: Part = Part.WORKER) -> None:
        args = (self.app_yaml, self.environ, self.clock.path, wrong_by, part)
        self.running[place] = _processes.Process(target=work, args=args, daemon=True)
        self.running[place].start()

    async def kill(self, place: int) -> int | None:
        process = self.running.pop(place)
        process.kill()
        await asyncio.to_thread(process.join)
        return process.exitcode

    def pass_by(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.box.clock.step(seconds)

    @asynccontextmanager
    async def time_passes(self) -> AsyncIterator[None]:
        """A second each time that nobody is at work; a lease of the living never runs out."""
        store = Store(self.environ["EDM_DATABASE_URL"])
        passing = asyncio.create_task(self._pass(store))
        yield
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
        await store.close()

    async def _pass(self, store: Store) -> None:
        now = asyncio.get_running_loop().time
        known, since = frozenset(), now()
        while True:
            heard = (len(self.slack.calls), len(self.box.requests))
            await asyncio.sleep(CALM)
            store.clock_offset = self.clock.offset
            held = await store.transact(_held)
            known, since = (known, since) if held == known else (held, now())
            if (len(self.slack.calls), len(self.box.requests)) == heard and (not held or now() - since > DEAD):
                self.pass_by(1.0)

    # The vendor's tasks

    def add_tasks(self, count: int) -> None:
        """Tasks that are about to be sent, so that every poll asks for them."""
        account = self.box.world.umail["demo-umail"]
        account.credit = 10**9
        for number in range(FIRST, FIRST + count):
            _coming(account, Coming(number, [20], [8], Status.QUEUED, self.box.clock.now()), self.box.clock.now())
            # None of them comes to its end by itself.
            account.tasks[number].settings.hour_speed = 100

    def fail(self, number: int) -> None:
        self.box.world.task(number).enter(Status.FAILED, self.box.clock.now())

    def told(self) -> Counter[int]:
        """How many messages of the channel say of each task that it has failed."""
        words = [message.plain for message in self.slack.visible("U0LIN", ALERTS)]
        return Counter(int(text.split()[2]) for text in words if "has failed" in text)

    def posts(self) -> Counter[str]:
        """How often each notice stands there."""
        kept = self.slack.workspace.posts(ALERTS)
        return Counter(post.metadata["event_payload"]["id"] for post in kept if post.metadata)


def _held(session: Session, now: datetime) -> frozenset[tuple[str, datetime | None]]:
    """The notices that somebody is sending."""
    return frozenset(session.exec(select(Notice.id, Notice.lease_until).where(col(Notice.lease_until) > now)).all())
