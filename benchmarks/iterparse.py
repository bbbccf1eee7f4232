"""The yardstick: lxml's `iterparse` as its documentation shows it for large files, and the csv module.

`python -m benchmarks.iterparse DOCUMENT FILE` prints what it took.
"""

import csv
import json
import sys
import time
from pathlib import Path

from lxml import etree

from benchmarks.measure import digest, peak, resident

TEXTS = ("email", "type", "task_id")


def main() -> None:
    document, path = sys.argv[1], Path(sys.argv[2])
    began, idle = time.perf_counter(), resident()
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(TEXTS)
        for _, row in etree.iterparse(document, tag="recipient"):
            writer.writerow([row.findtext(name) for name in TEXTS])
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
    figures = {"seconds": time.perf_counter() - began, "mib": peak() - idle}
    with path.open("rb") as content:
        print(json.dumps(figures | {"digest": digest(content, TEXTS)}))


if __name__ == "__main__":
    main()
