"""What is under way, what it is kept in, and how the clock's jobs went; on SQLite and on PostgreSQL."""

import asyncio
from datetime import timedelta

from store.engine import Store
from store.jobs import Firing, jobs, note
from store.runs import RunJournal, finish
from store.state import Queue, database, queue
from store.tables import Change, ChangeState, CommandRun, Outcome, new_id


async def asked(store) -> CommandRun:
    row = {"id": new_id(), "key": new_id(), "kind": "slash", "user_id": "U0MEI", "text": "x", "worker": "one"}
    await RunJournal(store).add(row)
    return CommandRun(**row)


def changed(run, state):
    about = {"run_id": run.id, "account": "umail", "task_id": "1", "action": "pause", "before": {}}
    return lambda session, now: session.add(Change(**about, state=state, created_at=now))


async def test_an_idle_bot_has_nothing_in_its_queue(store):
    run = await asked(store)
    assert await queue(store, but=run.id) == Queue(0, None, 0, None)


async def test_the_queue_counts_what_is_open_from_the_oldest_on(store):
    first, second, ended = [await asked(store) for _ in range(3)]
    await finish(store, ended, Outcome.DONE, answer="", command=None, account=None)
    for state in (ChangeState.UNKNOWN, ChangeState.DONE, ChangeState.LOST):
        await store.transact(changed(first, state))
    store.clock_offset += timedelta(minutes=9)
    await store.transact(changed(second, ChangeState.INTENDED))
    now = await store.now()
    found = await queue(store, but="")
    assert (found.runs, found.changes) == (2, 2)
    assert timedelta(minutes=8) < now - found.oldest_run < timedelta(minutes=10)
    assert timedelta(minutes=8) < now - found.oldest_change < timedelta(minutes=10)


async def test_the_database_says_what_it_is(store):
    found = await database(store)
    assert found.name in {"sqlite", "postgresql"}
    assert found.version[0].isdigit()
    assert found.revision.isdigit()


async def test_a_job_has_one_row_that_its_last_firing_wrote(store):
    for error in ("ConnectionError", None):
        await note(store, Firing("sweep", "one", timedelta(seconds=2), timedelta(seconds=11), error))
    [row] = await jobs(store)
    assert (row.name, row.worker, row.last_error) == ("sweep", "one", None)
    assert row.last_finished - row.last_started == timedelta(seconds=2)


async def test_two_processes_that_note_a_new_job_at_once_make_one_row(store, request):
    other = Store(request.getfixturevalue("database"))
    await other.open()
    firings = [Firing("sweep", worker, timedelta(0), timedelta(seconds=11)) for worker in ("one", "two")]
    await asyncio.gather(note(store, firings[0]), note(other, firings[1]))
    assert len(await jobs(store)) == 1
    await other.close()
