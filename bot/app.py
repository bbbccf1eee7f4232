"""Composition root: builds everything once, starts it in order, stops it in the reverse one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.bolt import Listeners, make_bolt
from bot.commands import COMMANDS
from bot.config import Config, SlackConfig
from bot.conversation import Slack
from bot.deciders import Deciders
from bot.dispatch import Dispatcher
from bot.grammar import Grammar
from bot.home import Home
from bot.identity import Identity
from bot.inlet import Inlet
from bot.people import People
from bot.socket import SocketDoor
from bot.watch import Admins, Watch, desk_of, outbox_of
from bot.web import WebDoor
from bridge.notices.outbox import Outbox
from bridge.receivers.channels import SlackChannels
from bridge.receivers.files import SlackFiles
from bridge.receivers.modals import SlackModals
from bridge.receivers.pictures import Pictures
from bridge.receivers.slack import TIMEOUT, SlackAnswers
from bridge.webhooks import endpoints
from bridge.webhooks.bell import Bell
from bridge.webhooks.inbound import Inbound
from jobs.pace import Pacing
from jobs.scheduler import Clockwork, Work
from jobs.sweep import Sweep
from providers import PROVIDERS
from providers.base import Provider, SendsMessages
from store.engine import Store
from store.limits import SharedLimiter

DRAIN = 25.0
"""Seconds that a shutdown waits for commands at work: a vendor's time-out and a little."""

ARRIVALS = 0.25
"""Seconds in which whatever arrives by webhook wakes once what tells people and other systems of it."""


class Part(StrEnum):
    """What one process of several does; all of them share the database."""

    ALL = "all"
    WEB = "web"
    """Answers Slack."""
    WORKER = "worker"
    """Watches the vendors and tells people."""


@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Store]:
    """The database, migrated."""
    store = Store(config.database, durability=config.durability)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_providers(config: Config, store: Store) -> AsyncIterator[Mapping[str, Provider]]:
    """A client for each account."""
    limiter = SharedLimiter(store)
    clients = {
        name: PROVIDERS[account.provider](name, account.settings, timezone=account.vendor_zone, limiter=limiter)
        for name, account in config.accounts.items()
    }
    try:
        yield clients
    finally:
        await asyncio.gather(*(client.aclose() for client in clients.values()))


def grammar() -> Grammar:
    """All commands; an empty line asks for help."""
    return Grammar(COMMANDS, fallback="help")


@asynccontextmanager
async def serve(config: Config, part: Part = Part.ALL) -> AsyncIterator[WebDoor]:
    """The bot, serving; at the end of the block it lets its work end and stops."""
    async with (
        open_store(config) as store,
        open_providers(config, store) as providers,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
    ):
        bot = Bot(config, part, store, providers, session)
        await bot.start()
        try:
            yield bot.web
        finally:
            await bot.stop()


class Bot:
    """What a process that serves is put together from: making it does nothing, `start` does."""

    def __init__(
        self,
        config: Config,
        part: Part,
        store: Store,
        providers: Mapping[str, Provider],
        session: aiohttp.ClientSession,
    ) -> None:
        """Each part after those that it needs; what a process of this `part` has no use for is None."""
        if config.slack is None:
            raise ValueError("serving needs the slack section")
        self._config, self._store, self._providers, self._slack = config, store, providers, config.slack
        self._client = _client(config.slack, session)
        self._people = People(config, self._client)
        self._identity = Identity(self._client, self._people)
        self._desk, self._admins = desk_of(config), Admins(config, self._people)
        self._outbox = self._make_outbox()
        self._dispatcher = Dispatcher(config, store, providers, self._people, grammar(), told=self._told)
        self._answers = SlackAnswers(self._client, session)
        self._home = Home(config, store, providers, self._client, self._people)
        self._clock = self._make_clock(part)
        self._bell = Bell(self._told, ARRIVALS)
        bolt = None if part is Part.WORKER else self._make_bolt(session)
        inlet = None if part is Part.WORKER else self._make_inlet()
        http = bolt if self._slack.mode == "http" else None
        self.web = WebDoor(config, store, http, self._identity.known, inlet=inlet)
        self._socket = SocketDoor(bolt, self._slack, self._client) if bolt and not http else None

    async def start(self) -> None:
        """Open the doors, and begin what is done without anyone asking."""
        shipped = [*self._config.endpoints.values()]
        # Before anything can happen that they must be told of, whichever part of the bot is first.
        await self._store.transact(lambda session, now: endpoints.ship(session, now, shipped))
        await self._identity.ask()
        await self.web.open()
        await self._clock.start()
        if self._socket:
            await self._socket.open()

    async def stop(self) -> None:
        """Close the doors, let the work that was begun end, and stop the clock."""
        if self._socket:
            await self._socket.close()
        await self.web.close()
        self._bell.stop()
        # The leases of what is still at work are kept until it has ended.
        await self._dispatcher.drain(DRAIN)
        await self._clock.stop()

    def _told(self) -> None:
        # Another process with the outbox looks by itself, each second.
        self._outbox.nudge()
        self._clock.wake("outbox")
        self._clock.wake("webhooks")
        # A yes may have been the last one.
        self._clock.wake("executions")

    def _make_outbox(self) -> Outbox:
        """What tells people in Slack."""
        tests = any(isinstance(provider, SendsMessages) for provider in self._providers.values())
        return outbox_of(
            self._config,
            self._store,
            self._client,
            self._people,
            desk=self._desk,
            admins=self._admins,
            tests=tests,
        )

    def _make_clock(self, part: Part) -> Clockwork:
        """What is done without anyone asking: watching is for a worker, the rest for any process."""
        own: dict[str, Work] = {
            "leases": self._dispatcher.keep_leases,
            "sweep": self._make_sweep().run,
            "homes": self._home.refresh_due,
        }
        if part is Part.WEB:
            return Clockwork(self._store, own)
        return Watch(
            self._config,
            self._store,
            self._providers,
            desk=self._desk,
            outbox=self._outbox,
            admins=self._admins,
            lost_of=Deciders(self._people).lost,
            own=own,
        )

    def _make_sweep(self) -> Sweep:
        """What looks after changes whose answer was lost, and after what falls due."""
        return Sweep(
            self._store,
            self._providers,
            self._answers,
            self._desk.due,
            language_of=self._people.language_of,
            zone_of=self._people.zone_of,
            slash=self._config.slash,
        )

    def _make_bolt(self, session: aiohttp.ClientSession) -> AsyncApp:
        """What takes Slack's requests, and the ways in which they are answered."""
        files = SlackFiles(self._client, session)
        outlets = Slack(
            self._answers,
            files,
            Pictures(self._answers, files),
            SlackModals(self._client),
            SlackChannels(self._client),
        )
        listeners = Listeners(
            dispatcher=self._dispatcher,
            outlets=outlets,
            home=self._home,
            store=self._store,
            language=str(self._config.language),
        )
        return make_bolt(self._slack, self._identity, listeners)

    def _make_inlet(self) -> Inlet:
        """Where others send their webhooks to."""
        config = self._config
        pace = Pacing(config.polling)
        inbound = Inbound(
            self._store, config.sources, self._desk, follows=config.accounts, pace=pace, told=self._bell.ring
        )
        return Inlet(inbound, config.server.proxies)


@asynccontextmanager
async def terminal(config: Config) -> AsyncIterator[tuple[Dispatcher, People]]:
    """The same commands without Slack, for `edmbot exec`."""
    async with open_store(config) as store, open_providers(config, store) as providers:
        people = People(config, None)
        yield Dispatcher(config, store, providers, people, grammar()), people


def _client(slack: SlackConfig, session: aiohttp.ClientSession) -> AsyncWebClient:
    # Without the SDK's retry: it posts a second time when a reply is lost.
    return AsyncWebClient(
        token=slack.bot_token.get_secret_value(),
        base_url=slack.api_url,
        session=session,
        timeout=int(TIMEOUT),
        retry_handlers=[],
    )
