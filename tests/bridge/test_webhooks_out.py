"""The life of a webhook on its way out: real sockets, both databases, a clock that is stepped."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from sqlmodel import select

from bridge.events import EventType
from bridge.receivers.webhook import Answer, WebhookReceiver
from bridge.webhooks import endpoints
from bridge.webhooks.deliveries import try_out
from bridge.webhooks.destinations import UnsafeError
from bridge.webhooks.endpoints import NameTakenError, Shipped, ShippedError, TooManyError
from bridge.webhooks.fates import JITTER, SCHEDULE, Ending, settle, wait_after
from bridge.webhooks.queues import AT_ONCE, claim
from bridge.webhooks.signing import new_secret
from store.engine import Store
from store.tables import Attempt, DeliveryState, EndpointState, Event, Notice, NoticeKind, WebhookEndpoint
from tests.bridge.hooks import ADMIN, House, target

DAY = timedelta(days=1)


@pytest.fixture
async def house(database):
    store = Store(database)
    await store.migrate()
    receiver = WebhookReceiver()
    yield House(store, receiver)
    await receiver.close()
    await store.close()


@pytest.fixture
async def crm():
    async with target() as made:
        yield made


async def states(house):
    return [row.state for row in await house.rows()]


async def waits(house, nth=0):
    """Seconds until a delivery is due."""
    rows = await house.rows()
    return (rows[nth].next_at - await house.store.now()).total_seconds()


async def to_the_end(house, most=40):
    """Let time pass until nothing is pending; how often something was sent."""
    count = 0
    for _ in range(most):
        count += await house.send()
        left = [row.next_at for row in await house.rows() if row.state is DeliveryState.PENDING]
        if not left:
            return count
        house.store.clock_offset += max(min(left) - await house.store.now(), timedelta(0))
    raise AssertionError("something is pending for ever")


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


# ---- for days


async def test_admins_are_warned_at_a_half_and_it_is_switched_off_after_five_days(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 500
    began = await house.store.now()
    while (await house.look()).state is EndpointState.ACTIVE:
        await house.happens(f"task/{(await house.store.now()).timestamp()}")
        await house.send()
        house.step(hours=6)
    [failing] = await house.told(EventType.ENDPOINT_FAILING)
    [disabled] = await house.told(EventType.ENDPOINT_DISABLED)
    assert 2.5 * DAY <= failing.time - began < 2.8 * DAY
    assert 5 * DAY <= disabled.time - began < 5.3 * DAY
    notes = [one for one in await house.rows(Notice) if one.kind is NoticeKind.NOTE]
    assert [(one.receiver, one.facts["facts"]["what"]) for one in notes] == [(ADMIN, "failing"), (ADMIN, "disabled")]
    left = await house.do(lambda session, _now: endpoints.waiting(session, endpoints.find(session, "crm")))
    assert (left.pending, left.dead > 0) == (0, True)


async def test_what_failed_once_and_was_given_up_is_no_trouble_of_what_comes_later(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 500
    await house.happens("task/1")
    await to_the_end(house)
    assert (await house.look()).failing_since is None
    house.step(days=9)
    await house.happens("task/2")
    await house.send()
    assert (await house.look()).state is EndpointState.ACTIVE


async def test_nothing_is_switched_off_before_somebody_was_warned(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 500
    await house.happens("task/1")
    await house.send()
    house.step(days=6)
    await house.send()
    assert (await house.look()).state is EndpointState.ACTIVE
    assert len(await house.told(EventType.ENDPOINT_FAILING)) == 1
    house.step(days=1)
    await house.send()
    assert (await house.look()).state is EndpointState.DISABLED


async def test_a_success_ends_the_trouble_and_says_so_where_it_was_said(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 500
    for _ in range(12):
        await house.happens(f"task/{(await house.store.now()).timestamp()}")
        await house.send()
        house.step(hours=6)
    assert (await house.look()).warned == 1
    crm.answer = lambda _got: 200
    await to_the_end(house)
    row = await house.look()
    assert (row.failing_since, row.warned) == (None, 0)
    assert len(await house.told(EventType.ENDPOINT_RECOVERED)) == 1
    [note] = [one for one in await house.rows(Notice) if one.kind is NoticeKind.NOTE]
    assert (note.facts["facts"]["over"], note.wanted) == (True, 2)


async def test_a_trouble_of_a_moment_is_not_worth_a_word(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 200 if len(crm.got) else 500
    await house.happens("task/1")
    await to_the_end(house)
    assert await house.told(EventType.ENDPOINT_RECOVERED) == []


# ---- what people do


async def test_what_happens_during_a_pause_waits_and_then_goes_in_order(house, crm):
    await house.endpoint(crm.url)
    assert await house.on(endpoints.pause)
    assert not await house.on(endpoints.pause)
    ids = await house.happens("task/1", "task/1")
    assert await house.send() == 0
    assert await house.on(endpoints.resume)
    await house.send()
    assert crm.ids == ids


async def test_resume_tries_at_once_what_was_put_off_and_ends_a_trouble(house, crm):
    await house.endpoint(crm.url)
    crm.answer = lambda _got: 500
    first = await house.happens("task/1", "task/1")
    await house.send()
    house.step(seconds=6)
    await house.send()
    await house.on(endpoints.pause)
    crm.answer, crm.got = (lambda _got: 200), []
    await house.on(endpoints.resume)
    await house.send()
    assert crm.ids == first


async def test_one_event_and_a_span_of_time_are_sent_again_under_the_same_ids(house, crm):
    await house.endpoint(crm.url, types=["task.*"])
    first = await house.happens("task/1", "task/2", "task/1")
    house.step(hours=1)
    since = await house.store.now()
    later = await house.happens("task/1")
    await house.send()
    crm.got.clear()
    assert await house.on(endpoints.replay, by=ADMIN, event_id=first[1]) == 1
    await house.send()
    assert crm.ids == [first[1]]
    crm.got.clear()
    assert await house.on(endpoints.replay, by=ADMIN, until=since, dry=True) == 3
    assert await house.on(endpoints.replay, by=ADMIN, until=since) == 3
    # What is on its way is not sent twice.
    assert await house.on(endpoints.replay, by=ADMIN, until=since) == 0
    await house.send()
    by_subject = [id_ for id_ in crm.ids if id_ != first[1]]
    assert (by_subject, sorted(crm.ids)) == ([first[0], first[2]], sorted(first))
    crm.got.clear()
    assert await house.on(endpoints.replay, by=ADMIN, since=since) == 1
    await house.send()
    assert crm.ids == later
    assert {row.replayed_by for row in await house.rows()} == {None, ADMIN}


async def test_what_cannot_be_replayed_is_said(house, crm, monkeypatch):
    await house.endpoint(crm.url)
    with pytest.raises(LookupError):
        await house.on(endpoints.replay, by=ADMIN, event_id="no such")
    monkeypatch.setattr(endpoints, "MOST", 2)
    await house.happens("task/1", "task/2", "task/3")
    with pytest.raises(TooManyError):
        await house.on(endpoints.replay, by=ADMIN)


async def test_a_deleted_endpoint_gets_nothing_more_and_its_name_is_free(house, crm):
    await house.endpoint(crm.url)
    await house.happens("task/1")
    await house.on(endpoints.delete)
    assert await house.send() == 0
    assert await house.look() is None
    assert [row.url for row in await house.rows(WebhookEndpoint)] == [""]
    await house.endpoint(crm.url)
    with pytest.raises(NameTakenError):
        await house.endpoint(crm.url)


async def test_what_cannot_be_an_endpoint_is_refused(house):
    for url in ("http://example.com/", "https://10.0.0.1/"):
        with pytest.raises(UnsafeError):
            await house.endpoint(url, allow_private=False)
    with pytest.raises(ValueError, match="no event is called"):
        await house.endpoint("https://example.com/", types=["nothing.*"])


async def test_app_yamls_endpoints_are_rows_that_say_what_it_says(house, crm):
    key = new_secret()
    shipped = {"erp": Shipped(name="erp", url=crm.url, secrets=(key,), types=("task.*",), allow_private=True)}
    for _ in range(2):
        await house.do(lambda session, now: endpoints.ship(session, now, [*shipped.values()]))
    row = await house.look("erp")
    assert (row.shipped, row.secret, row.types) == (True, "", ["task.*"])
    [id_] = await house.happens("task/1")
    sending = House(house.store, house.receiver, shipped=shipped)
    assert await house.send() == 0
    assert await sending.send() == 1
    assert (crm.ids, crm.got[0].is_signed_by(key)) == ([id_], True)
    for what in (endpoints.rotate, endpoints.delete):
        with pytest.raises(ShippedError):
            await house.on(what, "erp")
    await house.do(lambda session, now: endpoints.ship(session, now, []))
    assert await house.look("erp") is None


async def test_an_event_that_is_kept_no_longer_is_given_up_and_the_next_goes_on(house, crm):
    await house.endpoint(crm.url)
    first, second = await house.happens("task/1", "task/1")
    await house.do(lambda session, _now: session.delete(session.exec(select(Event).where(Event.id == first)).one()))
    await house.send()
    await house.send()
    assert crm.ids == [second]
    assert await states(house) == [DeliveryState.DEAD, DeliveryState.SENT]


async def test_a_try_is_signed_told_at_once_and_not_repeated(house, crm):
    row = await house.endpoint(crm.url)
    await house.on(endpoints.pause)
    tried = await try_out(house.store, house.receiver, row, {}, by=ADMIN)
    crm.answer = lambda _got: 500
    failed = await try_out(house.store, house.receiver, row, {}, by=ADMIN)
    assert [(one.status, one.delivery_seq) for one in (tried, failed)] == [(200, 0), (500, 0)]
    [got, _] = crm.got
    assert (got.event["type"], got.event["data"]["by"], got.is_signed_by(row.secret)) == ("endpoint.test", ADMIN, True)
    listed = await house.do(lambda session, _now: endpoints.latest(session, row))
    assert [one.id for one in listed] == [failed.id, tried.id]
    assert await house.rows() == []
    assert (await house.look()).failing_since is None


async def test_nothing_begins_once_a_process_is_to_end(house, crm):
    await house.endpoint(crm.url)
    await house.happens("task/1")
    house.deliverer.finish()
    assert await house.send() == 0
    assert await states(house) == [DeliveryState.PENDING]


async def test_who_never_answers_does_not_keep_the_job_for_ever(house, crm):
    await house.endpoint(crm.url)
    crm.delay = 0.6
    [id_] = await house.happens("task/1")
    assert await house.deliverer.run_once(0.05)
    assert crm.got == []
    # What was under way is not begun again: it goes on, and the next call marks it.
    assert not await house.deliverer.run_once()
    assert (crm.ids, await states(house)) == ([id_], [DeliveryState.SENT])
