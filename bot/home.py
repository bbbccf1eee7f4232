"""App Home: what runs, what is scheduled, what is left to send with.

It opens at once with what is known and is then filled. After a change that was made through the bot everyone who opened
theirs lately gets it anew: rows say whose is due (`store.homes`), and one reading serves all of them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import Session

from bot.commands.task import PAGE, hourly_rate
from bot.config import Config, Role
from bot.people import People, Person
from bridge.approvals.cardface import Card, card_of
from bridge.approvals.requests import waiting
from bridge.notices.faces import AlertFace, alert_face
from bridge.receivers.slack import Sent, carefully
from providers.base import Provider, ReadsTasks, TellsBalance
from providers.errors import ProviderError, UnsupportedError
from providers.model import Balance, Task, TaskStatus
from store import alerts, homes
from store.engine import Store
from templates import Message, render

RUNNING = (TaskStatus.SENDING, TaskStatus.PAUSED)
WAITING = (TaskStatus.SCHEDULED, TaskStatus.QUEUED, TaskStatus.DRAFT)
SHOWN = 8
"""Tasks of each kind that a home shows; it says how many more there are."""
ALERTS_SHOWN, ALERTS_READ = 5, 50
"""Alerts that a home shows, and that are read for all homes: people see some accounts' only."""
REQUESTS_SHOWN = 5
BATCH = 20
"""Homes that one round publishes: Slack takes about a hundred a minute (views.publish, Tier 4)."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it was read; what could not be read has its error instead."""

    name: str
    title: str
    tasks: Sequence[Task] = ()
    more: bool = False
    """Whether there are more tasks than the vendor puts on a page."""
    tasks_error: ProviderError | None = None
    reads_tasks: bool = True
    balance: Balance | None = None
    balance_error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One task with what a home says and offers about it."""

    task: Task
    account: str
    rate: int | None
    """Messages an hour."""
    may_change: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """All accounts at one time; a later reading has a higher number."""

    number: int
    accounts: Sequence[Account]
    firing: Sequence[AlertFace] = ()
    """The worst first; at most ALERTS_READ."""
    requests: Sequence[Card] = ()
    """What waits for approval, what expires first first."""


@dataclass(slots=True)
class _Tab:
    """What a person's home shows: readings may overtake one another, homes must not go back."""

    number: int = -1
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Home:
    """Publishes people's App Homes."""

    def __init__(
        self,
        config: Config,
        store: Store,
        providers: Mapping[str, Provider],
        client: AsyncWebClient,
        people: People,
    ) -> None:
        self._config = config
        self._store = store
        self._providers = providers
        self._client = client
        self._people = people
        self._numbers = count()
        self._last: Reading | None = None
        """What is known here: only to show something at once."""
        self._under_way: asyncio.Task[Reading] | None = None
        self._tabs: defaultdict[str, _Tab] = defaultdict(_Tab)

    async def opened(self, user_id: str, team_id: str | None) -> None:
        """Show what is known at once, then what is read now."""
        person = await self._people.identify(user_id, team_id)
        if person.role() is Role.NONE:
            await self._publish(person, None)
            return
        await self._publish(person, self._last)
        await homes.opened(self._store, user_id, team_id)
        await self._publish(person, await self._shared())

    async def refresh_due(self) -> None:
        """Publish the homes that are due, some at a time; called by the clock."""
        tabs = await homes.claim_due(self._store, BATCH)
        if not tabs:
            return
        reading = await self._read()
        people = await asyncio.gather(*(self._people.identify(tab.user_id, tab.team_id) for tab in tabs))
        await asyncio.gather(*(self._publish(person, reading) for person in people))
        await homes.shown(self._store, tabs)

    async def _shared(self) -> Reading:
        """One reading for all who open theirs meanwhile."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._read())
        return await asyncio.shield(self._under_way)

    async def _read(self) -> Reading:
        number = next(self._numbers)
        found, requests, accounts = await asyncio.gather(
            alerts.page(self._store, list(self._config.accounts), firing=True, size=ALERTS_READ, number=1),
            self._store.transact(self._requests),
            asyncio.gather(*(_account(provider) for provider in self._providers.values())),
        )
        reading = Reading(number, accounts, [alert_face(alert) for alert in found.alerts], requests)
        if self._last is None or self._last.number < number:
            self._last = reading
        return reading

    def _requests(self, session: Session, now: datetime) -> Sequence[Card]:
        return [card_of(session, now, row) for row in waiting(session, list(self._config.accounts))]

    async def _decides(self, person: Person, reading: Reading | None) -> Sequence[Card]:
        """What waits for this very person's yes."""
        mine = []
        for card in reading.requests if reading else ():
            own = card.requested_by == person.id and not card.self_approval
            voted = any(vote["user"] == person.id for vote in card.votes)
            if person.role(card.account) >= Role.APPROVER and not own and not voted and await self._asked(person, card):
                mine.append(card)
        return mine

    async def _asked(self, person: Person, card: Card) -> bool:
        if not card.who or person.id in card.who:
            return True
        groups = [await self._people.members(one) for one in card.who if one.startswith("S")]
        return any(members is not None and person.id in members for members in groups)

    async def _publish(self, person: Person, reading: Reading | None) -> None:
        """Publish it, unless it shows something later already; publishing again changes nothing."""
        tab, number = self._tabs[person.id], reading.number if reading else -1
        async with tab.turn:
            if number < tab.number:
                return
            asked = await self._decides(person, reading)
            view = {"type": "home", "blocks": list(self._message(person, reading, asked).blocks)}

            async def publish() -> Sent:
                await self._client.views_publish(user_id=person.id, view=view)
                return Sent.YES

            sent = await carefully(publish)
            tab.number = number
        if sent is Sent.NO:
            # It is published anew whenever it is opened, and after the next change.
            _log.warning("slack.views_publish", user=person.id)

    def _message(self, person: Person, reading: Reading | None, asked: Sequence[Card]) -> Message:
        seen = [a for a in reading.accounts if person.role(a.name) >= Role.VIEWER] if reading else None
        tasks = [_line(task, account, person) for account in seen or () for task in account.tasks]
        return render(
            "home",
            person.language,
            zone=self._config.timezone,
            slash=self._config.slash,
            person=person,
            accounts=seen,
            running=[line for line in tasks if line.task.status in RUNNING],
            waiting=sorted((line for line in tasks if line.task.status in WAITING), key=_due),
            most=SHOWN,
            firing=[alert for alert in reading.firing if person.role(alert.account) >= Role.VIEWER] if reading else [],
            most_alerts=ALERTS_SHOWN,
            asked=asked,
            most_requests=REQUESTS_SHOWN,
        )


async def _account(provider: Provider) -> Account:
    (tasks, more, tasks_error), (balance, balance_error) = await asyncio.gather(_tasks(provider), _balance(provider))
    return Account(
        provider.account,
        provider.title,
        tasks=tasks,
        more=more,
        tasks_error=tasks_error,
        reads_tasks=isinstance(provider, ReadsTasks),
        balance=balance,
        balance_error=balance_error,
    )


async def _tasks(provider: Provider) -> tuple[Sequence[Task], bool, ProviderError | None]:
    """The tasks that are not over, and whether there are more of them."""
    if not isinstance(provider, ReadsTasks):
        return (), False, None
    try:
        pages = await asyncio.gather(*(_page(provider, status) for status in (*RUNNING, *WAITING)))
    except ProviderError as error:
        return (), False, error
    # One that moves on while it is read may stand on two pages.
    tasks = {task.id: task for page in pages for task in page}
    return list(tasks.values()), any(len(page) >= PAGE for page in pages), None


async def _page(provider: ReadsTasks, status: TaskStatus) -> Sequence[Task]:
    try:
        return await provider.tasks(status=status)
    except UnsupportedError:
        # This dialect has no such status.
        return ()


async def _balance(provider: Provider) -> tuple[Balance | None, ProviderError | None]:
    if not isinstance(provider, TellsBalance):
        return None, None
    try:
        return await provider.balance(), None
    except ProviderError as error:
        return None, error


def _line(task: Task, account: Account, person: Person) -> Line:
    return Line(task, account.name, hourly_rate(task), person.role(account.name) >= Role.OPERATOR)


def _due(line: Line) -> tuple[bool, float]:
    """The soonest first; without a time last."""
    at = line.task.scheduled_at
    return at is None, at.timestamp() if at else 0.0
