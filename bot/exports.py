"""Tables into files for people: CSV that Excel opens with Chinese intact, JSON, XLSX.

Rows are written as they come and nothing is kept. The file has no name on disk, so that no addresses stay behind
when the process dies.
"""

import csv
import io
import json
import re
import tempfile
from asyncio import sleep
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, aclosing, closing
from datetime import date
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import BinaryIO, Protocol

from bot.workbook import Workbook
from bridge.receivers.files import Attachment
from providers.tables import Row, Table

BATCH = 500
"""Rows that are written at a time when they come one by one: some milliseconds."""
TOLD_EVERY = 5_000

Told = Callable[[int], Awaitable[None]]
"""Is told how many rows there are, every `TOLD_EVERY` rows or so."""


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


async def export(
    name: str,
    columns: Sequence[str],
    rows: AsyncIterator[Sequence[object]],
    format: Format,  # noqa: A002  # as people type it
    *,
    told: Told | None = None,
) -> Attachment:
    """`export_table` for rows that come one by one, such as a list's pages."""
    return await export_table(name, Table(tuple(columns), _batches(rows)), format, told=told)


async def export_table(
    name: str,
    table: Table,
    format: Format,  # noqa: A002
    *,
    told: Told | None = None,
) -> Attachment:
    """A whole table as the file `name` with its format's suffix.

    Whatever the table raises is raised here, and the file is gone.
    """
    with ExitStack() as on_error:
        content: BinaryIO = on_error.enter_context(tempfile.TemporaryFile())
        count = await _write(content, table, format, told)
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        on_error.pop_all()
    return Attachment(name=f"{name}.{format}", content=content, size=size, rows=count)


async def _write(content: BinaryIO, table: Table, format: Format, told: Told | None) -> int:  # noqa: A002
    count = said = 0
    with closing(_WRITERS[format](content, table.columns)) as writer:
        async with aclosing(table.batches) as batches:
            async for batch in batches:
                writer.write(batch)
                count += len(batch)
                if told and count - said >= TOLD_EVERY:
                    said = count
                    await told(count)
                # Others have their turn, also where the rows are here already.
                await sleep(0)
    return count


async def _batches(rows: AsyncIterator[Sequence[object]]) -> AsyncGenerator[list[Row], None]:
    batch: list[Row] = []
    async for row in rows:
        batch.append(tuple(row))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


class _Writer(Protocol):
    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None: ...

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None:
        """Finish; the file stays open."""


class _Csv:
    """With a mark and CRLF, as Excel wants it. No text is a formula to whoever opens it."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text)
        self._text.write("\ufeff")
        self.write([tuple(columns)])

    def write(self, rows: Sequence[Row]) -> None:
        # A look at each cell here, and a call only for the few that are not plain text: 40 % of a file's time.
        self._csv.writerows(
            [
                cell if cell is None or (isinstance(cell, str) and cell[:1] not in _SUSPECT) else _harmless(cell)
                for cell in row
            ]
            for row in rows
        )
        self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()

    def close(self) -> None:
        self._file.flush()


class _Json:
    """An array of objects, one a line."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = columns
        self._encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
        self._before = "[\n"

    def write(self, rows: Sequence[Row]) -> None:
        if rows:
            objects = (self._encode(dict(zip(self._columns, row, strict=True))) for row in rows)
            self._file.write((self._before + ",\n".join(objects)).encode())
            self._before = ",\n"

    def close(self) -> None:
        self._file.write(b"\n]\n" if self._before == ",\n" else b"[]\n")


class _Xlsx:
    """Text stays text there, whatever it begins with."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._book = Workbook(file, columns)

    def write(self, rows: Sequence[Row]) -> None:
        self._book.write([[_plain(cell) for cell in row] for row in rows])

    def close(self) -> None:
        self._book.close()


_WRITERS: Mapping[Format, type[_Writer]] = MappingProxyType({Format.CSV: _Csv, Format.JSON: _Json, Format.XLSX: _Xlsx})

_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]|[\t\r\n]")
"""What a spreadsheet would compute (OWASP, CSV injection): also full-width, also behind what nobody sees."""
_SUSPECT = frozenset("=+-@＝＋－＠\ufeff\u200b\u200c\u200d\u200e\u200f\u2060") | {
    character for character in map(chr, range(0x3001)) if character.isspace()
}
"""First characters of text that may match."""


def _harmless(cell: object) -> object:
    plain = _plain(cell)
    return f"'{plain}" if isinstance(plain, str) and _FORMULA.match(plain) else plain


def _plain(cell: object) -> object:
    """A cell as text or number: times in ISO 8601 with their zone, words of ours as themselves."""
    if isinstance(cell, Enum):
        return cell.value
    return cell.isoformat() if isinstance(cell, date) else cell
