"""Several processes of the bot on one PostgreSQL: whichever of them dies, and whatever their clocks say."""

import asyncio
import json
import random

import pytest
from sqlmodel import select

from sandbox import Sandbox, WorldClock
from sandbox.slack import SlackServer
from store.engine import Store
from store.tables import Event
from tests.bot.shift import UMAIL
from tests.bridge.storm import FileClock
from tests.jobs.workers import FIRST, Town

WRONG_BY = (0.0, -240.0, 420.0)
"""Seconds that each process's clock is fast."""
KILLED = -9


@pytest.fixture
async def town(tmp_path, postgres):
    store = Store(postgres)
    await store.migrate()
    await store.close()
    clock = FileClock(tmp_path / "clock")
    box = await Sandbox.start(WorldClock.stepped(clock.now()))
    slack = await SlackServer.start(now=clock.now)
    app_yaml = tmp_path / "app.yaml"
    # Each has a message of its own.
    more = {"routes": [{"group_by": ["subject"]}], "polling": {"tasks": "10s", "statistics": "1h"}}
    app_yaml.write_text(json.dumps(UMAIL | more), "utf-8")
    environ = {**box.environ(), **slack.environ(), "EDM_DATABASE_URL": postgres, "EDM_PORT": "0"}
    made = Town(box, slack, clock, app_yaml, environ)
    yield made
    for place in tuple(made.running):
        await made.kill(place)
    await slack.stop()
    await box.stop()


async def until(condition, seconds):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("tasks", "kills"), [(12, 3), pytest.param(120, 30, marks=[pytest.mark.soak])], ids=["short", "long"]
)
async def test_three_processes_of_which_one_is_killed_again_and_again_lose_and_repeat_nothing(
    town, postgres, tasks, kills
):
    chance = random.Random(tasks)
    town.add_tasks(tasks)
    for place, wrong_by in enumerate(WRONG_BY):
        town.start(place, wrong_by)
    async with town.time_passes():
        # The first poll is silent: it must be over before anything happens.
        await until(lambda: sum(request.call == "task-list" for request in town.box.requests) > 12, 20)
        await asyncio.sleep(0.5)
        numbers = list(range(FIRST, FIRST + tasks))
        for _ in range(kills):
            for _ in range(tasks // kills):
                town.fail(numbers.pop())
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            place = chance.randrange(3)
            assert await town.kill(place) == KILLED
            town.start(place, WRONG_BY[place])
        await until(lambda: len(town.told()) == tasks, 60 + 2 * tasks)
        # Long enough for whatever would say it again.
        await asyncio.sleep(1)
    everything = dict.fromkeys(range(FIRST, FIRST + tasks), 1)
    assert town.told() == everything
    assert set(town.posts().values()) == {1}
    store = Store(postgres)
    failed = select(Event.subject).where(Event.type == "task.failed")
    seen = await store.transact(lambda session, _now: list(session.exec(failed)))
    await store.close()
    assert sorted(seen) == sorted(f"task/{number}" for number in everything)
