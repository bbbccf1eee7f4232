"""Looking at sending tasks: open statuses, known open ids and the day, however long an account's history is."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count

from bridge.notices.watch import watched
from bridge.sightings import Kind, of_task
from bridge.transitions import Known
from jobs.pace import RARITY, WAITING
from jobs.place import MOST, Gathered, Place, crosses
from providers.base import ReadsTasks, require
from providers.errors import UnsupportedError
from providers.model import SendId, Task, TaskStatus
from store.jobs import Claimed

PAGE = 20
"""Rows of a page at U-Mail (000: "not more than 20")."""
FAR = 7
"""Days that are made up for after a gap."""


async def tasks(place: Place, claimed: Claimed) -> bool:
    """The open tasks, status by status; the day's, so that what ended meanwhile is seen; known ones by their id."""
    reads = require(place.provider, ReadsTasks)
    async with place.look(Kind.TASK) as look:
        found: dict[SendId, Task] = {}
        listed = []
        try:
            for status in _statuses(place, claimed, look.known.values()):
                try:
                    await _all_pages(found, partial(reads.tasks, status=status))
                except UnsupportedError:
                    # Not every dialect can ask for every status; those tasks are asked for by their id.
                    continue
                listed.append(status)
            for day in _days(place, claimed, look.noted.since):
                await _all_pages(found, partial(reads.tasks, day=day))
            await _by_id(reads, look, found, [row for row in look.known.values() if _wanted(row, listed, claimed.at)])
        finally:
            look.sightings += [of_task(task) for task in found.values()]
    return True


def _statuses(place: Place, claimed: Claimed, known: Iterable[Known]) -> Sequence[TaskStatus]:
    due = {row.state for row in known if row.look_at is not None and row.look_at <= claimed.at}
    return [
        TaskStatus(status)
        for status, rarity in RARITY.items()
        if status != TaskStatus.UNKNOWN
        and (rarity == 1 or status in due or crosses(claimed.before, claimed.at, place.polling.tasks * rarity))
    ]


def _days(place: Place, claimed: Claimed, begun: datetime | None) -> Sequence[date]:
    """Today, now and then, and the days since it was asked last.

    begun: when the baseline ended; what was over on the days before it is no news.
    """
    every = place.polling.tasks * WAITING
    if not crosses(claimed.before, claimed.at, every):
        return ()
    last = place.today(claimed.at)
    since = claimed.before - every if claimed.before else claimed.at
    first = max(place.today(since), last - timedelta(days=FAR), min(place.today(begun), last) if begun else date.min)
    return [first + timedelta(days=days) for days in range((last - first).days + 1)]


async def _all_pages(found: dict[SendId, Task], fetch: Callable[..., Awaitable[Sequence[Task]]]) -> None:
    """Every page into `found`. QUEUED has pages of up to twice PAGE, and all others of PAGE."""
    seen: set[SendId] = set()
    for page in count(1):
        rows = await fetch(page=page)
        new = {task.id: task for task in rows if task.id not in seen}
        found |= new
        seen |= new.keys()
        # A vendor that knows no pages would say the same for ever.
        if len(rows) < PAGE or not new:
            return


def _wanted(row: Known, listed: Sequence[str], now: datetime) -> bool:
    return row.state in listed or (row.look_at is not None and row.look_at <= now)


async def _by_id(reads: ReadsTasks, look: Gathered, found: dict[SendId, Task], rows: Sequence[Known]) -> None:
    """Those among `rows` that no page had, the longest due first."""
    lost = sorted((row for row in rows if row.subject not in found), key=lambda row: row.look_at or row.observed_at)
    for row in lost[:MOST]:
        task = await reads.task(SendId(row.subject))
        if task is None:
            look.missing.append(row.subject)
        else:
            found[task.id] = task


async def watched_tasks(place: Place, _claimed: Claimed) -> bool:
    """The tasks that somebody follows live."""
    reads = require(place.provider, ReadsTasks)
    ids = await place.store.transact(lambda session, _now: watched(session, place.account))
    if not ids:
        return False
    async with place.look(Kind.TASK, sorted(ids)) as look:
        for task_id in sorted(ids)[:MOST]:
            task = await reads.task(SendId(task_id))
            # Only one poll counts how often a task was not found.
            look.sightings += [of_task(task)] if task else []
        # It says nothing of the account's other tasks.
        look.ends = False
    return True
