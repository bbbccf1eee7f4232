"""How often which thing is worth a look: `bridge.record.Pace` as `polling:` says it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bridge.record import while_open
from bridge.sightings import Kind
from bridge.transitions import VANISHED, Known
from jobs.settings import Polling
from providers.messages import MessageStatus
from providers.model import TaskStatus

WAITING = 5
"""A task that waits is looked at so many times less often than one that is being sent,"""
IDLE = 30
"""and one that nobody has started so many times."""
RARITY: Mapping[str, int] = {
    TaskStatus.SENDING: 1,
    TaskStatus.QUEUED: 1,
    TaskStatus.SCHEDULED: WAITING,
    TaskStatus.PAUSED: WAITING,
    TaskStatus.DRAFT: IDLE,
    TaskStatus.UNKNOWN: WAITING,
}
"""By status, how many times rarer than a task that is being sent. What is missing is over."""
LAST_LOOKS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=24))
"""After the end of a task: for the final numbers. Then never again."""
_EARLY = timedelta(seconds=5)
"""After its time, a scheduled task is looked at."""
_FRESH = timedelta(hours=1)


class Pacing:
    """When to look at something next."""

    def __init__(self, polling: Polling) -> None:
        self._polling = polling

    def __call__(self, kind: Kind, row: Known, now: datetime) -> datetime | None:
        """As `bridge.record.Pace`: None for never again."""
        match kind:
            case Kind.TASK:
                return self._task(row, now)
            case Kind.MESSAGE:
                return self._message(row, now)
            case Kind.IMPORT:
                return while_open(kind, row, now)
            case _:
                # Asked for by name each time, however many there are.
                return None

    def _task(self, row: Known, now: datetime) -> datetime | None:
        if row.state == VANISHED:
            return None
        rarity = RARITY.get(row.state)
        if rarity is None:
            return next_of(LAST_LOOKS, row.changed_at, now)
        if rarity == 1:
            # At every poll; to say so costs no write.
            return now
        again = now + self._polling.tasks * rarity
        scheduled = row.facts.get("scheduled_at")
        if row.state == TaskStatus.SCHEDULED and scheduled:
            starts = datetime.fromisoformat(scheduled) + _EARLY
            # Once its time has passed it is as good as being sent.
            again = min(again, starts) if starts > now else now
        return again

    def _message(self, row: Known, now: datetime) -> datetime:
        """A message that has arrived may still be opened; one that has not is news for an hour."""
        open_ = row.state in {MessageStatus.QUEUED, MessageStatus.UNKNOWN}
        if open_ and now - row.first_seen < _FRESH:
            return now
        return now + self._polling.messages * (WAITING if open_ else IDLE)


def next_of(steps: Sequence[timedelta], since: datetime, now: datetime) -> datetime | None:
    """The first of `steps` after `since` that is still to come."""
    return next((since + step for step in steps if since + step > now), None)


def last_of(steps: Sequence[timedelta], since: datetime, now: datetime) -> datetime:
    """The last of `steps` after `since` that has come; `since` itself before the first."""
    return max((since + step for step in steps if since + step <= now), default=since)
