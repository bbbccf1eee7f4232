"""The vocabulary of contact lists: who may be written to, how they got there, who left."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import NewType

from providers.model import Observation

ListId = NewType("ListId", str)
"""A contact list (U-Mail `list_id`, `maillist_id`)."""
ContactId = NewType("ContactId", str)
"""One address in one list."""
ImportId = NewType("ImportId", str)
"""One file on its way into a list (U-Mail 000 4.8.3)."""

MOST_AT_ONCE = 500
"""Contacts in a batch; more go as a file (000 4.8.2)."""
VARIABLES = 10
"""Free fields of a contact."""


class Scope(Enum):
    """Where to look when it is not one list. Said aloud, since U-Mail takes silence for everything (000 4.7)."""

    EVERY_LIST = "every list"
    NO_LIST = "no list"
    """Contacts that belong to no list."""


class Sex(StrEnum):
    """As U-Mail writes it."""

    MALE = "M"
    FEMALE = "F"


class ImportState(StrEnum):
    """Where an import stands."""

    DONE = "done"
    PARSING = "parsing"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList(Observation):
    """One list."""

    id: ListId
    name: str | None = None
    description: str | None = None
    contacts: int | None = None
    importing: bool | None = None
    """Whether a file is on its way in (2019)."""
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Observation):
    """One address in a list."""

    id: ContactId | None = None
    list_id: ListId | None = None
    address: str
    name: str | None = None
    birthday: date | None = None
    phone: str | None = None
    area: str | None = None
    added_at: datetime | None = None
    variables: tuple[str | None, ...] = ()
    """`var1` to `var10`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage(Observation):
    """One page of contacts."""

    contacts: tuple[Contact, ...]
    total: int | None = None
    """How many there are on all pages (2019)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactForm:
    """What is told of a contact. None, and an empty variable, is left out."""

    address: str
    name: str | None = None
    sex: Sex | None = None
    birthday: date | None = None
    phone: str | None = None
    area: str | None = None
    variables: tuple[str, ...] = ()
    """Up to `VARIABLES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStatus(Observation):
    """What became of one import."""

    id: ImportId
    state: ImportState
    raw_state: str
    said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord(Observation):
    """One line of the import log, which names neither the import nor the list by id (000 4.14)."""

    file_name: str | None = None
    list_name: str | None = None
    imported_at: datetime | None = None
    contacts: int | None = None
    invalid: int | None = None
    duplicates: int | None = None
    state: ImportState
    raw_state: str
