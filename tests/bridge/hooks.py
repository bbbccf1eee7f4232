"""Somebody else's system on a real socket, endpoints as rows, and a clock that is stepped."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web
from sqlmodel import col, select
from standardwebhooks import Webhook

from bridge.alerts.casebook import Casebook
from bridge.events import EventType, event_id
from bridge.receivers.webhook import WebhookReceiver
from bridge.webhooks import endpoints
from bridge.webhooks.deliveries import Deliverer
from store.engine import Store
from store.tables import Attempt, Delivery, DeliveryState, Event, WebhookEndpoint

ADMIN = "U0MEI"


@dataclass(frozen=True)
class Got:
    """One request that arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict:
        return json.loads(self.body)

    @property
    def at(self) -> int:
        return int(self.headers["webhook-timestamp"])

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def is_signed_by(self, secret: str) -> bool:
        at = datetime.fromtimestamp(self.at).astimezone()
        return Webhook(secret).sign(self.id, at, self.body.decode()) in self.signatures


Answer = Callable[[Got], "int | web.StreamResponse | None"]


@dataclass
class Target:
    """It answers 200, unless `answer` says otherwise."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Answer = lambda _got: 200
    delay: float = 0.0
    now: int = 0
    most: int = 0
    """Requests at once: at this moment, and at the worst one."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        got = Got({name.lower(): value for name, value in request.headers.items()}, await request.read())
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.delay)
            answer = self.answer(got)
            self.got.append(got)
        finally:
            self.now -= 1
        return answer if isinstance(answer, web.StreamResponse) else web.Response(status=answer)

    @property
    def ids(self) -> list[str]:
        return [got.id for got in self.got]


@asynccontextmanager
async def target():
    """A receiver on loopback."""
    made = Target()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    # aiohttp takes 0 for: however long that is.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield made
    finally:
        await runner.cleanup()


class House:
    """One database and one process that sends."""

    def __init__(self, store: Store, receiver: WebhookReceiver, **more) -> None:
        self.store = store
        self.receiver = receiver
        self.deliverer = Deliverer(store, receiver, admins=(ADMIN,), **more)

    def step(self, **span) -> None:
        self.store.clock_offset += timedelta(**span)

    async def do(self, work):
        return await self.store.transact(work)

    async def endpoint(self, url: str, name: str = "crm", **more) -> WebhookEndpoint:
        given = {"allow_private": True, "user": ADMIN, **more}
        row, _ = await self.do(lambda session, now: endpoints.add(session, now, name=name, url=url, **given))
        return row

    async def on(self, what, name: str = "crm", **more):
        """Call a function of `bridge.webhooks.endpoints` about an endpoint."""
        return await self.do(lambda session, now: what(session, now, endpoints.find(session, name), **more))

    async def look(self, name: str = "crm") -> WebhookEndpoint:
        return await self.do(lambda session, _now: endpoints.find(session, name))

    async def happens(self, *subjects: str, **more) -> list[str]:
        """An event each; their ids."""

        def work(session, now):
            made = [event(now, f"{now.isoformat()} {nth}", subject, **more) for nth, subject in enumerate(subjects)]
            book = Casebook(session, now)
            for one in made:
                book.note(one)
            book.close()
            return [one.id for one in made]

        return await self.do(work)

    async def send(self) -> int:
        """Send what is due; how many tries that took."""
        before = len(await self.rows(Attempt))
        await self.deliverer.run_once()
        return len(await self.rows(Attempt)) - before

    async def rows(self, table=Delivery):
        key = col(Delivery.seq) if table is Delivery else col(Attempt.at) if table is Attempt else col(table.id)
        return await self.do(lambda session, _now: list(session.exec(select(table).order_by(key))))

    async def told(self, type_: EventType) -> list[Event]:
        events = await self.rows(Event)
        return [one for one in events if one.type == type_]


@asynccontextmanager
async def opened(database):
    """A house on a database of its own."""
    store = Store(database)
    await store.migrate()
    receiver = WebhookReceiver()
    yield House(store, receiver)
    await receiver.close()
    await store.close()


async def states(house):
    return [row.state for row in await house.rows()]


async def to_the_end(house, most=40):
    """Let time pass until nothing is pending; how often something was sent."""
    count = 0
    for _ in range(most):
        count += await house.send()
        left = [row.next_at for row in await house.rows() if row.state is DeliveryState.PENDING]
        if not left:
            return count
        house.store.clock_offset += max(min(left) - await house.store.now(), timedelta(0))
    raise AssertionError("something is pending for ever")


def event(now: datetime, version: str, subject: str = "task/1", **more) -> Event:
    data = {"from": "sending", "to": "paused"}
    fields = {"account": "umail", "type": EventType.TASK_PAUSED.value, "data": data, **more}
    id_ = event_id(fields["account"], subject, fields["type"], version)
    return Event(id=id_, subject=subject, time=now, recorded_at=now, **fields)
