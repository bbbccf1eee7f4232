"""What the measurements of events are made with: edmbot as it runs, what a vendor tells it, and who is told."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import col, func, select

from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Labels, Route, Routing, Target
from bridge.alerts.rules import DEFAULTS
from bridge.notices.outbox import Outbox
from bridge.receivers.board import Board
from bridge.record import Look, note, record
from bridge.sightings import Kind, Sighting, of_task
from jobs.scheduler import Clockwork
from providers.model import NamedRef, SendId, Task, TaskStatus
from store.engine import Store, after_people
from store.tables import Notice

PATIENCE = 120
"""Seconds after which something was lost."""

Told = Mapping[str, float]
"""By task, when its id came in."""


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


_runs = itertools.count()


class OwnChannels(Routing):
    """A channel for each account: app.yaml would need a route for each, and a real one has a few.

    New ones for each run, so that nothing is written to a message that is there already.
    """

    def __init__(self) -> None:
        super().__init__([Route(group_wait=timedelta(0))], "C0")
        self._run = next(_runs)

    def _target(self, _receiver: str, route: Route, labels: Labels, now: datetime, mention: tuple[str, ...]) -> Target:
        return super()._target(f"C{labels.account}R{self._run}", route, labels, now, mention)


async def english(_receiver: str) -> str:
    return "en"


@dataclass
class Edmbot:
    """What a poll that saw something sets off, as `bot/app.py` puts it together."""

    store: Store
    clock: Clockwork
    outbox: Outbox
    judge: AlertDesk

    async def see(self, account: str, said: Sequence[Sighting]) -> None:
        """One look of a poll (`jobs/poll.py`): noted, asked, recorded. said: by the vendor."""
        with after_people():
            noted = await note(self.store, account, Kind.TASK, [one.subject for one in said])
            await self.keep(Look(noted=noted, sightings=said))

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
    judge = AlertDesk(DEFAULTS, OwnChannels())
    client = AsyncWebClient("xoxb-bench", f"{receiver.url}/api/", session=receiver.session, retry_handlers=[])
    outbox = Outbox(store, Board(client), english, "/edm")
    clock = Clockwork(store, {"outbox": outbox.deliver})
    await clock.start()
    yield Edmbot(store, clock, outbox, judge)
    await clock.stop()


def answer(account: str, tasks: Sequence[str], status: TaskStatus) -> Sequence[Sighting]:
    """Tasks as U-Mail tells them."""
    return [_sighting(account, task, status) for task in tasks]


def _sighting(account: str, task: str, status: TaskStatus) -> Sighting:
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
