from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest

from providers import PROVIDERS
from providers.base import Rate
from sandbox import Sandbox, WorldClock
from tests.providers.contract.place import SHANGHAI, Place, furnished
from tests.providers.contract.row import NOW


@dataclass
class Pace:
    """A `Limiter` that keeps to every rate by letting the world's time pass."""

    clock: WorldClock

    async def acquire(self, key: str, rate: Rate) -> None:
        self.clock.step(rate.per.total_seconds() / rate.calls)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    box = await Sandbox.start(WorldClock.stepped(NOW))
    yield box
    await box.stop()


@pytest.fixture
async def visit(box: Sandbox, tmp_path) -> AsyncIterator[Callable[..., tuple[object, Place]]]:
    """Furnish the world for a kind of account and make its client: `client, place = visit("umail-v3")`."""
    made = []
    file = tmp_path / "客户.csv"
    file.write_text("a@mail.example;甲\nb@mail.example;乙\n" * 50, encoding="utf-8")

    def visit(kind: str, *, deadline: float = 10.0, limiter: object = None, **settings: str) -> tuple[object, Place]:
        place = furnished(box, kind)
        place = replace(place, names=replace(place.names, file=file))
        cls = PROVIDERS[kind.partition("-")[0]]
        section = cls.Settings(**place.section() | settings)
        pace = limiter or Pace(box.clock)
        client = cls(kind, section, timezone=SHANGHAI, limiter=pace, clock=box.clock.now, deadline=deadline)
        made.append(client)
        return client, place

    yield visit
    for client in made:
        await client.aclose()
