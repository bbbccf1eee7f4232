"""A webhook on its way out: who is told, what is tried again, order; real sockets, both databases, a stepped clock."""

import asyncio

import pytest
from aiohttp import web

from bridge.events import EventType
from bridge.receivers.webhook import Answer, WebhookReceiver
from bridge.webhooks import endpoints
from bridge.webhooks.fates import JITTER, SCHEDULE, Ending, settle, wait_after
from bridge.webhooks.queues import AT_ONCE, claim
from store.tables import Attempt, DeliveryState, EndpointState
from tests.bridge.hooks import ADMIN, House, opened, states, target, to_the_end


@pytest.fixture
async def house(database):
    async with opened(database) as house:
        yield house


@pytest.fixture
async def crm():
    async with target() as made:
        yield made


async def waits(house, nth=0):
    """Seconds until a delivery is due."""
    rows = await house.rows()
    return (rows[nth].next_at - await house.store.now()).total_seconds()


# ---- who is told


async def test_who_asked_for_an_event_gets_it_signed_once(house, crm):
    row = await house.endpoint(crm.url, types=["task.*"])
    [id_] = await house.happens("task/1")
    await house.happens("balance", type=EventType.BALANCE_LOW.value)
    assert await house.send() == 1
    [got] = crm.got
    assert (got.id, got.event["id"], got.event["type"]) == (id_, id_, "task.paused")
    assert got.is_signed_by(row.secret)
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert await states(house) == [DeliveryState.SENT]
    [tried] = await house.rows(Attempt)
    assert (tried.status, tried.error, tried.event_id) == (200, None, id_)
    assert await house.send() == 0


async def test_severity_and_accounts_narrow_what_is_told(house, crm):
    await house.endpoint(crm.url, severity="warning", accounts=["umail"])
    await house.happens("task/1")
    await house.happens("task/2", type=EventType.TASK_FAILED.value, account="itnio")
    [id_] = await house.happens("task/3", type=EventType.TASK_FAILED.value)
    await house.send()
    assert crm.ids == [id_]


async def test_what_happens_all_the_time_is_told_to_who_names_it(house, crm):
    async with target() as other:
        await house.endpoint(crm.url, types=["*"])
        await house.endpoint(other.url, "other", types=["task.progressed"])
        [id_] = await house.happens("task/1", type=EventType.TASK_PROGRESSED.value)
        await house.send()
        assert (crm.ids, other.ids) == ([], [id_])


async def test_both_secrets_sign_while_one_is_being_changed(house, crm):
    row = await house.endpoint(crm.url)
    _, new = await house.on(endpoints.rotate)
    await house.happens("task/1")
    await house.send()
    house.step(hours=25)
    await house.happens("task/2")
    await house.send()
    first, second = crm.got
    assert (len(first.signatures), first.is_signed_by(new), first.is_signed_by(row.secret)) == (2, True, True)
    assert (len(second.signatures), second.is_signed_by(new)) == (1, True)


# ---- tried again


@pytest.mark.parametrize("attempts", range(1, len(SCHEDULE)))
def test_each_wait_is_the_schedules_give_or_take_a_fifth(attempts):
    least, most = (wait_after(attempts, chance=chance) for chance in (min, max))
    assert least == SCHEDULE[attempts] * (1 - JITTER)
    assert most == SCHEDULE[attempts] * (1 + JITTER)
    assert all(least <= wait_after(attempts) <= most for _ in range(20))


def test_after_the_last_try_there_is_no_more():
    assert wait_after(len(SCHEDULE)) is None
    assert [span.total_seconds() for span in SCHEDULE[:4]] == [0, 5, 300, 1800]
    assert [span.total_seconds() / 3600 for span in SCHEDULE[4:]] == [2, 5, 10, 14, 20, 24]


@pytest.mark.parametrize("status", [301, 400, 404, 500])
async def test_what_is_refused_is_tried_again_and_then_taken(house, crm, status):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 200 if len(crm.got) > 1 else status
    [id_] = await house.happens("task/1")
    assert await house.send() == 1
    assert 3.5 <= await waits(house) <= 6
    assert await to_the_end(house) == 2
    assert crm.ids == [id_] * 3
    assert [one.status for one in await house.rows(Attempt)] == [status, status, 200]
    assert (await house.look()).failing_since is None


@pytest.mark.parametrize(("status", "retry"), [(429, "3600"), (503, "7200"), (500, "99999999")])
async def test_retry_after_is_honoured(house, crm, status, retry):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: web.Response(status=status, headers={"Retry-After": retry})
    await house.happens("task/1")
    await house.send()
    expected = min(int(retry), 24 * 3600)
    assert expected - 60 <= await waits(house) <= expected
    if status != 500:
        # It speaks of the endpoint: nothing else goes there before.
        await house.happens("task/2")
        assert await house.send() == 0
        house.step(seconds=expected)
        assert await house.send() == 2


async def test_nobody_there_is_tried_again(house):
    await house.endpoint("http://127.0.0.1:9/hook")
    await house.happens("task/1")
    await house.send()
    [tried] = await house.rows(Attempt)
    assert (tried.status, "cannot be reached" in tried.error) == (None, True)


async def test_what_nobody_foresaw_is_one_endpoints_failed_try_and_stops_no_other(house, crm):
    async def resolve(_name):
        raise OverflowError("Python int too large to convert to C int")

    await house.endpoint("http://odd.example/", "odd")
    await house.endpoint(crm.url)
    ids = await house.happens(*[f"task/{number}" for number in range(6)])
    receiver = WebhookReceiver(resolve=resolve)
    await House(house.store, receiver).send()
    await receiver.close()
    assert sorted(crm.ids) == sorted(ids)
    failed = {(one.status, one.error) for one in await house.rows(Attempt) if one.status is None}
    assert failed == {(None, "could not be sent: OverflowError")}
    assert (await house.look("odd")).failing_since is not None


async def test_what_nobody_takes_is_given_up_and_said_once(house, crm):
    async with target() as other:
        await house.endpoint(crm.url, types=["task.*", "delivery.*", "endpoint.*"])
        await house.endpoint(other.url, "other", types=["delivery.*"])
        crm.answer = lambda _got: 500
        [id_] = await house.happens("task/1")
        assert await to_the_end(house) == len(SCHEDULE) + 1
        assert crm.ids == [id_] * len(SCHEDULE)
        [dead] = await house.told(EventType.DELIVERY_DEAD)
        assert dead.data | {"endpoint": ""} == {
            "endpoint": "",
            "name": "crm",
            "reason": "HTTP 500",
            "event": id_,
            "type": "task.paused",
            "subject": "task/1",
            "attempts": 10,
            "status": 500,
        }
        # Nobody is told of their own troubles.
        assert [got.event["type"] for got in other.got] == ["delivery.dead"]


async def test_gone_switches_off_at_once_and_gives_up_what_waits(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 410
    await house.happens("task/1", "task/1", "task/2")
    await house.send()
    row = await house.look()
    assert (row.state, row.why) == (EndpointState.DISABLED, "gone")
    assert set(await states(house)) == {DeliveryState.DEAD}
    await house.happens("task/3")
    assert len(await house.rows()) == 3
    [told] = await house.told(EventType.ENDPOINT_DISABLED)
    assert told.data["reason"] == "gone"


async def answered(house, *answers):
    """What is due is claimed, and answered so, all in one turn."""
    turn = await house.do(lambda session, now: claim(session, now, "somebody", len(answers), {}))
    at = await house.store.now()
    endings = [Ending(parcel, at, answer) for parcel, answer in zip(turn.parcels, answers, strict=True)]
    await house.do(lambda session, now: settle(session, now, endings, (ADMIN,)))


@pytest.mark.parametrize("answers", [(410, 200), (200, 410), (410, 500)])
async def test_gone_is_gone_whatever_else_was_answered_meanwhile(house, crm, answers):
    await house.endpoint(crm.url)
    await house.happens("task/1", "task/2")
    await answered(house, *(Answer(status, 1) for status in answers))
    row = await house.look()
    assert (row.state, row.why) == (EndpointState.DISABLED, "gone")


async def test_a_shorter_wait_that_is_asked_for_later_does_not_shorten_a_longer_one(house, crm):
    await house.endpoint(crm.url)
    await house.happens("task/1", "task/2")
    await answered(house, Answer(429, 1, retry_after=3600), Answer(503, 1, retry_after=10))
    house.step(seconds=60)
    assert await house.send() == 0
    house.step(seconds=3600)
    assert await house.send() == 2


# ---- order


async def test_a_subject_that_is_stuck_holds_back_itself_alone(house, crm):
    await house.endpoint(crm.url)
    stuck = True
    crm.answer = lambda got: 500 if stuck and got.event["subject"] == "task/1" else 200
    first = await house.happens("task/1", "task/2", "task/1", "task/2", "task/1")
    await house.send()
    assert [id_ for id_ in crm.ids if id_ != first[0]] == [first[1], first[3]]
    stuck = False
    house.step(seconds=6)
    crm.got.clear()
    await house.send()
    assert crm.ids == [first[0], first[2], first[4]]


async def test_the_next_goes_on_when_one_is_given_up(house, crm):
    await house.endpoint(crm.url, types=["task.*"])
    first = await house.happens("task/1", "task/1")
    crm.answer = lambda got: 500 if got.id == first[0] else 200
    await to_the_end(house)
    assert crm.ids == [first[0]] * len(SCHEDULE) + [first[1]]


async def test_a_subject_goes_one_by_one_and_an_endpoint_takes_four_at_once(house, crm):
    await house.endpoint(crm.url)
    crm.delay = 0.02
    one = await house.happens(*["task/1"] * 4)
    await house.send()
    assert (crm.most, crm.ids) == (1, one)
    await house.happens(*[f"task/{number}" for number in range(12)])
    await house.send()
    assert crm.most == AT_ONCE


async def test_two_processes_share_what_an_endpoint_takes_at_once(house, crm):
    await house.endpoint(crm.url)
    crm.delay = 0.05
    ids = await house.happens(*[f"task/{number % 6}" for number in range(18)])
    beside = House(house.store, house.receiver)
    await asyncio.gather(house.deliverer.run_once(), beside.deliverer.run_once())
    assert sorted(crm.ids) == sorted(ids)
    assert crm.most <= AT_ONCE


async def test_an_endpoint_that_never_answers_delays_no_other(house, crm):
    async with target() as dead:
        dead.delay = 30
        await house.endpoint(dead.url, "dead")
        await house.endpoint(crm.url)
        ids = await house.happens(*[f"task/{number}" for number in range(40)])
        sending = asyncio.create_task(house.send())
        async with asyncio.timeout(5):
            while len(crm.got) < len(ids):
                await asyncio.sleep(0.01)
        assert (dead.now, dead.got) == (AT_ONCE, [])
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_what_a_dead_process_had_claimed_is_sent_when_its_lease_is_over(house, crm):
    await house.endpoint(crm.url)
    [id_] = await house.happens("task/1")
    turn = await house.do(lambda session, now: claim(session, now, "somebody", 10, {}))
    assert [one.event.id for one in turn.parcels] == [id_]
    assert await house.send() == 0
    house.step(seconds=31)
    assert await house.send() == 1
    assert crm.ids == [id_]
