"""The world lives: tasks start, progress, end; credit is spent; and steps of any size lead to the same place."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import WorldClock
from sandbox.mailing import DISPATCH, IN_FLIGHT, Status
from sandbox.outcomes import USUAL, Failure, Stretch, Tally
from sandbox.seeds import demo

START = datetime(2026, 11, 20, 2, 4, tzinfo=UTC)


def world():
    return demo(WorldClock.stepped(START))


def everything(world):
    now = world.advance()
    accounts = world.umail.values()
    tasks = [
        (task.id, task.status, task.time_start, task.time_end, task.tally(now), task.tally(now, settled=False))
        for account in accounts
        for task in account.tasks.values()
    ]
    return tasks, [account.balance(now) for account in accounts]


@pytest.mark.parametrize("steps", [2, 36, 225])
def test_many_small_steps_are_one_large_step(steps):
    once, often = world(), world()
    once.clock.step(36_000)
    for _ in range(steps):
        often.clock.step(36_000 / steps)
        often.advance()

    assert everything(often) == everything(once)


def test_who_starts_first_gets_the_last_points_whatever_the_steps():
    once, often = world(), world()
    for each in (once, often):
        each.umail["demo-umail"].credit = 26_000
    once.clock.step(10_800)
    for _ in range(90):
        often.clock.step(120)
        often.advance()

    assert everything(once) == everything(often)
    assert once.task(19123).status is Status.SENT
    assert once.task(19131).position(once.clock.now()) == 0


def test_a_look_between_changes_nothing():
    looked, left = world(), world()
    for each in (looked, left):
        each.clock.step(1_000)
    for _ in range(3):
        everything(looked)
    for each in (looked, left):
        each.clock.step(9_000)

    assert everything(looked) == everything(left)


def test_counts_never_fall_and_always_add_up():
    campaign = world()
    before = Tally()
    for _ in range(120):
        campaign.clock.step(97)
        tally = campaign.task(19124).tally(campaign.clock.now())
        assert all(tally.of(kind) >= before.of(kind) for kind in Failure)
        assert tally.sent + tally.not_sent == tally.processed
        assert tally.delivered + tally.failed == tally.sent
        assert tally.delivered >= before.delivered
        before = tally


def test_a_task_sends_at_its_speed():
    campaign = world()
    before = campaign.task(19124).position(START)
    campaign.clock.step(3_600)

    assert campaign.task(19124).position(campaign.clock.now()) == before + 12_000


def test_bounces_of_every_category_accrue():
    campaign = world()
    before = campaign.task(19124).tally(START)
    campaign.clock.step(2 * 3_600)
    grown = campaign.task(19124).tally(campaign.clock.now()) - before

    assert all(grown.of(kind) > 0 for kind in Failure)


def test_a_scheduled_task_starts_at_its_time_and_is_sent_completely():
    evening = world()
    task = evening.task(19126)
    assert task.status is Status.WAITING
    evening.clock.step((task.settings.send_time - START).total_seconds() - 1)
    assert evening.task(19126).status is Status.WAITING
    evening.clock.step(2)
    assert evening.task(19126).status is Status.SENDING
    assert task.time_start == task.settings.send_time
    evening.clock.step(3 * 3_600)

    assert evening.task(19126).status is Status.SENT
    assert task.time_end == task.time_start + timedelta(hours=3)
    assert task.tally(evening.clock.now()).processed < 90_000
    assert task.tally(task.time_end + IN_FLIGHT).processed == 90_000


def test_this_evening_is_always_to_come():
    late = demo(WorldClock.stepped(datetime(2026, 11, 20, 11, 45, tzinfo=UTC)))

    assert late.task(19126).settings.send_time == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_what_waits_moves_on_by_itself():
    morning = world()
    assert (morning.task(19123).status, morning.task(19130).status) == (Status.QUEUED, Status.INGESTING)
    morning.clock.step(601)

    assert (morning.task(19123).status, morning.task(19130).status) == (Status.SENDING, Status.WAITING)


def test_a_task_can_fail_half_way():
    morning = world()
    morning.clock.step(3_600)
    task = morning.task(19131)

    assert task.status is Status.FAILED
    assert task.position(morning.clock.now()) == 1_500


def test_a_task_that_cannot_be_paid_fails_when_it_should_start():
    poor = world()
    poor.umail["demo-umail"].credit = 1_000
    poor.clock.step(24 * 3_600)

    assert poor.task(19126).status is Status.FAILED
    assert poor.task(19126).position(poor.clock.now()) == 0


def test_points_are_taken_ahead_and_too_many_returned():
    campaign = world()
    account, task = campaign.umail["demo-umail"], campaign.task(19124)
    assert account.balance(START) == 311_016
    assert task.prepaid(START) == 42_000
    assert task.prepaid(START) > task.tally(START).sent

    campaign.clock.step(5 * 3_600)
    now = campaign.advance()
    assert task.status is Status.SENT
    assert task.rebate(now) > 0
    assert task.charged(now) == task.tally(now).sent - task.rebate(now)


def test_a_rebate_comes_when_everything_is_counted():
    campaign = world()
    task = campaign.task(19124)
    campaign.clock.step(5 * 3_600)
    campaign.advance()

    assert task.rebate(task.time_end + IN_FLIGHT / 2) == 0
    assert task.rebate(task.time_end + IN_FLIGHT) == task.tally(task.time_end + IN_FLIGHT).rebate


def test_a_day_counts_what_was_sent_before_its_midnight():
    overnight = demo(WorldClock.stepped(datetime(2026, 11, 20, 15, 0, tzinfo=UTC)))
    overnight.clock.step(2 * 3_600)
    now = overnight.advance()
    task = overnight.task(19124)
    friday, saturday = START.date(), START.date() + timedelta(days=1)

    assert task.tally_on(friday, now).processed == 41_513 + 12_000
    assert task.tally_on(saturday, now).processed == 12_000
    assert task.tally_on(friday, now) + task.tally_on(saturday, now) == task.tally(now)


def test_bounces_can_be_made_to_climb():
    storm = world()
    calm, task = storm.task(19124).tally(START), storm.task(19124)
    storm.worsen(19124, USUAL | {Failure.NOT_EXIST: 0.4})
    assert task.tally(START) == calm
    storm.clock.step(720)
    grown = task.tally(storm.clock.now()) - calm

    assert 0.3 < grown.of(Failure.NOT_EXIST) / grown.processed < 0.5


def test_an_unknown_task_cannot_get_worse():
    with pytest.raises(KeyError):
        world().worsen(1, USUAL)


def test_shares_leave_room_for_delivery():
    with pytest.raises(ValueError, match="shares"):
        Stretch("x", Tally(), {Failure.NOT_EXIST: 0.9})


def test_a_resumed_task_is_picked_up_after_a_moment():
    morning = world()
    task = morning.task(19129)
    task.enter(Status.WAITING, START)
    assert task.due() == START + DISPATCH
    morning.clock.step(60)

    assert morning.task(19129).status is Status.SENDING


def test_time_runs_faster_when_asked_to():
    clock, began = WorldClock.running(speed=1_000_000), time.monotonic()
    first = clock.now()
    while clock.now() - first < timedelta(seconds=1_000):
        pass

    assert time.monotonic() - began < 1


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="backwards"):
        WorldClock.stepped(START).step(-1)
    with pytest.raises(ValueError, match="aware"):
        WorldClock.stepped(START.replace(tzinfo=None))
