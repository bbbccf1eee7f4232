"""Asking the vendors: one duty for each account and each thing that it tells of, so that none waits for another.

A vendor that cannot be reached is an observation like any other: the account's first poll that asks says how the
vendor is, and rules and alerts make of it what they will. The others' failures stay with their own `Job` rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from bridge import snapshots
from bridge.record import Judge
from jobs.looks import balance, domains, imports, messages, statistics, templates
from jobs.place import Line, LookAt, Place
from jobs.scheduler import Duty
from jobs.settings import Polling
from jobs.tasks import tasks, watched_tasks
from providers.base import (
    ListsMessages,
    LooksUpMessages,
    Provider,
    ReadsTasks,
    TellsBalance,
    TellsDayStats,
    TellsTaskStats,
)
from providers.capabilities import ImportsContacts, KeepsDomains, KeepsTemplates
from providers.errors import ProviderError, RateLimitedError, UnsupportedError
from store.engine import Store, after_people
from store.jobs import Claimed

_log = structlog.get_logger()

FAMILY = snapshots.POLL
"""The first word of a poll's job: `poll umail tasks`."""


@dataclass(frozen=True, slots=True)
class Round:
    """One thing that is asked for regularly."""

    name: str
    """A key of `polling:`."""
    look: LookAt
    needs: tuple[type, ...]
    """Any of these capabilities."""


ROUNDS = (
    Round("tasks", tasks, (ReadsTasks,)),
    Round("statistics", statistics, (TellsDayStats, TellsTaskStats)),
    Round("balance", balance, (TellsBalance,)),
    Round("messages", messages, (LooksUpMessages, ListsMessages)),
    Round("watched", watched_tasks, (ReadsTasks,)),
    Round("templates", templates, (KeepsTemplates,)),
    Round("domains", domains, (KeepsDomains,)),
    Round("imports", imports, (ImportsContacts,)),
)
"""What an account can tell of; the first of them that it has says how its vendor is."""


class Poller:
    """Makes the duties."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        judge: Judge,
        polling: Polling,
        *,
        zone_of: Callable[[str], ZoneInfo],
        told: Callable[[], None] = lambda: None,
        crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        """zone_of: what "today" means for an account; told: called when something happened.

        crash: called at each of `jobs.place.STEPS`; a test may end the process there.
        """
        self._polling = polling
        self._places = [
            Place(provider, zone_of(account), store, judge, polling, told, crash=crash)
            for account, provider in providers.items()
        ]
        self._unsupported: set[tuple[str, str]] = set()

    def duties(self) -> Sequence[Duty]:
        """One for each account and each thing that it can tell of."""
        return [
            Duty(
                f"{FAMILY} {place.account} {one.name}",
                partial(self._poll, place, one, leads=one is rounds[0]),
                self._every(one),
            )
            for place in self._places
            for rounds in [_rounds(place.provider)]
            for one in rounds
        ]

    def _every(self, one: Round) -> timedelta:
        every: timedelta = getattr(self._polling, one.name)
        return every

    async def _poll(self, place: Place, one: Round, claimed: Claimed, *, leads: bool) -> None:
        if (place.account, one.name) in self._unsupported:
            return
        error: ProviderError | None = None
        asked, line = True, Line()
        try:
            with after_people():
                asked = await one.look(replace(place, line=line) if leads else place, claimed)
        except UnsupportedError as raised:
            # Nor will this account's dialect tell it the next time.
            self._unsupported.add((place.account, one.name))
            _log.info("poll.unsupported", job=claimed.name, call=raised.call)
            return
        except ProviderError as raised:
            error = raised
        if leads and asked and not _is_ours(error) and (error is not None or not line.told):
            await place.tell(line, error)
        if error is not None:
            raise error


def _rounds(provider: Provider) -> Sequence[Round]:
    return [one for one in ROUNDS if isinstance(provider, one.needs) and not _cannot(provider, one)]


def _cannot(provider: Provider, one: Round) -> bool:
    return one.look is imports and isinstance(provider, ImportsContacts) and not provider.can_follow_imports()


def _is_ours(error: ProviderError | None) -> bool:
    """Whether we kept ourselves to a limit; that says nothing of the vendor."""
    return isinstance(error, RateLimitedError) and error.vendor_code is None
