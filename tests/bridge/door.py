"""The door for what others send, on a real socket, and a request of each kind of sender."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from sqlmodel import col, select

from bot.inlet import PATHS, Inlet
from bridge.webhooks.adapters import ADAPTERS
from bridge.webhooks.inbound import Inbound, Source
from store.engine import Store
from store.tables import Event
from tests.bridge import senders
from tests.bridge.alerting import Scene

SETTINGS = {
    "sendgrid": {"public_key": senders.SENDGRID_KEY},
    "mailgun": {"secret": senders.MAILGUN_KEY},
    "postmark": {"secret": senders.PATH_SECRET, "username": "edm", "password": "pass-pass-pass-p"},
    "itnio": {"secret": senders.PATH_SECRET, "account": "itnio"},
    "standard": {"secret": senders.STANDARD_SECRET},
}
DELIVERED = "mailgun-webhook-payload-delivered.json"


def told(**fields):
    return {"specversion": "1.0", "id": "e-1", "source": "crm", "type": "task.failed", "subject": "task/7"} | fields


class Door:
    """Somewhere to send to, and a look at what came of it."""

    def __init__(self, database):
        self.store = Store(database)
        self.judge = Scene(self.store).desk
        self.proxies = ()
        self.now = datetime.now(UTC)

    @asynccontextmanager
    async def open(self, **changed):
        """changed: by source, keys that are other than in SETTINGS."""
        sources = {
            name: Source(name, adapter, adapter.Settings(**SETTINGS[name] | changed.get(name, {})))
            for name, adapter in ADAPTERS.items()
        }
        inbound = Inbound(self.store, sources, self.judge, follows={"itnio"}, clock=lambda: self.now)
        app = web.Application()
        for path in PATHS:
            app.router.add_post(path, Inlet(inbound, self.proxies).take)
        runner = web.AppRunner(app, access_log=None, lingering_time=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as self.session:
            yield self
        await runner.cleanup()

    async def send(self, source, request, **headers):
        """The answer's status and words; a refusal's words are its error."""
        path = f"/webhooks/{source}" + (f"/{request.path_secret}" if request.path_secret else "")
        async with self.session.post(path, data=request.body, headers={**request.headers, **headers}) as answer:
            self.headers = answer.headers
            said = await answer.json()
            assert said["ok"] is answer.ok
            return answer.status, said.get("error") or (said["new"], said["known"], said["unread"])

    async def rows(self, model, *order):
        return await self.store.transact(lambda session, _now: session.exec(select(model).order_by(*order)).all())

    async def events(self):
        return await self.rows(Event, col(Event.time), col(Event.id))


@asynccontextmanager
async def built(database):
    """A door with its database; nobody listens before `open`."""
    door = Door(database)
    await door.store.migrate()
    await door.store.open()
    yield door
    await door.store.close()


def every():
    """One request of each kind of sender."""
    return {
        "sendgrid": senders.sendgrid(senders.payload("sendgrid-event-webhook-reference-all-events.json")),
        "mailgun": senders.mailgun(senders.payload(DELIVERED)),
        "postmark": senders.plain(senders.payload("postmark-delivery-webhook.json")),
        "itnio": senders.plain(senders.payload("itnio-callback-batch.json")),
        "standard": senders.standard(told()),
    }
