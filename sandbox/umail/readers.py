"""Who opened and clicked a task's mails: a pure function of how far its sending has got.

Readers come in waves: some minutes, an hour, or half a day after their mail went out. Every reader's story is over
`SETTLES` after the first open, and only then shown, so that a row once shown never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.contacts import generated_address
from sandbox.mailing import Task

SETTLES = timedelta(minutes=2)
CLICKS_EVERY = 4
"""One reader of so many follows a link."""
LINKS = ("https://shop.example/sale?from=mail&id=1", "https://shop.example/new", "https://shop.example/unsubscribe")
_STEP = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class Wave:
    """Readers who open so long after sending: the mails at `offset`, `offset + stride` and on."""

    delay: timedelta
    stride: int
    offset: int


WAVES = (
    Wave(timedelta(minutes=4), 10, 1),
    Wave(timedelta(minutes=50), 15, 4),
    Wave(timedelta(hours=9), 30, 7),
)
"""One mail in five is opened; no two waves share a mail."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One who opened."""

    id: int
    email: str
    index: int
    opens: int
    clicks: int
    """0 for one who followed no link."""
    first: datetime

    @property
    def last(self) -> datetime:
        return self.first + _STEP * (self.opens - 1)

    @property
    def first_click(self) -> datetime:
        return self.first + _STEP

    @property
    def last_click(self) -> datetime:
        return self.first + _STEP * self.clicks

    @property
    def link(self) -> int:
        """Which of `LINKS` was followed."""
        return self.index // CLICKS_EVERY % len(LINKS)


@dataclass(slots=True)
class Totals:
    """Opens and clicks together, and of each link."""

    unique: int = 0
    total: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def count(self, times: int, first: datetime, last: datetime) -> None:
        self.unique += 1
        self.total += times
        self.first = min(self.first or first, first)
        self.last = max(self.last or last, last)


def readers(task: Task, now: datetime) -> Iterator[Reader]:
    """All who opened until now, wave by wave. A task that is not tracked has none; one tracked for opens no clicks."""
    if not task.settings.track_status:
        return
    for number, wave in enumerate(WAVES):
        reached = position(task, now - wave.delay - SETTLES)
        for index in range((reached - wave.offset + wave.stride - 1) // wave.stride):
            place = wave.offset + wave.stride * index
            clicks = (1 + index % 3) if task.settings.track_status == 2 and index % CLICKS_EVERY == 0 else 0
            first = reached_at(task, place) + wave.delay
            identity = task.id * 100_000_000 + number * 10_000_000 + index + 1
            yield Reader(identity, email(task, place), index, 1 + index % 3, clicks, first)


def totals(task: Task, now: datetime) -> tuple[Totals, Totals, list[Totals]]:
    """Opens, clicks, and the clicks of each link."""
    opens, clicks, links = Totals(), Totals(), [Totals() for _ in LINKS]
    for reader in readers(task, now):
        opens.count(reader.opens, reader.first, reader.last)
        if reader.clicks:
            for one in (clicks, links[reader.link]):
                one.count(reader.clicks, reader.first_click, reader.last_click)
    return opens, clicks, links


def email(task: Task, place: int) -> str:
    """The address at a place of the sending order, from 0."""
    lists = task.settings.list_ids
    return generated_address(lists[place % len(lists)], place // len(lists) + task.settings.send_qty_start - 1)


def position(task: Task, moment: datetime) -> int:
    """How many addresses had been processed, before the world began too."""
    opening = task.opening.processed
    if not opening or task.time_start is None or (task.runs and moment >= task.runs[0].at):
        return task.position(moment)
    begin, end = task.time_start, _opening_end(task)
    share = (moment - begin) / (end - begin) if end > begin else 1.0
    return round(opening * min(max(share, 0.0), 1.0))


def reached_at(task: Task, place: int) -> datetime:
    """When the mail at a place went out; the place must have been reached."""
    opening = task.opening.processed
    if place < opening and task.time_start is not None:
        return task.time_start + (_opening_end(task) - task.time_start) * (place + 1) / opening
    run = next(run for run in reversed(task.runs) if run.position <= place)
    return run.reaches(place + 1)


def _opening_end(task: Task) -> datetime:
    """When what was sent before the world began had been sent."""
    if task.runs:
        return task.runs[0].at
    return task.time_end or task.entered_at
