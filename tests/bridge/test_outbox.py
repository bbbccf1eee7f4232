"""What is due reaches Slack: once, in order, at Slack's pace, and not where Slack says no."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import aiohttp
import pytest
from sqlmodel import select

from bridge.notices.claims import LEASE, claim
from bridge.notices.endings import Ending, settle, unpark
from bridge.notices.faces import face
from bridge.notices.outbox import PATIENCE, Outbox
from bridge.receivers.board import Shown
from jobs.gap import Watchkeeper
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Notice, NoticeKind, Subscription, new_id
from tests.bridge.posts import ALERTS, WHO, Clock, Desk, board_of, english, note

OLD, RANDOM = "C0OLD", "C0RANDOM"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def slack(clock):
    server = await SlackServer.start(now=clock.now)
    yield server
    await server.stop()


@pytest.fixture
async def store(request, tmp_path):
    """SQLite; a test that asks for `database` runs on either kind."""
    both = "database" in request.fixturenames
    store = Store(request.getfixturevalue("database") if both else f"sqlite:///{tmp_path}/edmbot.db")
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
async def desk(store, slack, clock):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        outbox = Outbox(store, board_of(slack, session), english, "/edm", admins=["U0MEI"])
        yield Desk(store, slack, clock, outbox, session)


async def added(desk, **more):
    row = note(desk.clock.now(), **more)
    await desk.add(row)
    return row.id


def spacings(desk, channel=ALERTS):
    """Seconds between the messages to a channel, edits included."""
    methods = {"chat.postMessage", "chat.update"}
    at = [call.at for call in desk.slack.calls if call.method in methods and call.args["channel"] == channel]
    return [(after - before).total_seconds() for before, after in pairwise(at)]


async def test_what_is_wanted_is_posted_and_marked_shown(desk, database):
    row = await added(desk)
    assert await desk.outbox.run_once() == 1
    [shown] = desk.slack.visible(WHO, ALERTS)
    assert "archived" in shown.plain
    found = await desk.notice(row)
    assert (found.shown, found.due_at, found.ts, found.tried_at, found.lease_until) == (1, None, shown.ts, None, None)
    assert await desk.outbox.run_once() == 0


async def test_a_turn_that_stood_in_a_queue_has_all_of_its_patience_left(desk, store, monkeypatch):
    monkeypatch.setattr("bridge.notices.outbox.PATIENCE", 0.5)
    row = await added(desk)
    others = asyncio.create_task(store.transact(lambda _session, _now: time.sleep(0.7)))
    await asyncio.sleep(0)
    await desk.outbox.run_once()
    await others
    found = await desk.notice(row)
    assert (found.shown, found.attempts) == (1, 0)


async def test_changes_that_come_together_become_one_edit(desk, database):
    row = await added(desk)
    await desk.outbox.run_once()
    for _ in range(3):
        await desk.want(row)
    await desk.drain()
    assert (await desk.notice(row)).shown == 4
    assert len(desk.calls("chat.update")) == 1
    assert desk.posted() == [row]


async def test_a_channel_gets_one_message_a_second_and_others_do_not_wait_for_it(desk, database):
    for _ in range(4):
        await added(desk)
    other = await added(desk, receiver="C0DIGEST")
    await desk.outbox.run_once()
    assert (len(desk.posted()), desk.posted("C0DIGEST")) == (1, [other])
    await desk.drain(step=0.25)
    assert len(desk.posted()) == 4
    # The claims are a second apart; how long each call is under way is the machine's business.
    assert sum(spacings(desk)) >= 2.5
    assert min(spacings(desk)) >= 0.5


async def test_the_clock_is_told_when_the_next_message_can_go(desk, database):
    await added(desk)
    await added(desk)
    pause = await desk.outbox.deliver()
    assert timedelta(seconds=0.5) < pause <= timedelta(seconds=1)
    desk.step(pause.total_seconds())
    # Nothing is left that waits for a channel's second, or for its thread's beginning.
    assert await desk.outbox.deliver() is None
    assert len(desk.posted()) == 2


async def test_the_clock_is_told_when_something_falls_due(desk, database):
    await added(desk, due_at=desk.clock.now() + timedelta(seconds=0.7))
    pause = await desk.outbox.deliver()
    assert timedelta(seconds=0.2) < pause <= timedelta(seconds=0.7)


async def test_nobody_is_woken_for_what_cannot_go_soon(desk, database):
    later = desk.clock.now() + timedelta(minutes=5)
    parent = await added(desk, due_at=later)
    await added(desk, parent_id=parent, due_at=desk.clock.now() + timedelta(seconds=0.5))
    assert await desk.outbox.deliver() is None


async def test_critical_goes_first_then_edits_then_age(desk, database):
    shown = await added(desk)
    await desk.outbox.run_once()
    early, late = await added(desk), await added(desk)
    await desk.want(shown)
    critical = await added(desk, priority=0)
    await desk.drain()
    assert desk.posted() == [shown, critical, early, late]
    [edit] = desk.calls("chat.update")
    assert [call.at > edit.at for call in desk.calls("chat.postMessage")] == [False, False, True, True]


@pytest.mark.parametrize("kind", ["http_429", "not_ok"])
async def test_a_rate_limit_is_waited_for_and_nothing_is_dropped(desk, kind):
    desk.slack.faults.inject(kind, "chat.postMessage", seconds=7, error="message_limit_exceeded")
    rows = [await added(desk) for _ in range(2)]
    await desk.outbox.run_once()
    refused = desk.clock.now()
    wait = 7 if kind == "http_429" else 1
    desk.step(wait - 0.5)
    assert await desk.outbox.run_once() == 0
    await desk.drain(step=0.25)
    assert sorted(desk.posted()) == sorted(rows)
    first = desk.calls("chat.postMessage")[1].at
    assert wait - 0.1 <= (first - refused).total_seconds() <= wait + 2


@pytest.mark.parametrize("kind", ["lost_reply", "slow"])
async def test_what_lost_its_reply_is_found_and_not_posted_again(desk, kind):
    desk.slack.faults.inject(kind, "chat.postMessage", seconds=0.7)
    row = await added(desk)
    await desk.outbox.run_once()
    assert (await desk.notice(row)).ts is None
    await desk.drain()
    assert desk.posted() == [row]
    assert (await desk.notice(row)).ts == desk.slack.visible(WHO, ALERTS)[0].ts
    assert len(desk.calls("chat.postMessage")) == 1


async def test_what_lost_its_reply_before_the_clock_was_set_back_is_found_all_the_same(desk, database):
    keeper = Watchkeeper(desk.store, [], [])
    desk.store.clock_offset += timedelta(hours=1)
    desk.slack.faults.inject("lost_reply", "chat.postMessage")
    row = note(await desk.store.now())
    await desk.add(row)
    await keeper.run()
    await desk.outbox.run_once()
    desk.store.clock_offset -= timedelta(hours=1)
    await keeper.run()
    await desk.drain()
    assert desk.posted() == [row.id]
    assert (await desk.notice(row.id)).ts is not None
    assert len(desk.calls("chat.postMessage")) == 1


async def test_what_never_arrived_is_posted_after_a_look(desk, database):
    desk.slack.faults.inject("http_500", "chat.postMessage", times=2)
    row = await added(desk)
    await desk.drain()
    assert desk.posted() == [row]
    assert len(desk.calls("conversations.history")) == 2


async def test_a_look_that_fails_posts_nothing(desk):
    desk.slack.faults.inject("lost_reply", "chat.postMessage")
    for kind in ("http_500", "http_429", "lost_reply"):
        desk.slack.faults.inject(kind, "conversations.history")
    row = await added(desk)
    await desk.drain()
    assert (desk.posted(), len(desk.calls("chat.postMessage"))) == ([row], 1)


async def test_a_lost_edit_is_made_again(desk):
    row = await added(desk)
    await desk.outbox.run_once()
    desk.slack.faults.inject("http_500", "chat.update")
    await desk.want(row)
    await desk.drain()
    assert ((await desk.notice(row)).shown, len(desk.calls("chat.update"))) == (2, 2)


async def test_an_archived_channel_is_told_to_the_admins_once_and_nothing_is_forgotten(desk, database):
    await desk.add(Subscription(receiver=OLD, types="task.*", created_by=WHO, created_at=desk.clock.now()))
    rows = [await added(desk, receiver=OLD) for _ in range(3)]
    for _ in range(5):
        await desk.outbox.run_once()
        desk.step(2)
    assert len(desk.calls("chat.postMessage")) == 2
    assert [(await desk.notice(row)).parked for row in rows] == ["is_archived"] * 3
    [told] = desk.slack.visible(WHO, "D0MEI")
    assert "campaigns-2024" in told.plain
    assert "archived" in told.plain
    desk.step(3600)
    await desk.outbox.run_once()
    assert len(desk.slack.visible(WHO, "D0MEI")) == 1
    desk.slack.workspace.channels[OLD].archived = False
    desk.step(3600)
    await desk.drain()
    assert desk.posted(OLD) == rows
    [told] = desk.slack.visible(WHO, "D0MEI")
    assert "again" in told.plain
    assert len(await desk.store.transact(lambda session, now: session.exec(select(Subscription)).all())) == 1


async def test_an_invitation_ends_the_wait_at_once(desk, database):
    rows = [await added(desk, receiver=RANDOM), await added(desk, receiver=RANDOM)]
    await desk.outbox.run_once()
    assert (await desk.notice(rows[0])).parked == "not_in_channel"
    desk.slack.workspace.channels[RANDOM].members.add(desk.slack.app.bot_user)
    await desk.store.transact(lambda session, now: unpark(session, now, RANDOM))
    await desk.drain()
    assert desk.posted(RANDOM) == rows


async def test_a_revoked_token_loses_nothing(desk):
    desk.slack.app.revoked = True
    row = await added(desk)
    await desk.outbox.run_once()
    assert (await desk.notice(row)).parked == "token_revoked"
    desk.slack.app.revoked = False
    desk.step(3601)
    await desk.drain()
    assert desk.posted() == [row]
    assert len(desk.slack.visible(WHO, "D0MEI")) == 1


async def test_a_person_is_told_in_direct_messages(desk):
    row = await added(desk, receiver="U0LIN")
    await desk.outbox.run_once()
    assert desk.posted("D0LIN") == [row]
    assert (await desk.notice(row)).channel == "D0LIN"


async def test_a_lost_reply_in_direct_messages_is_found_there(desk):
    desk.slack.faults.inject("lost_reply", "chat.postMessage")
    row = await added(desk, receiver="U0LIN")
    await desk.drain()
    assert desk.posted("D0LIN") == [row]
    assert len(desk.calls("chat.postMessage")) == 1


async def test_a_person_who_left_parks_what_is_theirs(desk):
    row = await added(desk, receiver="U0GONE")
    await desk.outbox.run_once()
    assert (await desk.notice(row)).parked == "user_disabled"


async def test_a_thread_waits_for_its_parent(desk, database):
    parent = await added(desk)
    child = await added(desk, parent_id=parent, priority=0)
    await desk.drain()
    assert desk.posted() == [parent, child]
    assert (await desk.notice(child)).ts in {
        shown.ts for shown in desk.slack.visible(WHO, ALERTS, (await desk.notice(parent)).ts)
    }


async def test_a_lost_reply_in_a_thread_is_found_there(desk):
    parent = await added(desk)
    await desk.outbox.run_once()
    child = await added(desk, parent_id=parent)
    desk.slack.faults.inject("lost_reply", "chat.postMessage")
    await desk.drain()
    assert desk.posted() == [parent, child]
    assert len(desk.calls("conversations.replies")) == 1


async def test_news_of_a_deleted_message_are_posted_anew(desk):
    row = await added(desk)
    await desk.outbox.run_once()
    desk.slack.workspace.delete(desk.slack.workspace.posts(ALERTS)[0])
    await desk.want(row)
    await desk.drain()
    assert (desk.posted(), (await desk.notice(row)).shown) == ([row], 2)


async def test_a_thread_whose_parent_was_deleted_brings_it_back(desk):
    parent = await added(desk)
    await desk.outbox.run_once()
    desk.slack.workspace.delete(desk.slack.workspace.posts(ALERTS)[0])
    child = await added(desk, parent_id=parent)
    await desk.drain()
    assert desk.posted() == [parent, child]


async def test_a_parent_that_is_deleted_whenever_it_is_there_comes_back_less_and_less_often(desk):
    parent = await added(desk)
    await desk.outbox.run_once()
    await added(desk, parent_id=parent)
    seen = []
    for second in range(600):
        for post in desk.slack.workspace.posts(ALERTS):
            desk.slack.workspace.delete(post)
            seen.append(second)
        await desk.outbox.run_once()
        desk.step(1)
    waits = [after - before for before, after in pairwise(seen)]
    assert waits == sorted(waits)
    assert len(waits) < 10


@pytest.mark.parametrize("facts", [{"template": "notice/parked", "facts": {}}, {}])
async def test_rows_that_make_no_message_do_not_stand_in_the_way(desk, facts):
    bad = await added(desk, facts=facts, priority=0)
    good = await added(desk)
    await desk.drain()
    assert desk.posted() == [good]
    assert (await desk.notice(bad)).parked.startswith("unrenderable")
    assert len(desk.slack.visible(WHO, "D0MEI")) == 1


async def test_blocks_that_slack_does_not_take_are_said_in_plain_words(desk):
    desk.slack.faults.inject("not_ok", "chat.postMessage", error="invalid_blocks")
    row = await added(desk)
    await desk.outbox.run_once()
    assert desk.posted() == [row]
    assert "archived" in desk.slack.visible(WHO, ALERTS)[0].plain


async def test_a_message_that_slack_does_not_take_is_parked_alone(desk):
    desk.slack.faults.inject("not_ok", "chat.postMessage", error="msg_too_long")
    rows = [await added(desk), await added(desk)]
    await desk.drain()
    assert desk.posted() == rows[1:]
    assert (await desk.notice(rows[0])).parked == "msg_too_long"
    await desk.want(rows[0])
    await desk.drain()
    assert desk.posted() == [rows[1], rows[0]]
    assert (await desk.notice(rows[0])).parked is None


async def test_nothing_to_show_is_nothing_said(desk):
    row = await added(desk, kind=NoticeKind.ALERTS, facts={})
    await desk.drain()
    assert (desk.slack.calls, (await desk.notice(row)).shown) == ([], 1)


async def test_a_claim_whose_lease_ran_out_changes_nothing(desk, database):
    row = await added(desk)
    [old] = await desk.store.transact(lambda session, now: claim(session, now, "one", 5, face))
    desk.step(LEASE.total_seconds() + 1)
    [new] = await desk.store.transact(lambda session, now: claim(session, now, "two", 5, face))
    assert new.tried_at is not None
    await desk.store.transact(lambda session, now: settle(session, now, [Ending(old, Shown("1.0"))], ()))
    assert (await desk.notice(row)).worker == "two"


async def test_a_claimed_receiver_is_nobody_elses(desk, database):
    await added(desk)
    await added(desk)
    assert len(await desk.store.transact(lambda session, now: claim(session, now, "one", 5, face))) == 1
    desk.step(5)
    assert await desk.store.transact(lambda session, now: claim(session, now, "two", 5, face)) == []


async def test_two_processes_never_say_the_same_twice(desk, database, slack):
    channels = ["C0ALERTS", "C0APPROVE", "C0DIGEST", "C0GENERAL"]
    rows = [await added(desk, receiver=channel) for channel in channels for _ in range(6)]
    other = Store(database)
    again = Outbox(other, board_of(slack, desk.session), english, "/edm")
    try:
        for _ in range(40):
            other.clock_offset = desk.clock.offset
            await asyncio.gather(desk.outbox.run_once(), again.run_once())
            desk.step(0.5)
    finally:
        await other.close()
    assert sorted(one for channel in channels for one in desk.posted(channel)) == sorted(rows)
    assert all(min(spacings(desk, channel)) >= 0.9 for channel in channels)


async def test_what_falls_due_during_a_slow_call_does_not_wait_for_it(desk, monkeypatch):
    monkeypatch.setattr("bridge.notices.outbox.GLANCE", 60.0)
    slow, other = asyncio.Event(), asyncio.Event()

    async def language_of(receiver):
        if receiver == RANDOM:
            other.set()
        else:
            slow.set()
            await other.wait()
        return "en"

    outbox = Outbox(desk.store, board_of(desk.slack, desk.session), language_of, "/edm")
    await added(desk)
    run = asyncio.ensure_future(outbox.run_once())
    await slow.wait()
    await added(desk, receiver=RANDOM)
    outbox.nudge()
    async with asyncio.timeout(3):
        await other.wait()
    assert await run == 2


async def test_edits_stay_within_the_workspaces_limit(desk):
    channels = {f"C1CH{number}" for number in range(12)}
    home = desk.slack.workspace.channels[ALERTS]
    desk.slack.workspace.channels |= {one: type(home)(one, one.lower(), set(home.members)) for one in channels}
    rows = [await added(desk, receiver=channel) for channel in sorted(channels)]
    await desk.outbox.run_once()
    for _ in range(6):
        for row in rows:
            await desk.want(row)
        await desk.outbox.run_once()
        desk.step(1)
    await desk.drain()
    assert [call for call in desk.calls("chat.update") if call.error] == []
    assert {(await desk.notice(row)).shown for row in rows} == {7}


def test_an_attempt_ends_before_half_its_lease():
    assert timedelta(seconds=2 * PATIENCE) < LEASE


def test_ids_sort_by_age():
    assert Notice(receiver=ALERTS, kind=NoticeKind.NOTE).id < new_id()
