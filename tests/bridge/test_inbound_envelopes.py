"""Our own envelope from others, and who hears of what was sent; over a real socket, on both databases."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from bridge.events import event_id
from bridge.notices.messagewatch import watch
from bridge.notices.subscriptions import add as subscribe
from bridge.record import Look, note, record
from bridge.sightings import Kind, of_message
from bridge.webhooks.envelope import envelope
from providers.messages import MessageRecord, MessageStatus
from store.tables import Delivery, EndpointState, Misfit, Notice, NoticeKind, Snapshot, WebhookEndpoint
from tests.bridge import senders
from tests.bridge.door import built, every, told

MESSAGE = "2411210000000000101"


@pytest.fixture
async def door(tmp_path):
    async with built(f"sqlite:///{tmp_path}/edmbot.db") as door, door.open():
        yield door


@pytest.fixture
async def anywhere(database):
    """The same on both databases, where rows are concerned."""
    async with built(database) as door, door.open():
        yield door


# ---- our own envelope


async def test_an_envelope_is_taken_as_it_is(door):
    said = told(time="2026-11-21T08:00:00+08:00", data={"to": "failed"}, partner="x")
    assert await door.send("standard", senders.standard(said)) == (200, (1, 0, 0))
    [event] = await door.events()
    assert (event.account, event.type, event.subject) == ("standard", "task.failed", "task/7")
    assert (event.time, event.data) == (datetime(2026, 11, 21, tzinfo=UTC), {"to": "failed"})
    assert event.raw == {name: value for name, value in said.items() if name != "data"}


async def test_an_id_is_one_event_whatever_else_is_said(door):
    await door.send("standard", senders.standard(told(), id_="msg_1"))
    again = told(type="task.stopped", data={"more": 1})
    assert await door.send("standard", senders.standard(again, id_="msg_2")) == (200, (0, 1, 0))


async def test_nobody_takes_an_id_that_an_event_of_ours_will_have(anywhere):
    await followed(anywhere)
    ours = event_id("itnio", f"message/{MESSAGE}", "message.queued", 1)
    assert await anywhere.send("standard", senders.standard(told(id=ours))) == (200, (1, 0, 0))
    assert await anywhere.send("standard", senders.standard(told(id=ours))) == (200, (0, 1, 0))
    [taken] = await anywhere.events()
    assert taken.id != ours
    await anywhere.send("itnio", reported("成功"))
    assert ours in [event.id for event in await anywhere.events() if event.type == "message.queued"]


def forwarded(event):
    """As an edmbot sends it to the next."""
    return senders.raw_standard(envelope(event, addresses=True))


@pytest.mark.parametrize("length", [2, 3])
async def test_what_goes_round_from_one_edmbot_to_the_next_comes_to_an_end(tmp_path, length):
    async with AsyncExitStack() as stack:
        ring = []
        for number in range(length):
            door = await stack.enter_async_context(built(f"sqlite:///{tmp_path}/{number}.db"))
            ring.append(await stack.enter_async_context(door.open()))
        assert await ring[0].send("mailgun", every()["mailgun"]) == (200, (1, 0, 0))
        [event] = await ring[0].events()
        for door in ring[1:]:
            assert await door.send("standard", forwarded(event)) == (200, (1, 0, 0))
            [event] = await door.events()
        assert await ring[0].send("standard", forwarded(event)) == (200, (0, 1, 0))
        assert len(await ring[0].events()) == 1


async def test_what_came_from_outside_a_ring_goes_round_once(door):
    origin, first, second = ("0123456789abcdef" * 2, "1" * 32, "2" * 32)
    assert await door.send("standard", senders.standard(told(id=first, originid=origin))) == (200, (1, 0, 0))
    assert await door.send("standard", senders.standard(told(id=second, originid=origin))) == (200, (0, 1, 0))


async def test_without_an_id_the_requests_counts(door):
    batch = [told(id=None), told(id=None, subject="task/8")]
    assert await door.send("standard", senders.standard(batch)) == (200, (2, 0, 0))
    assert await door.send("standard", senders.standard(batch)) == (200, (0, 2, 0))
    assert await door.send("standard", senders.standard(batch, id_="msg_2")) == (200, (2, 0, 0))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "order.paid"}, "no type of event that is taken: order.paid"),
        ({"type": "alert.firing"}, "no type of event that is taken: alert.firing"),
        ({"type": "approval.approved"}, "no type of event that is taken: approval.approved"),
        ({"type": None}, "type is missing"),
        ({"data": [1]}, "data is not an object"),
        ({"time": "2026-11-21T08:00:00"}, "time is not ISO 8601 with a zone"),
        ({"time": 17}, "time is not ISO 8601 with a zone"),
        ({"subject": "x" * 201}, "id or subject is longer than 200 characters"),
    ],
)
async def test_an_envelope_that_says_what_it_must_not_is_set_aside(door, changed, reason):
    assert await door.send("standard", senders.standard(told(**changed))) == (200, (0, 0, 1))
    [misfit] = await door.rows(Misfit)
    assert misfit.reason == reason


# ---- who hears of it


async def test_who_has_subscribed_is_told(anywhere):
    await anywhere.store.transact(
        lambda session, now: subscribe(session, now, receiver="C0OPS", types="message.bounced", user="U0LIN")
    )
    await anywhere.send("sendgrid", every()["sendgrid"])
    await anywhere.send("sendgrid", every()["sendgrid"])
    bounced = [event.id for event in await anywhere.events() if event.type == "message.bounced"]
    [notice] = await anywhere.rows(Notice)
    assert (notice.kind, notice.receiver) == (NoticeKind.EVENTS, "C0OPS")
    assert sorted(notice.facts["events"]) == sorted(bounced)


async def test_an_endpoint_is_sent_what_it_asks_for_once(anywhere):
    endpoint = {"url": "https://hooks.example/", "created_by": "U0MEI", "state": EndpointState.ACTIVE}
    await anywhere.store.transact(
        lambda session, now: session.add(
            WebhookEndpoint(id="e1", name="crm", types=["message.bounced"], created_at=now, **endpoint)
        )
    )
    await anywhere.send("sendgrid", every()["sendgrid"])
    await anywhere.send("sendgrid", every()["sendgrid"])
    bounced = {event.id for event in await anywhere.events() if event.type == "message.bounced"}
    assert sorted(one.event_id for one in await anywhere.rows(Delivery)) == sorted(bounced)


def seen(status, **more):
    fields = {"raw_status": "0", "recipient": "reader@example.com"} | more
    at = datetime.now(UTC)
    return of_message(
        MessageRecord(account="itnio", observed_at=at, source="poll", id=MESSAGE, status=status, **fields)
    )


async def polled(door, sighting):
    noted = await note(door.store, "itnio", Kind.MESSAGE, [MESSAGE])
    return (await record(door.store, Look(noted=noted, sightings=[sighting]), door.judge)).events


async def followed(door):
    await door.store.transact(
        lambda session, now: watch(session, now, account="itnio", ids=[MESSAGE], receiver="U0LIN", user="U0LIN")
    )


def reported(word):
    return senders.plain({"taskId": "1", "emailId": MESSAGE, "toAddress": "reader@example.com", "emailState": word})


async def test_of_a_message_that_is_followed_a_callback_and_a_poll_tell_once(anywhere):
    await followed(anywhere)
    assert await anywhere.send("itnio", reported("成功")) == (200, (1, 0, 0))
    assert list(await polled(anywhere, seen(MessageStatus.QUEUED, raw_status="成功"))) == []
    [event] = await anywhere.events()
    assert (event.type, event.subject) == ("message.queued", f"message/{MESSAGE}")
    [notice] = await anywhere.rows(Notice)
    assert (notice.receiver, notice.facts["events"]) == ("U0LIN", [event.id])
    [snapshot] = await anywhere.rows(Snapshot)
    assert (snapshot.kind, snapshot.subject, snapshot.state) == (Kind.MESSAGE, MESSAGE, "queued")


async def test_a_callback_moves_what_a_poll_knows(anywhere):
    await polled(anywhere, seen(MessageStatus.QUEUED, opens=2))
    assert await anywhere.send("itnio", reported("失败")) == (200, (1, 0, 0))
    [snapshot] = await anywhere.rows(Snapshot)
    assert (snapshot.state, snapshot.version, snapshot.facts["opens"]) == ("failed", 2, 2)
    assert await anywhere.send("itnio", reported("失败")) == (200, (0, 1, 0))


async def test_that_it_was_taken_in_is_old_news_once_it_has_arrived(door):
    await polled(door, seen(MessageStatus.DELIVERED))
    for word in ("成功", "失败"):
        assert await door.send("itnio", reported(word)) == (200, (0, 1, 0))
    [snapshot] = await door.rows(Snapshot)
    assert snapshot.state == "delivered"


@pytest.mark.parametrize("word", ["open", "click", "spamreport", "deferred", "unsubscribe", "unheard-of"])
async def test_of_a_message_that_is_followed_what_polls_do_not_know_is_an_event_like_any_other(database, word):
    async with built(database) as closed, closed.open(sendgrid={"account": "itnio"}) as door:
        await followed(door)
        await polled(door, seen(MessageStatus.DELIVERED))
        request = senders.sendgrid([{"event": word, "sg_event_id": "e1", "sg_message_id": MESSAGE}])
        assert await door.send("sendgrid", request) == (200, (1, 0, 0))
        assert await door.send("sendgrid", request) == (200, (0, 1, 0))
        [snapshot] = await door.rows(Snapshot)
        assert snapshot.state == "delivered"
        assert len({event.type for event in await door.events()}) == 2


async def test_a_callback_about_a_message_that_nobody_follows_is_an_event_only(door):
    await door.send("itnio", every()["itnio"])
    assert await door.rows(Snapshot) == []
    assert [event.type for event in await door.events()].count("message.failed") == 1
