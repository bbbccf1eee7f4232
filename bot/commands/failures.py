"""Failed recipients one by one, for `bounces`: what each dialect can be asked for, and what is counted on the way."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.arguments import LONGEST
from bot.command import RefusalError
from providers.base import ListsFailures, Provider, require
from providers.capabilities import ExplainsFailures
from providers.errors import UnsupportedError
from providers.model import BatchNumber, FailureCategory, Task
from providers.tables import Row, Table

MOST_NAMES = 10_000
"""Different domains, and reasons, that are counted one by one; what comes after them is counted together."""
REASON = 200
"""Characters by which one reason is told from another."""
TOP = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose failures: of days, or of a task since it began."""

    first: date
    last: date
    category: FailureCategory | None = None
    task: Task | None = None

    @property
    def batch(self) -> BatchNumber | None:
        return self.task.batch if self.task else None

    @property
    def days(self) -> list[date]:
        """One by one, for a dialect that knows no periods; a task's late bounces come within its first days."""
        count = min((self.last - self.first).days + 1, LONGEST)
        return [self.first + timedelta(days=offset) for offset in range(count)]


def failed(provider: ExplainsFailures, wanted: Wanted, others: Iterable[Provider], *, reasons: bool) -> Sequence[Table]:
    """The exports that together hold them; nothing has been asked for yet.

    reasons: the vendor's words for why instead of the statistics id; no export has both (000 2.3.1, 2.3.2).

    Raises:
        RefusalError: `bounces/narrower`: this dialect wants it narrower, or cannot.
    """
    try:
        if reasons:
            return (_reasons(provider, wanted, wanted.first, wanted.last),)
        return (require(provider, ListsFailures).failure_table(wanted.first, wanted.last, category=wanted.category),)
    except UnsupportedError:
        pass
    try:
        # V3.0: one day and one category at a time, without reasons (001 2.3).
        return tuple(_reasons(provider, wanted, day, day) for day in wanted.days)
    except UnsupportedError:
        raise _narrower(provider, wanted, others) from None


def can_ask(provider: Provider, wanted: Wanted, *, reasons: bool) -> bool:
    """Whether `failed` would go well: for the buttons that lead there."""
    if not isinstance(provider, ExplainsFailures):
        return False
    try:
        failed(provider, wanted, (), reasons=reasons)
    except RefusalError:
        return False
    return True


def _reasons(provider: ExplainsFailures, wanted: Wanted, first: date, last: date) -> Table:
    return provider.failure_reason_table(first, last, category=wanted.category, batch=wanted.batch)


def _narrower(provider: ExplainsFailures, wanted: Wanted, others: Iterable[Provider]) -> RefusalError:
    day, some = wanted.first, BatchNumber("any")

    def can(category: FailureCategory, batch: BatchNumber | None) -> bool:
        return _can(lambda: provider.failure_reason_table(day, day, category=category, batch=batch))

    of_tasks = [category for category in FailureCategory if can(category, some)]
    of_days = [category for category in of_tasks if can(category, None)]
    known = wanted.category in of_tasks
    return RefusalError(
        "bounces/narrower",
        account=provider.account,
        title=provider.title,
        problem="category" if wanted.category is None else "task" if known else "never",
        category=wanted.category,
        task_id=wanted.task.id if wanted.task else None,
        of_days=of_days,
        of_tasks=of_tasks,
        able=[one for one in others if _lists(one, day)],
    )


def _lists(provider: Provider, day: date) -> bool:
    return isinstance(provider, ListsFailures) and _can(lambda: provider.failure_table(day, day))


def _can(ask: Callable[[], Table]) -> bool:
    """Whether an export exists here: one that does not is refused before anything is sent."""
    try:
        ask()
    except UnsupportedError:
        return False
    return True


def one_table(tables: Sequence[Table], wanted: Wanted) -> Table:
    """The exports as one; with the task's id in a last column when they are one task's."""
    task = wanted.task
    if task is None:
        return Table(tables[0].columns, _joined(tables, lambda row: row))
    return Table((*tables[0].columns, "task_id"), _joined(tables, lambda row: (*row, task.id)))


async def _joined(tables: Sequence[Table], written: Callable[[Row], Row]) -> AsyncGenerator[Sequence[Row], None]:
    for table in tables:
        async with aclosing(table.batches) as batches:
            async for batch in batches:
                yield [written(row) for row in batch]


@dataclass(slots=True)
class Names:
    """How often each name came; bounded, whatever the length of the export."""

    counts: Counter[str] = field(default_factory=Counter)
    others: int = 0
    """Rows whose name came after `MOST_NAMES` others had."""

    def add(self, name: str) -> None:
        if name in self.counts or len(self.counts) < MOST_NAMES:
            self.counts[name] += 1
        else:
            self.others += 1

    @property
    def top(self) -> Sequence[tuple[str, int]]:
        return self.counts.most_common(TOP)


@dataclass(slots=True)
class Tally:
    """What an export was found to hold."""

    count: int = 0
    domains: Names = field(default_factory=Names)
    reasons: Names = field(default_factory=Names)
    malformed: int = 0
    """Addresses without a domain."""

    def add(self, rows: Sequence[Row], columns: tuple[str, ...]) -> None:
        address_at, reason_at = columns.index("address"), columns.index("reason")
        self.count += len(rows)
        for row in rows:
            _, at, domain = str(row[address_at]).rpartition("@")
            if at and domain:
                self.domains.add(domain.lower())
            else:
                self.malformed += 1
            if row[reason_at]:
                self.reasons.add(str(row[reason_at])[:REASON])
