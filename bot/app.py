"""Composition root: builds everything once, starts it in order, stops it in the reverse one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum

import aiohttp
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
from bridge.alerts.desk import AlertDesk
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
    slack = config.slack
    if slack is None:
        raise ValueError("serving needs the slack section")
    async with (
        open_store(config) as store,
        open_providers(config, store) as providers,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
    ):
        client = _client(slack, session)
        people = People(config, client)
        desk, admins = desk_of(config), Admins(config, people)
        tests = any(isinstance(provider, SendsMessages) for provider in providers.values())
        outbox = outbox_of(config, store, client, people, desk=desk, admins=admins, tests=tests)

        def told() -> None:
            # Another process with the outbox looks by itself, each second.
            outbox.nudge()
            clock.wake("outbox")
            clock.wake("webhooks")
            # A yes may have been the last one.
            clock.wake("executions")

        dispatcher = Dispatcher(config, store, providers, people, grammar(), told=told)
        answers, files = SlackAnswers(client, session), SlackFiles(client, session)
        outlets = Slack(answers, files, Pictures(answers, files), SlackModals(client), SlackChannels(client))
        identity = Identity(client, people)
        home = Home(config, store, providers, client, people)
        sweep = _sweep(config, store, providers, answers=answers, people=people, desk=desk)
        own: dict[str, Work] = {"leases": dispatcher.keep_leases, "sweep": sweep.run, "homes": home.refresh_due}
        clock = (
            Clockwork(store, own)
            if part is Part.WEB
            else Watch(
                config,
                store,
                providers,
                desk=desk,
                outbox=outbox,
                admins=admins,
                lost_of=Deciders(people).lost,
                own=own,
            )
        )
        bolt = None
        if part is not Part.WORKER:
            listeners = Listeners(
                dispatcher=dispatcher, outlets=outlets, home=home, store=store, language=str(config.language)
            )
            bolt = make_bolt(slack, identity, listeners)
        bell = Bell(told, ARRIVALS)
        inlet = _inlet(config, store, desk, bell) if part is not Part.WORKER else None
        web = WebDoor(config, store, bolt if slack.mode == "http" else None, identity.known, inlet=inlet)
        socket = SocketDoor(bolt, slack, client) if bolt and slack.mode == "socket" else None
        shipped = [*config.endpoints.values()]
        # Before anything can happen that they must be told of, whichever part of the bot is first.
        await store.transact(lambda session, now: endpoints.ship(session, now, shipped))
        await identity.ask()
        await web.open()
        await clock.start()
        if socket:
            await socket.open()
        try:
            yield web
        finally:
            if socket:
                await socket.close()
            await web.close()
            bell.stop()
            # The leases of what is still at work are kept until it has ended.
            await dispatcher.drain(DRAIN)
            await clock.stop()


@asynccontextmanager
async def terminal(config: Config) -> AsyncIterator[tuple[Dispatcher, People]]:
    """The same commands without Slack, for `edmbot exec`."""
    async with open_store(config) as store, open_providers(config, store) as providers:
        people = People(config, None)
        yield Dispatcher(config, store, providers, people, grammar()), people


def _inlet(config: Config, store: Store, desk: AlertDesk, bell: Bell) -> Inlet:
    """Where others send to."""
    pace = Pacing(config.polling)
    inbound = Inbound(store, config.sources, desk, follows=config.accounts, pace=pace, told=bell.ring)
    return Inlet(inbound, config.server.proxies)


def _sweep(
    config: Config,
    store: Store,
    providers: Mapping[str, Provider],
    *,
    answers: SlackAnswers,
    people: People,
    desk: AlertDesk,
) -> Sweep:
    return Sweep(
        store,
        providers,
        answers,
        desk.due,
        language_of=people.language_of,
        zone_of=people.zone_of,
        slash=config.slash,
    )


def _client(slack: SlackConfig, session: aiohttp.ClientSession) -> AsyncWebClient:
    # Without the SDK's retry: it posts a second time when a reply is lost.
    return AsyncWebClient(
        token=slack.bot_token.get_secret_value(),
        base_url=slack.api_url,
        session=session,
        timeout=int(TIMEOUT),
        retry_handlers=[],
    )
