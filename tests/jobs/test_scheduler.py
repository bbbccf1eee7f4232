"""Jobs leave a trace of when they ran and how it went, and a failing one ends nothing."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from jobs.scheduler import EVERY, NOTE_EVERY, Clockwork
from store.engine import after_people, yields
from store.jobs import jobs


class Work:
    """A job that goes as a test says."""

    def __init__(self):
        self.runs = 0
        self.error = None

    async def __call__(self):
        self.runs += 1
        if self.error is not None:
            raise self.error


class Seconds:
    """A clock that only a test moves."""

    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def clock(store, work, seconds):
    return Clockwork(store, {"sweep": work}, seconds=seconds)


async def row(store):
    [found] = await jobs(store)
    return found


def counted(outcome):
    return REGISTRY.get_sample_value("edmbot_jobs_total", {"job": "sweep", "outcome": outcome}) or 0


async def test_a_job_is_written_down_with_when_it_ran_and_when_it_is_heard_of_again(store, clock, work, seconds):
    async def three_seconds():
        seconds.at += 3

    await Clockwork(store, {"sweep": three_seconds}, seconds=seconds).fire("sweep")
    found = await row(store)
    assert (found.name, found.last_error) == ("sweep", None)
    assert found.last_finished - found.last_started == timedelta(seconds=3)
    assert found.next_due - found.last_finished == timedelta(seconds=NOTE_EVERY + EVERY["sweep"])
    assert found.worker


async def test_a_job_that_goes_well_is_written_down_now_and_then_only(store, clock, work, seconds):
    await clock.fire("sweep")
    first = (await row(store)).last_finished
    store.clock_offset += timedelta(seconds=9)
    seconds.at += 9
    await clock.fire("sweep")
    assert ((await row(store)).last_finished, work.runs) == (first, 2)
    seconds.at += 1
    await clock.fire("sweep")
    assert (await row(store)).last_finished > first


async def test_a_failing_job_is_logged_counted_and_written_down_at_once(store, clock, work, seconds):
    await clock.fire("sweep")
    work.error = ConnectionError("the vendor hung up\n[parameters: ('secret',)]")
    before = counted("failed")
    with capture_logs() as logs:
        await clock.fire("sweep")
    assert (await row(store)).last_error == "ConnectionError: the vendor hung up"
    assert counted("failed") == before + 1
    assert [(line["event"], line["job"], line["log_level"]) for line in logs] == [("job.failed", "sweep", "error")]


async def test_an_error_without_words_and_a_long_one_can_be_read(store, clock, work):
    work.error = TimeoutError()
    await clock.fire("sweep")
    assert (await row(store)).last_error == "TimeoutError"
    work.error = ValueError("x" * 10_000)
    await clock.fire("sweep")
    assert len((await row(store)).last_error) == 300


async def test_a_job_that_works_again_says_so_at_once(store, clock, work):
    work.error = ConnectionError("down")
    await clock.fire("sweep")
    work.error = None
    done = counted("done")
    await clock.fire("sweep")
    assert ((await row(store)).last_error, counted("done")) == (None, done + 1)


async def test_a_failure_does_not_stop_the_clock(store, work, monkeypatch):
    monkeypatch.setitem(EVERY, "sweep", 0.01)
    work.error = ConnectionError("down")
    clock = Clockwork(store, {"sweep": work})
    await clock.start()
    async with asyncio.timeout(5):
        while work.runs < 3:
            await asyncio.sleep(0.005)
    await clock.stop()
    assert (await row(store)).last_error == "ConnectionError: down"


async def test_a_job_that_wants_to_be_fired_sooner_is(store, monkeypatch):
    monkeypatch.setitem(EVERY, "sweep", 3_600)
    runs = []

    async def again():
        runs.append(asyncio.get_running_loop().time())
        return timedelta(seconds=0.03) if len(runs) < 3 else None

    clock = Clockwork(store, {"sweep": again})
    await clock.start()
    await clock.fire("sweep")
    async with asyncio.timeout(5):
        while len(runs) < 3:
            await asyncio.sleep(0.005)
    assert all(after - before >= 0.029 for before, after in pairwise(runs))
    await asyncio.sleep(0.05)
    assert len(runs) == 3
    await clock.stop()


async def test_what_a_poll_sets_off_lets_nobody_by(store):
    yielded = []

    async def job():
        yielded.append(yields())

    clock = Clockwork(store, {"outbox": job})
    await clock.start()
    with after_people():
        clock.wake("outbox")
    await clock.stop()
    assert yielded[0] is False


async def test_a_clock_that_stopped_fires_nothing_that_was_wanted_sooner(store, monkeypatch):
    monkeypatch.setitem(EVERY, "sweep", 3_600)
    runs = []

    async def again():
        runs.append(1)
        return timedelta(seconds=0.02)

    clock = Clockwork(store, {"sweep": again})
    await clock.start()
    await clock.fire("sweep")
    await clock.stop()
    ended = len(runs)
    await asyncio.sleep(0.05)
    assert len(runs) == ended


async def test_a_stop_lets_a_running_job_end(store, monkeypatch):
    monkeypatch.setitem(EVERY, "sweep", 0.01)
    begun, ended = asyncio.Event(), []

    async def slow():
        begun.set()
        await asyncio.sleep(0.05)
        ended.append(True)

    clock = Clockwork(store, {"sweep": slow})
    await clock.start()
    async with asyncio.timeout(5):
        await begun.wait()
    await clock.stop()
    assert ended


async def test_a_job_that_takes_longer_than_its_interval_draws_no_complaint(store, monkeypatch, caplog):
    monkeypatch.setitem(EVERY, "sweep", 0.01)
    begun = 0

    async def slow():
        nonlocal begun
        begun += 1
        await asyncio.sleep(0.05)

    clock = Clockwork(store, {"sweep": slow})
    await clock.start()
    async with asyncio.timeout(5):
        while begun < 2:
            await asyncio.sleep(0.005)
    await clock.stop()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apscheduler")] == []
