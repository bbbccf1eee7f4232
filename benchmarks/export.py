"""How fast an export becomes a file: edmbot beside a bare loop over the same texts.

edmbot reads failexportall from a server in a process of its own, over HTTP, through its client of U-Mail and
`bot/exports.py`, into a CSV file. The bare loop (`benchmarks.iterparse`) reads the same document from the disk and
writes the same texts. Each has a process of its own, so that its memory is its own; they take turns.
`python -m benchmarks.export [--rows N] [--rounds N]` prints rows a second, the ratio, and the memory above what the
process had when it began. It fails when the texts differ.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.measure import digest, peak, resident
from bot.exports import Format, export_table
from providers import PROVIDERS

DAY = date(2026, 11, 20)
DOCUMENT = "failexportall.php"
ROW = (
    "<recipient>\n<email>customer{0:07}@mail{1}.example</email>\n<type>{2}</type>\n<task_id>{3}</task_id>\n"
    "</recipient>\n"
)
"""As 000 2.3.2 prints it."""
COLUMNS = ("address", "vendor_type", "statistics_id")
"""The yardstick's columns, in our words."""
SERVER = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]


class Unlimited:
    async def acquire(self, key: str, rate: object) -> None:
        """An export has no limit that is counted."""


async def export_once(url: str) -> dict[str, float | str]:
    """What this process took for one export."""
    client_type = PROVIDERS["umail"]
    settings = client_type.Settings(base_url=url, username="bench", password="bench")
    client = client_type("umail", settings, timezone=ZoneInfo("Asia/Shanghai"), limiter=Unlimited())
    waited = asyncio.create_task(longest_wait())
    began, idle = time.perf_counter(), resident()
    file = await export_table("bounces", client.failure_table(DAY, DAY), Format.CSV)
    figures = {"seconds": time.perf_counter() - began, "mib": peak() - idle}
    waited.cancel()
    await client.aclose()
    return figures | {"wait_ms": await waited, "digest": digest(file.content, COLUMNS)}


async def longest_wait() -> float:
    """Until it is cancelled: for how many milliseconds others in this process waited for their turn at most."""
    longest = 0.0
    try:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began - 0.005)
    except asyncio.CancelledError:
        return longest * 1000


def write_document(folder: Path, rows: int) -> Path:
    """An export of so many rows, as a server would send it."""
    with (folder / DOCUMENT).open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<fail_recipient_list>\n')
        file.writelines(ROW.format(at, at % 97, at % 10 + 1, 1025694 + at // 5000) for at in range(rows))
        file.write("</fail_recipient_list>\n")
    return folder / DOCUMENT


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of this folder's files; gives its address."""
    command = [*SERVER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield re.search(r"http://[^)]+", server.stdout.readline()).group()
        finally:
            server.terminate()


def measured(module: str, *arguments: object) -> dict:
    """What `module` prints about itself, run as a process of its own."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def compare(folder: Path, rows: int, rounds: int) -> dict[str, list[dict]]:
    """What each took, round by round."""
    document = write_document(folder, rows)
    found: dict[str, list[dict]] = {"bare": [], "ours": []}
    with served(folder) as url:
        for _ in range(rounds):
            found["bare"].append(measured("benchmarks.iterparse", document, folder / "bare.csv"))
            found["ours"].append(measured("benchmarks.export", "--url", url))
    if len({figures["digest"] for each in found.values() for figures in each}) != 1:
        raise SystemExit("the two files do not hold the same texts")
    return found


def report(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), rows, rounds)
    rates = {name: max(rows / figures["seconds"] for figures in each) for name, each in found.items()}
    print(f"{rows} rows of failexportall into CSV, the best of {rounds}")
    for name, title in (("ours", "edmbot over HTTP"), ("bare", "bare iterparse")):
        above = max(figures["mib"] for figures in found[name])
        print(f"{title:17} {rates[name]:9.0f} rows/s   {above:5.1f} MiB above idle")
    print(f"others in edmbot waited {max(figures['wait_ms'] for figures in found['ours']):.0f} ms for a turn at most")
    print(f"ratio: {rates['ours'] / rates['bare']:.2f} of the bare loop (to reach: at least 0.8, within 50 MiB)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help="measure one export from there, in this process, and print JSON")
    asked = parser.parse_args()
    if asked.url:
        print(json.dumps(asyncio.run(export_once(asked.url))))
    else:
        report(asked.rows, asked.rounds)
