"""A process that polls may die at any step between reading a transition and having it told. With real processes."""

from datetime import timedelta

import pytest
from sqlmodel import select

from jobs.place import STEPS
from sandbox import Sandbox, WorldClock
from sandbox.mailing import Status
from store.engine import Store
from store.tables import Alert, Event, Notice
from tests.jobs import pollster
from tests.jobs.conftest import NOON
from tests.jobs.pollster import KILLED

VENDOR = {"base_url": "URL", "username": "USERNAME", "password": "PASSWORD"}
RULE = "task-failed"


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_of_a_poll_loses_and_repeats_no_transition(database, step):
    box, store = await Sandbox.start(WorldClock.stepped(NOON)), Store(database)
    environ = box.environ()
    vendor = {name: environ[f"UMAIL_{key}"] for name, key in VENDOR.items()}
    store.clock_offset = NOON - await store.now()

    async def poll(name=None):
        store.clock_offset += timedelta(minutes=2)
        box.clock.step(120)
        return await pollster.run(database, vendor, store.clock_offset, box.clock.now(), name)

    async def all_of(table):
        return list(await store.transact(lambda session, _now: session.exec(select(table)).all()))

    assert await poll() == 0
    box.world.task(19124).enter(Status.FAILED, box.clock.now())
    assert await poll(step) == KILLED
    assert [await poll() for _ in range(2)] == [0, 0]
    events = [event.type for event in await all_of(Event) if event.subject == "task/19124"]
    assert events.count("task.failed") == 1
    [alert] = [alert for alert in await all_of(Alert) if (alert.rule, alert.subject) == (RULE, "task/19124")]
    assert alert.state == "firing"
    assert len([notice for notice in await all_of(Notice) if notice.due_at is not None]) == 1
    await store.close()
    await box.stop()
