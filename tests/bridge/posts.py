"""Notices as rows, an outbox on a workspace of the sandbox, and a clock that both share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import col, select

from bridge.notices.outbox import Outbox
from bridge.receivers.board import Board
from sandbox.slack.server import SlackServer
from store.engine import Store
from store.tables import Alert, AlertState, Notice, NoticeAlert, NoticeKind, new_id

ALERTS = "C0ALERTS"
WHO = "U0MEI"


class Clock:
    """The workspace's time, and the offset that makes it the database's."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class Desk:
    """One process's outbox, on real sockets."""

    store: Store
    slack: SlackServer
    clock: Clock
    outbox: Outbox
    session: aiohttp.ClientSession
    languages: dict[str, str] = field(default_factory=dict)

    def step(self, seconds: float) -> None:
        self.clock.offset += timedelta(seconds=seconds)
        self.store.clock_offset = self.clock.offset

    async def drain(self, *, most: int = 400, step: float = 0.5) -> None:
        """Let time pass until nothing is due."""
        for _ in range(most):
            await self.outbox.run_once()
            if not await self.store.transact(waiting):
                return
            self.step(step)
        raise AssertionError("something is due for ever")

    async def add(self, *rows) -> None:
        await self.store.transact(lambda session, now: session.add_all(rows))

    async def notice(self, notice_id: str) -> Notice:
        return await self.store.transact(lambda session, now: session.get_one(Notice, notice_id))

    async def change(self, notice_id: str, **fields) -> None:
        def work(session, now):
            row = session.get_one(Notice, notice_id)
            for name, value in fields.items():
                setattr(row, name, value)

        await self.store.transact(work)

    async def want(self, notice_id: str) -> None:
        """What it shows has changed."""

        def work(session, now):
            row = session.get_one(Notice, notice_id)
            row.wanted, row.due_at = row.wanted + 1, now

        await self.store.transact(work)

    def posted(self, channel: str = ALERTS) -> list[str]:
        """The ids of the notices that Slack holds, once for each message."""
        posts = self.slack.workspace.posts(channel)
        return [post.metadata["event_payload"]["id"] for post in posts if post.metadata]

    def calls(self, method: str) -> list:
        return [call for call in self.slack.calls if call.method == method]


@asynccontextmanager
async def opened(store: Store, **more) -> AsyncIterator[Desk]:
    """A desk on a workspace of its own. more: of the outbox."""
    clock = Clock()
    slack = await SlackServer.start(now=clock.now)
    async with aiohttp.ClientSession() as session:
        yield Desk(store, slack, clock, Outbox(store, board_of(slack, session), english, "/edm", **more), session)
    await slack.stop()


def waiting(session, now) -> bool:
    """Whether anything is due soon; what is parked waits for an hour."""
    return session.exec(select(Notice.id).where(col(Notice.due_at) < now + timedelta(minutes=10))).first() is not None


def client_of(slack_url: str, token: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=slack_url, session=session, timeout=2, retry_handlers=[])


def board_of(slack: SlackServer, session: aiohttp.ClientSession) -> Board:
    return Board(client_of(slack.api_url, slack.bot_token, session))


async def english(_receiver: str) -> str:
    return "en"


def note(now: datetime, *, receiver: str = ALERTS, about: str = "C0OLD", **more) -> Notice:
    """A notice whose words need no other row."""
    facts = {"receiver": about, "scope": "receiver", "error": "is_archived", "since": now.isoformat(), "over": False}
    fields = {"kind": NoticeKind.NOTE, "receiver": receiver, "created_at": now, "due_at": now}
    return Notice(**{"id": new_id(), **fields, "facts": {"template": "notice/parked", "facts": facts}, **more})


def alert(now: datetime, number: int = 0, **more) -> Alert:
    facts = {"share": 0.063, "usual": 0.011, "count": 2594, "of": 41163, "over": 720, "name": f"campaign {number}"}
    fields = {
        "rule": "bounce_rate",
        "kind": "bounce_rate",
        "severity": "warning",
        "account": "umail",
        "subject": f"task/{19124 + number}",
        "state": AlertState.FIRING,
        "reason": "above_usual",
        "began_at": now,
        "fired_at": now,
    }
    return Alert(**{"id": new_id(), **fields, "facts": facts, "peak": facts, **more})


def showing(notice: Notice, *alerts: Alert) -> list[NoticeAlert]:
    return [NoticeAlert(notice_id=notice.id, alert_id=one.id, added_at=notice.created_at) for one in alerts]
