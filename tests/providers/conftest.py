import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import stamina

from providers import PROVIDERS
from tests.providers.vendor import NOW, SECTIONS, SHANGHAI, Turns, Vendor


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    there = Vendor("")
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        try:
            await there.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mm-ms/apinew/"
    yield there
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture
async def connect(vendor: Vendor, turns: Turns) -> AsyncIterator[Callable[..., object]]:
    """Make a client: `connect("umail-v3", deadline=0.1)`."""
    made = []

    def connect(kind: str = "umail", *, deadline: float = 5.0, **settings: str) -> object:
        cls = PROVIDERS[kind.split("-", maxsplit=1)[0]]
        section = {"base_url": vendor.url} | SECTIONS[kind] | settings
        client = cls(
            kind, cls.Settings(**section), timezone=SHANGHAI, limiter=turns, clock=lambda: NOW, deadline=deadline
        )
        made.append(client)
        return client

    yield connect
    for client in made:
        await client.aclose()
