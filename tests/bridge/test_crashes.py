"""A process that sees and tells may die at any moment: nothing is lost, nothing told twice. With real processes.

What was told is what people read in the channels and threads of the sandbox's workspace.
"""

import asyncio
import random
from collections import Counter
from itertools import combinations

import pytest

from bridge.notices.outbox import STEPS as TELLING
from sandbox.slack.server import SlackServer
from store.engine import Store
from tests.bridge.posts import ALERTS
from tests.bridge.storm import CHANNELS, KILLED, STEPS, FileClock, Killable, all_of, sends, told


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


async def begun(store, clock, *numbers, **where):
    """These tasks are being sent; who looks next sees that they have ended."""
    store.clock_offset = clock.offset
    await sends(store, clock.now(), numbers, **where)


def assert_told_once(slack, numbers, channel=ALERTS):
    """Each task is named by one message, or by one page in the thread of one; none of them stands there twice."""
    ids = Counter(post.metadata["event_payload"]["id"] for post in slack.workspace.posts(channel))
    assert set(ids.values()) == {1}, "posted twice"
    messages, pages = told(slack, channel)
    assert [number for number in numbers if number not in messages and number not in pages] == [], "lost"
    assert {number: count for number, count in messages.items() if count > 1} == {}, "told twice"
    assert {number: count for number, count in pages.items() if count > 1} == {}, "told twice"


def is_settled(rows, slack):
    """Whether everything is marked as it stands there."""
    posted = {post.metadata["event_payload"]["id"] for post in slack.workspace.posts(ALERTS)}
    left = [row.id for row in rows if row.shown != row.wanted or row.due_at or row.lease_until]
    return left == [] and {row.id for row in rows} == posted


def is_one_a_second(slack):
    """At most one message a second to the channel over any stretch of time; a call may be under way for another."""
    methods = {"chat.postMessage", "chat.update"}
    at = [call.at.timestamp() for call in slack.calls if call.method in methods]
    return all(at[j] - at[i] > j - i - 1 for i, j in combinations(range(len(at)), 2))


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_loses_and_repeats_nothing(store, slack, clock, processes, step):
    # Two that are critical, and a group with a page in its thread.
    for numbers in (range(7), range(7, 14)):
        await begun(store, clock, *numbers)
        assert await processes.until(step) == KILLED
    assert await processes.to_the_end() == 0
    assert_told_once(slack, range(14))
    assert is_settled(await all_of(store), slack)


@pytest.mark.parametrize("step", TELLING)
async def test_a_kill_at_any_step_of_an_edit_leaves_the_newest_words(store, slack, clock, processes, step):
    await begun(store, clock, *range(1, 4))
    assert await processes.to_the_end() == 0
    [group] = slack.visible("U0MEI", ALERTS)
    await begun(store, clock, *range(4, 7))
    assert await processes.until(step) == KILLED
    assert await processes.to_the_end() == 0
    [edited] = slack.visible("U0MEI", ALERTS)
    assert edited.ts == group.ts
    assert "6 of 6 alerts are firing" in edited.plain
    assert_told_once(slack, range(1, 7))


@pytest.mark.parametrize(
    ("wave", "kills"), [(10, 20), pytest.param(5, 200, marks=[pytest.mark.soak])], ids=["short", "long"]
)
async def test_kills_in_a_storm_lose_and_repeat_nothing(store, slack, clock, processes, wave, kills):
    chance = random.Random(kills)
    tasks, ends = 0, []
    # One that has done its wave before it is killed is no kill: the storm goes on until there were so many.
    while ends.count(KILLED) < kills:
        await begun(store, clock, *range(tasks, tasks + wave))
        tasks += wave
        ends.append(await processes.after(chance.randrange(15), chance.uniform(0, 0.01)))
        assert len(ends) < 5 * kills, "hardly one of them is killed"
    assert await processes.to_the_end() == 0
    assert_told_once(slack, range(tasks))
    assert is_settled(await all_of(store), slack)
    assert is_one_a_second(slack)
    assert any(call.method.startswith("conversations.") for call in slack.calls)


@pytest.mark.parametrize("tasks", [200, pytest.param(1_000, marks=[pytest.mark.soak])])
async def test_a_storm_on_one_channel_is_told_whole_slowly_and_the_worst_first(store, slack, clock, processes, tasks):
    await begun(store, clock, *range(tasks))
    slack.faults.inject("http_429", "chat.postMessage", times=3, seconds=5)
    assert await processes.to_the_end() == 0
    assert_told_once(slack, range(tasks))
    rows = {row.id: row for row in await all_of(store)}
    priorities = [rows[post.metadata["event_payload"]["id"]].priority for post in slack.workspace.posts(ALERTS)]
    assert priorities == sorted(priorities)
    assert is_one_a_second(slack)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=[pytest.mark.soak])])
async def test_three_processes_on_one_postgresql_of_which_one_is_killed_again_and_again(postgres, slack, clock, kills):
    store = Store(postgres)
    await store.migrate()
    tasks = {account: range(10 * place, 10 * (3 * kills + place), 10) for place, account in enumerate(CHANNELS)}
    for account, numbers in tasks.items():
        await begun(store, clock, *numbers, account=account)
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
    for account, channel in CHANNELS.items():
        assert_told_once(slack, tasks[account], channel)
