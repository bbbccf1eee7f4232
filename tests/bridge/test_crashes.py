"""A process that sends may die at any moment: nothing is lost, and nothing is said twice. With real processes."""

import asyncio
import random
from collections import Counter
from itertools import combinations

import pytest

from bridge.notices.outbox import STEPS
from sandbox.slack.server import SlackServer
from store.engine import Store
from tests.bridge.posts import ALERTS, note
from tests.bridge.storm import KILLED, FileClock, Killable, all_of, breaks_out, untold


@pytest.fixture
def clock(tmp_path):
    return FileClock(tmp_path / "clock")


@pytest.fixture
async def slack(clock):
    server = await SlackServer.start(now=clock.now)
    yield server
    await server.stop()


@pytest.fixture
async def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/edmbot.db")
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
def processes(tmp_path, store, slack, clock):
    return Killable(f"sqlite:///{tmp_path}/edmbot.db", slack, clock)


async def add(store, *rows):
    await store.transact(lambda session, now: session.add_all(rows))


def posts(slack):
    """How often each notice stands in the channel."""
    kept = slack.workspace.posts(ALERTS)
    return Counter(post.metadata["event_payload"]["id"] for post in kept if post.metadata)


def is_one_a_second(slack):
    """At most one message a second to the channel over any stretch of time; a call may be under way for another."""
    methods = {"chat.postMessage", "chat.update"}
    at = [call.at.timestamp() for call in slack.calls if call.method in methods]
    return all(at[j] - at[i] > j - i - 1 for i, j in combinations(range(len(at)), 2))


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_of_a_post_loses_and_repeats_nothing(store, slack, clock, processes, step):
    parent = note(clock.now())
    child = note(clock.now(), parent_id=parent.id)
    await add(store, parent, child)
    for _ in range(2):
        assert await processes.until(step) == KILLED
    assert await processes.to_the_end() == 0
    assert posts(slack) == {parent.id: 1, child.id: 1}
    assert [(row.shown, row.due_at) for row in await all_of(store)] == [(1, None)] * 2


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_of_an_edit_leaves_the_newest_words(store, slack, clock, processes, step):
    row = note(clock.now())
    await add(store, row)
    assert await processes.to_the_end() == 0

    def over(session, now):
        kept = session.get_one(type(row), row.id)
        kept.facts = {**kept.facts, "facts": {**kept.facts["facts"], "over": True}}
        kept.wanted, kept.due_at = 2, now

    await store.transact(over)
    assert await processes.until(step) == KILLED
    assert await processes.to_the_end() == 0
    assert posts(slack) == {row.id: 1}
    assert "again" in slack.visible("U0MEI", ALERTS)[0].plain


@pytest.mark.parametrize(
    ("wave", "kills"), [(10, 20), pytest.param(5, 200, marks=[pytest.mark.soak])], ids=["short", "long"]
)
async def test_kills_in_a_storm_lose_and_repeat_nothing(store, slack, clock, processes, wave, kills):
    chance = random.Random(kills)
    alerts, ends = 0, []
    # One that has done its wave before it is killed is no kill: the storm goes on until there were so many.
    while ends.count(KILLED) < kills:
        store.clock_offset = clock.offset
        await store.transact(lambda session, now, first=alerts: breaks_out(session, now, first, wave))
        alerts += wave
        ends.append(await processes.for_a_while(chance.uniform(0, 0.1)))
        assert len(ends) < 5 * kills, "hardly one of them is killed"
    assert await processes.to_the_end() == 0
    rows = await all_of(store)
    assert posts(slack) == {row.id: 1 for row in rows}
    assert [row.id for row in rows if row.shown != row.wanted or row.due_at or row.lease_until] == []
    assert untold(slack, alerts) == []
    assert is_one_a_second(slack)
    assert any(call.method.startswith("conversations.") for call in slack.calls)


@pytest.mark.parametrize("alerts", [200, pytest.param(1_000, marks=[pytest.mark.soak])])
async def test_a_storm_on_one_channel_is_told_whole_slowly_and_the_worst_first(store, slack, clock, processes, alerts):
    await store.transact(lambda session, now: breaks_out(session, now, 0, alerts))
    slack.faults.inject("http_429", "chat.postMessage", times=3, seconds=5)
    assert await processes.to_the_end() == 0
    assert untold(slack, alerts) == []
    rows = {row.id: row for row in await all_of(store)}
    kept = slack.workspace.posts(ALERTS)
    assert posts(slack) == dict.fromkeys(rows, 1)
    priorities = [rows[post.metadata["event_payload"]["id"]].priority for post in kept]
    assert priorities == sorted(priorities)
    assert is_one_a_second(slack)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=[pytest.mark.soak])])
async def test_three_processes_on_one_postgresql_of_which_one_is_killed_again_and_again(postgres, slack, clock, kills):
    store = Store(postgres)
    await store.migrate()
    now, channels = clock.now(), ("C0ALERTS", "C0APPROVE", "C0DIGEST", "C0GENERAL")
    rows = [note(now, receiver=channel) for channel in channels for _ in range(3 * kills)]
    await add(store, *rows)
    several = Killable(postgres, slack, clock)
    time = asyncio.create_task(several.time_passes())
    steady = [several.beside_others() for _ in range(2)]
    for nth in range(kills):
        victim = several.beside_others()
        await asyncio.sleep(0.1 + 0.07 * (nth % 4))
        victim.kill()
        await asyncio.to_thread(victim.join)
    for process in steady:
        await asyncio.to_thread(process.join)
    time.cancel()
    await store.close()
    assert [process.exitcode for process in steady] == [0, 0]
    told = [post for channel in channels for post in slack.workspace.posts(channel)]
    assert Counter(post.metadata["event_payload"]["id"] for post in told) == {row.id: 1 for row in rows}
