"""What is usual for an account, and which views the rules get; rows on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.alerts.rules import (
    BalanceLowRule,
    BalanceShortRule,
    BounceRateRule,
    TaskLateRule,
    TaskStalledRule,
    TaskStatusRule,
)
from bridge.alerts.usual import Sample, balances, burn, last_movement, unfinished, usual
from bridge.alerts.verdicts import Clear, Firing, judge
from bridge.alerts.views import aging, views
from bridge.record import Look, note, record, while_open
from bridge.sightings import Kind, of_balance, of_provider, of_stats, of_task
from providers.errors import UnreachableError
from providers.model import Balance, SendStats, Task, TaskStatus
from store.tables import Alert, AlertState

ME = "umail"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def samples(*lefts, first=AT - 4 * DAY):
    return [Sample(first + DAY * number, {"emails_left": left}) for number, left in enumerate(lefts)]


BURNS = [
    (samples(1000, 900, 700, 500, 400), 150),
    (samples(1000, 900, 5000, 4900, 4800), 75),
    (samples(1000), 0),
    (samples(1000, None, 600), 100),
    (samples(None), None),
    ([], None),
    (samples(1000, first=AT - 23 * HOUR), None),
    (samples(1000, 0, first=AT - 30 * HOUR), 800),
]


@pytest.mark.parametrize(("known", "expected"), BURNS)
def test_what_a_day_takes_is_what_went_and_not_what_was_bought(known, expected):
    assert burn(known, AT) == expected


def test_a_day_may_still_be_going_on_somewhere():
    assert unfinished(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)) == date(2026, 11, 20)
    assert unfinished(datetime(2026, 11, 21, 13, 0, tzinfo=UTC)) == date(2026, 11, 21)


# ---- rows


@pytest.fixture
async def store(store):
    await set_clock(store, AT)
    return store


async def set_clock(store, at):
    store.clock_offset += at - await store.now()


class Eyes:
    """A judge that keeps the views of what was recorded."""

    def __call__(self, session, now, *, account, events, touched):
        self.views = views(session, now, account, touched, asked=True)


async def seen(store, kind, *sightings, missing=()):
    eyes = Eyes()
    await record(store, Look(noted=await note(store, ME, kind), sightings=sightings, missing=missing), eyes, while_open)
    return {view.subject: view for view in getattr(eyes, "views", ())}


async def aged(store, accounts=(ME,)):
    found = await store.transact(lambda session, now: aging(session, now, accounts, asked=True))
    assert len({(view.account, view.kind, view.row.subject) for view in found}) == len(found)
    return {(view.kind.value, view.row.subject): view for view in found}


def told(**more):
    return {"account": ME, "observed_at": AT, "source": "call"} | more


def task(status, number="1", **more):
    fields = {"raw_status": "2", "planned": 900, "sent": 100} | more
    return of_task(Task(**told(), id=number, status=status, **fields))


def stats(subject, **counters):
    return of_stats(SendStats(**told(), **counters), subject)


def balance(left):
    return of_balance(Balance(**told(), emails_left=left))[0]


async def test_the_usual_is_the_last_word_on_each_of_the_seven_days_before(store):
    for back in range(9, -1, -1):
        for hour, failed in ((3, 1), (9, 10 + back)):
            await set_clock(store, AT - back * DAY - 12 * HOUR + hour * HOUR)
            day = f"day/{(AT - back * DAY).date()}"
            await seen(store, Kind.STATS, stats(day, sent=1000, failed=failed))
    found = await store.transact(lambda session, _now: usual(session, ME, AT.date()))
    assert {day.day: counters["failed"] for day, counters in found.days.items()} == {
        21 - back: 10 + back for back in range(1, 8)
    }
    assert (await store.transact(lambda session, _now: usual(session, "other", AT.date()))).days == {}


async def test_statistics_come_with_their_task_and_with_what_was_usual(store):
    await seen(store, Kind.STATS, stats("day/2026-11-19", sent=1000, failed=10))
    await seen(store, Kind.TASK, task(TaskStatus.SENDING))
    found = await seen(store, Kind.STATS, stats("task/1", sent=900, failed=60))
    view = found["task/1"]
    assert (view.task.subject, view.usual.days[date(2026, 11, 19)]["failed"]) == ("1", 10)
    fired = judge(BounceRateRule(name="x", times=3), view)
    assert (fired.reason, fired.facts["usual"]) == ("above_usual", 0.01)


async def test_a_day_is_measured_against_the_days_before_it(store):
    await seen(store, Kind.STATS, stats("day/2026-11-18", sent=1000, failed=10))
    found = await seen(store, Kind.STATS, stats("day/2026-11-19", sent=1000, failed=500))
    assert list(found["day/2026-11-19"].usual.days) == [date(2026, 11, 18)]


async def test_a_task_that_is_paused_clears_what_was_said_of_its_rates(store):
    await seen(store, Kind.TASK, task(TaskStatus.SENDING))
    await seen(store, Kind.STATS, stats("task/1", sent=900, failed=600))
    eyes = Eyes()
    await record(
        store,
        Look(noted=await note(store, ME, Kind.TASK), sightings=[task(TaskStatus.PAUSED)]),
        eyes,
    )
    (rates,) = [view for view in eyes.views if view.kind is Kind.STATS]
    assert judge(BounceRateRule(name="x", above=0.1), rates) == Clear("halted")


async def test_a_task_that_is_scheduled_has_the_credit_judged(store):
    await seen(store, Kind.BALANCE, balance(500))
    await seen(store, Kind.TASK)
    found = await seen(store, Kind.TASK, task(TaskStatus.SCHEDULED))
    fired = judge(BalanceShortRule(name="x"), found["balance"])
    assert (fired.reason, fired.facts["missing"]) == ("short", 400)


async def test_a_state_is_fresh_when_it_changed_or_was_discovered_and_never_at_the_first_poll(store):
    rule = TaskStatusRule(name="x")
    found = await seen(store, Kind.TASK, task(TaskStatus.FAILED))
    assert judge(rule, found["task/1"]) is None
    found = await seen(store, Kind.TASK, task(TaskStatus.FAILED, detail="again"))
    assert judge(rule, found["task/1"]) is None
    found = await seen(store, Kind.TASK, task(TaskStatus.FAILED, "2"))
    assert isinstance(judge(rule, found["task/2"]), Firing)


async def test_a_balance_knows_the_last_days_and_what_it_began_them_with(store):
    for back, left in ((9, 9000), (8, 8000), (3, 5000), (0, 1000)):
        await set_clock(store, AT - back * DAY)
        found = await seen(store, Kind.BALANCE, balance(left))
    rows = await store.transact(lambda session, now: balances(session, ME, now))
    assert [row.counters["emails_left"] for row in rows] == [8000, 5000, 1000]
    assert burn(rows, AT) == pytest.approx(1000, rel=1e-3)
    assert judge(BalanceLowRule(name="x", days=2), found["balance"]).reason == "runs_out"


async def test_a_task_moved_when_its_own_counters_did_and_not_its_statistics(store):
    await seen(store, Kind.TASK, task(TaskStatus.SENDING))
    await set_clock(store, AT + HOUR)
    await seen(store, Kind.STATS, stats("task/1", sent=100, delivered=90))
    (row,) = await store.transact(lambda session, _now: last_movement(session, ME, "task/1"))
    assert (row.at - AT).total_seconds() == pytest.approx(0, abs=5)
    found = await seen(store, Kind.TASK, task(TaskStatus.SENDING, detail="slow"))
    rule = TaskStalledRule(name="x", after=HOUR / 2)
    assert judge(rule, found["task/1"]).reason == "stalled"
    found = await seen(store, Kind.TASK, task(TaskStatus.SENDING, sent=101))
    assert judge(rule, found["task/1"]) == Clear()


# ---- what only time changes


async def test_time_alone_makes_a_task_late_once_the_vendor_has_said_again_that_it_waits(store):
    due = AT + HOUR
    await seen(store, Kind.TASK, task(TaskStatus.SCHEDULED, scheduled_at=due), task(TaskStatus.SENT, "2"))
    rule = TaskLateRule(name="x", after=HOUR / 4)
    await set_clock(store, due + HOUR)
    assert judge(rule, (await aged(store))["task", "1"]) == Clear()
    await seen(store, Kind.TASK, task(TaskStatus.SCHEDULED, scheduled_at=due))
    found = await aged(store)
    assert judge(rule, found["task", "1"]).reason == "late"
    assert ("task", "2") not in found


async def test_accounts_are_looked_at_whatever_they_are(store):
    await seen(store, Kind.BALANCE, balance(10))
    await seen(store, Kind.PROVIDER, of_provider(ME, UnreachableError("x"), AT))
    assert set(await aged(store)) == {("balance", ""), ("provider", "")}
    assert await aged(store, ["other"]) == {}


async def test_what_has_an_alert_is_looked_at_until_its_rule_is_clear(store):
    await seen(store, Kind.TASK, task(TaskStatus.FAILED))
    await seen(store, Kind.STATS, stats("task/1", sent=900, failed=600), stats("day/2026-11-20", sent=9))

    def alert(session, now, key, subject, state=AlertState.FIRING):
        about = {"rule": "x", "kind": "task_status", "severity": "critical", "account": ME, "subject": subject}
        session.add(Alert(open_key=key, **about, state=state, reason="status", facts={}, peak={}, began_at=now))

    def add(session, now):
        alert(session, now, "a", "task/1", AlertState.RESOLVED)
        alert(session, now, "b", "day/2026-11-20")
        alert(session, now, None, "template/9", AlertState.RESOLVED)
        alert(session, now, "c", "provider")

    await store.transact(add)
    found = await aged(store)
    assert set(found) == {("task", "1"), ("stats", "task/1"), ("stats", "day/2026-11-20")}
    await set_clock(store, AT + 4 * DAY)
    assert judge(TaskStatusRule(name="x"), (await aged(store))["task", "1"]) == Clear("over")
