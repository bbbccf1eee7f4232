"""How many events come in by webhook: edmbot (which commits each before it answers) beside two that remember nothing.

The three are processes of their own on this machine and get the same requests over 16 kept-alive connections, signed
as SendGrid signs: a bare aiohttp handler that only parses JSON, and django-anymail's view under gunicorn, which
verifies and normalises as edmbot does. `python -m benchmarks.ingest [--seconds N]` prints events a second, p99 of a
request, and CPU time of the server for an event, with one event in each and with a hundred. It fails when an answer is
not a 200, or an event is not in the database afterwards. On a busy machine the rates are the neighbours', too: the load
stands beside them.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.ack import Slack, free_port, ready

CONNECTIONS = 16
SIZES = {1: 1_000.0, 100: 10_000.0}
"""Events in a request, and how many events a second are to be reached."""
MOST = {1: 1_500, 100: 200}
"""Requests a second that are prepared; signing them takes longer than taking them."""
CONFIG = """\
database: sqlite:///{folder}/bench.db
slack: {{mode: http, api_url: "{slack}/api/", bot_token: xoxb-bench, signing_secret: bench}}
server: {{host: 127.0.0.1, port: {port}}}
accounts:
  itnio: {{provider: itnio, base_url: "{slack}/", app_id: a, api_key: b, api_secret: c}}
roles: {{viewer: [everyone]}}
webhooks: {{in: {{sendgrid: {{adapter: sendgrid, public_key: "{key}", rate: 999999/s, window: 1h}}}}}}
"""


@dataclass
class Peer:
    """One of the three, with what was measured of it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    waits: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    """Seconds, by size."""
    rates: dict[int, float] = field(default_factory=dict)
    """Events a second, by size."""
    spent: dict[int, float] = field(default_factory=dict)
    """CPU seconds an event, by size."""

    def cpu(self) -> float:
        """CPU seconds until now, of the process and of those that it started."""
        return _cpu(self.process.pid)


def _cpu(pid: int) -> float:
    own = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    others = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    # User and system time: fields 14 and 15 of proc(5), 12 and 13 behind the name.
    return (int(own[11]) + int(own[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu, others))


class Sender:
    """SendGrid, as far as a request goes."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = b64encode(public).decode()
        self._sent = 0

    def request(self, size: int) -> bytes:
        """A whole HTTP request of so many events, none of which was sent before."""
        stamp = str(int(time.time()))
        body = json.dumps([self._event(stamp) for _ in range(size)]).encode()
        signature = b64encode(self._key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
        head = (
            "POST /webhooks/sendgrid HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Twilio-Email-Event-Webhook-Signature: {signature}\r\n"
            f"X-Twilio-Email-Event-Webhook-Timestamp: {stamp}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _event(self, stamp: str) -> dict[str, object]:
        self._sent += 1
        number = f"{self._sent:012d}"
        return {
            "email": f"reader{number}@shop.example",
            "timestamp": int(stamp),
            "smtp-id": f"<{number}.dfd.64b469@ismtpd-555>",
            "event": "delivered",
            "category": ["november", "vip"],
            "sg_event_id": f"ZGVsaXZlcmVk{number}",
            "sg_message_id": f"{number}.dfd.64b469.filter0001.16648.5515E0B88.0",
            "response": "250 2.0.0 OK 1425 example.com",
            "tls": 1,
            "campaign": "19124",
        }


async def load(peer: Peer, size: int, requests: list[bytes]) -> None:
    """CONNECTIONS connections share the requests, each as fast as it is answered."""
    pending, waits = iter(requests), peer.waits[size]

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        for request in pending:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            said = await reader.readexactly(int(lengths[0]) if lengths else 0)
            waits.append(time.perf_counter() - began)
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise SystemExit(f"{peer.name}: {head!r} {said!r}")
        writer.close()

    began, spent, events = time.perf_counter(), peer.cpu(), size * len(requests)
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    peer.rates[size] = events / (time.perf_counter() - began)
    peer.spent[size] = (peer.cpu() - spent) / events


def start(slack: Slack, folder: Path, key: str) -> list[Peer]:
    ports = [free_port() for _ in range(3)]
    config = folder / "app.yaml"
    config.write_text(CONFIG.format(folder=folder, slack=slack.url, port=ports[0], key=key))
    threads = ["--worker-class", "gthread", "--threads", str(CONNECTIONS), "--keep-alive", "60"]
    lines = {
        "edmbot": ["-m", "bot", "run", "--config", str(config)],
        "bare aiohttp": ["-m", "benchmarks.barejson", str(ports[1])],
        "anymail": ["-m", "gunicorn", "--bind", f"127.0.0.1:{ports[2]}", *threads, "benchmarks.anymail:application"],
    }
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "PUBLIC_KEY": key}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
    return [
        Peer(name, port, subprocess.Popen([sys.executable, *line], **quiet))
        for port, (name, line) in zip(ports, lines.items(), strict=True)
    ]


async def main(seconds: float) -> None:
    slack, sender = Slack(), Sender()
    await slack.start()
    with tempfile.TemporaryDirectory() as folder:
        peers = start(slack, Path(folder), sender.public_key)
        try:
            sent = await measure(peers, sender, seconds)
        finally:
            for peer in peers:
                peer.process.terminate()
                peer.process.wait()
            await slack.runner.cleanup()
        judge(Path(folder) / "bench.db", sent)
    report(peers)


async def measure(peers: list[Peer], sender: Sender, seconds: float) -> int:
    """Returns how many events edmbot was sent."""
    for peer in peers:
        await ready(peer.port)
    sent = 0
    for size, most in MOST.items():
        warm = [sender.request(size) for _ in range(4 * CONNECTIONS)]
        requests = [sender.request(size) for _ in range(int(most * seconds))]
        for peer in peers:
            await load(peer, size, warm)
            peer.waits[size].clear()
            await load(peer, size, requests)
        sent += size * (len(warm) + len(requests))
    return sent


def judge(database: Path, sent: int) -> None:
    [(kept,)] = sqlite3.connect(database).execute("SELECT count(*) FROM event WHERE type = 'message.delivered'")
    if kept != sent:
        raise SystemExit(f"{sent} events were acknowledged, and {kept} are there")
    print(f"each of {sent:,} acknowledged events is in the database")


def report(peers: list[Peer]) -> None:
    print(f"{'':14} {'batch':>5} {'events/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs/event':>13}")
    for size in SIZES:
        for peer in peers:
            cuts = statistics.quantiles(peer.waits[size], n=100, method="inclusive")
            row = f"{peer.rates[size]:9,.0f} {cuts[49] * 1e3:8.2f} {cuts[98] * 1e3:8.2f} {peer.spent[size] * 1e6:13.0f}"
            print(f"{peer.name:14} {size:5} {row}")
    for size, wanted in SIZES.items():
        print(f"batches of {size}: {peers[0].rates[size]:,.0f} events/s (to reach: {wanted:,.0f})")
    print("load", *(f"{one:.1f}" for one in os.getloadavg()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load, about, for each peer and size")
    asyncio.run(main(parser.parse_args().seconds))
