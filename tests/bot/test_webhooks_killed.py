"""A server that is killed while others send to it: what it answered 200 is there, once, and no request by halves."""

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import pytest
from sqlmodel import select

from bot.appyaml import shipped
from store.engine import Store
from store.tables import Event
from tests.bridge import senders

SENDERS = 8


@dataclass
class Sending:
    """Several who send, each its own requests one after the other; what nobody answered is sent again."""

    session: aiohttp.ClientSession
    url: str = ""
    requests: dict[str, list[str]] = field(default_factory=dict)
    """By request, the names of its events."""
    acked: set[str] = field(default_factory=set)

    async def send(self, name: str, up: asyncio.Event) -> None:
        chance = random.Random(name)
        for number in count():
            request = f"{name}/{number}"
            self.requests[request] = [f"{request}/{nth}" for nth in range(chance.choice((1, 1, 2, 40)))]
            while request not in self.acked:
                await up.wait()
                await self.try_once(request)

    async def try_once(self, request: str) -> None:
        told = [
            {"specversion": "1.0", "id": one, "source": "crm", "type": "task.failed", "subject": "task/7"}
            | {"data": {"to": "failed", "reason": one}}
            for one in self.requests[request]
        ]
        signed = senders.standard(told, id_=request)
        try:
            async with self.session.post(self.url, data=signed.body, headers=signed.headers) as answer:
                assert answer.status == 200
                self.acked.add(request)
        except aiohttp.ClientError:
            await asyncio.sleep(0)


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=[pytest.mark.soak])])
async def test_what_was_answered_is_there_once_however_often_the_server_is_killed(
    closed_office, start, tmp_path, kills
):
    office, config, chance = closed_office, tmp_path / "app.yaml", random.Random(kills)
    before = shipped().read_text("utf-8").partition("\nwebhooks:")[0]
    source = f"crm: {{adapter: standard, secret: {senders.STANDARD_SECRET}, rate: 99999/s}}"
    config.write_text(f"{before}\nwebhooks: {{in: {{{source}}}}}\n", "utf-8")
    up = asyncio.Event()
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        sending = Sending(session)
        tasks = [group.create_task(sending.send(f"s{nth}", up)) for nth in range(SENDERS)]
        for _ in range(kills):
            process = await start(["run", "--role", "web", "--config", str(config)], office.environ)
            sending.url = (await process.stdout.readline()).decode().split()[-1] + "/webhooks/crm"
            acked = len(sending.acked)
            up.set()
            async with asyncio.timeout(8):
                while len(sending.acked) < acked + SENDERS:
                    await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.3))
            up.clear()
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        for task in tasks:
            task.cancel()
    rows = await written(office.environ["EDM_DATABASE_URL"])
    assert set(rows.values()) == {1}
    there = {request: [one in rows for one in events] for request, events in sending.requests.items()}
    assert all(all(there[request]) for request in sending.acked)
    assert all(all(events) or not any(events) for events in there.values())


async def written(url: str) -> Counter[str]:
    """How many rows each event has, by the name that its sender gave it."""
    store = Store(url)
    rows = await store.transact(lambda session, _now: session.exec(select(Event).where(Event.account == "crm")).all())
    await store.close()
    return Counter(row.data["reason"] for row in rows)
