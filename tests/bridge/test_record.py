"""What is seen becomes rows, once, in one transaction; on both databases."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event as listen
from sqlmodel import col, select

from bridge.record import AGE, Look, note, record, while_open
from bridge.sightings import Kind, of_balance, of_message, of_provider, of_stats, of_task
from providers.base import utcnow
from providers.errors import UnreachableError
from providers.messages import MessageRecord, MessageStatus
from providers.model import Balance, SendStats, Task, TaskStatus
from store.engine import Store
from store.tables import Event, Snapshot, StatSample

ME = "umail"


@pytest.fixture
async def other(store, database):
    """The store of a second process on the same database."""
    another = Store(database)
    await another.open()
    yield another
    await another.close()


class Witness:
    """A judge that only remembers."""

    def __init__(self, error=None):
        self.events, self.touched, self.rows, self.error = [], [], [], error

    def __call__(self, session, now, *, account, events, touched):
        self.events, self.touched = list(events), list(touched)
        self.rows = session.exec(select(Event.id)).all()
        if self.error:
            raise self.error


def task(status=TaskStatus.SENDING, number="19124", **more):
    fields = {"raw_status": status.value, "planned": 90_000, "sent": 100} | more
    seen = {"account": ME, "observed_at": utcnow(), "source": "call", "raw": {"id": number}}
    return of_task(Task(**seen, id=number, status=status, **fields))


def balance(left):
    return of_balance(Balance(account=ME, observed_at=utcnow(), source="call", emails_left=left))[0]


async def look(store, *sightings, missing=(), noted=None, judge=None, kind=Kind.TASK, pace=while_open, ends=True):
    noted = noted or await note(store, ME, kind)
    seen = Look(noted=noted, sightings=sightings, missing=missing, ends=ends)
    return await record(store, seen, judge or Witness(), pace)


async def told(store, *sightings, **more):
    return [event.type for event in (await look(store, *sightings, **more)).events]


async def begun(store, *sightings, kind=Kind.TASK):
    """The first poll is over."""
    assert await told(store, *sightings, kind=kind) == []


async def rows(store, model, *order):
    return await store.transact(lambda session, _now: session.exec(select(model).order_by(*order)).all())


async def snapshot(store, subject="19124", kind=Kind.TASK):
    return await store.transact(lambda session, _now: session.get(Snapshot, (ME, kind.value, subject)))


def step(store, **by):
    store.clock_offset += timedelta(**by)


# ---- what is written


async def test_the_first_poll_is_a_silent_baseline_and_what_comes_later_is_discovered(store):
    judge = Witness()
    assert (await look(store, task(), judge=judge)).events == []
    assert [touched.baseline for touched in judge.touched] == [True]
    assert await rows(store, Event) == []
    row = await snapshot(store)
    assert (row.version, row.state, row.facts["planned"], row.raw) == (1, "sending", 90_000, {"id": "19124"})
    assert await told(store, task(), task(TaskStatus.FAILED, "19125"), judge=judge) == ["task.discovered"]
    assert [(one.about, one.baseline) for one in judge.touched] == [("task/19125", False)]


async def test_a_first_poll_that_found_nothing_is_over_all_the_same(store):
    await begun(store)
    assert await told(store, task()) == ["task.discovered"]


async def test_a_first_poll_of_several_looks_is_silent_to_its_end(store):
    noted = await note(store, ME, Kind.TASK)
    assert await told(store, task(number="1"), noted=noted, ends=False) == []
    # It dies here; the next process begins again.
    noted = await note(store, ME, Kind.TASK)
    assert await told(store, task(number="1"), noted=noted, ends=False) == []
    assert await told(store, task(number="2"), noted=noted) == []
    assert await told(store, task(number="3")) == ["task.discovered"]


async def test_two_first_polls_at_once_swallow_nothing(store, other):
    late = await note(other, ME, Kind.TASK)
    await begun(store, task(number="1"))
    assert await told(other, task(number="2"), noted=late) == ["task.discovered"]


async def test_a_message_and_a_vendor_have_no_baseline(store):
    seen = MessageRecord(account=ME, observed_at=utcnow(), source="c", status=MessageStatus.FAILED, raw_status="3")
    assert await told(store, of_message(seen, "8"), kind=Kind.MESSAGE) == ["message.failed"]
    down = of_provider(ME, UnreachableError("x"), utcnow())
    assert await told(store, down, kind=Kind.PROVIDER) == ["provider.unreachable"]


async def test_pause_resume_pause_are_three_events(store):
    await begun(store, task())
    for status in (TaskStatus.PAUSED, TaskStatus.SENDING, TaskStatus.PAUSED):
        await look(store, task(status))
    events = await rows(store, Event, col(Event.recorded_at))
    assert [event.type for event in events] == ["task.paused", "task.resumed", "task.paused"]
    assert len({event.id for event in events}) == 3
    assert (await snapshot(store)).version == 4
    assert {event.subject for event in events} == {"task/19124"}
    assert events[0].raw == {"id": "19124"}


async def test_a_sample_is_written_when_a_counter_moves(store):
    await begun(store, task())
    await look(store, task(sent=100, detail="x"))
    await look(store, task(sent=250))
    await look(store, task(sent=250, detail="y"))
    assert [row.counters["sent"] for row in await rows(store, StatSample, col(StatSample.at))] == [100, 250]
    await look(store, balance(None), kind=Kind.BALANCE)
    stats = of_stats(SendStats(account=ME, observed_at=utcnow(), source="c", sent=5), "day/2026-11-21")
    await look(store, stats, kind=Kind.STATS)
    samples = {row.subject: row.counters for row in await rows(store, StatSample, col(StatSample.at))}
    assert set(samples) == {"task/19124", "day/2026-11-21"}, "a figure that nobody said makes no sample"
    assert (samples["day/2026-11-21"]["sent"], samples["day/2026-11-21"]["failed"]) == (5, None)


async def test_the_same_task_twice_in_one_look_counts_as_seen_last(store):
    await begun(store, task(TaskStatus.QUEUED))
    assert await told(store, task(TaskStatus.QUEUED), task(TaskStatus.SENDING)) == ["task.started"]


# ---- one transaction


async def test_the_judge_gets_what_was_written_before_the_commit(store):
    await begun(store, task())
    judge = Witness()
    recorded = await look(store, task(TaskStatus.FAILED), judge=judge)
    (touched,) = judge.touched
    assert (touched.before.state, touched.after.state, touched.after.version) == ("sending", "failed", 2)
    assert [event.id for event in touched.events] == judge.rows == [recorded.events[0].id]


async def test_a_judge_that_fails_leaves_nothing_behind(store):
    await begun(store, task())
    with pytest.raises(RuntimeError):
        await look(store, task(TaskStatus.FAILED, sent=200), judge=Witness(RuntimeError()))
    assert await rows(store, Event) == []
    assert (await snapshot(store)).state == "sending"
    assert len(await rows(store, StatSample)) == 1
    assert await told(store, task(TaskStatus.FAILED)) == ["task.failed"]


# ---- two at once


async def test_a_stale_answer_that_arrives_late_changes_nothing(store, other):
    await begun(store, task())
    early = await note(other, ME, Kind.TASK)
    await look(store, task(TaskStatus.PAUSED))
    judge = Witness()
    recorded = await look(other, task(sent=101), noted=early, judge=judge)
    assert (list(recorded.events), list(recorded.dropped), judge.touched) == ([], ["19124"], [])
    assert (await snapshot(store)).state == "paused"


async def test_the_same_transition_seen_by_two_processes_is_one_event(store, other):
    await begun(store, task())
    noted = [await note(one, ME, Kind.TASK) for one in (store, other)]
    found = await asyncio.gather(
        *(told(one, task(TaskStatus.FAILED), noted=seen) for one, seen in zip((store, other), noted, strict=True))
    )
    assert sorted(found) == [[], ["task.failed"]]
    assert len(await rows(store, Event)) == 1


async def test_two_processes_discover_a_task_once(store, other):
    await begun(store)
    noted = [await note(one, ME, Kind.TASK) for one in (store, other)]
    found = await asyncio.gather(
        *(told(one, task(), noted=seen) for one, seen in zip((store, other), noted, strict=True))
    )
    assert sorted(found) == [[], ["task.discovered"]]


async def test_two_processes_that_find_nothing_at_once_have_looked_once(store, other):
    await begun(store, task())
    noted = [await note(one, ME, Kind.TASK) for one in (store, other)]
    assert await told(store, missing=["19124"], noted=noted[0]) == []
    recorded = await look(other, missing=["19124"], noted=noted[1])
    assert (list(recorded.events), list(recorded.dropped)) == ([], ["19124"])
    assert (await snapshot(store)).missed == 1


async def test_many_processes_and_many_tasks_lose_and_repeat_nothing(store, other):
    await begun(store)

    async def poll(one, sent):
        return await told(one, *(task(number=str(n), sent=sent) for n in range(20)))

    await poll(store, 0)
    found = await asyncio.gather(*(poll(one, 100) for one in (store, other) * 4))
    assert sum(map(len, found)) == 20
    assert len(await rows(store, Event)) == 40


# ---- what is gone


async def test_a_task_has_vanished_after_two_look_ups_that_found_nothing(store):
    await begun(store, task())
    assert await told(store, missing=["19124"]) == []
    assert await told(store, missing=["19124"]) == ["task.vanished"]
    assert ((await snapshot(store)).state, (await snapshot(store)).look_at) == ("vanished", None)
    noted = await note(store, ME, Kind.TASK, ["19124"])
    assert await told(store, missing=["19124"], noted=noted) == []
    assert await told(store, task()) == ["task.discovered"]


async def test_a_task_that_is_found_in_between_was_not_missed_twice(store):
    await begun(store, task())
    await look(store, missing=["19124"])
    await look(store, task())
    assert await told(store, missing=["19124"]) == []


async def test_what_was_never_known_is_not_missed(store):
    await begun(store)
    assert await told(store, missing=["4"]) == []


async def test_a_task_that_is_over_is_not_looked_at_until_it_goes_on(store):
    await begun(store, task())
    assert set((await note(store, ME, Kind.TASK)).versions) == {"19124"}
    await look(store, task(TaskStatus.STOPPED))
    step(store, seconds=1)
    assert (await note(store, ME, Kind.TASK)).versions == {}
    assert await told(store, task(TaskStatus.SENDING)) == ["task.resumed"]


async def test_an_answer_about_a_task_that_ended_meanwhile_is_dropped(store, other):
    """It was not looked at when the poll began, and somebody else has written since."""
    await begun(store, task(TaskStatus.STOPPED))
    step(other, seconds=1)
    step(store, seconds=2)
    early = await note(other, ME, Kind.TASK)
    await look(store, task(TaskStatus.SENDING))
    recorded = await look(other, task(TaskStatus.STOPPED, sent=7), noted=early)
    assert (list(recorded.events), list(recorded.dropped)) == ([], ["19124"])


# ---- what is idle


@pytest.fixture
def statements(store):
    """What the database was told: a list that grows."""
    found = []
    listen.listen(store._engine, "before_cursor_execute", lambda *given: found.append(given[2]))
    return found


async def test_a_poll_that_finds_nothing_new_costs_no_transaction_but_the_one_that_notes(store, statements):
    await begun(store, task(), task(number="19125"))
    noted = await note(store, ME, Kind.TASK)
    statements.clear()
    await look(store, task(), task(number="19125"), noted=noted)
    assert statements == []


async def test_now_and_then_an_idle_poll_says_how_fresh_the_snapshot_is(store):
    await begun(store, task())
    before = (await snapshot(store)).observed_at
    step(store, seconds=AGE.total_seconds() + 1)
    judge = Witness()
    assert await told(store, task(), judge=judge) == []
    row = await snapshot(store)
    assert (row.observed_at > before, row.version, judge.touched) == (True, 1, [])
    assert row.changed_at < row.observed_at


async def test_what_was_due_is_given_its_next_time(store):
    """A pace that looks once more in an hour."""

    def pace(kind, row, now):
        return now + timedelta(hours=1) if now - row.changed_at < timedelta(hours=1) else None

    await begun(store)
    await look(store, task(TaskStatus.SENT), pace=pace)
    due = (await snapshot(store)).look_at
    await look(store, task(TaskStatus.SENT), pace=pace)
    assert (await snapshot(store)).look_at == due
    step(store, minutes=61)
    await look(store, task(TaskStatus.SENT), pace=pace)
    assert (await snapshot(store)).look_at is None


async def test_a_look_is_written_by_a_few_statements_whatever_its_size(store, statements):
    await begun(store)
    noted = await note(store, ME, Kind.TASK)
    statements.clear()
    await look(store, *(task(number=str(number)) for number in range(20)), noted=noted)
    writes = [one for one in statements if one.startswith(("INSERT", "UPDATE"))]
    # Snapshots, samples, events; psycopg sends a statement's many rows one after the other, in one go.
    assert len({one.split(" VALUES")[0] for one in writes}) == 3
    assert len(statements) - len(writes) <= 6
