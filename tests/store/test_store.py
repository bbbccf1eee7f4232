"""Rows come back as they went in, runs are begun once and closed once, limits are shared."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from providers.base import Rate
from providers.errors import RateLimitedError
from store.engine import OldSchemaError, Store, after_people
from store.limits import SharedLimiter
from store.runs import LEASE, RunJournal, finish, get, renew, take_interrupted
from store.tables import Limit, Outcome, new_id

HOUR = Rate(100, timedelta(hours=1))


def row(key="signature", worker="one"):
    return {"id": new_id(), "key": key, "kind": "slash", "user_id": "U0MEI", "text": "balance", "worker": worker}


async def test_times_come_back_aware_and_in_utc(store):
    at = datetime(2026, 11, 21, 10, 4, tzinfo=timezone(timedelta(hours=8)))
    await store.transact(lambda session, _now: session.add(Limit(key="k", next_at=at)))
    found = await store.transact(lambda session, _now: session.get(Limit, "k"))
    assert (found.next_at, found.next_at.tzinfo) == (datetime(2026, 11, 21, 2, 4, tzinfo=UTC), UTC)


async def test_a_time_without_a_zone_is_refused(store):
    naive = datetime(2026, 11, 21)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a zone"):
        await store.transact(lambda session, _now: session.add(Limit(key="k", next_at=naive)))


async def test_a_transaction_that_raises_leaves_nothing(store):
    def half_way(session, now):
        session.add(Limit(key="k", next_at=now))
        session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        await store.transact(half_way)
    assert await store.transact(lambda session, _now: session.get(Limit, "k")) is None


async def test_a_second_opening_finds_the_schema_up_to_date(store, database):
    again = Store(database)
    await RunJournal(store).add(row("kept"))
    await again.open()
    assert not await RunJournal(again).add(row("kept"))
    await again.close()


async def test_a_key_is_taken_once(store):
    journal = RunJournal(store)
    assert [await journal.add(row(key)) for key in ("one", "one", "other")] == [True, False, True]


async def test_requests_at_the_same_moment_share_commits_and_each_is_told_its_own_fate(store, monkeypatch):
    journal, commits = RunJournal(store), []
    transact = store.transact

    async def counted(work):
        commits.append(work)
        return await transact(work)

    monkeypatch.setattr(store, "transact", counted)
    fates = await asyncio.gather(*(journal.add(row(str(n % 40))) for n in range(50)))
    assert (sum(fates), len(commits) <= 2) == (40, True)


async def test_a_failure_reaches_everyone_who_waits_and_the_next_goes_through(store, monkeypatch):
    journal = RunJournal(store)

    async def fails(_work):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "transact", fails)
        fates = await asyncio.gather(journal.add(row("a")), journal.add(row("b")), return_exceptions=True)
    assert [type(fate) for fate in fates] == [OSError, OSError]
    assert await journal.add(row("c"))


async def test_a_run_is_closed_once(store):
    begun = row()
    await RunJournal(store).add(begun)
    run = await get(store, begun["id"])
    closed = [
        await finish(store, run, Outcome.DONE, answer="42", command="balance", account=None),
        await finish(store, run, Outcome.FAILED, answer="no", command="balance", account=None),
    ]
    found = await get(store, run.id)
    assert (closed, found.outcome, found.answer) == ([True, False], Outcome.DONE, "42")


async def test_a_run_whose_process_went_silent_is_found_once(store):
    journal = RunJournal(store)
    await journal.add(row("dead"))
    alive = row("alive")
    await journal.add(alive)
    store.clock_offset = LEASE - timedelta(seconds=1)
    await renew(store, [alive["id"]])
    store.clock_offset = LEASE + timedelta(seconds=1)
    found = [await take_interrupted(store) for _ in range(2)]
    assert (found[0].key, found[1]) == ("dead", None)


async def test_a_run_taken_for_interrupted_cannot_be_closed_by_its_late_process(store):
    begun = row()
    await RunJournal(store).add(begun)
    run = await get(store, begun["id"])
    store.clock_offset = LEASE * 2
    await take_interrupted(store)
    assert not await finish(store, run, Outcome.DONE, answer="late", command=None, account=None)


async def test_a_limit_of_one_a_second_spaces_its_calls(store):
    limiter = SharedLimiter(store, patience=timedelta(seconds=5))
    second = Rate(1, timedelta(milliseconds=40))
    began = asyncio.get_running_loop().time()
    for _ in range(4):
        await limiter.acquire("emailcar", second)
    assert asyncio.get_running_loop().time() - began >= 0.12


async def test_two_processes_share_a_limit(store, database):
    other = Store(database)
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
    assert (await store.transact(lambda session, _now: session.get(Limit, "umail:add-task"))).used == 1


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


async def test_two_transactions_that_read_and_then_write_happen_one_after_the_other(store):
    def counted(session, now):
        row = session.get(Limit, "k") or Limit(key="k", next_at=now)
        row.used += 1
        session.add(row)

    await asyncio.gather(*(store.transact(counted) for _ in range(20)))
    row = await store.transact(lambda session, _now: session.get(Limit, "k"))
    assert row.used == 20


async def test_who_waits_for_an_answer_stands_behind_few_of_a_thousand_polls(store):
    done = []

    async def poll():
        await store.transact(lambda _session, _now: time.sleep(0.001))
        done.append("poll")

    with after_people():
        polls = [asyncio.create_task(poll()) for _ in range(1_000)]
    # All of them wait by now.
    await asyncio.sleep(0)
    assert await store.transact(lambda _session, _now: "answer") == "answer"
    before = len(done)
    await asyncio.gather(*polls)
    assert (before < 900, len(done)) == (True, 1_000)


async def test_an_old_schema_is_not_changed_without_being_told_to(postgres):
    store = Store(postgres)
    with pytest.raises(OldSchemaError, match="empty"):
        await store.open()
    await store.migrate()
    await store.open()
    await store.close()
