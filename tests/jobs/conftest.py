"""The vendors in their box, a database, and a clock that only a test moves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import providers.http
from jobs.poll import Poller
from jobs.scheduler import Clockwork
from jobs.settings import Polling
from providers import PROVIDERS
from sandbox import Sandbox, WorldClock
from store.engine import Store
from store.limits import SharedLimiter

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""In Shanghai, on a Saturday."""


@pytest.fixture(autouse=True)
def _no_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are repeated in real seconds; how, is for the providers' tests."""
    monkeypatch.setattr(providers.http, "ATTEMPTS", 1)


@dataclass
class Watchtower:
    """Vendors, the process that polls them, and what it found."""

    box: Sandbox
    store: Store
    providers: dict
    polling: Polling = field(default_factory=Polling)
    seen: list = field(default_factory=list)
    """Events, as the judge got them."""
    woken: int = 0
    clocks: list[Clockwork] = field(default_factory=list)

    def judge(self, session, now, *, account, events, touched) -> None:
        self.seen += [(event.account, event.type, event.subject) for event in events]

    def wake(self) -> None:
        self.woken += 1

    def clock(self, *names: str) -> Clockwork:
        """A process whose duties are these polls; all of them where none is named."""
        poller = Poller(
            self.store, self.providers, self.judge, self.polling, zone_of=lambda _account: SHANGHAI, told=self.wake
        )
        duties = [duty for duty in poller.duties() if not names or duty.name.removeprefix("poll ") in names]
        clock = Clockwork(self.store, duties=duties)
        self.clocks.append(clock)
        return clock

    async def round(self, clock: Clockwork, **after: float) -> list:
        """Let time pass, then everything that is due; the requests that this made."""
        span = timedelta(**after)
        self.store.clock_offset += span
        self.box.clock.step(span.total_seconds())
        before = len(self.box.requests)
        await clock.claim_due()
        await clock.settle()
        return self.box.requests[before:]

    def calls(self, requests: list) -> list[str]:
        return sorted(request.call for request in requests)


def account(name: str, box: Sandbox, store: Store):
    """A client for one of the box's doors, with the box's idea of the time."""
    environ = box.environ()
    kind, prefix = ("umail", "UMAIL_V3") if name == "old" else (name, name.upper())
    told = {"base_url": environ[f"{prefix}_URL"]}
    told |= {key: environ[f"{prefix}_{key.upper()}"] for key in _SECRETS[kind]}
    told |= {"auth": "md5"} if name == "old" else {}
    settings = PROVIDERS[kind].Settings.model_validate(told)
    return PROVIDERS[kind](name, settings, timezone=SHANGHAI, limiter=SharedLimiter(store), clock=box.clock.now)


_SECRETS = {
    "umail": ("username", "password"),
    "emailcar": ("username", "password"),
    "itnio": ("app_id", "api_key", "api_secret"),
}


@pytest.fixture
async def tower(lite: Store) -> AsyncIterator[Watchtower]:
    """U-Mail alone, at noon."""
    box = await Sandbox.start(WorldClock.stepped(NOON))
    lite.clock_offset = NOON - await lite.now()
    made = Watchtower(box, lite, {"umail": account("umail", box, lite)})
    yield made
    for clock in made.clocks:
        await clock.settle()
    await asyncio.gather(*(provider.aclose() for provider in made.providers.values()))
    await box.stop()
