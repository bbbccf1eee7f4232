"""What a process does when nobody asks: everything behind `--role worker`, put together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config
from bot.people import People
from bridge.alerts import AlertDesk
from bridge.breaker import Breaker
from bridge.outbox import Outbox
from bridge.receivers.board import Board
from jobs.digest import Digests
from jobs.gap import Watchkeeper
from jobs.heartbeat import Heartbeat
from jobs.poll import FAMILY, Poller
from jobs.prune import Prune
from jobs.scheduler import Clockwork, Duty, Work
from providers.base import Provider
from store.engine import Store
from store.jobs import Claimed

AGING = timedelta(seconds=30)
"""How often the rules are asked about what only time changes."""

BREAKER = timedelta(seconds=2)
"""How often rules that act are looked after."""


def desk_of(config: Config) -> AlertDesk:
    """What app.yaml says about alerts."""
    return AlertDesk(config.rules, config.routing)


def admins_of(config: Config) -> Sequence[str]:
    """Who gets the notes for admins: the people among them, or where alerts go if only groups are named."""
    people = [admin for admin in config.roles.admin if admin[:1] in "UW"]
    return people or [channel for channel in (config.channels.alerts,) if channel]


def duties_of(
    config: Config, store: Store, providers: Mapping[str, Provider], desk: AlertDesk, told: Callable[[], None]
) -> Sequence[Duty]:
    """Everything that is done once for all processes. told: called when there may be something to show."""
    zones = {name: account.timezone for name, account in config.accounts.items()}
    polls = Poller(store, providers, desk, config.polling, zone_of=zones.__getitem__, told=told)
    digests = Digests(store, config.digest, zones, config.channels.digest, config.timezone)

    async def age(_claimed: Claimed) -> None:
        await store.transact(lambda session, now: desk.age(session, now, list(providers)))
        told()

    breaker = Breaker(store, providers, config.rules, told)

    async def act(_claimed: Claimed) -> None:
        await breaker.run()

    own = (Duty("aging", age, AGING), Duty("breaker", act, BREAKER), Prune(store, config.retention).duty())
    duties = [*polls.duties(), *digests.duties(), *own]
    if config.heartbeat_url is not None:
        duties.append(Heartbeat(store, config.heartbeat_url).duty())
    return duties


def outbox_of(config: Config, store: Store, client: AsyncWebClient, people: People, desk: AlertDesk) -> Outbox:
    """The way out to Slack."""

    async def language_of(receiver: str) -> str:
        if receiver[:1] in "UW":
            return await people.language_of(receiver, None)
        return config.languages.get(receiver, config.language)

    return Outbox(
        store,
        Board(client),
        language_of,
        config.slash,
        admins=admins_of(config),
        zone=config.timezone,
        next_of=lambda alert: step.who if (step := desk.next_step(alert)) else (),
    )


class Watch(Clockwork):
    """The clock of a process that watches the vendors and tells people."""

    def __init__(
        self,
        config: Config,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        desk: AlertDesk,
        outbox: Outbox,
        own: Mapping[str, Work],
    ) -> None:
        """own: the jobs that any process has."""
        self._desk = desk
        self._outbox = outbox
        duties = duties_of(config, store, providers, desk, self._tell)
        polls = [duty.name for duty in duties if duty.family == FAMILY]
        self._keeper = Watchkeeper(store, admins_of(config), polls)
        super().__init__(store, {**own, "alive": self._keep, "outbox": self._deliver}, duties)

    async def start(self) -> None:
        """Say whether nobody was there, forget rules that are gone, and begin."""
        await self._store.transact(self._desk.retire)
        await self._keep()
        await super().start()

    def _tell(self) -> None:
        self._outbox.nudge()
        self.wake("outbox")

    async def _keep(self) -> None:
        if await self._keeper.run():
            self._tell()

    async def _deliver(self) -> None:
        await self._outbox.run_once()
