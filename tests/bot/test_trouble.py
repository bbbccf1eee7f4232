"""The machine itself in trouble: clocks that jump, a database that is locked, a disk that is full.

Nothing is lost, nothing is said twice, whoever asks is answered, and the bot goes on by itself when it is over.
"""

import asyncio
import logging
import sqlite3
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import structlog
from sqlalchemy.exc import OperationalError

import jobs.scheduler
import providers.http
import store.engine
from bot.log import configure
from providers.umail import UMail
from sandbox.mailing import Status
from store.tables import CommandRun, Outcome, new_id
from tests.bot.shift import NOON, OPS, shift_in


@pytest.fixture
def moment():
    return NOON


@pytest.fixture(autouse=True)
def _quick_duties(monkeypatch):
    for name in ("duties", "outbox", "alive"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 0.02)
    monkeypatch.setattr(providers.http, "ATTEMPTS", 1)
    # As it is when it serves: the tests' own traces, with their pictures of everything, take most of a second each.
    configure(logging.CRITICAL)
    yield
    structlog.reset_defaults()


@pytest.fixture
async def shift(closed_office, tmp_path, monkeypatch):
    shift = shift_in(tmp_path, closed_office)
    # Each task has a message of its own.
    shift.configure(routes=[{"group_by": ["subject"]}])
    monkeypatch.setitem(UMail.__init__.__kwdefaults__, "clock", lambda: closed_office.clock.at)
    async with shift.on():
        yield shift


def named(shift, *numbers):
    """How many messages there are that begin with each task."""
    heads = [one.plain.split("\n")[0] for one in shift.told()]
    return [sum(f"🔴 Task {number} " in head for head in heads) for number in numbers]


async def pragma(shift, words):
    await shift.office.store.transact(lambda session, _now: session.connection().exec_driver_sql(f"PRAGMA {words}"))


async def fill(shift):
    """No page is left, neither on the disk nor in the file: no command can be written down."""
    await pragma(shift, "max_page_count=1")

    def run(size):
        words = {"kind": "exec", "user_id": OPS, "text": "x" * size, "worker": "", "outcome": Outcome.DONE}
        return lambda session, now: session.add(CommandRun(key=new_id(), received_at=now, lease_until=now, **words))

    for size in (2_000, 200, 1):
        with suppress(OperationalError):
            while True:
                await shift.office.store.transact(run(size))


async def polled_until(shift, told, most=12):
    """A busy machine may need a poll more; what is told twice is never right."""
    for _ in range(most):
        await shift.a_poll()
        if told():
            break
    await shift.a_poll()
    assert told()


@contextmanager
def locked(shift):
    """Somebody else writes, and does not end."""
    other = sqlite3.connect(shift.office.folder / "edmbot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1)], ids=["back an hour", "ahead a day"])
async def test_the_databases_clock_jumps(shift, jump):
    shift.enters(Status.FAILED, 19124)
    await shift.a_poll()
    assert named(shift, 19124) == [1]
    shift.office.store.clock_offset += jump
    await shift.settled()
    shift.enters(Status.FAILED, 19123)
    await polled_until(shift, lambda: named(shift, 19124, 19123) == [1, 1])


async def test_a_message_is_on_its_way_when_the_clock_is_set_back(shift):
    shift.enters(Status.FAILED, 19124)
    await shift.goes_by(seconds=61)
    assert shift.told() == []
    shift.office.store.clock_offset -= timedelta(hours=1)
    await polled_until(shift, lambda: named(shift, 19124) == [1])


async def test_a_database_that_somebody_locks(shift):
    with locked(shift):
        shift.enters(Status.FAILED)
        shift.jump(seconds=61)
        before = shift.office.shown(OPS)
        reply = await shift.office.type(OPS, "balance")
        assert reply.error is None
        assert reply.seconds < 3
        answer = await shift.office.answer(OPS, "C0GENERAL", before, seconds=12)
        assert "I cannot write to my database" in answer.plain
    for _ in range(3):
        await shift.a_poll()
    assert named(shift, 19124) == [1]
    assert "mails left" in (await shift.office.ask(OPS, "balance")).plain


async def test_a_disk_that_is_full(shift):
    await fill(shift)
    shift.enters(Status.FAILED)
    shift.jump(seconds=61)
    for _ in range(5):
        answer = await shift.office.ask(OPS, "whoami")
        assert "I cannot write to my database" in answer.plain
    shift.jump(seconds=11)
    await asyncio.sleep(0.3)
    await pragma(shift, "max_page_count=1000000")
    for _ in range(3):
        await shift.a_poll()
    assert named(shift, 19124) == [1]
    assert "operator" in (await shift.office.ask(OPS, "whoami")).plain
    said = [one.plain for one in shift.office.slack.visible(OPS, "C0GENERAL")]
    assert not any("I was restarted" in words for words in said)


async def test_an_answer_that_cannot_be_written_down_is_given_all_the_same_and_once(shift, monkeypatch):
    monkeypatch.setattr(store.engine, "_PATIENCE", 1.0)
    shift.office.box.faults.inject("umail", "slow", call="task-list", seconds=0.4)
    before = shift.office.shown(OPS)
    await shift.office.type(OPS, "task list")
    with locked(shift):
        answer = await shift.office.answer(OPS, "C0GENERAL", before, seconds=12)
        assert "14 tasks" in answer.plain
    await shift.goes_by(seconds=5)
    said = [one.plain for one in shift.office.slack.visible(OPS, "C0GENERAL")]
    assert len(said) == 1
