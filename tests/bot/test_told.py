"""What happens at a vendor is told: once, where it should be, with what helps, and to its end.

The whole way, over sockets: the sandbox's vendor, polls, rules, alerts, outbox, Slack, and people's clicks.
"""

import pytest

import bridge.notices.threads
import jobs.scheduler
import providers.http
from providers.umail import UMail
from sandbox.mailing import Status
from sandbox.outcomes import USUAL, Failure
from store.tables import AlertState, Notice, Silence
from tests.bot.shift import ALERTS, DIGEST, LIN, MEI, NOON, OPS, shift_in

GENERAL = "C0GENERAL"
BAD = USUAL | {Failure.NOT_EXIST: 0.4}
"""Of every ten messages, four come back."""


@pytest.fixture
def moment():
    return NOON


@pytest.fixture(autouse=True)
def _quick_duties(monkeypatch):
    for name in ("duties", "outbox", "alive"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 0.02)
    # Reads are repeated in real seconds; how, is for the providers' tests.
    monkeypatch.setattr(providers.http, "ATTEMPTS", 1)


@pytest.fixture
def closed_shift(closed_office, tmp_path, monkeypatch):
    shift = shift_in(tmp_path, closed_office)
    monkeypatch.setitem(UMail.__init__.__kwdefaults__, "clock", lambda: closed_office.clock.at)
    return shift


@pytest.fixture
async def shift(closed_shift):
    async with closed_shift.on():
        yield closed_shift


async def test_the_first_poll_is_silent(shift):
    """Though a task has failed before, and another was stopped."""
    await shift.goes_by(seconds=30)
    assert shift.told() == []
    assert await shift.alerts() == {}


async def test_a_task_that_fails_is_told_once_with_what_since_when_how_bad_and_what_helps(shift):
    shift.enters(Status.FAILED)
    for _ in range(4):
        await shift.a_poll()
    [told] = shift.told()
    assert told.plain.split("\n")[0].startswith("🔴 Task 19124 has failed: 41,")
    assert " of 90,000" in told.plain
    assert "umail · since Today 5:01 AM · rule task-failed, critical" in told.plain
    assert [button.text for button in told.buttons] == ["Show task", "Acknowledge"]
    assert shift.thread(told) == []
    assert len(await shift.happened("task.failed")) == 1


async def test_a_task_that_came_and_failed_between_two_polls_is_not_missed(shift):
    shift.enters(Status.SENDING, 19123)
    shift.enters(Status.FAILED, 19123)
    await shift.a_poll()
    [told] = shift.told()
    assert "Task 19123 has failed" in told.plain


async def test_bounces_that_climb_are_told_and_followed_in_the_same_message(closed_shift):
    closed_shift.configure(rules=[{"name": "bounces", "above": "4%"}])
    async with closed_shift.on() as shift:
        shift.office.box.world.worsen(19124, BAD)
        await shift.minutes(11)
        [told] = shift.told()
        assert told.plain.startswith("🟠 Bounces at 4.")
        assert "on task 19124, usual is 1.9 %: 1," in told.plain
        assert [button.text for button in told.buttons] == ["Pause task", "Acknowledge"]
        await shift.minutes(10)
        [now] = shift.told()
        assert (now.ts, now.plain[:14]) == (told.ts, "🟠 Bounces at 6")


async def test_an_acknowledgement_shows_her_name_and_who_comes_later_is_told_whose_it_is(shift):
    shift.enters(Status.FAILED)
    await shift.a_poll()
    [told] = shift.told()
    await shift.press(LIN, told, "Acknowledge")
    now = shift.again(told)
    assert "Acknowledged by @lin at " in now.plain
    assert [button.text for button in now.buttons] == ["Show task"]
    # Her screen still showed the button.
    await shift.office.slack.click(OPS, told, "Acknowledge")
    late = await shift.office.told(OPS, "@lin", ALERTS)
    assert "acknowledged" in late.plain
    [story] = shift.thread(told)
    # Her name in words: a mention in a new post would call her for what she has just done.
    assert story.plain.endswith("acknowledged by lin")


async def test_a_list_of_a_group_names_who_has_an_alert_in_hand_and_calls_nobody(shift, monkeypatch):
    monkeypatch.setattr(bridge.notices.threads, "LISTED", 1)
    shift.enters(Status.FAILED)
    await shift.a_poll()
    [told] = shift.told()
    await shift.press(LIN, told, "Acknowledge")
    shift.enters(Status.FAILED, 19123)
    await shift.a_poll()
    [members] = [one for one in shift.thread(told) if one.plain.startswith("alerts 1 to 2")]
    assert "Task 19124 has failed" in members.plain
    assert "@lin is on it" in members.plain
    assert members.pings == []


async def test_an_end_is_told_in_the_same_message_with_how_long_it_lasted(shift):
    shift.enters(Status.FAILED)
    await shift.a_poll()
    [told] = shift.told()
    await shift.press(LIN, told, "Acknowledge")
    await shift.minutes(10)
    shift.enters(Status.SENDING)
    await shift.minutes(2)
    [now] = shift.told()
    assert now.ts == told.ts
    assert now.plain.startswith("✅ Resolved after 11 min: Task 19124 has failed")
    assert shift.again(told).buttons == []


async def test_pause_is_one_click_away_from_what_is_told(closed_shift):
    closed_shift.configure(rules=[{"name": "bounces", "above": "4%"}])
    async with closed_shift.on() as shift:
        shift.office.box.world.worsen(19124, BAD)
        await shift.minutes(11)
        [told] = shift.told()
        before = shift.office.shown(OPS, ALERTS)
        await shift.press(OPS, told, "Pause task")
        answer = await shift.office.answer(OPS, ALERTS, before)
        assert "19124" in answer.plain
        assert shift.task().status is Status.PAUSED
        await shift.minutes(6)
        assert "Resolved after" in shift.again(told).plain
        assert len(shift.office.changes) == 1


async def test_a_vendor_that_is_away_is_one_message_and_what_depends_on_it_waits(closed_shift):
    closed_shift.configure(rules=[{"name": "bounces", "above": "4%"}])
    async with closed_shift.on() as shift:
        shift.office.box.world.worsen(19124, BAD)
        await shift.minutes(11)
        [bounces] = shift.told()
        shift.office.box.faults.inject("umail", "down")
        shift.enters(Status.FAILED, 19123)
        await shift.minutes(45)
        assert "umail cannot be reached: these figures are the last known ones" in shift.again(bounces).plain
        [away] = [one for one in shift.told() if one.ts != bounces.ts]
        assert away.plain.startswith("🔴 umail cannot be reached")
        shift.office.box.faults.clear()
        # Failing polls had been put off, to five minutes and a little.
        await shift.minutes(12)
        assert shift.again(away).plain.startswith("✅ Resolved after ")
        assert "cannot be reached" not in shift.again(bounces).plain
        [failed] = [one for one in shift.told() if one.ts not in (away.ts, bounces.ts)]
        assert "2 of 2 alerts are firing" in failed.plain
        assert "Task 19123 has failed" in failed.plain


async def test_a_rule_that_pauses_does_so_once_and_leaves_alone_what_somebody_lets_go_on(closed_shift):
    closed_shift.configure(rules=[{"name": "bounces", "above": "4%", "action": "pause", "cooldown": "2h"}])
    async with closed_shift.on() as shift:
        shift.office.box.world.worsen(19124, BAD)
        await shift.minutes(12)
        assert shift.task().status is Status.PAUSED
        [told] = shift.told()
        assert "I paused the task" in told.plain
        assert "Resume task" in [button.text for button in told.buttons]
        await shift.minutes(6)
        assert "I paused the task" in shift.again(told).plain
        shift.enters(Status.SENDING)
        await shift.minutes(12)
        assert shift.task().status is Status.SENDING
        assert len(shift.office.changes) == 1
        [later] = [one for one in shift.told() if one.ts != told.ts]
        assert "I have paused this task before and leave it alone now" in later.plain


async def test_a_silence_shows_what_it_hides_and_its_end_follows_what_was_shown(shift):
    shift.enters(Status.FAILED)
    await shift.a_poll()
    [told] = shift.told()
    preview = await shift.office.ask(OPS, "silence rule=task-failed 10m", ALERTS)
    assert "It hides 1 alert that is open now:\n🔴 Task 19124 has failed" in preview.plain
    assert await shift.rows(Silence) == []
    await shift.office.press(OPS, preview, "Silence", ALERTS)
    shift.enters(Status.FAILED, 19123)
    shift.enters(Status.SENDING)
    await shift.minutes(5)
    assert "Resolved after" in shift.again(told).plain
    assert not any("19123" in one.plain for one in shift.told())
    await shift.minutes(7)
    assert [one for one in shift.told() if "Task 19123 has failed" in one.plain]


async def test_a_channel_hears_of_what_it_subscribed_to_and_of_nothing_else(shift):
    await shift.office.ask(OPS, "subscribe task.paused", GENERAL)
    shift.enters(Status.PAUSED)
    shift.enters(Status.FAILED, 19123)
    await shift.a_poll()
    [told] = shift.told(GENERAL)
    assert told.plain.startswith("⏸️ Task 19124 was paused · 41,")
    await shift.office.ask(OPS, "unsubscribe task.paused", GENERAL)
    shift.enters(Status.SENDING)
    await shift.a_poll()
    shift.enters(Status.PAUSED)
    await shift.a_poll()
    assert [one.ts for one in shift.told(GENERAL)] == [told.ts]


async def test_a_watched_task_is_one_message_that_moves_until_its_end(shift):
    await shift.office.ask(OPS, "task watch 19124", GENERAL)
    await shift.settled()
    [first] = shift.told(GENERAL)
    assert "Task 19124 sending, 46." in first.plain
    for _ in range(12):
        await shift.goes_by(seconds=30)
    now = shift.again(first)
    assert "Task 19124 sending, 47." in now.plain
    assert " an hour · about 4 h to go · 7" in now.plain
    shift.enters(Status.SENT)
    await shift.a_poll()
    assert "that was the last of it" in shift.again(first).plain
    [_] = shift.told(GENERAL)


async def test_the_day_is_summed_up_once_at_its_time(closed_shift):
    closed_shift.configure(digest={"at": "12:05"})
    async with closed_shift.on() as shift:
        await shift.minutes(3)
        assert shift.told(DIGEST) == []
        shift.enters(Status.FAILED)
        await shift.minutes(4)
        [told] = shift.told(DIGEST)
        assert told.plain.startswith("🔴 Something needs you\n🔴 umail · ")
        assert "Task 19124 has failed" in told.plain
        await shift.minutes(5)
        [_] = shift.told(DIGEST)


async def test_after_a_gap_the_admins_hear_of_it_and_what_was_missed_is_told(closed_shift):
    async with closed_shift.on() as shift:
        await shift.minutes(1)
    closed_shift.enters(Status.FAILED)
    closed_shift.jump(minutes=70)
    async with closed_shift.on() as shift:
        await shift.minutes(1)
        [away] = shift.office.slack.visible(MEI, "D0MEI")
        assert "不在线" in away.plain
        [told] = shift.told()
        assert "Task 19124 has failed" in told.plain
        await shift.minutes(3)
    assert len(closed_shift.told()) == 1
    assert len(closed_shift.office.slack.visible(MEI, "D0MEI")) == 1


async def test_nobody_is_woken_twice_by_a_restart_and_the_next_step_comes_all_the_same(closed_shift):
    steps = [{"who": ["S0ONCALL"]}, {"after": "15m", "who": [MEI]}]
    closed_shift.configure(oncall={"edm": steps}, routes=[{"oncall": "edm"}])
    async with closed_shift.on() as shift:
        shift.enters(Status.FAILED)
        await shift.a_poll()
        [told] = shift.told()
        assert told.pings == ["S0ONCALL"]
    closed_shift.jump(minutes=1)
    async with closed_shift.on() as shift:
        await shift.minutes(10)
        assert shift.thread(told) == []
        await shift.minutes(5)
        [call] = [one for one in shift.thread(told) if MEI in one.pings]
        assert call.pings == [MEI]
        assert "Nobody has acknowledged this for 15 min" in call.plain
        await shift.press(OPS, call, "Acknowledge")
        await shift.minutes(10)
        assert (await shift.alerts())["task/19124"] is AlertState.ACKNOWLEDGED
        assert len([one for one in shift.thread(told) if MEI in one.pings]) == 1


async def test_a_storm_that_slack_slows_down_is_told_whole(shift):
    """Known failure: what meets a 429 is dropped, or waits for the next round."""
    shift.office.slack.faults.inject("http_429", "chat.postMessage", times=3, seconds=20)
    for number in (19123, 19124, 19126, 19129):
        shift.enters(Status.FAILED, number)
    for _ in range(7):
        await shift.a_poll()
    named = {number for one in shift.told() for number in ("19123", "19124", "19126", "19129") if number in one.plain}
    assert named == {"19123", "19124", "19126", "19129"}
    ids = [post.metadata["event_payload"]["id"] for post in shift.office.slack.workspace.posts(ALERTS)]
    assert sorted(ids) == sorted({row.id for row in await shift.rows(Notice) if row.ts})
    assert shift.office.slack.faults.waiting == ()
