"""Failures by kind, as the vendors' counters tell them: of days or of a task, against the week before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.commands.facts import total
from providers.base import Provider, TellsDayStats, TellsTaskStats, require
from providers.errors import ProviderError
from providers.model import FailureCategory, SendStats
from providers.umail.dialect import CATEGORIES

BEFORE = timedelta(days=7)
NUMBERS: Mapping[FailureCategory, str] = {
    category: number for number, category in CATEGORIES.items() if number.isdecimal()
}
"""The vendor's own number of a category (000 2.3.1)."""
_AFTER_SENDING = (
    (FailureCategory.MAILBOX_NOT_FOUND, "bounced_hard"),
    (FailureCategory.MAILBOX_FULL, "mailbox_full"),
    (FailureCategory.CONNECTION_ERROR, "connection_error"),
    (FailureCategory.RECIPIENT_REJECTED, "recipient_rejected"),
    (FailureCategory.SPAM_CONTENT, "spam_content"),
    (None, "judged_spam"),
    (FailureCategory.DELIVERY_REFUSED, "delivery_refused"),
)
"""Category -> its figure in `SendStats`. The refusals may overlap: `jujue_count` and `rubbish` have no types."""
_NEVER_SENT = (
    (FailureCategory.INVALID_ADDRESS, "invalid_address"),
    (FailureCategory.INVALID_FORMAT, "invalid_format"),
    (FailureCategory.SUPPRESSED, "suppressed"),
    (FailureCategory.SUPPRESSED_COMPLAINT, "suppressed_complaint"),
)
FIGURES = tuple(figure for _, figure in (*_AFTER_SENDING, *_NEVER_SENT))


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of failure."""

    category: FailureCategory | None
    """None: judged spam, which is no category of its own."""
    number: str | None
    """The vendor's number for it, which `--category` takes as well."""
    count: int | None
    share: tuple[int, int] | None = None
    """Of how many that were sent."""
    usual: tuple[int, int] | None = None
    """The same in the 7 days before."""


@dataclass(frozen=True, slots=True)
class Part:
    """One account's failures, or why they are not known."""

    account: str
    title: str
    zone: str
    stats: SendStats | None = None
    """Of the days or of the task, each kind from whichever call tells it."""
    error: ProviderError | None = None
    before: Sequence[SendStats] = ()
    days: Sequence[SendStats] = ()
    """Sent, delivered and failed by day, where they can be had."""

    @property
    def sent(self) -> int | None:
        """What the shares are of."""
        return None if self.stats is None else _base(self.stats.sent, self.stats.requested)

    @property
    def share(self) -> tuple[int, int] | None:
        return _share(self.stats.failed, self.sent) if self.stats else None

    @property
    def usual(self) -> tuple[int, int] | None:
        return self._usual("failed")

    @property
    def trend(self) -> str:
        """Whether that is clearly more or less than usual: by a tenth."""
        if self.share is None or self.usual is None or not self.usual[0]:
            return ""
        times = self.share[0] * self.usual[1] / (self.share[1] * self.usual[0])
        return "▲" if times > 1.1 else "▼" if times < 1 / 1.1 else ""

    @property
    def failed(self) -> Sequence[Line]:
        """After sending; nothing where the vendor tells no kinds at all."""
        lines = [
            replace(
                self._line(category, figure), share=_share(self._count(figure), self.sent), usual=self._usual(figure)
            )
            for category, figure in _AFTER_SENDING
        ]
        return lines if any(line.count is not None for line in lines) else ()

    @property
    def never_sent(self) -> Sequence[Line]:
        lines = [self._line(category, figure) for category, figure in _NEVER_SENT]
        return lines if any(line.count is not None for line in lines) else ()

    @property
    def kinds(self) -> Sequence[FailureCategory]:
        """Those that happened, the most frequent first."""
        found = [line for line in (*self.failed, *self.never_sent) if line.count]
        return [line.category for line in sorted(found, key=lambda line: -(line.count or 0)) if line.category]

    def _line(self, category: FailureCategory | None, figure: str) -> Line:
        return Line(category, NUMBERS.get(category) if category else None, self._count(figure))

    def _count(self, figure: str) -> int | None:
        count: int | None = getattr(self.stats, figure, None)
        return count

    def _usual(self, figure: str) -> tuple[int, int] | None:
        sent = _base(total(self.before, "sent"), total(self.before, "requested"))
        return _share(total(self.before, figure), sent)


async def by_task(provider: Provider, first: date, last: date) -> Sequence[SendStats]:
    """By task, where some kinds alone are told; none when that cannot be read, and those are then unknown."""
    if not isinstance(provider, TellsTaskStats):
        return ()
    try:
        return await provider.task_stats_between(first, last)
    except ProviderError:
        return ()


async def week_before(provider: Provider, first: date) -> Sequence[SendStats]:
    """The 7 days before, in as few calls as it takes; none when they cannot be read."""
    begin, end = first - BEFORE, first - timedelta(days=1)
    if isinstance(provider, TellsTaskStats):
        return await by_task(provider, begin, end)
    try:
        return (await require(provider, TellsDayStats).day_stats(begin, end),)
    except ProviderError:
        return ()


def filled(found: SendStats, tasks: Sequence[SendStats]) -> SendStats:
    """The days' totals with the kinds that only the tasks tell. Both speak of the same days and are never added."""
    missing = {figure: total(tasks, figure) for figure in FIGURES if getattr(found, figure) is None}
    return replace(found, **missing)  # type: ignore[arg-type]  # all of them counters


def by_day(tasks: Sequence[SendStats]) -> Sequence[SendStats]:
    """The tasks' figures added up by day; none unless each row says which day it is of."""
    days = sorted({row.first_day for row in tasks if row.first_day})
    if any(row.first_day is None for row in tasks):
        return ()
    return [_day([row for row in tasks if row.first_day == day], day) for day in days]


def _day(rows: Sequence[SendStats], day: date) -> SendStats:
    sums = {figure: total(rows, figure) for figure in ("sent", "delivered", "failed")}
    return SendStats(
        account=rows[0].account,
        observed_at=rows[0].observed_at,
        source=rows[0].source,
        first_day=day,
        last_day=day,
        **sums,  # type: ignore[arg-type]  # all of them counters
    )


def _base(sent: int | None, requested: int | None) -> int | None:
    return sent if sent is not None else requested


def _share(part: int | None, whole: int | None) -> tuple[int, int] | None:
    return (part, whole) if part is not None and whole else None
