"""Endpoints that fail for days, and what people do about endpoints; real sockets, both databases, a stepped clock."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bridge.events import EventType
from bridge.webhooks import endpoints
from bridge.webhooks.deliveries import try_out
from bridge.webhooks.destinations import UnsafeError
from bridge.webhooks.endpoints import NameTakenError, Shipped, ShippedError, TooManyError
from bridge.webhooks.signing import new_secret
from store.tables import DeliveryState, EndpointState, Event, Notice, NoticeKind, WebhookEndpoint
from tests.bridge.hooks import ADMIN, House, opened, states, target, to_the_end

DAY = timedelta(days=1)


@pytest.fixture
async def house(database):
    async with opened(database) as house:
        yield house


@pytest.fixture
async def crm():
    async with target() as made:
        yield made


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
