"""Debian's prometheus-alertmanager, given the same alerts and the same receiver.

It keeps alerts in memory only: what it was given and has not told when it dies is lost, and what it has told since its
last snapshot is told again. It writes nothing to a disk for an alert; edmbot writes the snapshot, two events, the alert
and what shows it.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

PROGRAM = "prometheus-alertmanager"
CONFIG = {
    "route": {
        "receiver": "slack",
        "group_by": ["group"],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
    },
    "receivers": [
        {
            "name": "slack",
            "slack_configs": [
                {
                    "channel": "#alerts",
                    "send_resolved": False,
                    "title": "{{ .CommonLabels.alertname }}",
                    "text": "{{ range .Alerts }}Task {{ .Labels.task }} failed\n{{ end }}",
                }
            ],
        }
    ],
}


def why_not() -> str | None:
    """Why it cannot be measured here."""
    return None if shutil.which(PROGRAM) else f"{PROGRAM} is not installed"


@dataclass(frozen=True)
class Alertmanager:
    """A running one."""

    session: aiohttp.ClientSession
    url: str

    async def fire(self, group: str, tasks: Sequence[str]) -> None:
        """Hand over the alerts of one group: a new one each time, as edmbot is given new channels."""
        named = f"{group}/{tasks[0]}"
        alerts = [{"labels": {"alertname": "task-failed", "group": named, "task": task}} for task in tasks]
        async with self.session.post(f"{self.url}/api/v2/alerts", json=alerts) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def running(folder: Path, outside: str, port: int) -> AsyncIterator[Alertmanager]:
    """One that tells `outside`."""
    config = folder / "alertmanager.json"
    # JSON is YAML.
    config.write_text(json.dumps({"global": {"slack_api_url": f"{outside}/webhook"}, **CONFIG}))
    url = f"http://127.0.0.1:{port}"
    options = {"config.file": config, "storage.path": folder / "alertmanager", "web.listen-address": url[7:]}
    command = [PROGRAM, "--cluster.listen-address=", "--log.level=error"]
    command += [f"--{name}={value}" for name, value in options.items()]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)  # noqa: ASYNC220
    try:
        async with aiohttp.ClientSession() as session:
            await _ready(session, url)
            yield Alertmanager(session, url)
    finally:
        process.terminate()
        process.wait()


async def _ready(session: aiohttp.ClientSession, url: str) -> None:
    for _ in range(200):
        try:
            async with session.get(f"{url}/-/ready") as answer:
                if answer.ok:
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.05)
    raise SystemExit(f"{PROGRAM} does not start")
