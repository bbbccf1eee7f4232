"""Requests share a transaction, and what goes wrong with one of them is its own."""

import asyncio

import pytest
from sqlalchemy.exc import DataError, OperationalError

from bridge.events import EventType
from bridge.webhooks import journal
from bridge.webhooks.adapters.contract import Item, Misread
from bridge.webhooks.arrivals import Arrival, Written
from bridge.webhooks.journal import Journal


@pytest.fixture
def store(lite):
    return lite


class Writing:
    """Remembers which requests came together, and fails at some."""

    def __init__(self, errors=(), refused=()):
        self.errors, self.runs = dict(errors), []
        self.refused, self.misread = refused, []

    def __call__(self, session, now, some):
        names = [one.source for one in some]
        self.runs.append(names)
        self.misread += [bad for one in some for bad in one.misread]
        for one in some:
            if any(report.raw in self.refused for report, _ in one.reports):
                raise DataError("INSERT", {}, Exception("out of range"))
        for name in names:
            if name in self.errors:
                raise self.errors[name]
        return [
            Written(index if len(some) > 1 else len(one.reports), 0, len(one.misread)) for index, one in enumerate(some)
        ]


def arrival(name, size=1):
    return Arrival(name, name, [(item(number), {}) for number in range(size)], ())


def item(number):
    nothing = {"vendor_id": None, "message_id": None, "recipient": None, "time": None}
    return Item(event_type=EventType.MESSAGE_UNKNOWN, raw_status="", raw={"number": number}, **nothing)


async def all_of(found, *arrivals):
    return await asyncio.gather(*(found.add(one) for one in arrivals), return_exceptions=True)


async def test_what_arrives_together_shares_a_transaction_and_each_has_its_own_answer(store):
    writing = Writing()
    answers = await all_of(Journal(store, writing), *(arrival(name) for name in "abc"))
    assert writing.runs == [["a", "b", "c"]]
    assert [answer.new for answer in answers] == [0, 1, 2]


async def test_one_that_cannot_be_written_drags_nobody_along(store):
    writing = Writing({"b": ValueError("b")})
    first, bad, last = await all_of(Journal(store, writing), *(arrival(name) for name in "abc"))
    assert (first, last) == (Written(1, 0, 0), Written(1, 0, 0))
    assert isinstance(bad, ValueError)
    assert writing.runs == [["a", "b", "c"], ["a"], ["b"], ["b"], ["b"], ["c"]]


async def test_an_item_that_cannot_be_written_is_set_aside_and_the_others_of_its_request_are_written(store):
    writing = Writing(refused=[{"number": 1}])
    assert await Journal(store, writing).add(arrival("a", 3)) == Written(2, 0, 1)
    assert writing.misread == [Misread("cannot be written: DataError", '{"number": 1}')]


async def test_a_database_that_takes_nothing_is_asked_once_for_all_of_them(store):
    writing = Writing({"b": OperationalError("COMMIT", {}, Exception("disk is full"))})
    found = Journal(store, writing)
    answers = await all_of(found, *(arrival(name) for name in "abc"))
    assert {type(answer) for answer in answers} == {OperationalError}
    assert len(writing.runs) == 1
    writing.errors.clear()
    assert await found.add(arrival("d")) == Written(1, 0, 0)


async def test_many_are_written_some_at_a_time_and_more_than_that_are_not_taken(store, monkeypatch):
    monkeypatch.setattr(journal, "_AT_ONCE", 5)
    monkeypatch.setattr(journal, "_MOST_WAITING", 10)
    writing = Writing()
    found = Journal(store, writing)
    waiting = asyncio.gather(*(found.add(arrival(name, size)) for name, size in zip("abcd", (2, 3, 7, 1), strict=True)))
    await asyncio.sleep(0)
    assert found.is_full
    await waiting
    assert writing.runs == [["a", "b"], ["c"], ["d"]]
    assert not found.is_full


async def test_a_few_large_requests_are_as_much_as_many_small_ones(store, monkeypatch):
    monkeypatch.setattr(journal, "_MOST_BYTES", 1_000)
    found = Journal(store, Writing())
    large = [Arrival(name, name, [(item(0), {})], (), 500) for name in "ab"]
    waiting = asyncio.gather(*(found.add(one) for one in large))
    await asyncio.sleep(0)
    assert found.is_full
    await waiting
    assert not found.is_full


async def test_who_hangs_up_is_written_nevertheless(store):
    writing = Writing()
    found = Journal(store, writing)
    gone, here = (asyncio.create_task(found.add(arrival(name))) for name in "ab")
    await asyncio.sleep(0)
    gone.cancel()
    assert await here == Written(1, 0, 0)
    assert writing.runs == [["a", "b"]]
