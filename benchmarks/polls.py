"""What a poll that finds nothing new costs, beside its own questions asked again without any memory.

The poll is the duty that really runs: claimed as a row, what is known read, U-Mail's open tasks asked for, compared,
put down as done; a minute passes from one to the next, and every now and then it writes when it looked last. The bare
loop asks the same client the same questions: request and parse, nothing else. Both wait for a vendor who answers at
once; a real one takes longer than either.
"""

import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bridge.record import Judge
from jobs.poll import Poller
from jobs.scheduler import Clockwork
from jobs.settings import Polling
from providers import PROVIDERS
from store.engine import Store
from store.limits import SharedLimiter

ACCOUNT = "umail"
ZONE = ZoneInfo("Asia/Shanghai")
UMail = PROVIDERS["umail"]


class Noticed(UMail):
    """The client, and what it was asked for."""

    async def tasks(self, **asked):
        self.asked.append(asked)
        return await super().tasks(**asked)


@dataclass
class Idle:
    """Medians."""

    poll: float
    """Seconds."""
    bare: float
    ratio: float


async def idle(store: Store, judge: Judge, url: str, rounds: int) -> Idle:
    """Poll an account at which nothing happens; the bare loop takes its turns in between."""
    settings = UMail.Settings(base_url=f"{url}/umail/", username="bench", password="bench")
    account, plain = (kind(ACCOUNT, settings, timezone=ZONE, limiter=SharedLimiter(store)) for kind in (Noticed, UMail))
    poller = Poller(store, {ACCOUNT: account}, judge, Polling(), zone_of=lambda _account: ZONE)
    clock = Clockwork(store, duties=[duty for duty in poller.duties() if duty.name == f"poll {ACCOUNT} tasks"])
    took: list[tuple[float, float]] = []
    for _ in range(rounds):
        account.asked = []
        store.clock_offset += timedelta(minutes=1)
        began = time.perf_counter()
        await clock.claim_due()
        await clock.settle()
        polled = time.perf_counter()
        for asked in account.asked:
            await plain.tasks(**asked)
        took.append((polled - began, time.perf_counter() - polled))
    store.clock_offset = timedelta(0)
    await account.aclose()
    await plain.aclose()
    if not account.asked:
        raise SystemExit("the poll asked for nothing")
    return _medians(took[rounds // 10 :])


def _medians(took: list[tuple[float, float]]) -> Idle:
    polls, bares = zip(*took, strict=True)
    ratio = statistics.median(poll / bare for poll, bare in took)
    return Idle(statistics.median(polls), statistics.median(bares), ratio)
