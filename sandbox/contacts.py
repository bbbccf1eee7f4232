"""U-Mail's contacts: lists whose addresses are computed, and what calls added, changed or took away.

A list of any size costs nothing: the addresses it began with follow from their index. What came later lies in a
temporary database that SQLite keeps on disk, so that an import of a million rows costs no memory either.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

ROOM = 100_000_000
"""Ids of a list's addresses begin at its own id times this."""
VARS = 10
ADDRESS = re.compile(r"[^\s@;,<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
NO_DAY = "0000-00-00"

_NAMES = ("wang.wei", "li.na", "zhang.min", "liu.yang", "chen.jie", "yang.fan", "zhao.lei", "zhou.tao", "anna", "tom")
_FULL = ("王伟", "李娜", "张敏", "刘洋", "陈洁", "杨帆", "赵磊", "周涛", "Anna", "Tom & Söhne")
_HOSTS = ("mail", "post", "inbox")
_AREAS = ("北京市丰台", "上海市", "广州市 & 佛山市", "深圳市", "")
_GENERATED = re.compile(r"([a-z.]+)\.(\d+)-(\d+)@([a-z]+)\.example")
_BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """What a caller says about a contact."""

    address: str
    fullname: str = ""
    sex: str = ""
    birthday: str = NO_DAY
    phone: str = ""
    area: str = ""
    vars: tuple[str, ...] = ("",) * VARS


@dataclass(frozen=True, slots=True)
class Contact:
    """One address of one list."""

    id: int
    list_id: int
    person: Person
    time: datetime
    """When it was added, aware UTC."""


@dataclass(slots=True)
class MailList:
    """A contact list; `subscription` makes it `addr_type` 1. Its first `size` addresses are computed."""

    id: int
    subject: str
    size: int = 0
    subscription: bool = False
    description: str = ""
    enabled: bool = True
    added: int = 0
    gone: set[int] = field(default_factory=set)
    """Indices of computed addresses that were deleted or changed."""
    left_before: int = 0
    """How many had unsubscribed when the world began."""
    left: list[tuple[datetime, str]] = field(default_factory=list)
    """Who was unsubscribed since, and when."""

    @property
    def count(self) -> int:
        return self.size - len(self.gone) + self.added


def generated_address(list_id: int, index: int) -> str:
    """The address that a list has at an index, from 0."""
    return f"{_NAMES[index % 10]}.{list_id}-{index}@{_HOSTS[index // 10 % 3]}.example"


def index_of(mail_list: MailList, address: str) -> int | None:
    """Where an address stands among a list's computed ones; None when it is none of them, or is gone."""
    match = _GENERATED.fullmatch(address)
    if match is None or int(match[2]) != mail_list.id:
        return None
    index = int(match[3])
    if index >= mail_list.size or index in mail_list.gone or generated_address(mail_list.id, index) != address:
        return None
    return index


def generated(list_id: int, index: int) -> Contact:
    """The computed contact at an index."""
    person = Person(
        generated_address(list_id, index),
        _FULL[index % 10],
        "MF"[index % 2],
        f"{1960 + index % 45}-{1 + index % 12:02}-{1 + index % 28:02}",
        f"1380000{index % 10_000:04}",
        _AREAS[index % 5],
        (f"V{index % 7}", *("",) * (VARS - 1)),
    )
    return Contact(list_id * ROOM + index + 1, list_id, person, _BEGAN + timedelta(seconds=index))


class Contacts:
    """What lists hold beyond their computed addresses. List 0 is the uncategorised ones."""

    def __init__(self) -> None:
        self._lists: dict[int, MailList] = {}
        self._base: sqlite3.Connection | None = None
        self._next = 0

    def attach(self, lists: dict[int, MailList]) -> None:
        """The lists whose contacts these are; the dictionary is shared."""
        self._lists = lists

    def close(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None

    def all(self, list_id: int | None, keyword: str = "") -> Iterator[Contact]:
        """Contacts of a list, or of all lists, computed ones first; with a keyword in their address or name."""
        chosen = list(self._lists.values()) if list_id is None else [self._lists.get(list_id)]
        for mail_list in filter(None, chosen):
            for index in range(mail_list.size):
                # A hundred thousand are looked through sooner than they are made.
                named = keyword in generated_address(mail_list.id, index) or keyword in _FULL[index % 10]
                if named and index not in mail_list.gone:
                    yield generated(mail_list.id, index)
        rows = self._rows("" if list_id is None else "WHERE list_id = ? ", () if list_id is None else (list_id,))
        yield from (one for one in rows if keyword in one.person.address or keyword in one.person.fullname)

    def find(self, contact_id: int) -> Contact | None:
        """A contact by its id."""
        mail_list, index = self._lists.get(contact_id // ROOM), contact_id % ROOM - 1
        if mail_list and 0 <= index < mail_list.size and index not in mail_list.gone:
            return generated(mail_list.id, index)
        return next(self._rows("WHERE id = ? ", (contact_id,)), None)

    def by_address(self, mail_list: MailList, address: str) -> Contact | None:
        """A list's contact with an address."""
        index = index_of(mail_list, address)
        if index is not None:
            return generated(mail_list.id, index)
        return next(self._rows("WHERE list_id = ? AND address = ? ", (mail_list.id, address)), None)

    def add(self, mail_list: MailList, people: Iterable[Person], at: datetime) -> Iterator[int | None]:
        """Add people one by one: the new id, or None where the list has the address already."""
        for person in people:
            if index_of(mail_list, person.address) is not None:
                yield None
                continue
            number = mail_list.id * ROOM + ROOM // 2 + self._next
            self._next += 1
            done = self._put(Contact(number, mail_list.id, person, at), "INSERT OR IGNORE")
            mail_list.added += done
            yield number if done else None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Many additions in one go, which is some times as fast."""
        self._open().execute("BEGIN")
        yield
        self._open().execute("COMMIT")

    def change(self, contact: Contact, person: Person) -> bool:
        """Give a contact other data; False when its list has the new address already."""
        mail_list = self._lists[contact.list_id]
        other = self.by_address(mail_list, person.address)
        if other is not None and other.id != contact.id:
            return False
        self.remove(contact)
        mail_list.added += self._put(replace(contact, person=person), "INSERT")
        return True

    def remove(self, contact: Contact) -> None:
        mail_list = self._lists[contact.list_id]
        index = contact.id % ROOM - 1
        if index < mail_list.size and index not in mail_list.gone:
            mail_list.gone.add(index)
            return
        self._open().execute("DELETE FROM contact WHERE id = ?", (contact.id,))
        mail_list.added -= 1

    def empty(self, mail_list: MailList) -> None:
        if mail_list.added:
            self._open().execute("DELETE FROM contact WHERE list_id = ?", (mail_list.id,))
        mail_list.size, mail_list.added = 0, 0
        mail_list.gone.clear()

    def _put(self, contact: Contact, how: str) -> int:
        one = contact.person
        place = (contact.id, contact.list_id, contact.time.isoformat(), json.dumps(one.vars))
        row = (*place, one.address, one.fullname, one.sex, one.birthday, one.phone, one.area)
        return self._open().execute(f"{how} INTO contact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).rowcount

    def _rows(self, where: str, values: tuple[object, ...]) -> Iterator[Contact]:
        if self._base is None:
            return
        found = self._base.execute(f"SELECT * FROM contact {where}ORDER BY id", values)  # noqa: S608
        for number, list_id, time, variables, address, fullname, sex, birthday, phone, area in found:
            one = Person(address, fullname, sex, birthday, phone, area, tuple(json.loads(variables)))
            yield Contact(number, list_id, one, datetime.fromisoformat(time))

    def _open(self) -> sqlite3.Connection:
        if self._base is None:
            self._base = sqlite3.connect("", isolation_level=None)
            self._base.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                "CREATE TABLE contact (id INTEGER PRIMARY KEY, list_id INTEGER, time TEXT, vars TEXT, address TEXT,"
                " fullname TEXT, sex TEXT, birthday TEXT, phone TEXT, area TEXT, UNIQUE (list_id, address))"
            )
        return self._base
