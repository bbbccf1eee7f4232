"""A rule's `action: pause`: the task is paused once, and its alert says what came of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import col, select

import bridge.changes.tasks
import providers.http
from bridge.alerts.breaker import KIND, Breaker, settled
from bridge.alerts.rules import BounceRateRule
from providers import PROVIDERS
from sandbox import Sandbox, WorldClock
from store.limits import SharedLimiter
from store.runs import take_interrupted
from store.tables import Alert, AlertState, CommandRun, Notice, Outcome
from tests.bridge.alerting import ROUTING, Scene
from tests.providers.vendor import SHANGHAI

RULE = BounceRateRule(name="bounces", above=0.1, action="pause", cooldown=timedelta(hours=1))
TASK = "task/19124"


class Desk(Scene):
    """A scene whose rule acts."""

    def __init__(self, store, box, providers) -> None:
        super().__init__(store, ROUTING, (RULE,))
        self.box = box
        self.providers = providers
        self.told = 0

    async def raised(self, subject=TASK, account="umail"):
        await self.fire(subject, rule=RULE, account=account)

    async def claimed(self):
        """By a process that dies then."""
        return await self.store.transact(partial(self.breaker()._claim, account="umail"))

    async def round(self):
        breaker = self.breaker()
        await asyncio.gather(*(breaker.run(account) for account in self.providers))

    def breaker(self) -> Breaker:
        def told() -> None:
            self.told += 1

        return Breaker(self.store, self.providers, (RULE,), told)

    async def dids(self):
        query = select(Alert.did).order_by(col(Alert.account), col(Alert.id))
        return await self.store.transact(lambda session, _now: list(session.exec(query)))

    async def runs(self):
        query = select(CommandRun).where(col(CommandRun.kind) == KIND)
        return await self.store.transact(lambda session, _now: list(session.exec(query)))

    @property
    def pauses(self):
        return [request for request in self.box.requests if request.call == "edit-task"]


@pytest.fixture
async def desk(store, monkeypatch):
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    # Reads are repeated in real seconds; how, is for the providers' tests.
    monkeypatch.setattr(providers.http, "ATTEMPTS", 1)
    box = await Sandbox.start(WorldClock.stepped(datetime(2026, 11, 21, 4, 0, tzinfo=UTC)))
    umail = PROVIDERS["umail"]
    environ = box.environ()

    def client(name, prefix, auth="basic"):
        told = {key: environ[f"{prefix}_{key.upper()}"] for key in ("username", "password")}
        settings = umail.Settings(base_url=environ[f"{prefix}_URL"], auth=auth, **told)
        return umail(name, settings, timezone=SHANGHAI, limiter=SharedLimiter(store))

    clients = {"old": client("old", "UMAIL_V3", auth="md5"), "umail": client("umail", "UMAIL")}
    yield Desk(store, box, clients)
    for one in clients.values():
        await one.aclose()
    await box.stop()


async def test_a_firing_alert_pauses_its_task_once_and_says_so(desk):
    await desk.raised()
    await desk.round()
    await desk.round()
    assert await desk.dids() == ["paused"]
    assert len(desk.pauses) == 1
    assert (await desk.providers["umail"].task("19124")).status == "paused"
    assert desk.told > 0


async def test_it_is_in_the_audit_log(desk):
    await desk.raised()
    await desk.round()
    (run,) = await desk.runs()
    assert (run.user_id, run.text, run.outcome) == ("edmbot", "task pause 19124 --account umail", Outcome.DONE)


async def test_the_message_is_wanted_anew(desk):
    await desk.raised()
    notices = select(Notice.wanted).where(col(Notice.receiver) == "C0ALERTS")
    (before,) = await desk.store.transact(lambda session, _now: list(session.exec(notices)))
    await desk.round()
    (after,) = await desk.store.transact(lambda session, _now: list(session.exec(notices)))
    assert after > before


async def test_two_processes_pause_once(desk):
    await desk.raised()
    await asyncio.gather(*(desk.round() for _ in range(3)))
    assert (await desk.dids(), len(desk.pauses)) == (["paused"], 1)


async def test_an_account_that_does_not_answer_delays_no_other(desk):
    await desk.raised(account="old")
    desk.box.faults.inject("umail_v3", "timeout", times=99)
    stuck = asyncio.create_task(desk.breaker().run("old"))
    await desk.raised()
    await desk.breaker().run("umail")
    assert await desk.dids() == ["asked", "paused"]
    desk.box.faults.clear()
    await stuck
    assert (await desk.dids())[0] in ("needless", "not_paused")


async def test_what_somebody_lets_go_on_is_left_alone_until_the_cool_down_is_over(desk):
    await desk.raised()
    await desk.round()
    for expected, wait in (("rests", 1), ("paused", 120)):
        await desk.clear(TASK, rule=RULE)
        desk.box.world.task(19124).enter(type(desk.box.world.task(19124).status).SENDING, desk.box.clock.now())
        desk.wait(wait)
        await desk.raised()
        await desk.round()
        assert (await desk.dids())[-1] == expected
    assert len(desk.pauses) == 2


async def test_a_task_that_has_ended_needs_no_pause(desk):
    await desk.raised("task/19118")
    await desk.round()
    assert (await desk.dids(), desk.pauses) == (["needless"], [])


async def test_a_vendor_that_cannot_be_read_is_asked_for_nothing(desk):
    await desk.raised()
    desk.box.faults.inject("umail", "html", call="task-list", times=9)
    await desk.round()
    assert (await desk.dids(), desk.pauses) == (["not_paused"], [])
    assert [run.outcome for run in await desk.runs()] == [Outcome.FAILED]


async def test_a_lost_answer_is_settled_by_a_look_and_never_asked_twice(desk):
    await desk.raised()
    desk.box.faults.inject("umail", "lost_reply", call="edit-task")
    await desk.round()
    assert (await desk.dids(), len(desk.pauses)) == (["paused"], 1)


async def test_a_process_that_dies_before_it_asks_leaves_a_task_that_was_not_paused(desk):
    await desk.raised()
    await desk.claimed()
    assert await desk.dids() == ["asked"]
    await desk.round()
    assert (await desk.dids(), desk.pauses) == (["asked"], [])
    desk.wait(3)
    run = await take_interrupted(desk.store)
    await settled(desk.store, run, None)
    assert (await desk.dids(), desk.pauses) == (["not_paused"], [])


@pytest.mark.parametrize(("subject", "did"), [(TASK, "paused"), ("task/19118", "needless"), ("task/19999", "needless")])
async def test_a_kill_between_the_end_of_a_run_and_its_word_leaves_the_word_to_the_next_round(desk, subject, did):
    await desk.raised(subject)
    await desk.breaker()._pause(await desk.claimed())
    assert await desk.dids() == ["asked"]
    told = desk.told
    await desk.round()
    assert (await desk.dids(), len(desk.pauses)) == ([did], int(did == "paused"))
    assert desk.told > told


async def test_a_kill_after_a_run_was_taken_for_interrupted_leaves_its_word_to_the_next_round(desk):
    await desk.raised()
    await desk.claimed()
    desk.wait(3)
    await take_interrupted(desk.store)
    await desk.round()
    assert (await desk.dids(), desk.pauses) == (["not_paused"], [])


async def test_nothing_acts_while_its_alert_waits_or_is_held(desk):
    await desk.store.transact(
        lambda session, now: session.add(
            Alert(
                rule="bounces", kind="bounce_rate", severity="critical", account="umail", subject=TASK,
                state=AlertState.PENDING, reason="above_limit", facts={}, peak={}, began_at=now, open_key="k",
            )
        )
    )  # fmt: skip
    await desk.round()
    assert (await desk.dids(), desk.pauses) == ([None], [])
