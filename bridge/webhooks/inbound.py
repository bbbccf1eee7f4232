"""The door for what others send: proved, read item by item, written down, and only then acknowledged.

What is answered with 2xx is committed. A sender that hears nothing sends again, and the same thing twice is one event;
what cannot be read is kept for people to look at (`Misfit`), and answered with 2xx, too: it would not get better.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError

from bridge.record import Judge, Pace, while_open
from bridge.webhooks.adapters.contract import Adapter, Arrived, ForgedError, StaleError
from bridge.webhooks.adapters.settings import Rate, SourceSettings, is_within
from bridge.webhooks.arrivals import arrival, at_most, write
from bridge.webhooks.journal import Journal
from store.engine import Store

_BUSY, _UNWELL = 1.0, 10.0
"""Seconds after which to try again: too much waits; the database takes nothing."""

_MOST_ITEMS = 10_000
"""In one request."""

_requests = Counter("edmbot_webhooks_total", "Webhooks that arrived, by source and answer", ["source", "outcome"])
_items = Counter("edmbot_webhook_items_total", "What stood in them: new, known or unread", ["source", "outcome"])


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who may send: a key of `webhooks.in`."""

    name: str
    adapter: Adapter
    settings: SourceSettings

    @property
    def account(self) -> str:
        """What its events are filed under."""
        return self.settings.account or self.name


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    words: Mapping[str, Any]
    """JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)


def _nothing() -> None:
    pass


class Inbound:
    """Everybody who may send to us."""

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        judge: Judge,
        *,
        follows: Collection[str] = (),
        pace: Pace = while_open,
        told: Callable[[], None] = _nothing,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """What app.yaml says, ready to be sent to.

        follows: the accounts whose single messages may be followed here; pace: when to look at one of them next;
        told: called after each commit of something new; clock: what signed times are compared with.
        """
        self._sources = sources
        self._told = told
        self._clock = clock or (lambda: datetime.now(UTC) + store.clock_offset)
        self._journal = Journal(store, partial(write, judge=judge, pace=pace, follows=follows))
        self._tolls = {name: _Toll(source.settings.rate) for name, source in sources.items()}

    def limit_of(self, source: str) -> int:
        """How many bytes of a body may be; a reader may stop after one more."""
        return self._sources[source].settings.limit

    def refusal_of(self, source: str, remote: str) -> Reply | None:
        """What is answered without looking at the body to a sender at this address; None: it depends on that."""
        known = self._sources.get(source)
        if known is None:
            # The name is a stranger's: it makes no series of its own.
            return _counted("", _NO_SUCH)
        networks = known.settings.allow_from
        return _counted(source, _NOT_FROM_THERE) if networks and not is_within(remote, networks) else None

    async def receive(self, source: str, arrived: Arrived) -> Reply:
        """Answer one that `refusal_of` lets in. Of a body that is too large, one byte over the limit is enough."""
        known = self._sources[source]
        return _counted(source, self._refusal(known, arrived) or await self._take(known, arrived))

    def _refusal(self, source: Source, arrived: Arrived) -> Reply | None:
        settings = source.settings
        if len(arrived.body) > settings.limit:
            return _TOO_LARGE
        try:
            source.adapter.verify(settings, arrived, self._clock())
        except ForgedError:
            return _FORGED
        except StaleError:
            return _STALE
        # After the proof: nobody else may use up what a sender is allowed.
        wait = self._tolls[source.name].take()
        return _later(429, "too_fast", wait) if wait else None

    async def _take(self, source: Source, arrived: Arrived) -> Reply:
        if self._journal.is_full:
            return _later(503, "busy", _BUSY)
        found = [*at_most(_MOST_ITEMS, iter(source.adapter.items(arrived)))]
        try:
            written = await self._journal.add(arrival(source.name, source.account, found, len(arrived.body)))
        except DBAPIError:
            return _later(503, "no_memory", _UNWELL)
        if written.new:
            self._told()
        counts = asdict(written)
        for outcome, number in counts.items():
            _items.labels(source.name, outcome).inc(number)
        return Reply(200, {"ok": True, **counts})


def _counted(source: str, reply: Reply) -> Reply:
    _requests.labels(source, reply.words.get("error", "taken")).inc()
    return reply


def _refused(status: int, error: str, **headers: str) -> Reply:
    return Reply(status, {"ok": False, "error": error}, headers)


def _later(status: int, error: str, seconds: float) -> Reply:
    return _refused(status, error, **{"Retry-After": str(int(seconds) + 1)})


_NO_SUCH = _refused(404, "no_such_source")
_NOT_FROM_THERE = _refused(403, "not_from_there")
_TOO_LARGE = _refused(413, "too_large")
_FORGED = _refused(401, "not_proved")
_STALE = _refused(400, "stale")


class _Toll:
    """How fast one source may send to this process: a bucket that fills evenly."""

    def __init__(self, rate: Rate) -> None:
        self._most = rate.requests
        self._each = rate.per.total_seconds() / rate.requests
        self._left, self._at = float(rate.requests), time.monotonic()

    def take(self) -> float:
        """Take one; else the seconds until there is one."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) / self._each)
        self._at = now
        if self._left < 1:
            return (1 - self._left) * self._each
        self._left -= 1
        return 0.0
