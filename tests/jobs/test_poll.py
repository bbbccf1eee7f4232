"""What is asked of a vendor, and when: over sockets, with a clock that only the test moves."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import select

from jobs.settings import Polling
from sandbox.mailing import Run, Status
from store.jobs import jobs
from store.tables import MessageWatch, Snapshot
from tests.jobs.conftest import account


def asked(requests):
    """Task lists by what they ask for."""
    return Counter(
        request.params.get("send_status") or request.params.get("date") or f"id {request.params['id']}"
        for request in requests
        if request.call == "task-list"
    )


SENDING, WAITING = {"2": 1, "0": 1, "-5": 1}, {"1": 1, "-2": 1}


async def test_the_first_poll_is_a_silent_baseline(tower):
    requests = await tower.round(tower.clock("umail tasks"))
    assert asked(requests) == {**SENDING, **WAITING, "-1": 1, "2026-11-21": 1}
    assert tower.seen == []


async def test_tasks_that_are_sent_are_asked_for_each_minute_and_others_more_rarely(tower):
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    assert await tower.round(clock, seconds=50) == []
    minutes = [asked(await tower.round(clock, seconds=60)) for _ in range(30)]
    assert all(minute.items() >= SENDING.items() for minute in minutes)
    together = sum(minutes, Counter())
    assert together["-1"] == 1, "drafts"
    assert 6 <= together["1"] <= 8, "scheduled ones, and once more when their time comes"
    assert together["2026-11-21"] == 6


async def test_an_idle_account_is_asked_little_however_long_its_history(tower):
    tower.box.world.umail["demo-umail"].tasks.clear()
    for _ in range(3):
        tower.box.world.enlarge(10)
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    assert asked(await tower.round(clock, seconds=60)) == SENDING


async def test_a_poll_that_finds_nothing_new_takes_one_transaction_beside_its_claim(tower, monkeypatch):
    clock = tower.clock("umail tasks")
    tower.box.world.umail["demo-umail"].tasks.clear()
    await tower.round(clock)
    transact, taken = tower.store.transact, []

    async def counted(work):
        taken.append(work)
        return await transact(work)

    monkeypatch.setattr(tower.store, "transact", counted)
    await tower.round(clock, seconds=60)
    assert len(taken) == 3, "claimed, noted, finished"


async def test_a_transition_is_seen_and_told(tower):
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    tower.seen.clear()
    tower.box.world.task(19124).enter(Status.PAUSED, tower.box.clock.now())
    requests = await tower.round(clock, seconds=60)
    assert ("umail", "task.paused", "task/19124") in tower.seen
    assert asked(requests)["id 19124"] == 1, "it was on none of the pages"
    assert tower.woken


async def test_all_pages_are_read(tower):
    world = tower.box.world.umail["demo-umail"]
    pattern = world.tasks[19124]
    for number in range(30_000, 30_045):
        task = type(pattern)(number, f"sn-{number}", pattern.settings, 90_000, Status.SENDING, pattern.entered_at)
        task.time_start = pattern.time_start
        task.runs.append(Run(pattern.entered_at, 0, 12_000))
        world.tasks[number] = task
    requests = await tower.round(tower.clock("umail tasks"))
    assert [r.params["page"] for r in requests if r.params.get("send_status") == "2"] == ["1", "2", "3"]
    rows = await tower.store.transact(lambda s, _: s.exec(select(Snapshot).where(Snapshot.kind == "task")).all())
    assert sum(row.state == "sending" for row in rows) == 46


async def test_a_finished_task_is_looked_at_thrice_for_its_final_numbers_and_then_never(tower):
    task = tower.box.world.task(19124)
    task.settings.send_time -= timedelta(days=2)
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    task.enter(Status.SENT, tower.box.clock.now())
    found = []
    for half_hours in range(70):
        found += [half_hours / 2] * asked(await tower.round(clock, minutes=30))["id 19124"]
    assert found == [0, 0.5, 1, 24], "seen to be at its end, and thrice afterwards"


async def test_a_task_that_came_and_went_between_two_polls_is_not_missed(tower):
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    world = tower.box.world.umail["demo-umail"]
    pattern, now = world.tasks[19124], tower.box.clock.now()
    new = type(pattern)(31_000, "sn-31000", pattern.settings, 10, Status.FAILED, now)
    new.time_start = new.time_end = now
    world.tasks[31_000] = new
    for _ in range(6):
        await tower.round(clock, seconds=60)
    assert ("umail", "task.discovered", "task/31000") in tower.seen


async def test_what_was_over_on_the_day_before_the_baseline_is_no_news(tower):
    world = tower.box.world.umail["demo-umail"]
    pattern, now = world.tasks[19124], tower.box.clock.now()
    old = type(pattern)(31_000, "sn-31000", pattern.settings, 10, Status.FAILED, now)
    old.time_start = old.time_end = now
    world.tasks[31_000] = old
    clock = tower.clock("umail tasks")
    await tower.round(clock, hours=12, minutes=1)
    days = set()
    for _ in range(7):
        days |= {key for key in asked(await tower.round(clock, seconds=60)) if key.startswith("2026-")}
    assert ("umail", "task.discovered", "task/31000") not in tower.seen
    assert days == {"2026-11-22"}


async def test_a_deleted_task_vanishes_after_two_looks(tower):
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    tower.box.world.task(19124).deleted = True
    await tower.round(clock, seconds=60)
    assert ("umail", "task.vanished", "task/19124") not in tower.seen
    await tower.round(clock, seconds=60)
    assert ("umail", "task.vanished", "task/19124") in tower.seen
    assert asked(await tower.round(clock, seconds=60))["id 19124"] == 0


async def test_counters_are_asked_for_of_the_day_and_of_what_is_sent(tower):
    clock = tower.clock("umail tasks", "umail statistics")
    await tower.round(clock)
    requests = await tower.round(clock, minutes=5)
    told = [r for r in requests if r.call in {"statistic", "stask"}]
    assert [(r.call, r.params.get("date") or r.params["id"]) for r in told] == [
        ("statistic", "2026-11-21"),
        ("stask", "19124"),
    ]


async def test_a_past_week_is_there_from_the_first_day_on(tower):
    requests = await tower.round(tower.clock("umail statistics"))
    days = {r.params["date"] for r in requests if r.call == "statistic"}
    assert days == {f"2026-11-{day}" for day in range(14, 22)}
    assert tower.seen == []


async def test_a_day_that_is_over_is_asked_for_a_few_times_more(tower):
    clock = tower.clock("umail statistics")
    await tower.round(clock)
    asked_for = Counter()
    for _ in range(30):
        asked_for.update(r.params["date"] for r in await tower.round(clock, hours=1) if r.call == "statistic")
    assert 2 <= asked_for["2026-11-21"] - 12 <= 4, "eleven hours of its own day, and after midnight"


async def test_a_dead_vendor_delays_no_other(tower):
    tower.providers["emailcar"] = account("emailcar", tower.box, tower.store)
    clock = tower.clock("umail tasks", "emailcar balance")
    tower.box.faults.inject("umail", "timeout")
    await clock.claim_due()
    async with asyncio.timeout(2):
        while (asked := {request.vendor for request in tower.box.requests}) != {"umail", "emailcar"}:
            await asyncio.sleep(0.01)
    assert asked == {"umail", "emailcar"}, "while U-Mail does not answer"
    tower.box.faults.clear()
    await clock.settle()


@pytest.mark.parametrize(
    ("fault", "event", "code"),
    [
        ("http_500", "provider.unreachable", "ServerFaultError"),
        ("reset", "provider.unreachable", "NoAnswerError"),
        ("truncated", "provider.schema_changed", "BadAnswerError"),
    ],
)
async def test_a_vendor_that_fails_is_an_event_of_its_own_and_so_is_its_return(tower, fault, event, code):
    clock = tower.clock("umail balance", "umail tasks")
    await tower.round(clock)
    tower.seen.clear()
    tower.box.faults.inject("umail", fault, call="task-list", times=100)
    await tower.round(clock, seconds=60)
    assert tower.seen == [("umail", event, "provider")]
    [row] = [job for job in await jobs(tower.store) if job.name == "poll umail tasks"]
    assert row.last_error.startswith(code)
    tower.box.faults.clear()
    tower.seen.clear()
    await tower.round(clock, seconds=120)
    assert ("umail", "provider.recovered", "provider") in tower.seen
    [row] = [job for job in await jobs(tower.store) if job.name == "poll umail tasks"]
    assert (row.last_error, row.failures) == (None, 0)


async def test_a_vendor_that_answers_again_is_back_before_what_it_tells_is_judged(tower):
    """Else a task that failed meanwhile would be held back, as if its vendor were still away."""
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    tower.box.faults.inject("umail", "down")
    await tower.round(clock, seconds=60)
    tower.box.faults.clear()
    tower.box.world.task(19124).enter(Status.FAILED, tower.box.clock.now())
    tower.seen.clear()
    await tower.round(clock, seconds=120)
    told = [(type_, subject) for _account, type_, subject in tower.seen]
    assert told.index(("provider.recovered", "provider")) < told.index(("task.failed", "task/19124"))


async def test_a_failing_poll_is_put_off_more_and_more(tower):
    clock = tower.clock("umail tasks")
    await tower.round(clock)
    tower.box.faults.inject("umail", "http_500", call="task-list", times=10_000)
    waits = []
    await tower.round(clock, seconds=60)
    for _ in range(5):
        [row] = await jobs(tower.store)
        waits.append((row.next_due - row.last_finished).total_seconds())
        await tower.round(clock, seconds=waits[-1] + 1)
    tower.box.faults.clear()
    assert 48 <= waits[0] <= 72
    assert 96 <= waits[1] <= 144
    assert all(240 <= wait <= 360 for wait in waits[3:])


async def test_one_failing_kind_does_not_take_the_account_down(tower):
    clock = tower.clock("umail tasks", "umail templates")
    await tower.round(clock)
    tower.seen.clear()
    tower.box.faults.inject("umail", "http_500", call="list-tpl", times=100)
    await tower.round(clock, minutes=30)
    assert not [one for one in tower.seen if one[1].startswith("provider.")]


async def test_an_older_dialect_is_polled_as_far_as_it_goes(tower):
    tower.providers = {"old": account("old", tower.box, tower.store)}
    clock = tower.clock()
    await tower.round(clock)
    rows = await jobs(tower.store)
    assert {row.name: row.last_error for row in rows if row.last_error} == {}
    assert "poll old imports" not in {row.name for row in rows}
    before = await tower.round(clock, hours=7)
    assert "list-tpl" not in tower.calls(before), "its templates have no checks to ask for"


async def test_watched_messages_are_asked_for_many_at_a_time_until_their_end(tower):
    tower.providers = {"itnio": account("itnio", tower.box, tower.store)}
    clock = tower.clock("itnio messages")
    assert await tower.round(clock) == []
    ids = [f"{4_000_000_000_000_000_000 + number}" for number in range(250)]
    now = await tower.store.now()

    def watch(session, _now):
        for one in ids:
            session.add(
                MessageWatch(
                    account="itnio",
                    message_id=one,
                    receiver="U0MEI",
                    created_by="U0MEI",
                    created_at=now,
                    until=now + timedelta(hours=1),
                )
            )

    await tower.store.transact(watch)
    assert len(await tower.round(clock, minutes=1)) == 2
    assert await tower.round(clock, minutes=61) == []


async def test_how_often_is_as_app_yaml_says(tower):
    tower.polling = Polling.model_validate({"tasks": "10s", "balance": "1h"})
    clock = tower.clock("umail tasks", "umail balance")
    await tower.round(clock)
    calls = Counter()
    for _ in range(6):
        calls.update(request.call for request in await tower.round(clock, seconds=10))
    assert calls["task-list"] >= 18
    assert calls["service-info"] == 0
