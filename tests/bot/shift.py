"""The whole bot on duty: polls, rules, alerts, outbox and people, with every clock in one hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, or_, select

import bot.app
from bot.app import Part
from sandbox.slack import Message
from store.tables import Alert, AlertState, CommandRun, Event, Job, Notice
from tests.bot.conftest import Office

ALERTS, DIGEST = "C0ALERTS", "C0DIGEST"
MEI, LIN, OPS = "U0MEI", "U0LIN", "U0OPS"
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""In Shanghai, on a Saturday: no day ends and no service is about to while a test lasts."""
TURN = 10
"""Slower than this, and the steps of one minute would outrun what they cause."""
FAMILIES = ("poll", "aging", "breaker", "digest")
UMAIL = {
    "accounts": {
        "umail": {
            "provider": "umail",
            "base_url": "${UMAIL_URL}",
            "username": "${UMAIL_USERNAME}",
            "password": "${UMAIL_PASSWORD}",
        }
    },
    "database": "${EDM_DATABASE_URL}",
    "server": {"port": "${EDM_PORT}"},
    "slack": {
        "api_url": "${SLACK_API_URL}",
        "bot_token": "${SLACK_BOT_TOKEN}",
        "signing_secret": "${SLACK_SIGNING_SECRET}",
    },
    "roles": {"viewer": ["everyone"], "operator": ["S0EDMOPS"], "approver": [LIN], "admin": [MEI]},
    "channels": {"alerts": ALERTS, "digest": DIGEST},
}
"""The shipped configuration with one account: what is told is told of that one."""


@dataclass
class Shift:
    """The bot at work, and what it tells while time passes."""

    office: Office

    def configure(self, **sections: Any) -> None:
        """app.yaml, with these sections besides."""
        self.office.app_yaml.write_text(json.dumps(UMAIL | sections), "utf-8")

    @asynccontextmanager
    async def on(self) -> AsyncIterator["Shift"]:
        """Serve until the end of the block; from the beginning on all clocks say the same."""
        opening = bot.app.open_store

        @asynccontextmanager
        async def in_time(config):
            async with opening(config) as store:
                store.clock_offset = self.office.clock.at - datetime.now(UTC)
                yield store

        bot.app.open_store = in_time
        try:
            async with self.office.open():
                await self.settled()
                yield self
        finally:
            bot.app.open_store = opening

    # What time does

    def jump(self, **span: float) -> None:
        """Time passes while nobody looks: for the vendors, the workspace and the database."""
        step = timedelta(**span)
        self.office.box.clock.step(step.total_seconds())
        self.office.clock.at += step
        if self.office.store:
            self.office.store.clock_offset += step

    async def goes_by(self, **span: float) -> None:
        """Time passes, and all that falls due is done."""
        self.jump(**span)
        await self.settled()

    async def a_poll(self) -> None:
        """The next poll, and what is told of it."""
        await self.goes_by(seconds=61)
        # A message waits ten seconds for others.
        await self.goes_by(seconds=11)

    async def minutes(self, number: int) -> None:
        """One after the other; in each, what it brings is done."""
        for _ in range(number):
            await self.goes_by(minutes=1)

    async def settled(self) -> None:
        """Until nothing is due any more; where only Slack's limits are waited for, time goes on."""
        async with asyncio.timeout(TURN):
            while busy := await self.office.store.transact(_busy):
                if busy == "slack":
                    self.jump(seconds=0.5)
                await asyncio.sleep(0.01)

    # What the vendor does

    def task(self, number: int = 19124):
        return self.office.box.world.task(number)

    def enters(self, status, number: int = 19124) -> None:
        self.task(number).enter(status, self.office.box.clock.now())

    # What people see and do

    def told(self, channel: str = ALERTS) -> list[Message]:
        """What stands in the channel for everyone, threads left out."""
        seen = self.office.slack.visible(LIN, channel)
        return [message for message in seen if message.ephemeral_for is None]

    def thread(self, message: Message) -> list[Message]:
        """What stands under it."""
        found = self.office.slack.visible(LIN, message.channel, message.ts)
        return [reply for reply in found if reply.ts != message.ts]

    def again(self, message: Message) -> Message:
        """The same message, as it is now."""
        return next(one for one in self.told(message.channel) if one.ts == message.ts)

    async def press(self, user: str, message: Message, button: str) -> None:
        """Press a button; what follows is shown."""
        reply = await self.office.slack.click(user, message, button)
        assert reply.error is None
        await self.settled()

    async def rows(self, table) -> list[Any]:
        return await self.office.store.transact(lambda session, _now: list(session.exec(select(table)).all()))

    async def happened(self, kind: str) -> list[Event]:
        return [event for event in await self.rows(Event) if event.type == kind]

    async def alerts(self) -> dict[str, AlertState]:
        """By subject, of the last one."""
        return {row.subject: row.state for row in sorted(await self.rows(Alert), key=lambda row: row.id)}


def _busy(session: Session, now: datetime) -> str | None:
    """What there is to wait for: a duty, a step of an alert's life, or Slack's limits."""
    jobs = [job for job in session.exec(select(Job)) if job.name.partition(" ")[0] in FAMILIES]
    if not jobs or any(job.lease_until or not job.next_due or job.next_due <= now for job in jobs):
        return "duties"
    if session.exec(select(Alert.id).where(col(Alert.due_at) <= now)).first():
        return "alerts"
    if session.exec(select(CommandRun.id).where(col(CommandRun.outcome).is_(None))).first():
        return "commands"
    due = col(Notice.due_at) <= now
    if session.exec(select(Notice.id).where(due, or_(col(Notice.lease_until) > now))).first():
        return "calls"
    return "slack" if session.exec(select(Notice.id).where(due)).first() else None


def shift_in(folder: Path, office: Office) -> Shift:
    """One that has not begun."""
    office.app_yaml, office.part = folder / "app.yaml", Part.ALL
    made = Shift(office)
    made.configure()
    return made
