"""Languages, numbers and dates: Babel's catalogues and its locale data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("en", "zh")
LOCALES = Path(__file__).parent / "locale"
_BABEL = {"en": Locale("en"), "zh": Locale.parse("zh_Hans_CN")}


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, keyed by the English ones."""

    language: str
    sentences: Mapping[str, tuple[str, ...]]

    def one(self, msgid: str) -> str:
        """The sentence in this language; the English one when it has none."""
        found = self.sentences.get(msgid)
        return found[0] if found else msgid

    def many(self, singular: str, plural: str, count: int) -> str:
        """The sentence for `count` things."""
        found = self.sentences.get(singular)
        if not found:
            return singular if count == 1 else plural
        return found[0] if count == 1 else found[-1]


@cache
def words(language: str) -> Words:
    """The catalogue of `en` or `zh`, read once."""
    if language == "en":
        return Words("en", {})
    return Words(language, {message.id: message.string for message in _translated(catalog(language))})


def catalog(language: str) -> Catalog:
    """The catalogue as Babel reads it, fuzzy entries included."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    string: tuple[str, ...]


def _translated(entries: Catalog) -> list[_Entry]:
    found = []
    for message in entries:
        if not message.id or message.fuzzy:
            continue
        msgid = message.id if isinstance(message.id, str) else message.id[0]
        strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if strings and all(strings):
            found.append(_Entry(msgid, strings))
    return found


@lru_cache(1000, typed=True)
def number(value: int | float, language: str) -> str:
    """`311,016`; floats keep one decimal."""
    return format_decimal(value, format="#,##0.#", locale=_BABEL[language])


def percent(part: int, whole: int, language: str) -> str:
    """`6.3 %`; with no whole there is no share, and the answer is a dash."""
    return f"{format_decimal(100 * part / whole, format='#,##0.0', locale=_BABEL[language])} %" if whole else "—"


def short_day(value: date, language: str) -> str:
    """`21 Nov`, `11月21日`: for the axis of a chart."""
    return format_date(value, format="d MMM" if language == "en" else "M月d日", locale=_BABEL[language])


def day(value: date, language: str) -> str:
    """`31 Dec 2026`, `2026年12月31日`."""
    return format_date(value, format="d MMM yyyy" if language == "en" else "long", locale=_BABEL[language])
