"""`log`: what was sent to one address on one day, as the vendor tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.arguments import AccountName, EmailAddress, one_day
from bot.command import Answer, command
from bot.config import Role
from bot.context import Ctx
from providers import values
from providers.capabilities import KeepsLog
from providers.errors import UnsupportedError
from providers.model import FailureCategory
from providers.tracking import LogEntry
from providers.umail.dialect import CATEGORIES

SHOWN = 20
"""Entries in an answer; one address seldom gets so many in a day."""

_RESULTS = ("result", "status", "state", "send_status")
_SUBJECTS = ("subject", "title", "mail_subject")
_TIMES = ("send_time", "time", "log_time")
"""What a field may be called: no document names any (000 2.6). All others are shown under their own names."""
_SUCCESS = ("success", "ok", "成功", "发送成功")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    at: datetime | str | None
    """As it was written, when it is no time that can be read."""
    subject: str | None
    result: str | None
    """The vendor's own word."""
    sent: bool | None
    """What that means; None where nobody knows."""
    category: FailureCategory | None
    rest: Sequence[tuple[str, str]]


@command(
    "log",
    role=Role.OPERATOR,
    usage="DATE EMAIL [--account NAME]",
    examples=("log 2026-11-20 someone@shop.example", "log today someone@shop.example"),
)
async def log(words: str, address: EmailAddress, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show what was sent to one address on one day."""
    provider = ctx.provider(KeepsLog, account)
    name = provider.account
    day = one_day(words, ctx.today(name))
    try:
        entries = await provider.log(day, address)
    except UnsupportedError as error:
        # It is a dialect that lacks it: other accounts at the same vendor may have it.
        raise UnsupportedError(str(error), capability=KeepsLog, account=name, call=error.call) from None
    zone = ctx.zone(name)
    return ctx.answer(
        "log/show",
        account=name,
        data={"day": day, "address": address, "entries": [_facts(entry) for entry in entries]},
        title=provider.title,
        zone_name=str(zone),
        day=day,
        address=address,
        lines=[line_of(entry.raw, address, zone) for entry in entries[:SHOWN]],
        total=len(entries),
        at=entries[0].observed_at if entries else None,
    )


def line_of(raw: Mapping[str, object], address: str, zone: ZoneInfo) -> Line:
    """An entry's fields: those that can be told by their names, then the others."""
    found = {name: str(value) for name, value in raw.items() if value not in (None, "", address)}
    at, subject, result = (_taken(found, names) for names in (_TIMES, _SUBJECTS, _RESULTS))
    word = (result or "").lower()
    category = CATEGORIES.get(word)
    sent = True if word in _SUCCESS else False if category else None
    return Line(values.moment(at, zone) or at, subject, result, sent, category, tuple(found.items()))


def _taken(found: dict[str, str], names: Sequence[str]) -> str | None:
    return next((found.pop(name) for name in names if name in found), None)


def _facts(entry: LogEntry) -> dict[str, Any]:
    """An entry for machines: the vendor's fields stay apart from ours."""
    about = {"account": entry.account, "observed_at": entry.observed_at, "source": entry.source}
    return {**about, "raw": dict(entry.raw)}
