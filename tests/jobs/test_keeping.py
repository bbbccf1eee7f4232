"""Noticing a gap, calling the watcher, summing up the day, forgetting what is old, letting people go first."""

import asyncio
from datetime import datetime, time, timedelta
from itertools import pairwise

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlmodel import select

from jobs.digest import Digests, light, summary
from jobs.gap import AWAY, Watchkeeper
from jobs.heartbeat import Heartbeat, HeartbeatError
from jobs.prune import Prune
from jobs.scheduler import Clockwork, Duty
from jobs.settings import Digest, Retention
from providers.base import Rate
from providers.errors import RateLimitedError
from store.engine import after_people
from store.jobs import Claimed, jobs
from store.limits import SharedLimiter
from store.tables import (
    Alert,
    AlertState,
    Approval,
    ApprovalKind,
    ApprovalState,
    Attempt,
    CommandRun,
    Delivery,
    DeliveryState,
    EndpointState,
    Event,
    Job,
    Limit,
    Misfit,
    Notice,
    NoticeKind,
    Outcome,
    Silence,
    Snapshot,
    StatSample,
    WebhookEndpoint,
    new_id,
)
from tests.jobs.conftest import NOON, SHANGHAI

ADMINS = ["U0MEI", "U0LIN"]


async def write(store, *made):
    """Rows; what depends on the time is made by functions of it."""

    def work(session, now):
        for one in made:
            session.add(one(now) if callable(one) else one)

    await store.transact(work)


async def read(store, table):
    return await store.transact(lambda session, _now: session.exec(select(table)).all())


# ---- the gap


async def test_a_gap_is_told_once_to_each_admin_and_polls_become_due(store):
    keepers = [Watchkeeper(store, ADMINS, ["poll umail domains"]) for _ in range(3)]
    assert not await keepers[0].run(), "the first day is no gap"
    await write(store, lambda now: Job(name="poll umail domains", next_due=now + timedelta(hours=6)))
    store.clock_offset += timedelta(minutes=70)
    found = await asyncio.gather(*(keeper.run() for keeper in keepers))
    assert sorted(found) == [False, False, True]
    notices = await read(store, Notice)
    assert sorted(notice.receiver for notice in notices) == sorted(ADMINS)
    facts = notices[0].facts["facts"]
    away = datetime.fromisoformat(facts["until"]) - datetime.fromisoformat(facts["since"])
    assert timedelta(minutes=70) <= away < timedelta(minutes=71)
    [poll] = [row for row in await jobs(store) if row.name.startswith("poll")]
    assert poll.next_due <= await store.now()


async def test_a_short_pause_is_no_gap(store):
    keeper = Watchkeeper(store, ADMINS, [])
    await keeper.run()
    for _ in range(5):
        store.clock_offset += AWAY - timedelta(seconds=5)
        assert not await keeper.run()
    assert await read(store, Notice) == []


# ---- the watcher


@pytest.fixture
async def watcher():
    """Somebody who wants to be called."""
    calls, status = [], [200]

    async def called(request):
        calls.append(request.path)
        return web.Response(status=status[0])

    app = web.Application()
    app.router.add_get("/{tail:.*}", called)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield SecretStr(f"http://{host}:{port}/ping/hunter2"), calls, status
    await runner.cleanup()


async def test_the_watcher_is_called_each_minute_while_polls_go_well(lite, watcher):
    url, calls, _ = watcher
    error = []

    async def poll(_claimed):
        if error:
            raise error[0]

    clock = Clockwork(lite, duties=[Duty("poll umail tasks", poll, timedelta(minutes=1)), Heartbeat(lite, url).duty()])
    for _ in range(6):
        await clock.claim_due()
        await clock.settle()
        lite.clock_offset += timedelta(seconds=30)
    assert 2 <= len(calls) <= 3
    error.append(OSError("down"))
    lite.clock_offset += timedelta(minutes=3)
    before = len(calls)
    for _ in range(6):
        await clock.claim_due()
        await clock.settle()
        lite.clock_offset += timedelta(minutes=2)
    assert len(calls) <= before + 1, "the last good poll was after the last call"


async def test_a_watcher_that_fails_is_an_error_without_its_address(lite, watcher):
    url, _, status = watcher
    status[0] = 500
    now = await lite.now()
    await write(lite, Job(name="poll umail tasks", last_good=now))
    duty = Heartbeat(lite, url).duty()
    claimed = Claimed("heartbeat", "here", now, now, None, 0)
    with pytest.raises(HeartbeatError) as caught:
        await duty.run(claimed)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(HeartbeatError) as caught:
        await Heartbeat(lite, SecretStr("http://127.0.0.1:9/hunter2")).duty().run(claimed)
    assert "hunter2" not in str(caught.value)


# ---- the digest


def sample(day, sent, failed):
    return lambda now: StatSample(
        account="umail",
        subject=f"day/{day}",
        at=now,
        counters={"sent": sent, "delivered": sent - failed, "failed": failed},
    )


def snapshot(kind, subject, state, **facts):
    return lambda now: Snapshot(
        account="umail",
        kind=kind,
        subject=subject,
        version=1,
        state=state,
        facts=facts,
        first_seen=now,
        observed_at=now,
        changed_at=now,
        look_at=now if kind == "task" else None,
    )


def alert(severity, state=AlertState.FIRING, **more):
    return lambda now: Alert(
        rule="bounces",
        kind="bounce_rate",
        severity=severity,
        account="umail",
        subject="task/19124",
        state=state,
        reason="above",
        facts={"share": 0.11},
        peak={},
        began_at=now,
        **more,
    )


async def test_a_digest_is_one_notice_with_what_rows_say(store):
    store.clock_offset = NOON - await store.now()
    await write(
        store,
        sample("2026-11-20", 1000, 30),
        *(sample(f"2026-11-{day}", 2000, 40) for day in range(13, 20)),
        snapshot("task", "19124", "sending", sent=5, planned=10, templates=[{"id": "16", "name": "Autumn"}]),
        snapshot("task", "19125", "paused"),
        snapshot("balance", "", "known", emails_left=311_016, daily_allowance=False),
        snapshot("service", "", "enabled"),
        snapshot("provider", "", "up"),
        alert("warning", AlertState.ACKNOWLEDGED, acknowledged_by="U0LIN"),
    )
    digests = Digests(store, Digest(), {"umail": SHANGHAI}, "C0DIGEST", SHANGHAI)
    [duty] = digests.duties()
    assert duty.name == "digest C0DIGEST 09:00"
    claimed = Claimed(duty.name, "here", NOON, NOON, None, 0)
    await duty.run(claimed)
    await duty.run(claimed)
    [notice] = await read(store, Notice)
    assert (notice.kind, notice.receiver) == (NoticeKind.DIGEST, "C0DIGEST")
    [facts] = notice.facts["facts"]["accounts"]
    assert (facts["sent"], facts["delivered"], facts["bounced"]) == (1000, 970, 0.03)
    assert (facts["usual_sent"], facts["usual_bounced"]) == (2000, 0.02)
    assert (facts["running_count"], facts["paused_count"], facts["left"]) == (1, 1, 311_016)
    assert facts["alerts"][0]["acknowledged_by"] == "U0LIN"
    assert facts["light"] == "yellow"


async def test_nothing_known_is_unknown_and_never_green(store):
    facts = await store.transact(lambda session, now: summary(session, now, "umail", SHANGHAI))
    assert {facts[name] for name in ("sent", "delivered", "bounced", "usual_sent", "left", "runway")} == {None}
    assert facts["light"] == "yellow"


@pytest.mark.parametrize(
    ("facts", "severities", "expected"),
    [
        ({}, set(), "green"),
        ({}, {"info"}, "green"),
        ({}, {"warning"}, "yellow"),
        ({"paused_count": 1}, set(), "yellow"),
        ({"link": None}, set(), "yellow"),
        ({}, {"warning", "critical"}, "red"),
        ({"link": "unreachable"}, set(), "red"),
        ({"service": "disabled"}, set(), "red"),
    ],
)
def test_the_light(facts, severities, expected):
    assert light({"paused_count": 0, "link": "up", "service": "enabled", **facts}, severities) == expected


def test_a_channel_may_have_its_own_time():
    digest = Digest(at=time(9), channels=("C0A", "C0B"), times={"C0B": time(18, 30), "C0C": time(7)})
    names = [duty.name for duty in Digests(None, digest, {}, "C0DIGEST", SHANGHAI).duties()]
    assert names == ["digest C0DIGEST 09:00", "digest C0A 09:00", "digest C0B 18:30", "digest C0C 07:00"]


# ---- retention


def event(number):
    return lambda now: Event(
        id=f"event{number}",
        account="umail",
        type="task.paused",
        subject="task/1",
        time=now,
        recorded_at=now,
        data={},
        raw={"said": "so"},
    )


def run(number):
    return lambda now: CommandRun(
        key=f"key{number}",
        kind="slash",
        user_id="U0MEI",
        text="help",
        worker="here",
        received_at=now,
        lease_until=now,
        outcome=Outcome.DONE,
    )


async def forget(store, **spans):
    duty = Prune(store, Retention(**{name: timedelta(days=days) for name, days in spans.items()})).duty()
    await duty.run(Claimed("prune", "here", NOON, NOON, None, 0))


async def test_what_is_old_is_forgotten_bite_by_bite(store, monkeypatch):
    monkeypatch.setattr("jobs.prune.BITE", 7)
    await write(store, *(event(number) for number in range(20)), *(run(number) for number in range(20)))
    await write(store, *(sample(f"2026-11-{day:02}", 1, 0) for day in range(1, 21)))
    store.clock_offset += timedelta(days=50)
    await write(store, event(99), run(99), sample("2026-11-30", 1, 0))
    await forget(store, raw=30)
    assert len([one for one in await read(store, Event) if one.raw]) == 1
    assert len(await read(store, Event)) == 21
    await forget(store, events=40, samples=40, runs=40)
    assert [len(await read(store, table)) for table in (Event, CommandRun, StatSample)] == [1, 1, 1]


def endpoint(name):
    fields = {"url": "https://crm.example/x", "state": EndpointState.ACTIVE, "created_by": "U0MEI"}
    return lambda now: WebhookEndpoint(id=name, name=name, created_at=now, **fields)


def delivery(state, over=True, to="crm"):
    fields = {"endpoint_id": to, "event_id": "event1", "subject": "umail/task/1", "state": state}
    return lambda now: Delivery(created_at=now, next_at=now, ended_at=now if over else None, **fields)


async def test_an_endpoint_that_was_deleted_is_forgotten_with_the_last_that_tells_of_it(store):
    def gone(name, *, days):
        fields = {"url": "https://crm.example/x", "state": EndpointState.DELETED, "created_by": "U0MEI"}
        return lambda now: WebhookEndpoint(id=name, created_at=now, ended_at=now - timedelta(days=days), **fields)

    await write(store, endpoint("crm"), gone("old", days=41), gone("told of", days=41), gone("young", days=39))
    await write(store, delivery(DeliveryState.DEAD, to="told of"), lambda now: Limit(key="webhook/old", next_at=now))
    await write(store, lambda now: Limit(key="webhook/crm", next_at=now))
    await forget(store, events=40)
    assert sorted(row.id for row in await read(store, WebhookEndpoint)) == ["crm", "told of", "young"]
    assert [row.key for row in await read(store, Limit) if row.key.startswith("webhook/")] == ["webhook/crm"]
    store.clock_offset += timedelta(days=41)
    await forget(store, events=40)
    assert [row.id for row in await read(store, WebhookEndpoint)] == ["crm"]


async def test_of_webhooks_what_waits_is_kept_and_what_was_given_up_for_as_long_as_events(store):
    tried = {"endpoint_id": "crm", "delivery_seq": 1, "event_id": "event1", "milliseconds": 3}
    await write(store, endpoint("crm"))
    await write(
        store,
        delivery(DeliveryState.PENDING, over=False),
        *(delivery(state) for state in (DeliveryState.SENT, DeliveryState.DEAD)),
        lambda now: Attempt(at=now, **tried),
        lambda now: Misfit(source="itnio", at=now, reason="type is missing", body="{}"),
    )
    store.clock_offset += timedelta(days=31)
    await forget(store, raw=30, events=40)
    kept = [row.state for row in await read(store, Delivery)]
    assert sorted(kept) == [DeliveryState.DEAD, DeliveryState.PENDING]
    assert (await read(store, Attempt), await read(store, Misfit)) == ([], [])
    store.clock_offset += timedelta(days=10)
    await forget(store, raw=30, events=40)
    assert [row.state for row in await read(store, Delivery)] == [DeliveryState.PENDING]


async def test_what_is_not_over_is_kept_however_old(store):
    await write(
        store, alert("critical", open_key="x"), snapshot("balance", "", "known"), snapshot("baseline", "task", "x")
    )
    store.clock_offset += timedelta(days=1000)
    await forget(store)
    assert len(await read(store, Alert)) == 1
    assert len(await read(store, Snapshot)) == 2


async def test_old_alerts_go_with_the_messages_that_showed_them(store):
    now = await store.now()
    ids = [new_id(), new_id()]
    await write(
        store,
        alert("critical", AlertState.RESOLVED, id=ids[0], resolved_at=now),
        lambda now: Notice(id=ids[1], kind=NoticeKind.ALERTS, receiver="C0A", created_at=now, facts={}),
    )
    store.clock_offset += timedelta(days=500)
    await forget(store)
    assert (await read(store, Alert), await read(store, Notice)) == ([], [])


# ---- people first


async def test_a_poll_books_no_turn_ahead_of_people(store):
    limiter, rate = SharedLimiter(store, timedelta(seconds=5)), Rate(1, timedelta(seconds=60))
    await limiter.acquire("car", rate)
    with after_people(), pytest.raises(RateLimitedError):
        await limiter.acquire("car", rate)
    store.clock_offset += timedelta(seconds=60)
    await limiter.acquire("car", rate)
    store.clock_offset += timedelta(seconds=61)
    with after_people():
        await limiter.acquire("car", rate)


async def test_who_waits_for_an_answer_goes_before_a_poll_that_came_first(store):
    limiter, rate = SharedLimiter(store), Rate(1, timedelta(seconds=0.2))
    turns = []

    async def take(who):
        await limiter.acquire("car", rate)
        turns.append(who)

    await take("first")
    with after_people():
        poll = asyncio.create_task(take("poll"))
    await asyncio.sleep(0.02)
    await take("person")
    await poll
    assert turns == ["first", "person", "poll"]


async def test_a_poll_waits_for_a_turn_that_is_soon_free(store):
    limiter, rate = SharedLimiter(store), Rate(1, timedelta(seconds=0.05))
    taken = []
    with after_people():
        for _ in range(3):
            await limiter.acquire("car", rate)
            taken += [row.next_at for row in await read(store, Limit)]
    assert all(after - before >= rate.per for before, after in pairwise(taken)), taken


async def test_the_summary_counts_what_awaits_approval_and_names_silences_with_stars(store):
    def request(state):
        about = {"kind": ApprovalKind.FOUND, "account": "umail", "subject": f"task/{state}", "state": state}
        return lambda now: Approval(**about, hash="a", created_at=now, expires_at=now + timedelta(hours=1))

    def silence(account):
        about = {"matchers": {"account": account}, "reason": "x", "created_by": "U0LIN"}
        return lambda now: Silence(**about, created_at=now, starts_at=now, ends_at=now + timedelta(hours=1))

    await write(store, request(ApprovalState.PENDING), request(ApprovalState.EXPIRED))
    await write(store, silence("um*"), silence("other*"))
    facts = await store.transact(lambda session, now: summary(session, now, "umail", SHANGHAI))
    assert facts["waiting_count"] == 1
    assert [one["what"] for one in facts["silences"]] == ["account=um*"]
