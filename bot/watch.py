"""What a process does when nobody asks: everything behind `--role worker`, put together."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import overload

from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config
from bot.people import People
from bridge.alerts.breaker import Breaker
from bridge.alerts.desk import AlertDesk
from bridge.approvals.claimed import LostOf
from bridge.approvals.execution import Executor
from bridge.approvals.found import Finder, Inquiry, Judges
from bridge.approvals.policy import Unapproved
from bridge.notices.faces import NextOf
from bridge.notices.outbox import Outbox
from bridge.receivers.board import Board
from bridge.receivers.webhook import WebhookReceiver
from bridge.record import Judge
from bridge.webhooks.deliveries import Deliverer
from jobs.approvals import ApprovalWork
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

ROUND = 10.0
"""Seconds after which the job that sends webhooks says how it is, and goes on: an endpoint that never answers keeps it
at work for as long as there are events."""

BREAKER = timedelta(seconds=2)
"""How often rules that act are looked after."""


def desk_of(config: Config) -> AlertDesk:
    """What app.yaml says about alerts."""
    return AlertDesk(config.rules, config.routing)


def next_of(desk: AlertDesk) -> NextOf:
    """Whom the next step of an alert's escalation will mention."""
    return lambda alert: step.who if (step := desk.next_step(alert)) else ()


class Admins(Sequence[str]):
    """Who gets the notes for admins: the people among them and who is in their groups; if nobody, where alerts go.

    Whoever writes a note reads it as it is at that moment; who is in a group is asked for now and then, so that no note
    waits for Slack.
    """

    def __init__(self, config: Config, people: People) -> None:
        self._named = [admin for admin in config.roles.admin if admin[:1] in "UW"]
        self._groups = [admin for admin in config.roles.admin if admin.startswith("S")]
        self._otherwise = [channel for channel in (config.channels.alerts,) if channel]
        self._people = people
        self._members: dict[str, frozenset[str]] = {}
        self._receivers = self._named or self._otherwise

    async def ask(self) -> None:
        """Look who is in the groups; while Slack does not tell, what was known last holds."""
        answers = await asyncio.gather(*(self._people.members(group) for group in self._groups))
        self._members |= {
            group: members for group, members in zip(self._groups, answers, strict=True) if members is not None
        }
        inside = (person for group in self._groups for person in sorted(self._members.get(group, ())))
        self._receivers = list(dict.fromkeys([*self._named, *inside])) or self._otherwise

    def __len__(self) -> int:
        return len(self._receivers)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._receivers[index]

    def __iter__(self) -> Iterator[str]:
        # Of one moment: they may be asked for meanwhile.
        return iter(self._receivers)


def judge_of(config: Config, desk: AlertDesk) -> Judge:
    """What is made of what a poll records: the rules come last, so that they know who was asked."""
    if config.approvals.unapproved_sends is Unapproved.IGNORE:
        return desk
    return Judges((Finder(config.approval_desk), desk))


def approval_work_of(
    config: Config, store: Store, providers: Mapping[str, Provider], lost_of: LostOf, told: Callable[[], None]
) -> ApprovalWork:
    """What happens to requests by itself. told: called when there is something to show."""
    desk, zones = config.approval_desk, {name: account.timezone for name, account in config.accounts.items()}
    executor = Executor(store, providers, desk, lost_of=lost_of, zone_of=zones.__getitem__, told=told)
    inquiry = Inquiry(store, providers, desk, zone_of=zones.__getitem__, told=told)
    return ApprovalWork(store, desk, executor, inquiry, told)


def duties_of(
    config: Config, store: Store, providers: Mapping[str, Provider], desk: AlertDesk, told: Callable[[], None]
) -> Sequence[Duty]:
    """Everything that is done once for all processes. told: called when there may be something to show."""
    zones = {name: account.timezone for name, account in config.accounts.items()}
    polls = Poller(store, providers, judge_of(config, desk), config.polling, zone_of=zones.__getitem__, told=told)
    digests = Digests(store, config.digest, zones, config.channels.digest, config.timezone)

    async def age(_claimed: Claimed) -> None:
        await store.transact(lambda session, now: desk.age(session, now, list(providers)))
        told()

    breaker = Breaker(store, providers, config.rules, told)

    async def act(account: str, _claimed: Claimed) -> None:
        await breaker.run(account)

    # A vendor that is slow delays nobody else's pause.
    breakers = [Duty(f"breaker {account}", partial(act, account), BREAKER) for account in providers]
    own = (Duty("aging", age, AGING), Prune(store, config.retention).duty())
    duties = [*polls.duties(), *digests.duties(), *breakers, *own]
    if config.heartbeat_url is not None:
        duties.append(Heartbeat(store, config.heartbeat_url).duty())
    return duties


def outbox_of(
    config: Config,
    store: Store,
    client: AsyncWebClient,
    people: People,
    *,
    desk: AlertDesk,
    admins: Sequence[str],
    tests: bool = False,
) -> Outbox:
    """The way out to Slack. tests: whether some account can send a single message."""

    async def language_of(receiver: str) -> str:
        if receiver[:1] in "UW":
            return await people.language_of(receiver, None)
        return config.languages.get(receiver, config.language)

    return Outbox(
        store,
        Board(client),
        language_of,
        config.slash,
        admins=admins,
        zone=config.timezone,
        next_of=next_of(desk),
        runbook_of=desk.runbook,
        name_of=people.name_of,
        tests=tests,
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
        admins: Admins,
        lost_of: LostOf,
        own: Mapping[str, Work],
    ) -> None:
        """lost_of: who of those who approved may not any more. own: the jobs that any process has."""
        self._desk = desk
        self._outbox = outbox
        asked = approval_work_of(config, store, providers, lost_of, self.tell)
        duties = [*duties_of(config, store, providers, desk, self.tell), asked.duty()]
        polls = [duty.name for duty in duties if duty.family == FAMILY]
        self._admins = admins
        self._keeper = Watchkeeper(store, admins, polls)
        self._receiver = WebhookReceiver()
        self._deliverer = Deliverer(store, self._receiver, config.endpoints, admins=admins, home=config.server.url)
        jobs = {
            **own,
            **asked.jobs(),
            "alive": self._keep,
            "outbox": self._outbox.deliver,
            "webhooks": self._send,
        }
        super().__init__(store, jobs, duties)

    async def start(self) -> None:
        """Say whether nobody was there, forget rules that are gone, and begin."""
        await self._store.transact(self._desk.retire)
        await self._keep()
        await super().start()

    async def stop(self) -> None:
        """Begin nothing more, and let what runs come to its end."""
        self._deliverer.finish()
        await super().stop()
        await self._deliverer.run_once()
        await self._receiver.close()

    def tell(self) -> None:
        """Something has happened that people or other systems may want to know."""
        self._outbox.nudge()
        self._deliverer.nudge()
        self.wake("outbox")
        self.wake("webhooks")

    async def _send(self) -> None:
        if await self._deliverer.run_once(ROUND):
            self.wake("webhooks")

    async def _keep(self) -> None:
        await self._admins.ask()
        if await self._keeper.run():
            self.tell()
