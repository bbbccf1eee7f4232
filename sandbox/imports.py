"""Files of addresses that U-Mail parses in its own time (000 4.8.3, 4.8.4 and 4.14)."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from shutil import copyfileobj
from typing import IO

from sandbox.contacts import ADDRESS, NO_DAY, VARS, Contacts, MailList, Person

PICKED_UP = timedelta(seconds=10)
"""How long a file lies until the platform's timer looks at it (系统定时检测)."""
ROWS_A_SECOND = 20_000
EMPTY_FILE = -2
"""The failure that this sandbox gives a file without rows; the document does not tell -1, -2 and -3 apart."""


def person(row: str) -> Person | None:
    """`address;name;sex;birthday;phone;area;var1;…;var10`, or with tabs (001's table); None when it has no address."""
    cells = [cell.strip() for cell in re.split(r"[;\t]", row)]
    if not ADDRESS.fullmatch(cells[0]):
        return None
    address, fullname, sex, birthday, phone, area, *variables = *cells, *("",) * 6
    known = sex if sex in {"M", "F"} else ""
    padded = (*variables[:VARS], *("",) * VARS)[:VARS]
    return Person(address, fullname, known, birthday or NO_DAY, phone, area, padded)


@dataclass(slots=True)
class Import:
    """One file on its way into a list. Invalid and duplicate addresses are dropped and counted."""

    id: int
    target: MailList
    filename: str
    at: datetime
    source: IO[bytes] = field(repr=False)
    rows: int = 0
    invalid: int = 0
    duplicate: int = 0
    done: bool = False

    @classmethod
    def received(cls, number: int, target: MailList, filename: str, at: datetime, source: IO[bytes]) -> "Import":
        """Keep a copy of the file, on disk."""
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        copyfileobj(source, copy)
        copy.seek(0)
        return cls(number, target, filename, at, copy)

    @property
    def status(self) -> int:
        """1 when it worked (000 4.14)."""
        return 1 if self.rows else EMPTY_FILE

    def parse(self, contacts: Contacts, now: datetime) -> None:
        """Parse as far as the moment allows."""
        if self.done:
            return
        seconds = (now - self.at - PICKED_UP).total_seconds()
        allowed = int(seconds * ROWS_A_SECOND) - self.rows
        if allowed <= 0:
            return
        before = self.rows
        with contacts.together():
            for number in contacts.add(self.target, self._people(allowed), now):
                self.duplicate += number is None
        if self.rows - before < allowed:
            self.close()

    def close(self) -> None:
        self.done = True
        self.source.close()

    def _people(self, most: int) -> Iterator[Person]:
        for line in islice(self.source, most):
            self.rows += 1
            one = person(line.decode("utf-8-sig", "replace"))
            if one is None:
                self.invalid += 1
            else:
                yield one
