"""What the tools that people use today get wrong, as measured or reported: one test each, of what Slack shows.

What is seen is recorded and judged as in production, on either database; a process that ends leaves nothing but rows.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from sqlmodel import select

from bridge.alerts import acts, silences
from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import OncallStep, Route, Routing
from bridge.notices.outbox import Outbox
from jobs.scheduler import EVERY, Clockwork
from providers.model import TaskStatus
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Alert, AlertState
from tests.bridge.posts import ALERTS, WHO, board_of, english, waiting
from tests.bridge.storm import FAILED, KILLED, FileClock, Killable, see, sends, told

MINUTE, HOUR = 60.0, 3_600.0
_PLAIN = {"receivers": (ALERTS,), "group_by": ("subject",), "group_wait": timedelta(0)}
REPEATED = Routing([Route(**_PLAIN, repeat_interval=timedelta(hours=4))])
ESCALATED = Routing(
    [Route(**_PLAIN, oncall="edm")], oncall={"edm": [OncallStep(after=timedelta(minutes=15), who=("S0ONCALL",))]}
)


@dataclass
class Process:
    """The bot, as long as it lives."""

    store: Store
    desk: AlertDesk
    outbox: Outbox
    clock: FileClock

    async def sees(self, status, *numbers):
        self.store.clock_offset = self.clock.offset
        await see(self.store, self.clock.now(), self.desk, dict.fromkeys(numbers or (19124,), status))

    async def tells(self):
        """All that is due, at the pace that Slack allows."""
        for _ in range(60):
            self.store.clock_offset = self.clock.offset
            await self.store.transact(self.desk.due)
            await self.outbox.run_once()
            if not await self.store.transact(waiting):
                return
            self.clock.step(0.5)
        raise AssertionError("something is due for ever")

    async def alerts(self):
        query = select(Alert).order_by(Alert.subject)
        return await self.store.transact(lambda session, _now: list(session.exec(query)))

    async def acknowledges(self, alert):
        act = acts.acknowledge
        return await self.store.transact(lambda session, now: act(session, now, "U0LIN", alert_ids=[alert.id]))


@dataclass
class Night:
    """A database, a workspace, and the time that both go by."""

    database: str
    slack: SlackServer
    clock: FileClock

    @asynccontextmanager
    async def process(self, routing=REPEATED):
        store = Store(self.database)
        await store.open()
        try:
            async with aiohttp.ClientSession() as session:
                outbox = Outbox(store, board_of(self.slack, session), english, "/edm")
                yield Process(store, AlertDesk((FAILED,), routing), outbox, self.clock)
        finally:
            await store.close()

    def told(self):
        """The channel's own messages."""
        return [one for one in self.slack.visible(WHO, ALERTS) if one.thread_ts in (None, one.ts)]

    def said_again(self):
        """What their threads say in the channel, too."""
        return [one for one in self.slack.visible(WHO, ALERTS) if one.thread_ts not in (None, one.ts)]


@pytest.fixture
async def night(database, tmp_path):
    clock = FileClock(tmp_path / "clock")
    slack = await SlackServer.start(now=clock.now)
    yield Night(database, slack, clock)
    await slack.stop()


async def test_an_alert_that_meets_a_429_is_neither_dropped_nor_left_for_a_later_flush(night):
    async with night.process() as bot:
        night.slack.faults.inject("http_429", "chat.postMessage", seconds=7)
        await bot.sees(TaskStatus.FAILED)
        await bot.tells()
    assert len(night.told()) == 1
    refused, taken = (call.at for call in night.slack.calls if call.method == "chat.postMessage")
    assert timedelta(seconds=6.9) <= taken - refused <= timedelta(seconds=7 + 2)


async def test_a_sigkill_repeats_nothing_that_was_told_and_loses_nothing_that_was_not(night):
    async with night.process() as bot:
        await sends(bot.store, night.clock.now(), range(0, 400, 10))
    processes = Killable(night.database, night.slack, night.clock)
    for steps in (1, 20, 60):
        assert await processes.after(steps, 0) == KILLED
    assert await processes.to_the_end() == 0
    messages, _ = told(night.slack)
    assert messages == dict.fromkeys(range(0, 400, 10), 1)


async def test_escalation_goes_on_after_a_restart(night):
    async with night.process(ESCALATED) as bot:
        await bot.sees(TaskStatus.FAILED)
        await bot.tells()
    night.clock.step(14 * MINUTE)
    async with night.process(ESCALATED) as bot:
        await bot.tells()
        assert night.said_again() == []
    night.clock.step(2 * MINUTE)
    async with night.process(ESCALATED) as bot:
        await bot.tells()
        [call] = night.said_again()
    assert call.pings == ["S0ONCALL"]
    assert "Nobody has acknowledged this for 16 min" in call.plain


async def test_a_silence_swallows_no_resolve(night):
    async with night.process() as bot:
        await bot.sees(TaskStatus.FAILED)
        await bot.tells()
        until = night.clock.now() + timedelta(hours=2)
        quiet = {"rule": FAILED.name}
        await bot.store.transact(lambda s, now: silences.add(s, now, quiet, until=until, user="U0LIN"))
        # Messages show the silence.
        await bot.tells()
        night.clock.step(5 * MINUTE)
        await bot.sees(TaskStatus.SENDING)
        await bot.tells()
    [shown] = night.told()
    assert shown.plain.startswith("✅ Resolved after 5 min: Task 19124 has failed")


async def test_an_acknowledgement_that_races_a_resolve_does_not_open_it_again(night):
    numbers = range(19124, 19130)
    async with night.process() as bot, night.process() as another:
        await bot.sees(TaskStatus.FAILED, *numbers)
        alerts = await bot.alerts()
        await bot.tells()
        clicks = [another.acknowledges(alert) for alert in alerts]
        await asyncio.gather(*clicks[::2], *(bot.sees(TaskStatus.SENDING, number) for number in numbers), *clicks[1::2])
        assert {alert.state for alert in await bot.alerts()} == {AlertState.RESOLVED}
        await bot.tells()
    assert [one.plain.split()[0] for one in night.told()] == ["✅"] * len(numbers)


async def test_reminders_outlive_the_process_that_promised_them(night):
    async with night.process() as bot:
        await bot.sees(TaskStatus.FAILED)
        await bot.tells()
    for hours in (3, 2):
        night.clock.step(hours * HOUR)
        async with night.process() as bot:
            await bot.tells()
        assert len(night.said_again()) == int(hours == 2)


async def test_a_run_that_comes_later_than_the_schedulers_second_of_grace_is_made_up_once(lite, monkeypatch):
    monkeypatch.setitem(EVERY, "sweep", MINUTE)
    runs = []

    async def sweep():
        runs.append(1)

    clock = Clockwork(lite, {"sweep": sweep})
    await clock.start()
    # As after a machine's sleep: two firings are past.
    clock._scheduler.modify_job("sweep", next_run_time=datetime.now(UTC) - timedelta(seconds=90))
    async with asyncio.timeout(5):
        while not runs:
            await asyncio.sleep(0.005)
    await clock.stop()
    assert len(runs) == 1
