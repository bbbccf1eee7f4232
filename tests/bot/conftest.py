"""A bot that serves, with the vendors and the workspace around it: one event loop, real sockets, stepped clocks."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog

import bot.app
import bot.conversation
import bridge.changes.deeds
import bridge.changes.tasks
import jobs.scheduler
from bot.__main__ import main
from bot.app import Part, serve
from bot.appyaml import Purpose, load, shipped
from providers.umail import UMail
from sandbox import Sandbox, WorldClock
from sandbox.receiver import Receiver
from sandbox.slack import Message, Reply, SlackServer
from sandbox.wire import Received
from store.engine import Store

GENERAL = "C0GENERAL"
OLD = """\
accounts:
  old:
    provider: umail
    base_url: ${UMAIL_V3_URL}
    auth: md5
    username: ${UMAIL_V3_USERNAME}
    password: ${UMAIL_V3_PASSWORD}
    roles: {operator: [U0VIEW]}
"""
"""A second account at U-Mail, in V3.0's dialect; Vera may change things there and nowhere else."""
MANAGED = """\
accounts:
  boss:
    provider: umail
    base_url: ${UMAIL_URL}
    user_type: manager
    customer_id: 7020
    username: demo-manager
    password: demo-manager-开门+1&2
  oldboss:
    provider: umail
    base_url: ${UMAIL_URL}
    auth: md5
    user_type: manager
    customer_id: 362
    username: demo-manager-v3
    password: demo-manager-v3-开门+1&2
"""
"""Managers of both dialects, each an account of its own beside its customer's."""
CUSTOMERS = {"boss": "demo-umail", "oldboss": "demo-umail-v3", "umail": "demo-umail"}
"""Whose domains and mailboxes an account keeps."""


@dataclass
class Clock:
    """The workspace's time, which only a test moves."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at

    def step(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Office:
    """The bot at work, and all that people and vendors do around it."""

    box: Sandbox
    slack: SlackServer
    clock: Clock
    folder: Path
    app_yaml: Path = field(default_factory=shipped)
    part: Part = Part.WEB
    """Answers only: what polls ask, and what alerts tell, would be in the way of most tests."""
    url: str = ""
    store: Store | None = None

    @property
    def environ(self) -> dict[str, str]:
        database = {"EDM_DATABASE_URL": f"sqlite:///{self.folder}/edmbot.db", "EDM_PORT": "0"}
        return {**self.box.environ(), **self.slack.environ(), **database}

    def terminal(self, *, without: tuple[str, ...] = ()) -> dict[str, str]:
        """The environment of a terminal: vendors and a database, no Slack; and nothing that begins so."""
        slack = {*self.slack.environ()}
        every = self.environ.items()
        return {name: value for name, value in every if name not in slack and not name.startswith(without)}

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Office"]:
        """Serve until the end of the block; a second time on the same database."""
        async with serve(load(self.app_yaml, self.environ, purpose=Purpose.RUN), self.part) as web:
            self.listen(web.url)
            yield self

    def listen(self, url: str) -> None:
        self.url = url
        self.slack.connect(f"{url}/slack/events")

    # What people do

    async def type(self, user: str, text: str, channel: str = GENERAL) -> Reply:
        """Type a command and see it acked."""
        return await self.slack.slash(user, channel, "/edm", text)

    async def ask(self, user: str, text: str, channel: str = GENERAL, *, seconds: float = 8.0) -> Message:
        """Type a command and read the answer that is for this person alone."""
        before = self.shown(user, channel)
        reply = await self.type(user, text, channel)
        assert reply.error is None
        return await self.answer(user, channel, before, seconds=seconds)

    async def press(self, user: str, message: Message, button: str, channel: str = GENERAL) -> Message:
        """Press a button and read the answer, wherever it stands."""
        before = self.shown(user, channel)
        await self.slack.click(user, message, button)
        return await self.answer(user, channel, before)

    async def answer(self, user: str, channel: str, before: set[tuple[str, str]], *, seconds: float = 8.0) -> Message:
        """The next private message, or new words in an old one; not the line that says to wait."""
        return await self.slack.wait(
            user,
            channel,
            lambda m: m.ephemeral_for == user and (m.ts, m.plain) not in before and not m.plain.startswith("⏳"),
            timeout=seconds,
        )

    async def told(self, user: str, words: str, channel: str = GENERAL) -> Message:
        """The private message that says so, once it is there."""
        return await self.slack.wait(user, channel, lambda m: m.ephemeral_for == user and words in m.plain, timeout=8.0)

    def direct(self, user: str) -> Sequence[Message]:
        """What the bot said to a person directly."""
        rooms = self.slack.workspace.channels.values()
        room = next((channel for channel in rooms if channel.im_with == user), None)
        return self.slack.visible(user, room.id) if room else []

    def files(self, user: str) -> Sequence[tuple[str, bytes]]:
        """The files in somebody's direct messages: name and content."""
        found = [file for message in self.direct(user) for file in message.files]
        return [(file["name"], self.slack.files.find(file["id"]).path.read_bytes()) for file in found]

    def shown(self, user: str, channel: str = GENERAL) -> set[tuple[str, str]]:
        return {(message.ts, message.plain) for message in self.slack.visible(user, channel)}

    # What the vendors saw

    @property
    def changes(self) -> list[Received]:
        """Every call that would change something."""
        return [request for request in self.box.requests if request.call in {"edit-task", "del-task", "add-task"}]

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Let the others work until it holds."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)

    # What time does

    def later(self, seconds: float) -> None:
        """Move the database's clock: leases run out and look-ups fall due."""
        self.store.clock_offset += timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test cannot step become short; how often something is done stays as it is."""
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    monkeypatch.setattr(bridge.changes.deeds, "READ_BACK", (0.0, 0.01, 0.01))
    monkeypatch.setitem(jobs.scheduler.EVERY, "sweep", 0.05)
    # On a busy machine an answer may take longer than the line that says so waits; who tests the line sets it.
    monkeypatch.setattr(bot.conversation, "INTERIM_AFTER", 30.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """U-Mail's calls time out after a second."""
    monkeypatch.setitem(UMail.__init__.__kwdefaults__, "deadline", 1.0)


@pytest.fixture
def moment() -> datetime:
    """When it is at the beginning."""
    return datetime.now(UTC)


@pytest.fixture
async def closed_office(
    tmp_path: Path, migrated: Path, moment: datetime, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """Vendors and workspace, and nobody serving yet."""
    shutil.copy(migrated, tmp_path)
    clock = Clock(moment)
    box = await Sandbox.start(WorldClock.stepped(clock.at))
    slack = await SlackServer.start(now=clock)
    office = Office(box, slack, clock, tmp_path)
    open_store = bot.app.open_store

    @asynccontextmanager
    async def watched(config):
        async with open_store(config) as store:
            office.store = store
            yield store

    monkeypatch.setattr(bot.app, "open_store", watched)
    yield office
    await slack.stop()
    await box.stop()


@pytest.fixture
async def office(closed_office: Office) -> AsyncIterator[Office]:
    """The shipped configuration at work: U-Mail, EmailCar, ITNIO."""
    async with closed_office.open():
        yield closed_office


@pytest.fixture
async def two_dialects(closed_office: Office, tmp_path: Path) -> AsyncIterator[Office]:
    """The same, with a second account at U-Mail that speaks V3.0."""
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(shipped().read_text("utf-8").replace("accounts:\n", OLD, 1), "utf-8")
    async with closed_office.open():
        yield closed_office


@pytest.fixture
async def unasked(closed_office: Office, tmp_path: Path) -> AsyncIterator[Office]:
    """The office where nobody has to approve a send."""
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(_without_approvals(shipped().read_text("utf-8")), "utf-8")
    async with closed_office.open():
        yield closed_office


@pytest.fixture
async def two_dialects_unasked(closed_office: Office, tmp_path: Path) -> AsyncIterator[Office]:
    """Both at once."""
    text = _without_approvals(shipped().read_text("utf-8"))
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text.replace("accounts:\n", OLD, 1), "utf-8")
    async with closed_office.open():
        yield closed_office


def _without_approvals(text: str) -> str:
    text = re.sub(r"^  policies:\n(    - .*\n)+", "  policies: []\n", text, flags=re.MULTILINE)
    return text.replace("\n  approvers: 1\n", "\n  approvers: 0\n", 1)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody whom webhooks are sent to."""
    receiver = await Receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


@dataclass
class Finished:
    """A command line that has come to its end."""

    status: int
    out: str
    err: str


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Awaitable[asyncio.subprocess.Process]]:
    """Start `edmbot …` as a process of its own, in an empty folder."""

    async def started(arguments: Sequence[str], environ: Mapping[str, str]) -> asyncio.subprocess.Process:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("edmbot"),
            *arguments,
            cwd=tmp_path,
            env={**kept, **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    return started


CommandLine = Callable[..., Awaitable[Finished]]


@pytest.fixture
def process(start) -> CommandLine:
    """Run `edmbot …` as a process of its own, to its end."""

    async def run(*arguments: str, environ: Mapping[str, str]) -> Finished:
        running = await start(arguments, environ)
        out, err = await running.communicate()
        return Finished(running.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
def edmbot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """Run `edmbot …` in a thread: the same, without the second that a process takes to start."""
    monkeypatch.chdir(tmp_path)

    async def run(*arguments: str, environ: Mapping[str, str]) -> Finished:
        monkeypatch.setattr(os, "environ", dict(environ))
        capsys.readouterr()
        status = await asyncio.to_thread(main, arguments)
        return Finished(status, *capsys.readouterr())

    yield run
    # The command line logs to the standard error of its day, which ends with the test.
    structlog.reset_defaults()


@pytest.fixture
async def serving(closed_office: Office, start) -> AsyncIterator[asyncio.subprocess.Process]:
    """`edmbot run` as a process of its own, which a test may kill."""
    process = await start(["run", "--role", closed_office.part], closed_office.environ)
    line = (await process.stdout.readline()).decode()
    closed_office.listen(line.split()[-1])
    yield process
    if process.returncode is None:
        process.kill()
    await process.communicate()


@pytest.fixture
async def managed(closed_office, tmp_path):
    """The office with two managers' accounts."""
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(shipped().read_text("utf-8").replace("accounts:\n", MANAGED, 1), "utf-8")
    async with closed_office.open():
        yield closed_office
