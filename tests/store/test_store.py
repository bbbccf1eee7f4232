"""Rows come back as they went in, runs are begun once and closed once, limits are shared."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from providers.base import Rate
from providers.errors import RateLimitedError
from store.engine import Store
from store.limits import SharedLimiter
from store.runs import LEASE, RunJournal, finish, get, interrupted, renew
from store.tables import CommandRun, Outcome

HOUR = Rate(100, timedelta(hours=1))


@pytest.fixture
async def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/new/folder/edmbot.db")
    await store.open()
    yield store
    await store.close()


def run(now, key="signature", worker="one", **more):
    return CommandRun(
        key=key,
        kind="slash",
        user_id="U0MEI",
        text="balance",
        worker=worker,
        received_at=now,
        lease_until=now + LEASE,
        **more,
    )


async def test_times_come_back_aware_and_in_utc(store):
    at = datetime(2026, 11, 21, 10, 4, tzinfo=timezone(timedelta(hours=8)))
    row = run(at)
    assert await RunJournal(store).add(row)
    found = await get(store, row.id)
    assert (found.received_at, found.received_at.tzinfo) == (datetime(2026, 11, 21, 2, 4, tzinfo=UTC), UTC)


async def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(Exception, match="without a zone"):
        await RunJournal(store).add(run(datetime(2026, 11, 21)))  # noqa: DTZ001


async def test_a_second_opening_finds_the_schema_up_to_date(store, tmp_path):
    again = Store(f"sqlite:///{tmp_path}/new/folder/edmbot.db")
    await again.open()
    await again.close()


async def test_a_key_is_taken_once(store):
    journal, now = RunJournal(store), await store.now()
    assert [await journal.add(run(now)), await journal.add(run(now)), await journal.add(run(now, "other"))] == [
        True,
        False,
        True,
    ]


async def test_requests_at_the_same_moment_share_commits_and_each_is_told_its_own_fate(store):
    journal, now = RunJournal(store), await store.now()
    commits = 0
    commit = journal._commit

    async def counted(runs):
        nonlocal commits
        commits += 1
        return await commit(runs)

    journal._commit = counted
    fates = await asyncio.gather(*(journal.add(run(now, str(n % 40))) for n in range(50)))
    assert (sum(fates), commits <= 2) == (40, True)


async def test_one_bad_row_does_not_leave_others_waiting(store):
    journal, now = RunJournal(store), await store.now()
    bad = run(datetime(2026, 11, 21))  # noqa: DTZ001
    fates = await asyncio.gather(journal.add(bad), journal.add(run(now)), return_exceptions=True)
    assert isinstance(fates[0], Exception)
    assert await journal.add(run(now, "later"))


async def test_a_run_is_closed_once(store):
    row = run(await store.now())
    await RunJournal(store).add(row)
    closed = [
        await finish(store, row, Outcome.DONE, answer="42", command="balance", account=None),
        await finish(store, row, Outcome.FAILED, answer="no", command="balance", account=None),
    ]
    found = await get(store, row.id)
    assert (closed, found.outcome, found.answer) == ([True, False], Outcome.DONE, "42")


async def test_a_run_whose_process_went_silent_is_found_once(store):
    now = await store.now()
    journal = RunJournal(store)
    await journal.add(run(now, "dead"))
    await journal.add(run(now, "alive", worker="two"))
    store.clock_offset = LEASE - timedelta(seconds=1)
    await renew(store, "two")
    store.clock_offset = LEASE + timedelta(seconds=1)
    found = [[row.key for row in await interrupted(store)] for _ in range(2)]
    assert found == [["dead"], []]


async def test_a_run_taken_for_interrupted_cannot_be_closed_by_its_late_process(store):
    row = run(await store.now())
    await RunJournal(store).add(row)
    store.clock_offset = LEASE * 2
    await interrupted(store)
    assert not await finish(store, row, Outcome.DONE, answer="late", command=None, account=None)


async def test_a_limit_of_one_a_second_spaces_its_calls(store):
    limiter = SharedLimiter(store, patience=timedelta(seconds=5))
    second = Rate(1, timedelta(milliseconds=40))
    began = asyncio.get_running_loop().time()
    for _ in range(4):
        await limiter.acquire("emailcar", second)
    assert asyncio.get_running_loop().time() - began >= 0.12


async def test_two_processes_share_a_limit(store, tmp_path):
    other = Store(f"sqlite:///{tmp_path}/new/folder/edmbot.db")
    try:
        for _ in range(50):
            await SharedLimiter(store).acquire("umail:add-task", HOUR)
            await SharedLimiter(other).acquire("umail:add-task", HOUR)
        with pytest.raises(RateLimitedError) as raised:
            await SharedLimiter(other).acquire("umail:add-task", HOUR)
    finally:
        await other.close()
    assert 3500 < raised.value.retry_after <= 3600


async def test_a_window_that_is_over_begins_anew(store):
    limiter = SharedLimiter(store)
    for _ in range(100):
        await limiter.acquire("umail:add-task", HOUR)
    store.clock_offset = timedelta(hours=1, seconds=1)
    await limiter.acquire("umail:add-task", HOUR)


async def test_a_wait_that_is_too_long_takes_nothing(store):
    limiter = SharedLimiter(store, patience=timedelta(0))
    slow = Rate(1, timedelta(hours=1))
    await limiter.acquire("key", slow)
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimitedError) as raised:
            await limiter.acquire("key", slow)
        waits.append(round(raised.value.retry_after / 60))
    assert waits == [60, 60]
