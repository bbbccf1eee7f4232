"""Slack's date tokens, in a reader's zone and language.

Source: docs.slack.dev/messaging/formatting-message-text and .../block-kit/block-elements/date-element. In English Slack
shows times by twelve hours, in Chinese by twenty-four (a preference that the sandbox's people leave as it comes).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_TOKEN = re.compile(r"\{(\w+)\}")
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Locale:
    """How a language writes dates."""

    date: Callable[[datetime], str]
    short: Callable[[datetime], str]
    long: Callable[[datetime], str]
    full: Callable[[datetime], str]
    slash: str
    time: str
    seconds: str
    days: tuple[str, str, str]
    """Yesterday, today, tomorrow."""


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _english(at: datetime) -> str:
    return f"{_MONTHS[at.month - 1]} {_ordinal(at.day)}, {at.year}"


def _chinese(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日"


ENGLISH = Locale(
    date=_english,
    short=lambda at: f"{_MONTHS[at.month - 1][:3]} {at.day}, {at.year}",
    long=lambda at: f"{_DAYS[at.weekday()]}, {_english(at)}",
    full=lambda at: f"{_MONTHS[at.month - 1]} {at.day}, {at.year}",
    slash="%m/%d/%Y",
    time="%-I:%M %p",
    seconds="%-I:%M:%S %p",
    days=("yesterday", "today", "tomorrow"),
)
CHINESE = Locale(
    date=_chinese,
    short=_chinese,
    long=lambda at: f"{_chinese(at)}星期{_WEEKDAYS[at.weekday()]}",
    full=_chinese,
    slash="%Y/%m/%d",
    time="%H:%M",
    seconds="%H:%M:%S",
    days=("昨天", "今天", "明天"),
)


def shown(timestamp: int, pattern: str, zone: tzinfo, language: str, now: datetime) -> str | None:
    """The pattern with its tokens filled in; None where Slack would show the fallback."""
    try:
        at = datetime.fromtimestamp(timestamp, zone)
    except (OverflowError, OSError, ValueError):
        return None
    locale = CHINESE if language.startswith("zh") else ENGLISH
    names = _TOKEN.findall(pattern)
    if not names or not all(name in _TOKENS for name in names):
        return None
    text = _TOKEN.sub(lambda token: _TOKENS[token[1]](at, locale, now.astimezone(zone)), pattern)
    return text[:1].upper() + text[1:] if pattern.startswith("{") else text


Shown = Callable[[datetime, Locale, datetime], str]


def _pretty(otherwise: Shown) -> Shown:
    def day(at: datetime, locale: Locale, now: datetime) -> str:
        distance = (at.date() - now.date()) // timedelta(days=1)
        return locale.days[distance + 1] if -1 <= distance <= 1 else otherwise(at, locale, now)

    return day


def _date(at: datetime, locale: Locale, _now: datetime) -> str:
    return locale.date(at)


def _short(at: datetime, locale: Locale, _now: datetime) -> str:
    return locale.short(at)


def _long(at: datetime, locale: Locale, _now: datetime) -> str:
    return locale.long(at)


def _ago(at: datetime, locale: Locale, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    size, word, sign = next((unit for unit in _UNITS if abs(seconds) >= unit[0]), _UNITS[-1])
    count = int(abs(seconds) // size)
    if locale is CHINESE:
        return f"{count} {sign}{'后' if seconds < 0 else '前'}"
    words = f"{count} {word}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds < 0 else f"{words} ago"


_UNITS = [(86400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒")]
_TOKENS: dict[str, Shown] = {
    "date_num": lambda at, _locale, _now: f"{at:%Y-%m-%d}",
    "date_slash": lambda at, locale, _now: at.strftime(locale.slash),
    "date": _date,
    "date_short": _short,
    "date_long": _long,
    "date_long_full": lambda at, locale, _now: locale.full(at),
    "date_pretty": _pretty(_date),
    "date_short_pretty": _pretty(_short),
    "date_long_pretty": _pretty(_long),
    "day_divider_pretty": _pretty(_long),
    "time": lambda at, locale, _now: at.strftime(locale.time),
    "time_secs": lambda at, locale, _now: at.strftime(locale.seconds),
    "ago": _ago,
}
