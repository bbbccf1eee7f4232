"""How much can happen: durable events a second, how soon people are told, and what it costs when nothing happens.

An event is a task that a vendor says has failed: snapshot, event, rules, alert, notice in one transaction
(`bridge/record.py`), then rendered and posted by the outbox, and marked. It counts once its task's id has come in at
the receiver and the row says so; nothing counts that was only written down, and a message that lists twenty counts
twenty.

Slack takes one message a second and channel, and the outbox keeps to it: one channel would measure that second. So the
burst goes to many channels, a page of a vendor's list (20 tasks) to each: a message with the first ten, and an entry in
its thread with all. The receiver is a bare stand-in in a process of its own (`benchmarks/outside.py` says why).

Time to the first attempt is from the vendor's answer being there to the request coming in at the receiver, at a steady
rate: 20 looks a second with ten events each, every look's to a channel that is free. Nothing waits for others to join
(`group_wait: 0s`). Alertmanager, where it is installed, gets the same tasks in the same groups and tells the same
receiver, in turn with edmbot.

All of it on databases that remember so many events already. `python -m benchmarks.events [--events N …] [--rounds N]`
"""

import argparse
import asyncio
import itertools
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import col, func, select

from benchmarks import alertmanager
from benchmarks.ack import free_port, quantiles
from benchmarks.history import remember
from benchmarks.polls import Idle, idle
from bot.log import configure
from bridge.alerts import AlertDesk
from bridge.outbox import Outbox
from bridge.receivers.board import Board
from bridge.record import Look, note, record
from bridge.routes import Labels, Route, Routing, Target
from bridge.rules import DEFAULTS
from bridge.sightings import Kind, Sighting, of_task
from jobs.scheduler import Clockwork
from providers.model import NamedRef, SendId, Task, TaskStatus
from store.engine import Store
from store.tables import Notice, Subscription

PAGE = 20
"""Tasks of a vendor's page, and events of an account in the burst."""
CHANNELS = 250
"""Of the burst: 5,000 events."""
AT_ONCE = 4
"""Accounts that are polled at the same moment."""
RATE = 200
"""Events a second while latencies are measured, …"""
SPAN = 5
"""… for so many seconds, …"""
EACH = 10
"""… so many to a look: as many as a group's first message lists."""
POLLS = 100
"""Idle ones, on each database."""
PATIENCE = 120
ACCOUNTS = 400
"""Whose past is in the database."""

Told = Mapping[str, float]
"""By task, when its id came in."""
Groups = Mapping[str, Sequence[str]]
"""Tasks by account."""


@dataclass
class Receiver:
    """The stand-in, seen from here."""

    url: str
    session: aiohttp.ClientSession

    async def told(self) -> Told:
        async with self.session.get(f"{self.url}/told") as answer:
            return (await answer.json())["told"]

    async def forget(self) -> None:
        await self.session.delete(f"{self.url}/told")

    async def has(self, count: int) -> None:
        """Wait until so many tasks have come in."""
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.session.get(f"{self.url}/count") as answer:
                    if int(await answer.text()) >= count:
                        return
                await asyncio.sleep(0.02)


@contextmanager
def outside() -> Iterator[str]:
    """The stand-in's process; gives its address."""
    command = [sys.executable, "-m", "benchmarks.outside"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


class OwnChannels(Routing):
    """A channel for each account: app.yaml would need a route for each, and a real one has a few."""

    def targets(self, labels: Labels, now: datetime, subscriptions: Sequence[Subscription] = ()) -> Sequence[Target]:
        return [replace(one, receiver=f"C{labels.account}") for one in super().targets(labels, now, subscriptions)]


async def english(_receiver: str) -> str:
    return "en"


@dataclass
class Edmbot:
    """What a poll that saw something sets off, as `bot/app.py` puts it together."""

    store: Store
    clock: Clockwork
    outbox: Outbox
    judge: AlertDesk

    async def see(self, account: str, tasks: Sequence[str], status: TaskStatus) -> None:
        """One look of a poll: noted, asked, recorded."""
        noted = await note(self.store, account, Kind.TASK, tasks)
        await self.keep(Look(noted=noted, sightings=[sighting(account, task, status) for task in tasks]))

    async def keep(self, look: Look) -> None:
        recorded = await record(self.store, look, self.judge)
        if recorded.events:
            self.outbox.nudge()
            self.clock.wake("outbox")

    async def settled(self) -> None:
        """Wait until everything is marked as shown."""
        count = select(func.count()).select_from(Notice).where(col(Notice.due_at).is_not(None))
        async with asyncio.timeout(PATIENCE):
            while await self.store.transact(lambda session, _now: session.exec(count).one()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def edmbot(store: Store, receiver: Receiver) -> AsyncIterator[Edmbot]:
    """The desk, the clock and the outbox on this database."""
    judge = AlertDesk(DEFAULTS, OwnChannels([Route(group_wait=timedelta(0))], "C0"))
    client = AsyncWebClient("xoxb-bench", f"{receiver.url}/api/", session=receiver.session, retry_handlers=[])
    outbox = Outbox(store, Board(client), english, "/edm")
    clock = Clockwork(store, {"outbox": outbox.run_once})
    await clock.start()
    yield Edmbot(store, clock, outbox, judge)
    await clock.stop()


def sighting(account: str, task: str, status: TaskStatus) -> Sighting:
    """A task as U-Mail tells it."""
    return of_task(
        Task(
            account=account,
            observed_at=datetime.now(UTC),
            source="task.php?do=task-list",
            raw={"id": task, "send_status": status.value, "send_qty_remak": "90000", "send_count": "41200"},
            id=SendId(task),
            status=status,
            raw_status=status.value,
            templates=(NamedRef("16", "November"),),
            lists=(NamedRef("21", "VIP"),),
            planned=90_000,
            sent=41_200,
            unsent=12,
            scheduled_at=datetime(2026, 11, 21, 1, tzinfo=UTC),
        )
    )


@dataclass
class Figures:
    """Of one peer, on one database."""

    rates: list[float] = field(default_factory=list)
    """Events a second, a burst each."""
    waits: list[float] = field(default_factory=list)
    """Seconds to the first attempt."""
    idle: Idle | None = None


_fresh = itertools.count(7_000_000)
"""Ids of tasks that nobody knows yet."""


def groups(count: int, size: int) -> Groups:
    """Tasks by account."""
    first = next(_fresh)
    for _ in range(count * size - 1):
        next(_fresh)
    return {f"B{first + at * size}": [str(first + at * size + one) for one in range(size)] for at in range(count)}


async def burst(fire: Callable[[str, Sequence[str]], Awaitable[None]], receiver: Receiver, by: Groups) -> float:
    """Let it all happen; when the first was seen. Ends when the last has come in."""
    await receiver.forget()
    pending = iter(by.items())

    async def poll() -> None:
        for account, tasks in pending:
            await fire(account, tasks)

    began = time.monotonic()
    await asyncio.gather(*(poll() for _ in range(AT_ONCE)))
    await receiver.has(PAGE * len(by))
    return began


async def our_burst(store: Store, receiver: Receiver) -> float:
    """Events a second."""
    by = groups(CHANNELS, PAGE)
    async with edmbot(store, receiver) as ours:
        for account, tasks in by.items():
            await ours.see(account, tasks, TaskStatus.SENDING)
        began = await burst(lambda account, tasks: ours.see(account, tasks, TaskStatus.FAILED), receiver, by)
        await ours.settled()
        return CHANNELS * PAGE / (time.monotonic() - began)


async def their_burst(theirs: alertmanager.Alertmanager, receiver: Receiver) -> float:
    began = await burst(theirs.fire, receiver, groups(CHANNELS, PAGE))
    return CHANNELS * PAGE / (max((await receiver.told()).values()) - began)


async def steadily(by: Groups, happen: Callable[[str], Awaitable[None]]) -> None:
    """RATE events a second, whether or not the ones before have come to their end."""
    began = time.monotonic()
    under_way = []
    for number, account in enumerate(by):
        await asyncio.sleep(began + number * EACH / RATE - time.monotonic())
        under_way.append(asyncio.ensure_future(happen(account)))
    await asyncio.gather(*under_way)


async def our_waits(store: Store, receiver: Receiver) -> list[float]:
    """Seconds from the vendor's answer to the first attempt."""
    by = groups(RATE * SPAN // EACH, EACH)
    seen: dict[str, float] = {}
    await receiver.forget()
    async with edmbot(store, receiver) as ours:
        for account, tasks in by.items():
            await ours.see(account, tasks, TaskStatus.SENDING)

        async def happen(account: str) -> None:
            noted = await note(store, account, Kind.TASK, by[account])
            look = Look(noted=noted, sightings=[sighting(account, task, TaskStatus.FAILED) for task in by[account]])
            seen.update(dict.fromkeys(by[account], time.monotonic()))
            await ours.keep(look)

        await steadily(by, happen)
        await receiver.has(len(seen))
        await ours.settled()
    return await waits(seen, receiver)


async def their_waits(theirs: alertmanager.Alertmanager, receiver: Receiver) -> list[float]:
    by = groups(RATE * SPAN // EACH, EACH)
    seen: dict[str, float] = {}
    await receiver.forget()

    async def happen(account: str) -> None:
        seen.update(dict.fromkeys(by[account], time.monotonic()))
        await theirs.fire(account, by[account])

    await steadily(by, happen)
    await receiver.has(len(seen))
    return await waits(seen, receiver)


async def waits(seen: Told, receiver: Receiver) -> list[float]:
    told = await receiver.told()
    return [told[task] - at for task, at in seen.items()]


async def main(sizes: Sequence[int], rounds: int) -> None:
    missing = alertmanager.why_not()
    ours = {size: Figures() for size in sizes}
    theirs = Figures()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(outside())
        receiver = Receiver(url, await stack.enter_async_context(aiohttp.ClientSession()))
        stores = {size: await filled(folder, size, stack) for size in sizes}
        peer = None
        if missing is None:
            peer = await stack.enter_async_context(alertmanager.running(folder, url, free_port()))
        for _ in range(rounds):
            for size, store in stores.items():
                ours[size].rates.append(await our_burst(store, receiver))
                ours[size].waits += await our_waits(store, receiver)
            if peer is not None:
                theirs.rates.append(await their_burst(peer, receiver))
                theirs.waits += await their_waits(peer, receiver)
        for size, store in stores.items():
            ours[size].idle = await idle(store, AlertDesk(DEFAULTS, Routing()), url, POLLS)
    report(ours, theirs, missing)


async def filled(folder: Path, size: int, stack: AsyncExitStack) -> Store:
    store = Store(f"sqlite:///{folder}/{size}.db")
    await store.open()
    stack.push_async_callback(store.close)
    await remember(store, size, ACCOUNTS)
    return store


def report(ours: Mapping[int, Figures], theirs: Figures, missing: str | None) -> None:
    print(f"{'':26} {'events/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'idle poll ms':>13} {'of bare':>8}")
    for size, found in ours.items():
        p50, p99 = quantiles(found.waits)
        print(
            f"{f'edmbot, {size:,} before':26} {max(found.rates):9.0f} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f} "
            f"{found.idle.poll * 1e3:13.2f} {found.idle.ratio:8.2f}"
        )
    if missing is None:
        p50, p99 = quantiles(theirs.waits)
        print(f"{'Alertmanager, in memory':26} {max(theirs.rates):9.0f} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f}")
    else:
        print(f"Alertmanager: left out, {missing}")
    small, large = ours[min(ours)], ours[max(ours)]
    first, last = (1 / max(found.rates) for found in (small, large))
    print(f"durable events: {max(small.rates):.0f}/s (to reach: at least 1,000)")
    print(f"first attempt at {RATE}/s: p99 {quantiles(small.waits)[1] * 1e3:.0f} ms (to reach: at most 50)")
    print(f"idle poll: {small.idle.ratio:.2f} of the bare loop (to reach: at most 1.5)")
    print(
        f"{max(ours):,} events before instead of {min(ours):,}: {last / first:.2f} of the time for a burst, "
        f"{large.idle.ratio / small.idle.ratio:.2f} for an idle poll, beside its bare loop (to reach: at most 1.3)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    configure(logging.WARNING)
    asyncio.run(main(options.events, options.rounds))
