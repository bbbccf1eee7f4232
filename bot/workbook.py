"""Tables as XLSX (ECMA-376, part 1, chapter 18), written as the rows come.

By hand, as the libraries put whole sheets into files with names: those stay behind, with every address in them, when
the process dies. This one writes into a single file that its caller opened, and holds no more than a batch.
"""

import re
from collections.abc import Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

SHEET_ROWS = 1_048_575
"""Rows that Excel has, without that of the columns' names."""
SHEET_BYTES = 1 << 30
"""A part of 2 GiB would need ZIP64, which Excel repairs with a warning."""
CELL_CHARACTERS = 32_767
_EXACT = 10**15
"""Excel keeps 15 digits; a larger number is written as text."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SPECIAL = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot hold, and what Excel would take for its own way of writing that (`_x000D_`)."""


class Workbook:
    """Sheets of one table; when one is full, the rows go on in the next, below the columns' names again."""

    def __init__(self, file: BinaryIO, columns: Sequence[str], *, sheet_rows: int = SHEET_ROWS) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)
        self._columns = columns
        self._sheet_rows = sheet_rows
        self._letters = [_letters(number) for number in range(len(columns))]
        self._sheets = 0
        self._open_sheet()

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Add rows: text as text whatever it looks like, numbers as numbers, None as nothing."""
        while rows:
            if self._rows >= self._sheet_rows or self._bytes >= SHEET_BYTES:
                self._close_sheet()
                self._open_sheet()
            fitting, rows = rows[: self._sheet_rows - self._rows], rows[self._sheet_rows - self._rows :]
            self._put(fitting, self._rows + 2)
            self._rows += len(fitting)

    def close(self) -> None:
        """Finish the workbook; its file stays open."""
        with self._zip:
            self._close_sheet()
            for name, content in _frame(self._sheets).items():
                self._zip.writestr(name, _DECLARATION + content)

    def _open_sheet(self) -> None:
        self._sheets += 1
        self._rows = self._bytes = 0
        self._sheet = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._sheet.write(f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self._put([self._columns], 1)

    def _close_sheet(self) -> None:
        with self._sheet:
            self._sheet.write(b"</sheetData></worksheet>")

    def _put(self, rows: Sequence[Sequence[object]], first: int) -> None:
        text = "".join(
            f'<row r="{number}">{"".join(map(_cell, self._letters, [number] * len(row), row))}</row>'
            for number, row in enumerate(rows, first)
        )
        self._bytes += self._sheet.write(text.encode())


def _letters(number: int) -> str:
    """A column's name: A to Z, then AA."""
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def _cell(letters: str, row: int, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT:
        return f'<c r="{letters}{row}"><v>{value}</v></c>'
    text = escape(_SPECIAL.sub(_escaped, str(value)[:CELL_CHARACTERS]))
    return f'<c r="{letters}{row}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _escaped(match: re.Match[str]) -> str:
    return f"_x{ord(match.group()):04X}_"


def _frame(sheets: int) -> dict[str, str]:
    """The parts around the sheets."""
    numbers = range(1, sheets + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    named = "".join(f'<sheet name="{number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers)
    related = "".join(_relation(number, "worksheet", f"worksheets/sheet{number}.xml") for number in numbers)
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": _relations(_relation(1, "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(related),
    }


def _relations(content: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{content}</Relationships>'


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_RELATED}/{kind}" Target="{target}"/>'
