"""How fast an export becomes a file: edmbot beside a bare loop over the same texts.

edmbot reads failexportall from a server in a process of its own, over HTTP, through its client of U-Mail and
`bot/exports.py`, into a CSV file. The bare loop is lxml's `iterparse` as its documentation shows it for large files,
reading the same document from a disk and writing the same texts with the csv module. Each has a process of its own,
so that its memory is its own; they take turns. `python -m benchmarks.export [--rows N] [--rounds N]` prints rows a
second, the ratio, and the memory above what the process had when it began. It fails when the texts differ.
"""

import argparse
import asyncio
import csv
import hashlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from aiohttp import web
from lxml import etree

from bot.exports import Format, export_table
from providers import PROVIDERS

DAY = date(2026, 11, 20)
ROW = (
    "<recipient>\n<email>customer{0:07}@mail{1}.example</email>\n<type>{2}</type>\n<task_id>{3}</task_id>\n"
    "</recipient>\n"
)
"""As 000 2.3.2 prints it."""
TEXTS = ("email", "type", "task_id")
COLUMNS = ("address", "vendor_type", "statistics_id")
"""The same in our words."""


def write_document(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<fail_recipient_list>\n')
        file.writelines(ROW.format(at, at % 97, at % 10 + 1, 1025694 + at // 5000) for at in range(rows))
        file.write("</fail_recipient_list>\n")


def bare(document: str, folder: Path) -> dict[str, float | str]:
    began, idle = time.perf_counter(), resident()
    with (folder / "bare.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(TEXTS)
        for _, row in etree.iterparse(document, tag="recipient"):
            writer.writerow([row.findtext(name) for name in TEXTS])
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
    figures = {"seconds": time.perf_counter() - began, "mib": peak() - idle}
    with (folder / "bare.csv").open("rb") as content:
        return figures | {"digest": digest(content, TEXTS)}


async def ours(url: str) -> dict[str, float | str]:
    client_type = PROVIDERS["umail"]
    settings = client_type.Settings(base_url=url, username="bench", password="bench")
    client = client_type("umail", settings, timezone=ZoneInfo("Asia/Shanghai"), limiter=Unlimited())
    began, idle = time.perf_counter(), resident()
    slowest = asyncio.create_task(longest_wait())
    file = await export_table("bounces", client.failure_table(DAY, DAY), Format.CSV)
    figures = {"seconds": time.perf_counter() - began, "mib": peak() - idle}
    slowest.cancel()
    await client.aclose()
    return figures | {"wait_ms": await slowest, "digest": digest(file.content, COLUMNS)}


class Unlimited:
    async def acquire(self, key: str, rate: object) -> None:
        """An export has no limit that is counted."""


async def longest_wait() -> float:
    """Until it is cancelled: milliseconds that anything else in this process had to wait for its turn at most."""
    longest = 0.0
    try:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began - 0.005)
    except asyncio.CancelledError:
        return longest * 1000


def digest(content: BinaryIO, columns: tuple[str, ...]) -> str:
    """Of the texts in these columns, row by row."""
    rows = csv.reader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
    header = next(rows)
    places = [header.index(column) for column in columns]
    texts = hashlib.sha256()
    for row in rows:
        texts.update("\t".join(row[place] for place in places).encode())
    return texts.hexdigest()


def resident() -> float:
    """MiB now."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def peak() -> float:
    """MiB at most, since the process began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def serve(document: str) -> None:
    """The vendor: says its port, then the document to whoever asks."""
    app = web.Application()

    async def export(_: web.Request) -> web.FileResponse:
        return web.FileResponse(document, headers={"Content-Type": "text/xml; charset=utf-8"})

    app.router.add_get("/failexportall.php", export)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def served(document: Path) -> Iterator[str]:
    with subprocess.Popen([*MYSELF, "serve", str(document)], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()


def measured(*arguments: str) -> dict:
    done = subprocess.run([*MYSELF, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


MYSELF = [sys.executable, "-m", "benchmarks.export"]


def compare(rows: int, rounds: int) -> dict[str, list[dict]]:
    """What each measured, round by round."""
    found: dict[str, list[dict]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "failexportall.xml"
        write_document(document, rows)
        with served(document) as url:
            for _ in range(rounds):
                found["bare"].append(measured("bare", str(document), folder))
                found["ours"].append(measured("ours", url))
    if len({figures["digest"] for each in found.values() for figures in each}) != 1:
        raise SystemExit("the two files do not hold the same texts")
    return found


def report(rows: int, rounds: int) -> None:
    found = compare(rows, rounds)
    rates = {name: [rows / figures["seconds"] for figures in each] for name, each in found.items()}
    print(f"{rows} rows of failexportall into CSV, the best of {rounds}")
    for name, title in (("ours", "edmbot over HTTP"), ("bare", "bare iterparse")):
        above = max(figures["mib"] for figures in found[name])
        print(f"{title:17} {max(rates[name]):9.0f} rows/s   {above:5.1f} MiB above idle")
    print(f"edmbot's event loop was held for {max(figures['wait_ms'] for figures in found['ours']):.0f} ms at most")
    print(f"ratio: {max(rates['ours']) / max(rates['bare']):.2f} of the bare loop (to reach: at least 0.8)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="*", help="what the processes of a run are told")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    match asked.role:
        case ["serve", document]:
            asyncio.run(serve(document))
        case ["bare", document, folder]:
            print(json.dumps(bare(document, Path(folder))))
        case ["ours", url]:
            print(json.dumps(asyncio.run(ours(url))))
        case _:
            report(asked.rows, asked.rounds)


if __name__ == "__main__":
    main()
