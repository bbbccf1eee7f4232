"""A process that sends notices and may be killed at any moment, and a storm of alerts for it to send.

The clock stands still while the process works and goes on while it has nothing to do: it steps a file that the
workspace of the sandbox reads as well. So minutes pass in seconds, and no lease runs out under a process at work. Of
several processes none knows what the others do: they wait, and the test steps the clock when Slack hears nothing.
"""

import asyncio
import multiprocessing
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlmodel import Session, col, func, select

from bridge.notices.outbox import Outbox
from bridge.notices.telling import PAGE
from bridge.receivers.board import Board
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Notice, NoticeAlert, NoticeKind, new_id
from tests.bridge.posts import ALERTS, alert, client_of, english, waiting

STEP = 0.5
"""Seconds that pass while nothing can be sent."""
KILLED = -signal.SIGKILL
_NUMBER = re.compile(r"task (\d+)")


class FileClock:
    """Time that several processes share: the real one and an offset in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def offset(self) -> timedelta:
        return timedelta(seconds=float(self.path.read_text() or 0) if self.path.exists() else 0)

    def step(self, seconds: float = STEP) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(repr(self.offset.total_seconds() + seconds))
        beside.replace(self.path)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def work(
    url: str, api_url: str, token: str, clock: Path, step: str | None = None, nth: int = 1, alone: bool = True
) -> None:
    """Send until nothing is due; end by SIGKILL when `step` is reached for the `nth` time."""
    asyncio.run(_work(url, api_url, token, FileClock(clock), step, nth, alone))


async def _work(url: str, api_url: str, token: str, clock: FileClock, step: str | None, nth: int, alone: bool) -> None:
    left = nth

    def crash(name: str) -> None:
        nonlocal left
        left -= name == step
        if name == step and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(url)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=4)) as session:
        outbox = Outbox(store, Board(client_of(api_url, token, session)), english, "/edm", crash=crash)
        while True:
            store.clock_offset = clock.offset
            await outbox.run_once()
            if not await store.transact(waiting):
                break
            if alone:
                clock.step()
            else:
                await asyncio.sleep(0.02)
    await store.close()


_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.bridge.storm"])


class Killable:
    """Processes that send from one database to one workspace."""

    def __init__(self, url: str, slack: SlackServer, clock: FileClock) -> None:
        self._slack, self._clock = slack, clock
        self._args = (url, slack.api_url, slack.bot_token, clock.path)

    def beside_others(self):
        """Start one that shares the work."""
        process = _processes.Process(target=work, args=self._args, kwargs={"alone": False})
        process.start()
        return process

    async def time_passes(self) -> None:
        """A second each time that Slack has heard nothing for a moment, until cancelled."""
        while True:
            calls = len(self._slack.calls)
            await asyncio.sleep(0.05)
            if len(self._slack.calls) == calls:
                self._clock.step(1.0)

    async def until(self, step: str, nth: int = 1) -> int:
        """Kill one at a step; its exit code."""
        return await self._run(step, nth)

    async def to_the_end(self) -> int:
        """Let one do all that is left."""
        return await self._run(None, 1)

    async def for_a_while(self, seconds: float) -> int:
        """Kill one after a while of real time, counted from its first call; its exit code."""
        process = _processes.Process(target=work, args=self._args)
        calls = len(self._slack.calls)
        process.start()
        while process.is_alive() and len(self._slack.calls) == calls:
            await asyncio.sleep(0.005)
        await asyncio.sleep(seconds)
        process.kill()
        await asyncio.to_thread(process.join)
        return process.exitcode

    async def _run(self, step: str | None, nth: int) -> int:
        process = _processes.Process(target=work, args=(*self._args, step, nth))
        process.start()
        await asyncio.to_thread(process.join)
        return process.exitcode


def breaks_out(session: Session, now: datetime, first: int, count: int) -> None:
    """So many more alerts on one channel: every tenth is critical and has a message of its own, the rest a group."""
    group = _group(session, now)
    joined = session.exec(select(func.count()).where(NoticeAlert.notice_id == group.id)).one()
    for number in range(first, first + count):
        critical = number % 10 == 0
        one = alert(now, number, severity="critical" if critical else "warning")
        session.add(one)
        session.flush()
        if critical:
            alone = _notice(now, priority=0)
            session.add(alone)
            session.flush()
            session.add(NoticeAlert(notice_id=alone.id, alert_id=one.id, added_at=now))
        else:
            joined += 1
            fields = {"position": joined, "joined": group.wanted + 1, "added_at": now}
            session.add(NoticeAlert(notice_id=group.id, alert_id=one.id, **fields))
    group.wanted, group.due_at = group.wanted + 1, group.due_at or now
    _pages(session, now, group, joined)


def _group(session: Session, now: datetime) -> Notice:
    key = f"{ALERTS}|alerts|storm"
    found = session.exec(select(Notice).where(Notice.open_key == key)).first()
    if found is None:
        found = _notice(now, open_key=key)
        session.add(found)
        session.flush()
    return found


def _pages(session: Session, now: datetime, group: Notice, joined: int) -> None:
    for number in range((joined + PAGE - 1) // PAGE):
        shown = select(Notice).where(Notice.parent_id == group.id, Notice.page == number)
        page = session.exec(shown).first()
        if page is None:
            session.add(_notice(now, kind=NoticeKind.MEMBERS, parent_id=group.id, page=number, priority=2))
        else:
            page.wanted, page.due_at = page.wanted + 1, page.due_at or now


def _notice(now: datetime, **more) -> Notice:
    labels = {"labels": {"account": "umail"}, "severity": "warning", "mention": []}
    fields = {"kind": NoticeKind.ALERTS, "receiver": ALERTS, "created_at": now, "due_at": now, "facts": labels}
    return Notice(**{"id": new_id(), **fields, **more})


def untold(slack: SlackServer, count: int) -> list[int]:
    """Which of the storm's alerts are nowhere to be read in the channel and its threads."""
    shown = slack.workspace.readable("U0MEI", ALERTS)
    named = {int(found) for message in shown for found in _NUMBER.findall(message.plain)}
    return [number for number in range(count) if 19124 + number not in named]


async def all_of(store: Store) -> list[Notice]:
    return await store.transact(lambda session, now: list(session.exec(select(Notice).order_by(col(Notice.id)))))
