"""Tasks that end, one after the other, and processes that see it, tell it, and may be killed at any moment.

What happens to a transition is what happens to it in production: it is noted, recorded and judged, its alert is put
onto notices, and an outbox sends them. Of a vendor, a process sees that whatever was being sent has ended: every tenth
task has failed, which is critical and has a message of its own; the others were stopped, and share one.

The clock stands still while the process works and goes on while it has nothing to do: it steps a file that the
workspace of the sandbox reads as well. So minutes pass in seconds, and no lease runs out under a process at work. Of
several processes none knows what the others do: they wait, and the test steps the clock when Slack hears nothing. Time
then passes up to FAST times as fast for leases as it does for an attempt, which is given up the sooner.
"""

import asyncio
import multiprocessing
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlmodel import col, select

import bridge.notices.outbox
from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Route, Routing
from bridge.alerts.rules import Severity, TaskStatusRule
from bridge.notices.outbox import STEPS as TELLING
from bridge.notices.outbox import Outbox
from bridge.receivers.board import Board
from bridge.record import Look, note, record
from bridge.sightings import Kind, Sighting, of_task
from providers.model import NamedRef, SendId, Task, TaskStatus
from sandbox.slack.messages import Message
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Notice
from tests.bridge.posts import ALERTS, WHO, client_of, english, waiting

CHANNELS = {"umail": ALERTS, "old": "C0APPROVE", "emailcar": "C0DIGEST", "itnio": "C0GENERAL"}
"""By account, where its alerts are told."""
ACCOUNT = "umail"
FAILED = TaskStatusRule(name="task-failed", severity=Severity.CRITICAL, statuses=(TaskStatus.FAILED,))
STOPPED = TaskStatusRule(name="task-stopped", statuses=(TaskStatus.STOPPED,))
_AT_ONCE = timedelta(0)
DESK = AlertDesk(
    (FAILED, STOPPED),
    Routing(
        [
            Route(accounts=(account,), rules=(name,), receivers=(channel,), **more)
            for account, channel in CHANNELS.items()
            for name, more in ((FAILED.name, {"group_by": ("subject",), "group_wait": _AT_ONCE}), (STOPPED.name, {}))
        ]
    ),
)
STEPS = ("noted", "recorded", *TELLING)
"""Between reading that a task has ended and marking it told."""
FEW = 3
"""Tasks that a process sees at once where others are at work beside it."""
STEP = 0.5
"""Seconds that pass while nothing can be sent."""
FAST = 6
MOMENT = 0.05
"""Seconds without a call to Slack, after which the clock is stepped."""
KILLED = -signal.SIGKILL
_NUMBER = re.compile(r"[Tt]ask (\d+)")


class FileClock:
    """Time that several processes share: the real one and an offset in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def offset(self) -> timedelta:
        return timedelta(seconds=float(self.path.read_text() or 0) if self.path.exists() else 0)

    def step(self, seconds: float = STEP) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(repr(self.offset.total_seconds() + seconds))
        beside.replace(self.path)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class TimedStore(Store):
    """A database whose clock is stepped from outside."""

    clock: FileClock

    @property
    def clock_offset(self) -> timedelta:
        return self.clock.offset

    @clock_offset.setter
    def clock_offset(self, _offset: timedelta) -> None:
        pass


def work(
    url: str, api_url: str, token: str, clock: Path, steps: Path, step: str | None = None, alone: bool = True
) -> None:
    """See what has ended and tell it until nothing is left; end by SIGKILL when `step` is reached.

    steps: a file that has a byte for each of STEPS that was reached.
    """

    def crash(name: str) -> None:
        with steps.open("ab") as file:
            file.write(b".")
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    TimedStore.clock = FileClock(clock)
    asyncio.run(_work(TimedStore(url), (api_url, token), crash, alone=alone))


async def _work(store: TimedStore, slack: tuple[str, str], crash: Callable[[str], None], *, alone: bool) -> None:
    accounts, most = ((ACCOUNT,), None) if alone else (tuple(CHANNELS), FEW)
    if not alone:
        # As much shorter than a lease as it really is.
        bridge.notices.outbox.PATIENCE /= FAST
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=4)) as session:
        outbox = Outbox(store, Board(client_of(*slack, session)), english, "/edm", crash=crash)
        while True:
            seen = [await _look(store, store.clock.now(), account, crash, most) for account in accounts]
            await outbox.run_once()
            if not any(seen) and not await store.transact(waiting):
                break
            if alone:
                store.clock.step()
            else:
                await asyncio.sleep(0.02)
    await store.close()


async def _look(store: Store, now: datetime, account: str, crash: Callable[[str], None], most: int | None) -> int:
    """See that what was being sent has ended, as a poll does; of how many tasks."""
    noted = await note(store, account, Kind.TASK)
    if not noted.known:
        return 0
    crash("noted")
    ended = sorted(noted.known)[:most]
    seen = [_sighting(now, account, number, _end_of(int(number))) for number in ended]
    await record(store, Look(noted=noted, sightings=seen), DESK)
    crash("recorded")
    return len(ended)


async def sends(store: Store, now: datetime, numbers: Sequence[int], account: str = ACCOUNT) -> None:
    """The vendor begins to send these tasks, and somebody has seen it."""
    await see(store, now, DESK, dict.fromkeys(numbers, TaskStatus.SENDING), account)


async def see(
    store: Store, now: datetime, desk: AlertDesk, found: Mapping[int, TaskStatus], account: str = ACCOUNT
) -> None:
    """See these tasks as they are, and write down what that means."""
    noted = await note(store, account, Kind.TASK, [str(number) for number in found])
    if noted.baseline:
        # An account's first look is silent; this is to be a later one.
        await record(store, Look(noted=noted), desk)
        noted = replace(noted, baseline=False)
    seen = [_sighting(now, account, str(number), status) for number, status in found.items()]
    await record(store, Look(noted=noted, sightings=seen), desk)


def _end_of(number: int) -> TaskStatus:
    return TaskStatus.FAILED if number % 10 == 0 else TaskStatus.STOPPED


def _sighting(now: datetime, account: str, number: str, status: TaskStatus) -> Sighting:
    return of_task(
        Task(
            account=account,
            observed_at=now,
            source="task.php?do=task-list",
            raw={"id": number},
            id=SendId(number),
            status=status,
            raw_status=status.value,
            templates=(NamedRef("16", "November"),),
            planned=90_000,
            sent=41_200,
        )
    )


_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.bridge.storm"])


class Killable:
    """Processes that send from one database to one workspace."""

    def __init__(self, url: str, slack: SlackServer, clock: FileClock) -> None:
        self._slack, self._clock = slack, clock
        self._steps = clock.path.with_name("steps")
        self._args = (url, slack.api_url, slack.bot_token, clock.path, self._steps)

    def beside_others(self):
        """Start one that shares the work."""
        return self._started(alone=False)

    async def time_passes(self) -> None:
        """Faster while Slack hears nothing, until cancelled."""
        while True:
            calls = len(self._slack.calls)
            await asyncio.sleep(MOMENT)
            if len(self._slack.calls) == calls:
                self._clock.step(MOMENT * (FAST - 1))

    async def until(self, step: str) -> int:
        """Kill one at a step; its exit code."""
        return await self._ended(self._started(step=step))

    async def to_the_end(self) -> int:
        """Let one do all that is left."""
        return await self._ended(self._started())

    async def after(self, steps: int, seconds: float) -> int:
        """Kill one so long, in real time, after it has come so many steps far; its exit code."""
        self._steps.write_bytes(b"")
        process = self._started()
        while process.is_alive() and self._steps.stat().st_size < steps:
            await asyncio.sleep(0.001)
        await asyncio.sleep(seconds)
        process.kill()
        return await self._ended(process)

    def _started(self, **how):
        process = _processes.Process(target=work, args=self._args, kwargs=how)
        process.start()
        return process

    async def _ended(self, process) -> int:
        await asyncio.to_thread(process.join)
        return process.exitcode


def told(slack: SlackServer, channel: str = ALERTS) -> tuple[Counter[int], Counter[int]]:
    """How many messages of a channel name each task, and how many in its threads: what people read there."""
    seen = slack.workspace.readable(WHO, channel)
    replies = [message for message in seen if message.thread_ts not in (None, message.ts)]
    return _named(message for message in seen if message not in replies), _named(replies)


def _named(messages: Iterable[Message]) -> Counter[int]:
    # Where a message names a task in its headline and in a line, that is one message all the same.
    return Counter(number for message in messages for number in {int(one) for one in _NUMBER.findall(message.plain)})


async def all_of(store: Store) -> list[Notice]:
    return await store.transact(lambda session, now: list(session.exec(select(Notice).order_by(col(Notice.id)))))
