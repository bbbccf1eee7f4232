"""Noticing that nobody was there: while nothing ran, nothing was seen.

Every process that polls signs one `Job` row; whoever finds the last signature old says so to the admins, once, and has
the polls run at once. What they then find is judged as always: it was missed, not skipped.

A signature of the future means that the database's clock was set back: what was due in seconds would have to wait for
as long as that, so it is brought forward. What people asked for until a time of day stays as it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from bridge.notices.telling import tell
from store.engine import Store, insert_of
from store.jobs import hurry
from store.tables import Alert, AlertState, Change, Job, Limit, Notice, NoticeKind

SIGNED = "watch"
"""The row's name; `alive` writes it."""
AWAY = timedelta(minutes=2)
"""Without a signature for longer than this, the bot was away."""
BACK = timedelta(seconds=30)
"""A clock that is behind the last signature by more than this was set back; by less, it is merely corrected."""


class Watchkeeper:
    """Signs the row."""

    def __init__(self, store: Store, admins: Sequence[str], polls: Sequence[str]) -> None:
        """admins: receivers; polls: the names of their jobs."""
        self._store = store
        self._admins = admins
        self._polls = polls

    async def run(self) -> bool:
        """Sign; True when there may be something to do at once: there was a gap before, or the clock was set back."""
        return await self._store.transact(self._sign)

    def _sign(self, session: Session, now: datetime) -> bool:
        row = session.get(Job, SIGNED)
        last = row.last_finished if row else None
        insert = insert_of[self._store.dialect](Job).values(
            name=SIGNED, failures=0, last_started=now, last_finished=now
        )
        session.exec(
            insert.on_conflict_do_update(index_elements=["name"], set_={"last_started": now, "last_finished": now})
        )
        if last is not None and last - now > BACK:
            _bring_forward(session, last - now)
            return True
        if last is None or now - last <= AWAY:
            return False
        hurry(session, now, self._polls)
        facts = {"since": last.isoformat(), "until": now.isoformat()}
        for admin in self._admins:
            tell(session, now, admin, NoticeKind.NOTE, {"template": "notice/away", "facts": facts}, priority=0)
        return True


def _bring_forward(session: Session, by: timedelta) -> None:
    """Let what was due in a while be due in that while, though the clock was set back."""
    for limit in session.exec(select(Limit)):
        limit.next_at -= by
    for notice in session.exec(
        select(Notice).where(or_(col(Notice.due_at).is_not(None), col(Notice.repeat_at).is_not(None)))
    ):
        # What was tried is looked for from then on: a moment of the future would hide it, and it would be posted again.
        _shift(notice, by, "due_at", "lease_until", "repeat_at", "tried_at")
    waiting = col(Alert.state).in_([AlertState.PENDING, AlertState.FIRING])
    for alert in session.exec(select(Alert).where(waiting, col(Alert.due_at).is_not(None))):
        _shift(alert, by, "due_at")
    for change in session.exec(select(Change).where(col(Change.due_at).is_not(None))):
        _shift(change, by, "due_at")


def _shift(row: Notice | Alert | Change, by: timedelta, *names: str) -> None:
    for name in names:
        if (at := getattr(row, name)) is not None:
            setattr(row, name, at - by)
