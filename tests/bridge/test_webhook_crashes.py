"""Webhooks while processes die and receivers fail: nothing is lost, and each subject's order holds. Real sockets."""

import asyncio
import random
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import groupby

import pytest
from aiohttp import web
from sqlmodel import col, func, select

from bridge.webhooks.deliveries import STEPS
from store.tables import Delivery, DeliveryState
from tests.bridge import courier
from tests.bridge.hooks import House, opened, target

LEASE = 31
"""Seconds after which a dead process's claims are anybody's."""


@pytest.fixture
async def house(database):
    async with opened(database) as made:
        made.url = database
        yield made


def taken(receiver):
    """By subject, the ids of what a receiver took, in the order of their arrival."""
    by_subject = defaultdict(list)
    for got in receiver.got:
        by_subject[got.event["subject"]].append(got.id)
    return by_subject


def once(ids):
    """Without repetitions that follow each other."""
    return [id_ for id_, _ in groupby(ids)]


async def earliest(house):
    """When the next one is due; None when nothing is pending."""
    asked = select(func.min(col(Delivery.next_at))).where(Delivery.state == DeliveryState.PENDING)
    return await house.do(lambda session, _now: session.exec(asked).one())


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_loses_nothing_and_repeats_at_most_what_was_under_way(house, step):
    async with target() as crm:
        row = await house.endpoint(crm.url)
        ids = await house.happens("task/1", "task/2", "task/1", "task/1")
        kills = 0
        for nth in (1, 2):
            kills += await courier.run(house.url, house.store.clock_offset, step, nth) == courier.KILLED
            house.step(seconds=LEASE)
        assert kills == 2
        assert await courier.run(house.url, house.store.clock_offset) == 0
        counted = Counter(crm.ids)
        assert counted.keys() == set(ids)
        assert max(counted.values()) <= 1 + kills
        arrived = taken(crm)
        assert once(arrived["task/1"]) == [ids[0], ids[2], ids[3]]
        assert all(len(some) - len(set(some)) <= kills for some in arrived.values())
        assert all(got.is_signed_by(row.secret) for got in crm.got)
        assert await earliest(house) is None


@pytest.mark.parametrize("kills", [8, pytest.param(150, marks=[pytest.mark.soak])])
async def test_kills_at_any_moment_lose_nothing_and_each_repeats_a_subjects_event_at_most_once(house, kills):
    chance = random.Random(kills)
    async with target() as crm, target() as erp:
        for name, one in (("crm", crm), ("erp", erp)):
            await house.endpoint(one.url, name)
        ids, died = [], 0
        for _ in range(kills):
            ids += await house.happens(*[f"task/{number % 7}" for number in range(25)])
            begun = len(crm.got)
            process = courier.begin(house.url, house.store.clock_offset)
            while process.is_alive() and len(crm.got) == begun:
                await asyncio.sleep(0.002)
            await asyncio.sleep(chance.uniform(0, 0.03))
            process.kill()
            await asyncio.to_thread(process.join)
            died += process.exitcode == courier.KILLED
            house.step(seconds=LEASE)
        assert died > kills / 2
        assert await courier.run(house.url, house.store.clock_offset) == 0
        for one in (crm, erp):
            arrived = taken(one)
            assert {id_ for some in arrived.values() for id_ in some} == set(ids)
            for some in arrived.values():
                assert len(once(some)) == len(set(some))
                assert len(some) - len(set(some)) <= died
            order = {id_: number for number, id_ in enumerate(ids)}
            assert all(once(some) == sorted(set(some), key=order.__getitem__) for some in arrived.values())


@pytest.mark.parametrize("each", [5, pytest.param(200, marks=[pytest.mark.soak])])
async def test_twenty_producers_and_twenty_receivers_that_fail_at_random_keep_every_subjects_order(house, each):
    chance = random.Random(each)
    async with AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(target()) for _ in range(20)]
        took = {number: defaultdict(list) for number in range(20)}

        def moody(number):
            def answer(got):
                mood = chance.random()
                if mood > 0.15:
                    took[number][got.event["subject"]].append(got.id)
                    return 200
                later = web.Response(status=429, headers={"Retry-After": "7"})
                return later if mood < 0.02 else 503 if mood < 0.08 else 500

            return answer

        for number, one in enumerate(receivers):
            one.answer = moody(number)
            await house.endpoint(one.url, f"e{number}")
        written = defaultdict(list)
        beside = House(house.store, house.receiver)

        async def produce(number):
            for nth in range(each):
                subject = f"task/{number}" if nth % 2 else f"task/shared{chance.randrange(5)}"
                [id_] = await house.happens(subject, data={"producer": number, "nth": nth})
                written[subject].append(id_)
                house.deliverer.nudge()

        producing = asyncio.gather(*(produce(number) for number in range(20)))
        while not producing.done():
            await asyncio.gather(house.deliverer.run_once(), beside.deliverer.run_once())
        await producing
        while (due := await earliest(house)) is not None:
            await asyncio.gather(house.deliverer.run_once(), beside.deliverer.run_once())
            # A little more than until the next is due: others are then due, too.
            house.store.clock_offset += max(due - await house.store.now(), timedelta(0)) + timedelta(seconds=6)
        for number in range(20):
            assert {subject: sorted(some) for subject, some in took[number].items()} == {
                subject: sorted(some) for subject, some in written.items()
            }
            assert took[number] == await as_written(house, written)
        assert sum(len(some) for some in written.values()) == 20 * each


async def as_written(house, written):
    """What stands in the rows, by subject: two producers of one subject are ordered by their commits."""
    rows = await house.rows()
    order = {row.event_id: row.seq for row in rows}
    return {subject: sorted(some, key=order.__getitem__) for subject, some in written.items()}
