"""How many webhooks go out: signed events to 20 endpoints, each counted when its row says that it was sent.

The receivers are a process of their own on this machine and take everything. Measured is from the commit of the events
to the commit that marks the last of their deliveries; every id must have come in at every receiver. A bare aiohttp
client posts the same bodies to the same receivers beside it, as many at once, in turn, and remembers nothing.

Then events happen one at a time, and the time from each one's commit to its mark is told. On a busy machine these are
the neighbours' figures, too; CPU time is less so, and the load stands beside it.

`python -m benchmarks.deliveries [--events N] [--rounds N]`
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
from sqlmodel import Session, col, func, select

from bridge.alerts.casebook import Casebook
from bridge.events import EventType, event_id
from bridge.receivers.webhook import WebhookReceiver
from bridge.webhooks import endpoints
from bridge.webhooks.deliveries import Deliverer
from bridge.webhooks.envelope import CONTENT_TYPE, envelope
from bridge.webhooks.queues import AT_ONCE
from store.engine import Store
from store.tables import Delivery, DeliveryState, Event

ENDPOINTS = 20
SUBJECTS = 50
"""Tasks that the events are about: those of one go one after the other."""
TRICKLE = 100
"""Events that happen one at a time."""
PAUSE = 0.02
"""Seconds between them."""


@dataclass
class Run:
    """What was measured of one of the two."""

    rates: list[float] = field(default_factory=list)
    """Deliveries a second, by round."""
    spent: list[float] = field(default_factory=list)
    """CPU seconds of this process for each delivery, by round."""


class House:
    """Events, and endpoints for them, on a database of its own."""

    def __init__(self, store: Store, receiver: WebhookReceiver) -> None:
        self.store = store
        self.deliverer = Deliverer(store, receiver)
        self._made = 0

    async def add(self, urls: Sequence[str]) -> None:
        def work(session: Session, now: datetime) -> None:
            for number, url in enumerate(urls):
                endpoints.add(session, now, name=f"e{number}", url=url, user="U0BENCH", allow_private=True)

        await self.store.transact(work)

    async def happen(self, number: int) -> list[Event]:
        """So many events, committed together, with a delivery for each endpoint."""
        first, self._made = self._made, self._made + number

        def work(session: Session, now: datetime) -> list[Event]:
            book = Casebook(session, now)
            events = [_event(now, nth) for nth in range(first, first + number)]
            for one in events:
                book.note(one)
            book.close()
            return [one.model_copy() for one in events]

        return await self.store.transact(work)

    async def sent(self) -> int:
        counted = select(func.count()).select_from(Delivery).where(Delivery.state == DeliveryState.SENT)
        return await self.store.transact(lambda session, _now: session.exec(counted).one())

    async def waits(self, number: int) -> list[float]:
        """Seconds from the commit to the mark of the last deliveries, by delivery."""
        rows = select(Delivery.created_at, Delivery.ended_at).order_by(col(Delivery.seq).desc()).limit(number)
        found = await self.store.transact(lambda session, _now: session.exec(rows).all())
        return [(ended - created).total_seconds() for created, ended in found if ended is not None]


def _event(now: datetime, number: int) -> Event:
    subject = f"task/{19_000 + number % SUBJECTS}"
    data = {"from": "sending", "to": "paused", "raw_status": "3", "planned": 90_000, "sent": 41_200 + number}
    type_ = EventType.TASK_PAUSED.value
    id_ = event_id("umail", subject, type_, str(number))
    return Event(id=id_, account="umail", type=type_, subject=subject, time=now, recorded_at=now, data=data)


async def timed(run: Run, number: int, work: Callable[[], Awaitable[None]]) -> None:
    """Do some deliveries and note their rate and their cost."""
    began, spent = time.perf_counter(), time.process_time()
    await work()
    run.rates.append(number / (time.perf_counter() - began))
    run.spent.append((time.process_time() - spent) / number)


async def bare(urls: Sequence[str], events: Sequence[Event]) -> None:
    """The same bodies to the same receivers, as many at once, by a client that remembers nothing."""
    headers = {"webhook-signature": "v1,none", "webhook-timestamp": "0", "Content-Type": CONTENT_TYPE}

    async def lane(session: aiohttp.ClientSession, url: str, some: Sequence[Event]) -> None:
        for event in some:
            async with session.post(url, data=envelope(event), headers={**headers, "webhook-id": "bare"}) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        lanes = [(url, events[nth::AT_ONCE]) for url in urls for nth in range(AT_ONCE)]
        await asyncio.gather(*(lane(session, url, some) for url, some in lanes))


async def measure(urls: Sequence[str], store: Store, number: int, rounds: int) -> None:
    """Both of them in turn, then one event at a time."""
    receiver, ours, other = WebhookReceiver(), Run(), Run()
    house = House(store, receiver)
    await house.add(urls)
    try:
        for nth in range(rounds + 1):
            events = await house.happen(number if nth else SUBJECTS)
            await timed(ours, len(events) * len(urls), house.deliverer.run_once)
            await timed(other, len(events) * len(urls), lambda given=events: bare(urls, given))
        waits = await trickle(house)
    finally:
        await receiver.close()
    made = SUBJECTS + rounds * number + TRICKLE
    await judge(house, urls, made)
    report(ours, other, waits)


async def trickle(house: House) -> list[float]:
    """Events one at a time, each told to whoever sends as the bot does it."""
    for _ in range(TRICKLE):
        await house.happen(1)
        house.deliverer.nudge()
        sending = asyncio.create_task(house.deliverer.run_once())
        await asyncio.sleep(PAUSE)
        await sending
    return await house.waits(TRICKLE * ENDPOINTS)


async def judge(house: House, urls: Sequence[str], made: int) -> None:
    """Every event is marked for every endpoint, and came in there, once."""
    sent = await house.sent()
    if sent != made * len(urls):
        raise SystemExit(f"{made * len(urls)} deliveries were made, and {sent} are marked")
    async with aiohttp.ClientSession() as session, session.get(urls[0]) as answer:
        told = await answer.json()
    for took in told["took"]:
        counted = Counter(id_ for id_ in took if id_ != "bare")
        if len(counted) != made or set(counted.values()) != {1}:
            raise SystemExit(f"{made} events were sent, and {len(counted)} came in")
    print(f"each of {made:,} events came in once at each of {len(urls)} endpoints; the receivers took", end=" ")
    print(f"{told['cpu']:.1f} s of CPU time")


def report(ours: Run, other: Run, waits: Sequence[float]) -> None:
    print(f"{'':14} {'deliveries/s':>12} {'CPU ms each':>12}")
    for name, run in (("edmbot", ours), ("bare aiohttp", other)):
        # The first round opened the connections.
        rate, spent = statistics.median(run.rates[1:]), statistics.median(run.spent[1:])
        print(f"{name:14} {rate:12,.0f} {spent * 1e3:12.2f}")
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    print(f"one event at a time, from its commit to its mark: p50 {cuts[49] * 1e3:.0f} ms, p99 {cuts[98] * 1e3:.0f} ms")
    print("load", *(f"{one:.1f}" for one in os.getloadavg()))


async def main(events: int, rounds: int) -> None:
    line = [sys.executable, "-m", "benchmarks.receivers", str(ENDPOINTS)]
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        urls = [f"http://127.0.0.1:{port}/" for port in (await process.stdout.readline()).decode().split()]
        with tempfile.TemporaryDirectory() as folder:
            store = Store(f"sqlite:///{Path(folder)}/bench.db")
            await store.migrate()
            await store.open()
            await measure(urls, store, events, rounds)
            await store.close()
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500, help="in a round, to each of the endpoints")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(given.events, given.rounds))
