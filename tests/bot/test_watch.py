"""A task that is followed: one message, where it was asked for, that tells how it goes until it ends."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bridge.notices import watch
from bridge.told import revived
from store.tables import Notice, NoticeKind, Snapshot, StatSample
from templates import render
from tests.bot.desk import show

LIN, VERA, OPS = "U0LIN", "U0VIEW", "U0OPS"
AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


async def notices(office):
    def found(session, now):
        return session.exec(select(Notice).where(Notice.kind == NoticeKind.WATCH)).all()

    return await office.store.transact(found)


# Asking for it


async def test_an_operator_has_a_task_followed_in_the_channel(office):
    answer = (await office.ask(LIN, "task watch 19124")).plain
    assert answer.startswith("I follow task 19124 in #general, in one message, until it ends")
    [notice] = await notices(office)
    assert (notice.receiver, notice.facts["account"], notice.facts["task_id"]) == ("C0GENERAL", "umail", "19124")
    assert notice.due_at is not None


async def test_following_it_twice_is_one_message(office):
    await office.ask(LIN, "task watch 19124")
    assert "I follow task 19124 in #general already" in (await office.ask(OPS, "task watch 19124")).plain
    assert len(await notices(office)) == 1


@pytest.mark.parametrize("line", ["task watch 19124", "task watch 19124 --to @me", "task watch 19124 —to ＠me"])
async def test_a_viewer_follows_it_alone(office, line):
    assert "I follow task 19124 in @vera" in (await office.ask(VERA, line)).plain
    assert [notice.receiver for notice in await notices(office)] == [VERA]


async def test_an_operator_may_name_another_channel(office):
    await office.ask(LIN, "task watch 19124 --to #edm-digest")
    assert [notice.receiver for notice in await notices(office)] == ["C0DIGEST"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("#random", "I am not in #random. Type /invite @edmbot there"),
        ("#campaigns-2024", "#campaigns-2024 is archived"),
        ("C0SECRET", "I cannot see a channel C0SECRET."),
        ("#nosuch", "#nosuch is no channel that I know."),
        ("@mei", "I tell people only what they asked for themselves."),
    ],
)
async def test_a_place_where_it_cannot_be_told_is_refused_with_what_to_do(office, to, words):
    assert words in (await office.ask(LIN, f"task watch 19124 --to {to}")).plain
    assert await notices(office) == []
    assert office.box.requests == []


async def test_a_viewer_does_not_speak_in_channels(office):
    answer = (await office.ask(VERA, "task watch 19124 --to #edm-alerts")).plain
    assert "That needs the role operator" in answer
    assert await notices(office) == []


async def test_what_has_ended_or_is_unknown_is_not_followed(office):
    done = next(t for t in office.box.world.umail["demo-umail"].tasks.values() if t.status.name == "SENT")
    assert "there is nothing more to follow" in (await office.ask(LIN, f"task watch {done.id}")).plain
    assert "knows no task 1" in (await office.ask(LIN, "task watch 1")).plain
    assert await notices(office) == []


async def test_who_follows_it_may_stop(office):
    await office.ask(LIN, "task watch 19124")
    assert "I follow task 19124 no longer in #general" in (await office.ask(OPS, "task unwatch 19124")).plain
    [notice] = await notices(office)
    assert (notice.open_key, notice.facts["stopped_by"], notice.wanted) == (None, OPS, 2)
    assert "Nobody follows task 19124 in #general" in (await office.ask(OPS, "task unwatch 19124")).plain


async def test_at_a_terminal_the_place_must_be_named(office, edmbot):
    told = await edmbot("exec", "task watch 19124", environ=office.environ)
    assert (told.status, "Where to? Here it must be named" in told.out) == (2, True)
    told = await edmbot("exec", "--json", "task watch 19124 --to C0ALERTS", environ=office.environ)
    found = json.loads(told.out)["facts"]
    assert (told.status, found["receiver"], found["new"]) == (0, "C0ALERTS", True)


# What it shows


def facts(**about):
    task = {"status": "sending", "sent": 1_000, "planned": 10_000, "unsent": 0, "observed_at": AT.isoformat()}
    return {**task, **about}


def snapshot(state="sending", **about):
    return Snapshot(
        account="umail",
        kind="task",
        subject="7",
        version=2,
        state=state,
        facts=facts(status=state, **about),
        first_seen=AT,
        observed_at=AT,
        changed_at=AT,
    )


@pytest.fixture
async def followed(store):
    """Task 7 is followed by Lin in a channel, and was shown."""

    def begun(session, now):
        found = watch.watch(
            session, now, receiver="C0ALERTS", account="umail", task_id="7", user=LIN, facts=facts()
        ).notice
        found.shown, found.due_at = 1, None
        return found.id

    return await store.transact(begun)


async def shown(store, notice_id):
    def read(session, now):
        notice = session.get(Notice, notice_id)
        return notice, watch.facts_of(session, notice)

    notice, about = await store.transact(read)
    return notice, render("watch/progress", "en", **revived(about)).text.splitlines()


async def poll(store, *rows, subjects=("task/7", "task/8")):
    def recorded(session, now):
        for row in rows:
            session.merge(row)
        session.flush()
        watch.touch(session, now, "umail", subjects)

    await store.transact(recorded)


def sample(minutes, **counters):
    return StatSample(account="umail", subject="task/7", at=AT + timedelta(minutes=minutes), counters=counters)


async def test_before_any_poll_it_shows_what_was_read_when_it_was_asked_for(store, followed):
    _, lines = await shown(store, followed)
    assert lines[:3] == ["🟢 Task 7 sending, 10.0 % · 1,000 of 10,000", "▇▇░░░░░░░░░░░░░░░░░░", "bounces not known yet"]


async def test_a_poll_moves_it_on_with_rate_time_left_and_bounces(store, followed):
    bounces = Snapshot(
        account="umail",
        kind="stats",
        subject="task/7",
        version=1,
        state="known",
        facts={"bounced_hard": 30, "mailbox_full": 1, "connection_error": None},
        first_seen=AT,
        observed_at=AT,
        changed_at=AT,
    )
    samples = [sample(n, sent=1_000 + n * 200, planned=10_000) for n in range(11)]
    # Statistics count otherwise and lag behind: no rate is made of them.
    await poll(store, snapshot(sent=3_000), bounces, *samples, sample(10.5, sent=5))
    notice, lines = await shown(store, followed)
    assert (notice.wanted, notice.due_at is not None) == (2, True)
    assert lines[0] == "🟢 Task 7 sending, 30.0 % · 3,000 of 10,000"
    assert lines[2] == "about 12,000 an hour · about 35 min to go · 31 bounces"


async def test_a_task_that_nobody_follows_costs_no_message(store, followed):
    def recorded(session, now):
        watch.touch(session, now, "umail", ["task/8", "balance"])
        watch.touch(session, now, "old", ["task/7"])

    await store.transact(recorded)
    assert (await shown(store, followed))[0].wanted == 1


async def test_edits_keep_their_distance(store, followed):
    await poll(store, snapshot())
    first = (await shown(store, followed))[0].due_at
    await poll(store, snapshot(sent=2_000))
    notice, _ = await shown(store, followed)
    # Still on its way: it will show the later figures, too.
    assert (notice.due_at, notice.wanted) == (first, 3)

    def sent(session, now):
        session.get(Notice, followed).due_at = None

    await store.transact(sent)
    await poll(store, snapshot(sent=3_000))
    assert (await shown(store, followed))[0].due_at == first + watch.EVERY


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("sent", "✅ Task 7 sent, 100.0 % · 9,990 of 10,000"),
        ("failed", "🔴 Task 7 failed, 100.0 % · 9,990 of 10,000"),
        ("vanished", "❔ Task 7 is no longer there: the vendor does not know it any more"),
    ],
)
async def test_it_ends_with_the_task(store, followed, state, line):
    await poll(store, snapshot(state, sent=9_990, unsent=10))
    notice, lines = await shown(store, followed)
    assert (notice.open_key, notice.closed_at is not None, notice.wanted) == (None, True, 2)
    assert lines[0] == line
    assert lines[-1].endswith("that was the last of it")
    assert await store.transact(lambda session, _now: watch.watched(session, "umail")) == set()


async def test_a_paused_task_goes_on_being_followed_without_a_rate(store, followed):
    samples = [sample(n, sent=1_000 + n * 200, planned=10_000) for n in range(3)]
    await poll(store, snapshot("paused", sent=1_400), *samples)
    notice, lines = await shown(store, followed)
    assert notice.open_key is not None
    assert lines[0] == "⏸️ Task 7 paused, 14.0 % · 1,400 of 10,000"
    assert lines[2] == "bounces not known yet"


async def test_polls_hear_what_is_followed_and_look_at_once(store, followed):
    def asked(session, now):
        session.add(snapshot())
        session.flush()
        watch.watch(session, now, receiver="U0MEI", account="umail", task_id="7", user="U0MEI", facts=facts())
        return session.get(Snapshot, ("umail", "task", "7")).look_at == now, watch.watched(session, "umail")

    assert await store.transact(asked) == (True, {"7"})


@pytest.mark.parametrize(
    ("counted", "rate"),
    [([], None), ([(0, 5)], None), ([(0, 5), (0.1, 9)], None), ([(0, 5), (10, 5)], None), ([(0, 0), (10, 600)], 3_600)],
)
def test_a_rate_wants_two_counts_some_time_apart(counted, rate):
    assert watch.hourly_rate([sample(minutes, sent=sent, planned=1) for minutes, sent in counted]) == rate


# In Slack


async def test_the_message_stands_in_the_channel_is_edited_and_ends_when_somebody_says_so(office):
    await office.ask(LIN, "task watch 19124")
    await show(office)
    message = await office.slack.wait(LIN, "C0GENERAL", lambda m: "Task 19124 sending, 46.1 %" in m.plain, timeout=1.0)
    assert message.ephemeral_for is None
    seen = snapshot(sent=50_000, planned=90_000)
    seen.subject = "19124"
    await poll(office.store, seen, subjects=["task/19124"])
    await show(office)
    edited = await office.slack.wait(LIN, "C0GENERAL", lambda m: "50,000 of 90,000" in m.plain, timeout=1.0)
    assert edited.ts == message.ts
    before = office.shown(OPS)
    await office.slack.click(OPS, edited, "Stop watching")
    for _ in range(100):
        if (await notices(office))[0].closed_at:
            break
        await asyncio.sleep(0.01)
    await show(office)
    ended = await office.slack.wait(LIN, "C0GENERAL", lambda m: "no longer followed: @ops stopped it" in m.plain)
    assert (ended.ts, [button.text for button in ended.buttons]) == (message.ts, ["Show statistics"])
    assert [
        one for one in office.slack.visible(OPS, "C0GENERAL") if one.ephemeral_for and (one.ts, one.plain) not in before
    ] == []
