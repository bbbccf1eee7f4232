"""How soon a signed `/edm` is acked: edmbot (which commits a row first, and then answers) beside a bare Bolt app.

Both run as processes of their own on this machine, are asked in turn by the same client over kept-alive connections,
and get the same signed requests. `python -m benchmarks.ack [--rounds N]` prints p50 and p99 of the ack, requests a
second, memory, and the ratios. It fails when an ack is not a 200 or when a command stays without its answer.
"""

import argparse
import asyncio
import hashlib
import hmac
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

SECRET = "bench-signing-secret"
LEVELS = {1: 300, 32: 1600}
"""Requests a round, by how many are under way at once."""
CONFIG = """\
database: sqlite:///{folder}/bench.db
slack: {{mode: http, api_url: "{slack}/api/", bot_token: xoxb-bench, signing_secret: {secret}}}
server: {{host: 127.0.0.1, port: {port}}}
accounts:
  itnio: {{provider: itnio, base_url: "{slack}/", app_id: a, api_key: b, api_secret: c}}
roles: {{viewer: [everyone]}}
"""


@dataclass
class Slack:
    """As little of Slack as the two need: it answers at once and counts."""

    answers: int = 0
    url: str = ""
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/response/{id}", self._answer)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _api(self, request: web.Request) -> web.Response:
        user = {"id": "U0BENCH", "team_id": "T0BENCH", "locale": "en-US", "tz": "UTC"}
        who = {"team_id": "T0BENCH", "user_id": "U0BOT", "bot_id": "B0BOT", "user": "edm", "team": "bench"}
        return web.json_response({"ok": True, "user": user} if "users" in request.path else {"ok": True, **who})

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.answers += 1
        return web.json_response({"ok": True})


@dataclass
class Peer:
    """One of the two, with what was measured of it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    latencies: dict[int, list[float]] = field(default_factory=lambda: {level: [] for level in LEVELS})
    rates: dict[int, list[float]] = field(default_factory=lambda: {level: [] for level in LEVELS})
    memory: float = 0.0

    def measure_memory(self) -> None:
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
            self.memory = int(line.split()[1]) / 1024


def signed(slack: Slack, number: int) -> bytes:
    """A whole HTTP request, as Slack would send it."""
    form = {
        "token": "x",
        "team_id": "T0BENCH",
        "team_domain": "bench",
        "channel_id": "C0BENCH",
        "channel_name": "bench",
        "user_id": "U0BENCH",
        "user_name": "bench",
        "command": "/edm",
        "text": "whoami",
        "api_app_id": "A0BENCH",
        "response_url": f"{slack.url}/response/{number}",
        "trigger_id": f"{time.time_ns()}.{number}",
    }
    body, stamp = urlencode(form), str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: v0={signature}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def load(peer: Peer, slack: Slack, level: int) -> int:
    """One round: `level` connections share the requests; returns how many were sent."""
    requests = [signed(slack, number) for number in range(LEVELS[level])]
    pending = iter(requests)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        for request in pending:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            await reader.readexactly(length)
            peer.latencies[level].append(time.perf_counter() - began)
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise SystemExit(f"{peer.name}: {head!r}")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(level)))
    peer.rates[level].append(len(requests) / (time.perf_counter() - began))
    return len(requests)


async def ready(port: int) -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit(f"nothing listens on {port}")


async def answered(slack: Slack, wanted: int) -> float:
    """Seconds until every command has had its answer."""
    began = time.perf_counter()
    while slack.answers < wanted:
        if time.perf_counter() - began > 120:
            raise SystemExit(f"{wanted - slack.answers} of {wanted} commands were never answered")
        await asyncio.sleep(0.05)
    return time.perf_counter() - began


async def main(rounds: int) -> None:
    slack = Slack()
    await slack.start()
    with tempfile.TemporaryDirectory() as folder:
        peers = start(slack, Path(folder))
        try:
            await measure(peers, slack, rounds)
        finally:
            for peer in peers:
                peer.process.terminate()
                peer.process.wait()
    report(*peers)


def start(slack: Slack, folder: Path) -> list[Peer]:
    ports = [free_port(), free_port()]
    config = folder / "app.yaml"
    config.write_text(CONFIG.format(folder=folder, slack=slack.url, secret=SECRET, port=ports[0]))
    ours = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    bare = [sys.executable, "-m", "benchmarks.bare", str(ports[1]), SECRET, f"{slack.url}/api/"]
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "PYTHONWARNINGS": "ignore"}}
    return [
        Peer("edmbot", ports[0], subprocess.Popen(ours, **quiet)),
        Peer("bare Bolt", ports[1], subprocess.Popen(bare, **quiet)),
    ]


async def measure(peers: list[Peer], slack: Slack, rounds: int) -> None:
    for peer in peers:
        await ready(peer.port)
    sent, drained = 0, []
    for number in range(rounds + 1):
        for level in LEVELS:
            for peer in peers if number % 2 else reversed(peers):
                count = await load(peer, slack, level)
                if peer.name == "edmbot":
                    sent += count
                    drained.append(await answered(slack, sent))
                peer.measure_memory()
        if number == 0:
            # The first round warms both up.
            for peer in peers:
                for level in LEVELS:
                    peer.latencies[level].clear()
                    peer.rates[level].clear()
    late = max(drained)
    print(f"every one of {sent} commands was answered; the last answer of a burst came {late:.1f} s after its acks")


def report(ours: Peer, bare: Peer) -> None:
    print(f"{'':10} {'c':>3} {'p50 ms':>8} {'p99 ms':>8} {'req/s':>8} {'RSS MiB':>8}")
    for level in LEVELS:
        for peer in (ours, bare):
            p50, p99 = quantiles(peer.latencies[level])
            rate = statistics.median(peer.rates[level])
            print(f"{peer.name:10} {level:3} {p50 * 1e3:8.2f} {p99 * 1e3:8.2f} {rate:8.0f} {peer.memory:8.0f}")
    one, many = quantiles(ours.latencies[1])[0], quantiles(ours.latencies[32])[1]
    print(f"p50 at c=1: {one / quantiles(bare.latencies[1])[0]:.2f} of the bare app's (to reach: at most 0.33)")
    print(f"p99 at c=32: {many / quantiles(bare.latencies[32])[1]:.2f} of the bare app's (to reach: at most 2)")


def quantiles(values: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args().rounds))
