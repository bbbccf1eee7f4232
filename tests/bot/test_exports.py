"""Tables as files: what Excel, a script and a person find in them, and what is left of them when something fails."""

import asyncio
import csv
import io
import json
import tempfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zipfile import ZipFile

import pytest
from lxml import etree

from bot import exports
from bot.exports import Format, export, export_table
from bot.workbook import Workbook
from providers.errors import BadAnswerError
from providers.model import FailureCategory
from providers.tables import Table

COLUMNS = ("address", "reason")
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
EVERY_FORMAT = pytest.mark.parametrize("kind", list(Format))
AT = datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=8)))


def table(*batches, columns=COLUMNS, fails=None) -> Table:
    async def coming():
        for batch in batches:
            yield batch
        if fails:
            raise fails

    return Table(columns, coming())


async def exported(kind, *rows, columns=COLUMNS) -> bytes:
    file = await export_table("bounces", table(rows, columns=columns), kind)
    with file.content as content:
        return content.read()


async def csv_rows(*rows, columns=COLUMNS) -> list[list[str]]:
    text = (await exported(Format.CSV, *rows, columns=columns)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def sheets(content: bytes) -> list[list[list[str | None]]]:
    """The cells as text, by their place; a number has a `#` before it."""
    with ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        for name in book.namelist():
            etree.fromstring(book.read(name))
        names = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
        return [_cells(etree.fromstring(book.read(name))) for name in names]


def _cells(sheet) -> list[list[str | None]]:
    found = []
    for number, row in enumerate(sheet.iterfind(".//m:row", NS), 1):
        assert row.get("r") == str(number)
        cells = {cell.get("r"): _value(cell) for cell in row}
        found.append([cells.pop(f"{letter}{number}", None) for letter in "ABCDE"])
        assert not cells
    return found


def _value(cell) -> str:
    number = cell.findtext("m:v", None, NS)
    return f"#{number}" if number is not None else cell.findtext("m:is/m:t", None, NS)


async def test_a_csv_is_what_excel_opens_with_chinese_intact():
    content = await exported(Format.CSV, ("a@b.example", "邮箱不存在, 或“已满”"), ('"c"@d.example', None))
    assert content == (
        b"\xef\xbb\xbfaddress,reason\r\n"
        + 'a@b.example,"邮箱不存在, 或“已满”"\r\n'.encode()
        + b'"""c""@d.example",\r\n'
    )


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "＝1+1", "＋1", "－1", "＠x", "  =1",
    "\u00a0=1", "\u3000=1", "\ufeff=1", "\u200b=1", '=HYPERLINK("http://a.example","x")',
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
async def test_a_formula_in_a_csv_is_text(text):
    assert (await csv_rows((text, text)))[1] == [f"'{text}", f"'{text}"]


@pytest.mark.parametrize("text", ["a=b", "1-1", "x@y.example", "", " a", "邮箱", "'=1", "(=1)"])
async def test_what_is_no_formula_stays_as_it_is(text):
    assert (await csv_rows((text, "x")))[1] == [text, "x"]


async def test_column_names_are_made_harmless_too():
    assert (await csv_rows(columns=("=x", "y")))[0] == ["'=x", "y"]


async def test_numbers_times_words_of_ours_and_nothing_each_have_their_form():
    columns = ("number", "time", "day", "word", "nothing")
    row = (-5, AT, date(2026, 11, 20), FailureCategory.MAILBOX_FULL, None)
    assert (await csv_rows(row, columns=columns))[1] == [
        "-5", "2026-11-20T10:00:00+08:00", "2026-11-20", "mailbox_full", "",
    ]  # fmt: skip
    assert json.loads(await exported(Format.JSON, row, columns=columns)) == [
        {
            "number": -5,
            "time": "2026-11-20T10:00:00+08:00",
            "day": "2026-11-20",
            "word": "mailbox_full",
            "nothing": None,
        }
    ]
    assert sheets(await exported(Format.XLSX, row, columns=columns))[0][1] == [
        "#-5", "2026-11-20T10:00:00+08:00", "2026-11-20", "mailbox_full", None,
    ]  # fmt: skip


async def test_json_is_an_array_of_objects_in_plain_utf_8():
    content = await exported(Format.JSON, ("a@b.example", "邮箱不存在"), ("=1", None))
    assert json.loads(content) == [
        {"address": "a@b.example", "reason": "邮箱不存在"},
        {"address": "=1", "reason": None},
    ]
    assert "邮箱不存在".encode() in content


async def test_json_of_several_batches_is_one_array():
    file = await export_table("x", table([], [("a", "1")], [], [("b", "2"), ("c", "3")]), Format.JSON)
    assert [row["address"] for row in json.load(file.content)] == ["a", "b", "c"]
    file.content.close()


async def test_text_in_a_workbook_is_text_whatever_it_looks_like():
    texts = ["=1+1", "00123", " <b>&", "12", "http://a.example", "邮箱", "two\nlines"]
    [sheet] = sheets(await exported(Format.XLSX, *((text, None) for text in texts)))
    assert [row[0] for row in sheet] == ["address", *texts]


async def test_a_workbook_takes_what_xml_and_excel_do_not():
    texts = ["a\x0bb\x00\ufffe", "_x0041_", "x" * 40_000, 10**15, True]
    [sheet] = sheets(await exported(Format.XLSX, *((text, None) for text in texts)))
    assert [row[0] for row in sheet[1:]] == [
        "a_x000B_b_x0000__xFFFE_", "_x005F_x0041_", "x" * 32_767, "1000000000000000", "True",
    ]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [(0, [0]), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (8, [3, 3, 2])])
@pytest.mark.parametrize("size", [1, 2, 10])
def test_more_rows_than_a_sheet_has_go_on_in_the_next(rows, expected, size):
    content = io.BytesIO()
    book = Workbook(content, COLUMNS, sheet_rows=3)
    numbers = [(number, None) for number in range(rows)]
    for at in range(0, rows, size):
        book.write(numbers[at : at + size])
    book.close()
    found = sheets(content.getvalue())
    assert [len(sheet) - 1 for sheet in found] == expected
    assert all(sheet[0][:2] == list(COLUMNS) for sheet in found)
    assert [row[0] for sheet in found for row in sheet[1:]] == [f"#{number}" for number in range(rows)]


def test_columns_beyond_z_have_two_letters():
    content = io.BytesIO()
    book = Workbook(content, [str(number) for number in range(28)])
    book.close()
    with ZipFile(content) as made:
        sheet = etree.fromstring(made.read("xl/worksheets/sheet1.xml"))
    assert [cell.get("r") for cell in sheet.iterfind(".//m:c", NS)][-3:] == ["Z1", "AA1", "AB1"]


@EVERY_FORMAT
async def test_a_file_says_its_name_size_and_rows_and_stands_at_its_beginning(kind):
    file = await export_table("bounces-umail-2026-11-21", table([("a", "1")], [("b", "2")]), kind)
    assert (file.name, file.rows) == (f"bounces-umail-2026-11-21.{kind}", 2)
    assert file.content.tell() == 0
    assert len(file.content.read()) == file.size
    file.content.close()


@EVERY_FORMAT
async def test_no_rows_are_a_file_without_rows(kind):
    content = await exported(kind)
    empty = {
        Format.CSV: lambda: content == b"\xef\xbb\xbfaddress,reason\r\n",
        Format.JSON: lambda: json.loads(content) == [],
        Format.XLSX: lambda: sheets(content) == [[["address", "reason", None, None, None]]],
    }
    assert empty[kind]()


async def test_rows_one_by_one_make_the_same_file():
    rows = [(f"a{number}@b.example", number) for number in range(exports.BATCH * 2 + 1)]

    async def coming():
        for row in rows:
            yield row

    file = await export("contacts", COLUMNS, coming(), Format.CSV)
    assert file.rows == len(rows)
    with file.content as content:
        assert content.read() == await exported(Format.CSV, *rows)


@EVERY_FORMAT
async def test_what_the_rows_raise_is_raised_and_the_file_is_gone(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = open_files()
    with pytest.raises(BadAnswerError):
        await export_table("x", table([("a", "1")] * 5000, fails=BadAnswerError("the export ends early")), kind)
    assert open_files() == opened
    assert list(tmp_path.iterdir()) == []


@EVERY_FORMAT
async def test_a_row_that_cannot_be_written_closes_the_source_too(kind):
    closed = []

    async def coming():
        try:
            yield [Unreadable()]
        finally:
            closed.append(True)

    opened = open_files()
    with pytest.raises(ArithmeticError):
        await export_table("x", Table(COLUMNS, coming()), kind)
    assert closed == [True]
    assert open_files() == opened


class Unreadable(tuple):
    """A row that fails when it is looked at."""

    __slots__ = ()

    def __iter__(self):
        raise ArithmeticError


@EVERY_FORMAT
async def test_a_file_has_no_name_on_disk_while_it_is_written(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []

    async def told(_: int) -> None:
        seen.append([str(path) for path in tmp_path.rglob("*")])

    rows = [(f"customer{number}@mail.example", "x" * 50) for number in range(exports.TOLD_EVERY)]
    file = await export_table("x", table(rows, rows), kind, told=told)
    assert seen == [[], []]
    assert [link for link in open_files() if str(tmp_path) in link and "deleted" not in link] == []
    file.content.close()


async def test_a_cancelled_export_leaves_nothing_open():
    begun, opened = asyncio.Event(), open_files()

    async def coming():
        yield [("a", "1")]
        begun.set()
        await asyncio.Event().wait()
        yield []

    task = asyncio.create_task(export_table("x", Table(COLUMNS, coming()), Format.XLSX))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert open_files() == opened


async def test_progress_is_told_every_few_thousand_rows():
    counts = []

    async def told(count: int) -> None:
        counts.append(count)

    batch = [("a", "1")] * 1999
    file = await export_table("x", table(*[batch] * 8), Format.CSV, told=told)
    assert counts == [1999 * 3, 1999 * 6]
    file.content.close()


async def test_others_have_their_turn_while_rows_that_are_here_already_are_written():
    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    file = await export_table("x", table(*[[("a", "1")]] * 50), Format.CSV)
    task.cancel()
    assert turns >= 50
    file.content.close()


def open_files() -> list[str]:
    """What this process holds open on disk."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:
            # The descriptor of this very listing.
            continue
    return sorted(link for link in links if link.startswith("/"))
