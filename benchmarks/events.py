"""How much can happen: durable events a second, how soon people are told, and what it costs when nothing happens.

An event is a task that a vendor says has failed: snapshot, event, rules, alert, notice in one transaction
(`bridge/record.py`), then rendered and posted by the outbox, and marked. It counts once its task's id has come in at
the receiver and the row says so; nothing counts that was only written down, and a message that lists twenty counts
twenty.

Slack takes one message a second and channel, and the outbox keeps to it: one channel would measure that second. So the
burst goes to many channels, a page of a vendor's list (20 tasks) to each: a message with the first ten, and an entry in
its thread with all. All accounts are polled at once, as the clock does with what is due (`jobs/scheduler.py`). The
receiver is a bare stand-in in a process of its own (`benchmarks/outside.py` says why).

Time to the first attempt is from the vendor's answer being there to the request coming in at the receiver, at a steady
rate: 20 looks a second with ten events each, every look's to a channel that is free. Nothing waits for others to join
(`group_wait: 0s`). Alertmanager, where it is installed, gets the same tasks in the same groups and tells the same
receiver, in turn with edmbot.

A burst ends a second after it is recorded: that is Slack's, between the two messages of the last channel. So a longer
one (`--burst`, on the smallest database) stands beside it, of which that second is less.

On a busy machine the rates are the neighbours', too; the CPU time of this process is less so, and stands beside them. A
virtual machine's processor may itself be slower from one minute to the next: before each round it counts to ten
million, and how long that took stands there, too. Rates and CPU times are medians over the rounds, beside the best
round's rate; the waits of all rounds are one distribution.

All of it on databases that remember so many events of these accounts already.
`python -m benchmarks.events [--events N …] [--rounds N] [--burst N]`
"""

import argparse
import asyncio
import itertools
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks import alertmanager
from benchmarks.ack import free_port, quantiles
from benchmarks.history import account as account_of
from benchmarks.history import remember
from benchmarks.ours import Receiver, Told, answer, edmbot, outside
from benchmarks.polls import ACCOUNT, Idle, idle
from bot import memory
from bot.log import configure
from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Routing
from bridge.alerts.rules import DEFAULTS
from bridge.record import Look, note
from bridge.sightings import Kind
from providers.model import TaskStatus
from store.engine import Store

PAGE = 20
"""Tasks of a vendor's page, and events of an account in the burst."""
CHANNELS = 250
"""Of the burst: 5,000 events."""
RATE = 200
"""Events a second while latencies are measured, …"""
SPAN = 30
"""… for so many seconds, so that the slowest hundredth is dozens of events, …"""
EACH = 10
"""… so many to a look: as many as a group's first message lists."""
POLLS = 100
"""Idle ones, on each database."""
ACCOUNTS = 1_000
"""Whose past is in the database: those of the bursts, and of the longer one."""

Groups = Mapping[str, Sequence[str]]
"""Tasks by account."""


@dataclass
class Figures:
    """Of one peer, on one database."""

    rates: list[float] = field(default_factory=list)
    """Events a second, a burst each."""
    cpu: list[float] = field(default_factory=list)
    """Milliseconds of this process for an event, a burst each: what a busy machine distorts less."""
    waits: list[float] = field(default_factory=list)
    """Seconds to the first attempt."""
    idle: Idle | None = None


_fresh = itertools.count(7_000_000)
"""Ids of tasks that nobody knows yet."""


def groups(count: int, size: int) -> Groups:
    """New tasks, by the accounts whose past is in the database."""
    return {account_of(at): [str(next(_fresh)) for _ in range(size)] for at in range(count)}


async def burst(fire: Callable[[str, Sequence[str]], Awaitable[None]], receiver: Receiver, by: Groups) -> float:
    """Let it all happen; when the first was seen. Ends when the last has come in."""
    await receiver.forget()
    began = time.monotonic()
    await asyncio.gather(*(fire(account, tasks) for account, tasks in by.items()))
    await receiver.has(PAGE * len(by))
    return began


async def our_burst(store: Store, receiver: Receiver, channels: int = CHANNELS) -> tuple[float, float]:
    """Events a second, and milliseconds of this process for each."""
    by = groups(channels, PAGE)
    async with edmbot(store, receiver) as ours:
        for account, tasks in by.items():
            await ours.see(account, answer(account, tasks, TaskStatus.SENDING))
        # What the vendors say is there when the time begins.
        said = {account: answer(account, tasks, TaskStatus.FAILED) for account, tasks in by.items()}
        worked = time.process_time()
        began = await burst(lambda account, _tasks: ours.see(account, said[account]), receiver, by)
        await ours.settled()
        took, worked = time.monotonic() - began, time.process_time() - worked
        return channels * PAGE / took, worked / (channels * PAGE) * 1e3


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
            await ours.see(account, answer(account, tasks, TaskStatus.SENDING))

        async def happen(account: str) -> None:
            noted = await note(store, account, Kind.TASK, by[account])
            look = Look(noted=noted, sightings=answer(account, by[account], TaskStatus.FAILED))
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


async def main(sizes: Sequence[int], rounds: int, longer: int) -> None:
    missing = alertmanager.why_not()
    ours = {size: Figures() for size in sizes}
    theirs = Figures()
    paces = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(outside())
        receiver = Receiver(url, await stack.enter_async_context(aiohttp.ClientSession()))
        stores = {size: await filled(folder, size, stack) for size in sizes}
        peer = None
        if missing is None:
            peer = await stack.enter_async_context(alertmanager.running(folder, url, free_port()))
        for _ in range(rounds):
            paces.append(pace())
            for size, store in stores.items():
                rate, cpu = await our_burst(store, receiver)
                ours[size].rates.append(rate)
                ours[size].cpu.append(cpu)
                ours[size].waits += await our_waits(store, receiver)
            if peer is not None:
                theirs.rates.append(await their_burst(peer, receiver))
                theirs.waits += await their_waits(peer, receiver)
        long_rate, long_cpu = await our_burst(stores[min(sizes)], receiver, longer // PAGE)
        for size, store in stores.items():
            ours[size].idle = await idle(store, AlertDesk(DEFAULTS, Routing()), url, POLLS)
    print(f"counting to ten million took {min(paces):.2f} to {max(paces):.2f} s")
    report(ours, theirs, missing)
    print(f"a burst of {longer:,}: {long_rate:.0f}/s; {long_cpu:.2f} ms of CPU each")


def pace() -> float:
    """Seconds that this machine takes to count to ten million, at the moment."""
    began = time.perf_counter()
    number = 0
    while number < 10_000_000:
        number += 1
    return time.perf_counter() - began


async def filled(folder: Path, size: int, stack: AsyncExitStack) -> Store:
    store = Store(f"sqlite:///{folder}/{size}.db")
    await store.open()
    stack.push_async_callback(store.close)
    await remember(store, size, ACCOUNTS, ACCOUNT)
    return store


def report(ours: Mapping[int, Figures], theirs: Figures, missing: str | None) -> None:
    median = statistics.median
    print("load of this machine: {:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg()))
    print(f"{'':26} {'events/s':>9} {'CPU ms':>8} {'p50 ms':>8} {'p99 ms':>8} {'idle poll ms':>13} {'of bare':>8}")
    for size, found in ours.items():
        p50, p99 = quantiles(found.waits)
        print(
            f"{f'edmbot, {size:,} before':26} {median(found.rates):9.0f} {median(found.cpu):8.2f} "
            f"{p50 * 1e3:8.1f} {p99 * 1e3:8.1f} {found.idle.poll * 1e3:13.2f} {found.idle.ratio:8.2f}"
        )
    if missing is None:
        p50, p99 = quantiles(theirs.waits)
        print(f"{'Alertmanager, in memory':26} {median(theirs.rates):9.0f} {'':8} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f}")
    else:
        print(f"Alertmanager: left out, {missing}")
    small, large = ours[min(ours)], ours[max(ours)]
    rate, cpu, p99 = median(small.rates), median(small.cpu), quantiles(small.waits)[1] * 1e3
    longer, idler = rate / median(large.rates), large.idle.ratio / small.idle.ratio
    print(
        f"durable events: {rate:.0f}/s ({reach('at least 1,000', rate >= 1_000)}), "
        f"{max(small.rates):.0f}/s in the best round; {cpu:.2f} ms of CPU each"
    )
    print(f"first attempt at {RATE}/s: p99 {p99:.0f} ms ({reach('at most 50', p99 <= 50)})")
    print(f"idle poll: {small.idle.ratio:.2f} of the bare loop ({reach('at most 1.5', small.idle.ratio <= 1.5)})")
    print(
        f"{max(ours):,} events before instead of {min(ours):,}: {longer:.2f} of the time for a burst, "
        f"{median(large.cpu) / cpu:.2f} of its CPU time, {idler:.2f} for an idle poll, beside its bare loop "
        f"({reach('at most 1.3', max(longer, idler) <= 1.3)})"
    )


def reach(target: str, reached: bool) -> str:
    """What a figure is held against, and whether it fell short."""
    return f"to reach: {target}" if reached else f"to reach: {target}; missed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--burst", type=int, default=20_000)
    options = parser.parse_args()
    configure(logging.WARNING)
    memory.settle()
    asyncio.run(main(options.events, options.rounds, options.burst))
