"""One account, as its polls see it: what was known, what was seen, what became of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Counter

from bridge.record import Judge, Look, Noted, note, note_all, record
from bridge.sightings import Kind, Sighting, of_provider
from bridge.transitions import Known
from jobs.pace import Pacing
from jobs.settings import Polling
from providers.base import Provider
from providers.errors import ProviderError, RefusedError
from store.engine import Store
from store.jobs import Claimed

T = TypeVar("T")
A = TypeVar("A")

STEPS = ("noted", "asked", "recorded", "told")
"""Between reading what is there and having it told; a test may end the process at each."""
MOST = 50
"""Single things asked for in one round; the rest has its turn in the next."""

_log = structlog.get_logger()
_events = Counter("edmbot_events_total", "Events recorded, by type", ["type"])


@dataclass(slots=True)
class Gathered:
    """What a look has brought so far."""

    noted: Noted
    sightings: list[Sighting] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    ends: bool = True

    @property
    def known(self) -> Mapping[str, Known]:
        return self.noted.known


@dataclass(slots=True)
class Line:
    """How an account's vendor is, as one poll finds it."""

    noted: Noted | None = None
    """What was known of it: read together with the first thing that the poll notes, for that costs next to nothing."""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One account, with what its polls need."""

    provider: Provider
    zone: ZoneInfo
    """What "today" means there."""
    store: Store
    judge: Judge
    polling: Polling
    told: Callable[[], None]
    """Called when something happened: somebody may have to be told."""
    line: "Line | None" = None
    """Where this poll says how the vendor is."""
    crash: Callable[[str], None] = lambda _step: None
    """Called at each of STEPS."""

    @property
    def account(self) -> str:
        return self.provider.account

    @asynccontextmanager
    async def look(self, kind: Kind, subjects: Sequence[str] | None = None) -> AsyncIterator[Gathered]:
        """Note what is known, let the block ask, and record what it gathered, also when it could not end."""
        gathered = Gathered(await self._note(kind, subjects))
        self.crash("noted")
        try:
            yield gathered
        except ProviderError:
            gathered.ends = False
            await self._keep(gathered)
            raise
        self.crash("asked")
        if gathered.sightings and self.line is not None and not self.line.told:
            # Before it is judged: what the vendor tells is not held back as if it were away.
            await self.tell(self.line, None)
        await self._keep(gathered)

    async def _note(self, kind: Kind, subjects: Sequence[str] | None) -> Noted:
        if self.line is None or self.line.noted is not None:
            return await note(self.store, self.account, kind, subjects)
        noted, self.line.noted = await note_all(self.store, self.account, {kind: subjects, Kind.PROVIDER: [""]})
        return noted

    async def tell(self, line: "Line", error: ProviderError | None) -> None:
        """Record how the vendor is: `error` is what the poll failed with, None when it answers."""
        # How long it took to fail is no part of when it did.
        known = line.noted if error is None else None
        noted = known or await note(self.store, self.account, Kind.PROVIDER, [""])
        line.told, line.noted = True, None
        await self._keep(Gathered(noted, [of_provider(self.account, error, noted.at)]))

    async def _keep(self, gathered: Gathered) -> None:
        look = Look(noted=gathered.noted, sightings=gathered.sightings, missing=gathered.missing, ends=gathered.ends)
        recorded = await record(self.store, look, self.judge, Pacing(self.polling))
        if not recorded.events:
            return
        self.crash("recorded")
        for event in recorded.events:
            _events.labels(event.type).inc()
        self.told()
        self.crash("told")

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When a day begins there."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


LookAt = Callable[[Place, Claimed], Awaitable[bool]]
"""One round; False when there was nothing to ask."""


def crosses(before: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether a multiple of `every` lies between two rounds: so rarer looks need no memory of their own."""
    return before is None or before.timestamp() // every.total_seconds() != now.timestamp() // every.total_seconds()


async def each(place: Place, items: Sequence[T], ask: Callable[[T], Awaitable[A]]) -> AsyncIterator[tuple[T, A]]:
    """Ask for the first MOST one by one; one that the vendor will not tell of stands in nobody's way."""
    for item in items[:MOST]:
        try:
            yield item, await ask(item)
        except RefusedError as error:
            _log.info("poll.refused", account=place.account, call=error.call, vendor_code=error.vendor_code)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
