"""What is due reaches Slack: once, in order, at Slack's pace, and not where Slack says no."""

import aiohttp
import pytest

from bridge.outbox import Outbox
from sandbox.slack.server import SlackServer
from store.engine import Store
from tests.bridge.posts import ALERTS, WHO, Clock, Desk, board_of, english, note


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def slack(clock):
    server = await SlackServer.start(now=clock.now)
    yield server
    await server.stop()


@pytest.fixture
async def store(database):
    store = Store(database)
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
async def desk(store, slack, clock):
    async with aiohttp.ClientSession() as session:
        outbox = Outbox(store, board_of(slack, session), english, "/edm", admins=["U0MEI"])
        yield Desk(store, slack, clock, outbox, session)


async def test_what_is_wanted_is_posted_and_marked_shown(desk):
    row = note(desk.clock.now())
    await desk.add(row)
    assert await desk.outbox.run_once() == 1
    [shown] = desk.slack.visible(WHO, ALERTS)
    assert "archived" in shown.plain
    found = await desk.notice(row.id)
    assert (found.shown, found.due_at, found.ts, found.tried_at, found.lease_until) == (1, None, shown.ts, None, None)
    assert await desk.outbox.run_once() == 0
