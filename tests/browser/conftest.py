"""Chromium in front of the page: the demo with the real bot, or a small app that a test has scripted."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Page as Tab

import bot.app
import bridge.changes.deeds
import bridge.changes.tasks
import jobs.scheduler
from bot.app import serve
from bot.appyaml import Purpose, load, shipped
from bot.commands import COMMANDS
from bot.manifest import manifest
from sandbox import Sandbox
from sandbox.demo import Demo
from sandbox.page import Page, Word
from sandbox.receiver import Receiver
from sandbox.slack import SlackServer
from store.engine import Store

fixture = partial(pytest_asyncio.fixture, loop_scope="session")
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Window:
    """Tabs of the browser, each a person's own; what goes wrong in them is noted."""

    browser: Browser
    name: str
    url: str = ""
    tabs: list[Tab] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    kept: int = 0
    box: Sandbox | None = None
    slack: SlackServer | None = None
    receiver: Receiver | None = None
    store: Store | None = None

    def passes(self, **span: float) -> None:
        """Time passes at the vendors and in the bot's database; Slack's and the browser's own goes on as it does."""
        step = timedelta(**span)
        self.box.clock.step(step.total_seconds())
        self.store.clock_offset += step

    async def open(self, person: str = "U0LIN", place: str = "C0GENERAL", *, path: str = "", **context) -> Tab:
        """Open the page as somebody, somewhere; `context` is Playwright's new_context.

        path: of another page than Slack's, which belongs to nobody.
        """
        room = await self.browser.new_context(
            viewport=context.pop("viewport", {"width": 1280, "height": 800}), **context
        )
        tab = await room.new_page()
        tab.set_default_timeout(10_000)
        tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        tab.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        tab.on("request", lambda request: self.asked.append(request.url))
        await tab.goto(f"{self.url}{path}" if path else f"{self.url}#/{person}/{place}")
        await tab.locator("#title:not(:empty)").wait_for()
        self.tabs.append(tab)
        return tab

    async def type(self, tab: Tab, text: str) -> None:
        await tab.locator("#line").fill(text)
        await tab.locator("#line").press("Enter")

    async def keep(self) -> None:
        """A picture of every tab, for whoever reads the run."""
        ARTIFACTS.mkdir(exist_ok=True)
        for tab in self.tabs:
            self.kept += 1
            await tab.screenshot(path=ARTIFACTS / f"{self.name}-{self.kept}.png")

    async def close(self) -> None:
        """The tabs go before the servers do, which they would miss."""
        await self.keep()
        for tab in self.tabs:
            await tab.context.close()
        self.tabs.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for this room, because the browser lives as long as the session."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            # Before the mark that the mode `auto` has put there.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once: people have a context of their own, which shares nothing with another."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        await browser.close()


@fixture
async def window(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Window]:
    window = Window(browser, request.node.name)
    yield window
    assert window.wrong == []
    assert [url for url in window.asked if not url.startswith(window.url)] == []


@fixture
async def demo(window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Window]:
    """What `edmbot demo` starts."""
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    monkeypatch.setattr(bridge.changes.deeds, "READ_BACK", (0.0, 0.01, 0.01))
    for name in ("duties", "outbox", "approvals", "executions", "inquiries"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 0.1)
    opening = bot.app.open_store

    @asynccontextmanager
    async def watched(config):
        async with opening(config) as store:
            window.store = store
            yield store

    monkeypatch.setattr(bot.app, "open_store", watched)
    asked = manifest(load(shipped(), {}, purpose=Purpose.MANIFEST), "http://127.0.0.1")
    app_yaml = tmp_path / "app.yaml"
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(Demo.open(asked))
        app_yaml.write_text(demo.configured(shipped().read_text("utf-8")), "utf-8")
        environ = {**demo.environ(), "EDM_DATABASE_URL": f"sqlite:///{tmp_path}/edmbot.db", "EDM_PORT": "0"}
        web = await stack.enter_async_context(serve(load(app_yaml, environ, purpose=Purpose.RUN)))
        demo.connect(web.url)
        page = await stack.enter_async_context(demo.page([Word(one.name, one.usage, one.summary) for one in COMMANDS]))
        window.url, window.box, window.slack, window.receiver = page.url, demo.box, demo.slack, demo.receiver
        yield window
        await window.close()


class App(Protocol):
    """A small app that a test has scripted, behind a request URL."""

    async def serve(self, request: web.Request) -> web.Response:
        """Answer what Slack sends."""


@fixture
async def scripted(window: Window, script: Callable[[SlackServer], App]) -> AsyncIterator[tuple[Window, App]]:
    """The page with another app behind it: the module's fixture `script` makes it."""
    async with AsyncExitStack() as stack:
        box, slack = await Sandbox.start(), await SlackServer.start()
        stack.push_async_callback(box.stop)
        stack.push_async_callback(slack.stop)
        app = script(slack)
        receiver = web.Application()
        receiver.router.add_post("/", app.serve)
        runner = web.AppRunner(receiver)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.connect(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        page = await Page.start(slack, box)
        stack.push_async_callback(page.stop)
        window.url = page.url
        yield window, app
        await window.close()
