"""Whether a result is what its class promises: every field of its declared type, times aware, texts that are texts."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from providers.model import Observation


def mistyped(value: object, declared: Any, where: str = "result") -> list[str]:
    """What is wrong with a value, place by place; empty when nothing is."""
    if declared is dict:
        return [wrong for name, cell in value.items() for wrong in _cell(cell, f"{where}.{name}")]  # type: ignore[attr-defined]
    if isinstance(declared, NewType):
        return [] if isinstance(value, str) and value.strip() == value != "" else [f"{where}: {value!r} is no id"]
    origin = get_origin(declared)
    if origin in (Union, types.UnionType):
        options = [mistyped(value, option, where) for option in get_args(declared)]
        return [] if [] in options else options[0]
    if origin is tuple:
        if not isinstance(value, tuple):
            return [f"{where}: {value!r} is no tuple"]
        return [
            wrong
            for index, one in enumerate(value)
            for wrong in mistyped(one, get_args(declared)[0], f"{where}[{index}]")
        ]
    return _plain(value, origin or declared, where)


_hints = cache(get_type_hints)


def _plain(value: object, declared: type, where: str) -> list[str]:
    if issubclass(declared, Mapping):
        return _raw(value, where) if isinstance(value, Mapping) else [f"{where}: {value!r} is no mapping"]
    fits = type(value) is declared if declared in (int, str, bool, date) else isinstance(value, declared)
    if not fits:
        return [f"{where}: {value!r} is no {declared.__name__}"]
    if isinstance(value, datetime) and (value.tzinfo is None or value.utcoffset()):
        return [f"{where}: {value!r} is not in UTC"]
    if isinstance(value, str) and not isinstance(value, Enum):
        return _text(value, where)
    if is_dataclass(value):
        return record(value, where)
    return []


def _cell(value: object, where: str) -> list[str]:
    """A cell of a table: text, a number, an aware time, a word of the vocabulary, or nothing."""
    if value is None or isinstance(value, int | Enum):
        return []
    if isinstance(value, datetime):
        return [] if value.tzinfo else [f"{where}: {value!r} has no zone"]
    return [] if type(value) is date else _plain(value, str, where)


def record(value: Any, where: str = "result") -> list[str]:
    """What is wrong with a frozen dataclass of ours."""
    hints = _hints(type(value))
    return [
        wrong
        for item in fields(value)
        for wrong in mistyped(getattr(value, item.name), hints[item.name], f"{where}.{item.name}")
    ]


def _text(value: str, where: str) -> list[str]:
    if not value.isprintable() and any(ord(mark) < 32 and mark not in "\t\r\n" for mark in value):
        return [f"{where}: {value!r} holds control characters"]
    try:
        value.encode()
    except UnicodeEncodeError:
        return [f"{where}: {value!r} cannot be stored"]
    return []


def _raw(value: object, where: str) -> list[str]:
    """The vendor's own words: whatever they are, they can be written down as JSON and stored."""
    if isinstance(value, Mapping):
        return [wrong for key, one in value.items() for part in (key, one) for wrong in _raw(part, f"{where}.{key}")]
    if isinstance(value, list | tuple):
        return [wrong for one in value for wrong in _raw(one, where)]
    return _text(value, where) if isinstance(value, str) else []


def unsigned(value: object, account: str, now: datetime, sources: set[str]) -> list[str]:
    """What is missing of whose it is, how old it is and which call said it; in everything that is observed."""
    if isinstance(value, list | tuple):
        return [wrong for one in value for wrong in unsigned(one, account, now, sources)]
    if not is_dataclass(value) or isinstance(value, type):
        return []
    wrong = [one for item in fields(value) for one in unsigned(getattr(value, item.name), account, now, sources)]
    if isinstance(value, Observation):
        true = value.account == account and value.observed_at == now and value.source in sources
        # A page says what its contacts say; nothing else comes without the vendor's own words.
        told = bool(value.raw) or type(value).__name__ == "ContactPage"
        wrong += [] if true and told else [f"{type(value).__name__} of {value.source} at {value.observed_at}"]
    return wrong
