"""A person's file of contacts, read row by row: UTF-8 or GB18030, commas, semicolons or tabs.

With headings in its first row, the columns are told by them; without, the first column is the address. Nothing is
held but the row at hand.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Protocol

from bot.arguments import ADDRESS
from providers.contacts import VARIABLES, ContactForm, Sex

CODECS = ("utf-8-sig", "gb18030")
"""What people's files are in; GB18030 is Excel's in China."""
DELIMITERS = ",;\t"
HEAD = 20
"""Lines that are looked at before a file is handed to the vendor as it is."""

_CHUNK = 1 << 16
_ADDRESS = re.compile(ADDRESS)
_BIRTHDAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_NO_DAY = re.compile(r"0{4}\W?0{1,2}\W?0{1,2}")
SEXES = {
    **dict.fromkeys(("m", "male", "男", "先生"), Sex.MALE),
    **dict.fromkeys(("f", "female", "女", "女士"), Sex.FEMALE),
}
_HEADINGS = {
    **dict.fromkeys(
        ("email", "mail", "address", "emailaddress", "邮箱", "邮箱地址", "电子邮箱", "邮件地址", "电子邮件"), "address"
    ),
    **dict.fromkeys(("name", "fullname", "姓名", "名称", "名字", "联系人"), "name"),
    **dict.fromkeys(("sex", "gender", "性别"), "sex"),
    **dict.fromkeys(("birthday", "birthdate", "dateofbirth", "生日", "出生日期"), "birthday"),
    **dict.fromkeys(("phone", "mobile", "telephone", "tel", "手机", "手机号", "手机号码", "电话"), "phone"),
    **dict.fromkeys(("area", "region", "city", "地区", "区域", "城市"), "area"),
    **{f"{word}{number}": f"var{number}" for word in ("var", "变量") for number in range(1, VARIABLES + 1)},
}


class _Lines(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class UnreadableFileError(Exception):
    """The file as a whole cannot be used: `problem` is `encoding`, `no_address_column` or `cut`."""

    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """One contact, or what is wrong with the line."""

    line: int
    """Where it begins, from 1."""
    form: ContactForm | None = None
    problem: str | None = None
    """`address`, `sex`, `birthday` or `separator`."""
    cell: str = ""
    """What stands there instead."""


@dataclass(frozen=True, slots=True)
class ContactFile:
    """An open file of contacts."""

    columns: tuple[str | None, ...]
    """By column, the field of `ContactForm` or `var1` to `var10`; None is not read."""
    headed: bool
    """Whether its first row names the columns."""
    unread: int
    """Columns that are left out."""
    ignored: tuple[str, ...]
    """Their headings, which say nothing to us."""
    rows: Iterator[Row]


@contextmanager
def opened(path: Path) -> Iterator[ContactFile]:
    """Read a file while the block lasts.

    Raises:
        UnreadableFileError: neither encoding, or headings of which none is an address; later also from `rows`.
    """
    with path.open(encoding=_codec(path), newline="") as source:
        lines = csv.reader(source, delimiter=_delimiter(path, source.encoding), strict=False)
        rows = _filled(lines)
        first = next(rows, None)
        if first is None:
            yield ContactFile(("address",), headed=False, unread=0, ignored=(), rows=iter(()))
            return
        columns = _columns(first[1])
        headed = any(columns)
        if not headed:
            rest = _read(("address",), chain([first], rows))
            yield ContactFile(("address",), headed=False, unread=len(first[1]) - 1, ignored=(), rows=rest)
            return
        if "address" not in columns:
            raise UnreadableFileError("no_address_column")
        ignored = tuple(
            name.strip() for name, column in zip(first[1], columns, strict=True) if not column and name.strip()
        )
        yield ContactFile(columns, headed=True, unread=len(ignored), ignored=ignored, rows=_read(columns, rows))


def looks_like_the_vendors(path: Path) -> bool:
    """Whether one of the first lines is what U-Mail reads: an address, alone or before `;` or a tab (000 4.8.2)."""
    with path.open("rb") as source:
        head = [source.readline(_CHUNK) for _ in range(HEAD)]
    cells = (re.split(r"[;\t]", line.decode("utf-8-sig", "replace"), maxsplit=1)[0] for line in head)
    return any(_ADDRESS.fullmatch(cell.strip()) for cell in cells)


def _codec(path: Path) -> str:
    for name in CODECS:
        decoder = codecs.getincrementaldecoder(name)("strict")
        try:
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    raise UnreadableFileError("encoding")


def _delimiter(path: Path, codec: str) -> str:
    with path.open(encoding=codec, newline="") as source:
        first = next((line for line in source if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _filled(lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, each with the line it begins at."""
    begins = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = lines.line_num + 1
    except csv.Error:
        # A quote that never closes swallows the rest.
        raise UnreadableFileError("cut", begins) from None


def _columns(cells: list[str]) -> tuple[str | None, ...]:
    if any("@" in cell for cell in cells):
        return ()
    return tuple(_HEADINGS.get(re.sub(r"[\s_\-.]", "", cell).casefold()) for cell in cells)


def _read(columns: tuple[str | None, ...], rows: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    for line, cells in rows:
        yield _row(columns, line, cells)


def _row(columns: tuple[str | None, ...], line: int, cells: list[str]) -> Row:
    found = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
    for name, bad in _FAULTS.items():
        if bad(found.get(name, "")):
            return Row(line, problem=name, cell=found.get(name, ""))
    spoilt = next((cell for cell in found.values() if any(mark in cell for mark in ";\r\n")), None)
    if spoilt is not None:
        return Row(line, problem="separator", cell=spoilt)
    variables = tuple(found.get(f"var{number}", "") for number in range(1, VARIABLES + 1))
    return Row(
        line,
        ContactForm(
            address=found["address"],
            name=found.get("name") or None,
            sex=SEXES.get(found.get("sex", "").casefold()),
            birthday=_day(found.get("birthday", "")),
            phone=found.get("phone") or None,
            area=found.get("area") or None,
            variables=variables if any(variables) else (),
        ),
    )


def _day(text: str) -> date | None:
    match = _BIRTHDAY.match(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


_FAULTS: dict[str, Callable[[str], bool]] = {
    "address": lambda text: not _ADDRESS.fullmatch(text),
    "sex": lambda text: bool(text) and text.casefold() not in SEXES,
    "birthday": lambda text: bool(text) and not _NO_DAY.fullmatch(text) and _day(text) is None,
}
"""By field, whether a line must be left out for it."""
