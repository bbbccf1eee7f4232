"""A process may die at any step between reading a transition and marking it told: Slack shows it once.

With real processes. On SQLite, `tests/bridge/test_crashes.py` kills at the steps of telling, too.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from jobs.place import STEPS as READING
from sandbox import Sandbox, WorldClock
from sandbox.mailing import Status
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Event, Notice
from tests.jobs import pollster
from tests.jobs.conftest import NOON
from tests.jobs.pollster import KILLED, STEPS

VENDOR = {"base_url": "URL", "username": "USERNAME", "password": "PASSWORD"}


@pytest.mark.parametrize(
    ("database", "step"),
    [*(("sqlite", step) for step in READING), *(("postgresql", step) for step in STEPS)],
    indirect=["database"],
)
async def test_a_kill_at_any_step_from_a_poll_to_slack_loses_and_repeats_no_transition(database, step):
    box, store = await Sandbox.start(WorldClock.stepped(NOON)), Store(database)
    environ = box.environ()
    vendor = {name: environ[f"UMAIL_{key}"] for name, key in VENDOR.items()}
    store.clock_offset = NOON - await store.now()
    slack = await SlackServer.start(now=lambda: datetime.now(UTC) + store.clock_offset)

    async def poll(name=None):
        store.clock_offset += timedelta(minutes=2)
        box.clock.step(120)
        outside = (slack.api_url, slack.bot_token)
        return await pollster.run(database, vendor, outside, store.clock_offset, box.clock.now(), name)

    async def all_of(table):
        return list(await store.transact(lambda session, _now: session.exec(select(table)).all()))

    assert await poll() == 0
    box.world.task(19124).enter(Status.FAILED, box.clock.now())
    assert await poll(step) == KILLED
    assert [await poll() for _ in range(2)] == [0, 0]
    shown = [message.plain for message in slack.workspace.readable("U0MEI", "C0ALERTS") if "19124" in message.plain]
    assert [words.split(":")[0] for words in shown] == ["🔴 Task 19124 has failed"]
    events = [event.type for event in await all_of(Event) if event.subject == "task/19124"]
    assert events.count("task.failed") == 1
    assert [notice.id for notice in await all_of(Notice) if notice.shown != notice.wanted or notice.due_at] == []
    await store.close()
    await slack.stop()
    await box.stop()
