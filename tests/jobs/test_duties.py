"""Duties run once among all processes, are made up when missed, and survive their process."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobs.scheduler import Clockwork, Daily, Duty
from providers.errors import RateLimitedError
from store.engine import Store
from store.jobs import LEASE, Turn, claim, finish, jobs
from tests.jobs.conftest import SHANGHAI

MINUTE = timedelta(minutes=1)


class Work:
    """A duty that goes as a test says."""

    def __init__(self):
        self.runs = []
        self.error = None
        self.gate = None

    async def __call__(self, claimed):
        self.runs.append(claimed)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def work():
    return Work()


def clocks(store, duty, number=1):
    return [Clockwork(store, duties=[duty]) for _ in range(number)]


async def tick(*processes):
    """Every process looks once, at the same time."""
    await asyncio.gather(*(one.claim_due() for one in processes))


async def settled(*processes):
    await asyncio.gather(*(one.settle() for one in processes))


async def test_of_several_processes_one_runs_it(store, database, work):
    other = Store(database)
    await other.open()
    duty = Duty("poll umail tasks", work, MINUTE)
    processes = [*clocks(store, duty, 2), *clocks(other, duty, 2)]
    for _ in range(3):
        await tick(*processes)
        await settled(*processes)
        store.clock_offset += MINUTE
        other.clock_offset += MINUTE
    await other.close()
    assert len(work.runs) == 3


async def test_a_missed_run_runs_once(store, work):
    [clock] = clocks(store, Duty("poll umail tasks", work, MINUTE))
    await tick(clock)
    await settled(clock)
    store.clock_offset += timedelta(hours=10)
    for _ in range(3):
        await tick(clock)
        await settled(clock)
    assert len(work.runs) == 2
    assert work.runs[1].before == work.runs[0].at


async def test_a_slow_duty_keeps_its_lease_and_is_not_run_beside_itself(store, work):
    duty = Duty("poll umail tasks", work, MINUTE)
    one, two = clocks(store, duty, 2)
    work.gate = asyncio.Event()
    await tick(one)
    for _ in range(10):
        store.clock_offset += LEASE / 2
        await one.claim_due()
        await two.claim_due()
    assert len(work.runs) == 1
    work.gate.set()
    await settled(one, two)


async def test_a_duty_whose_process_died_is_taken_up_when_its_lease_ends(store, work):
    duty = Duty("digest C0DIGEST 09:00", work, MINUTE)
    [dead] = await claim(store, "dead", [duty.turn], ())
    [clock] = clocks(store, duty)
    store.clock_offset += LEASE - timedelta(seconds=2)
    await tick(clock)
    assert work.runs == []
    store.clock_offset += timedelta(seconds=3)
    await tick(clock)
    await settled(clock)
    assert len(work.runs) == 1
    assert not await finish(store, dead, lambda now: now), "who comes back late has no say"


async def test_a_stop_gives_back_what_it_could_not_finish(store, work, monkeypatch):
    monkeypatch.setattr("jobs.scheduler._PATIENCE", 0.01)
    duty = Duty("poll umail tasks", work, MINUTE)
    one, two = clocks(store, duty, 2)
    await one.start()
    work.gate = asyncio.Event()
    await tick(one)
    await asyncio.sleep(0)
    await one.stop()
    work.gate = None
    await tick(two)
    await settled(two)
    assert len(work.runs) == 2


async def test_a_clock_set_back_stops_nothing(store, work):
    [clock] = clocks(store, Duty("poll umail tasks", work, MINUTE))
    await tick(clock)
    await settled(clock)
    store.clock_offset -= timedelta(hours=3)
    await tick(clock)
    await settled(clock)
    assert len(work.runs) == 2


async def test_a_vendor_that_says_when_is_not_asked_before(store, work):
    [clock] = clocks(store, Duty("poll umail tasks", work, MINUTE))
    work.error = RateLimitedError("slowly", retry_after=250)
    await tick(clock)
    await settled(clock)
    [row] = await jobs(store)
    assert row.next_due - row.last_finished >= timedelta(seconds=250)
    assert row.last_error == "RateLimitedError: slowly"


async def test_a_shorter_schedule_counts_from_the_next_start_on(store, work):
    [clock] = clocks(store, Duty("poll umail domains", work, timedelta(hours=6)))
    await tick(clock)
    await settled(clock)
    [quicker] = clocks(store, Duty("poll umail domains", work, MINUTE))
    await quicker.start()
    await quicker.stop()
    [row] = await jobs(store)
    assert row.next_due <= await store.now() + timedelta(minutes=6)


async def test_what_is_no_longer_configured_is_forgotten(store, work):
    for name in ("poll old tasks", "poll umail tasks"):
        [clock] = clocks(store, Duty(name, work, MINUTE))
        await tick(clock)
        await settled(clock)
    await clock.start()
    await clock.stop()
    assert [row.name for row in await jobs(store)] == ["poll umail tasks"]


# ---- a time of day

NINE = Daily(time(9), SHANGHAI)


async def test_a_digest_waits_for_its_time_and_one_that_was_missed_is_made_up_once(store, work):
    store.clock_offset = datetime(2026, 11, 21, 4, tzinfo=UTC) - await store.now()
    [clock] = clocks(store, Duty("digest C0DIGEST 09:00", work, NINE))
    await tick(clock)
    assert work.runs == [], "nine has passed today, and it was never asked for"
    store.clock_offset += timedelta(days=3)
    for _ in range(3):
        await tick(clock)
        await settled(clock)
    [run] = work.runs
    assert run.due == datetime(2026, 11, 22, 1, tzinfo=UTC)
    [row] = await jobs(store)
    assert row.next_due == datetime(2026, 11, 25, 1, tzinfo=UTC)


async def test_a_digest_that_fails_is_tried_again_the_same_day(store, work):
    store.clock_offset = datetime(2026, 11, 21, 0, tzinfo=UTC) - await store.now()
    [clock] = clocks(store, Duty("digest C0DIGEST 09:00", work, NINE))
    await tick(clock)
    store.clock_offset += timedelta(hours=2)
    work.error = OSError("disk full")
    await tick(clock)
    await settled(clock)
    work.error = None
    store.clock_offset += timedelta(minutes=7)
    await tick(clock)
    await settled(clock)
    assert len(work.runs) == 2


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-21T00:59:59+00:00", "2026-11-21T01:00:00+00:00"),
        ("2026-11-21T01:00:00+00:00", "2026-11-22T01:00:00+00:00"),
    ],
)
def test_the_next_time_is_after_now(now, due):
    assert NINE.after(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_a_time_that_clocks_jump_over_comes_all_the_same():
    daily = Daily(time(2, 30), ZoneInfo("Europe/Berlin"))
    at = datetime(2027, 3, 27, 12, tzinfo=UTC)
    fires = []
    for _ in range(3):
        at = daily.after(at)
        fires.append(at.date().day)
    assert fires == [28, 29, 30]


def test_a_turn_never_waits_beyond_its_horizon():
    for every in (MINUTE, timedelta(hours=6), NINE):
        turn = Duty("poll umail tasks", Work(), every).turn
        assert isinstance(turn, Turn)
        now = datetime(2026, 11, 21, tzinfo=UTC)
        assert turn.first(now) <= now + turn.horizon
