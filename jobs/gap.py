"""Noticing that nobody was there: while nothing ran, nothing was seen.

Every process that polls signs one `Job` row; whoever finds the last signature old says so to the admins, once, and has
the polls run at once. What they then find is judged as always: it was missed, not skipped.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bridge.notices import tell
from store.engine import Store, insert_of
from store.jobs import hurry
from store.tables import Job, NoticeKind

SIGNED = "watch"
"""The row's name; `alive` writes it."""
AWAY = timedelta(minutes=2)
"""Without a signature for longer than this, the bot was away."""


class Watchkeeper:
    """Signs the row."""

    def __init__(self, store: Store, admins: Sequence[str], polls: Sequence[str]) -> None:
        """admins: receivers; polls: the names of their jobs."""
        self._store = store
        self._admins = admins
        self._polls = polls

    async def run(self) -> bool:
        """Sign; True when there was a gap before."""
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
        if last is None or now - last <= AWAY:
            return False
        hurry(session, now, self._polls)
        facts = {"since": last.isoformat(), "until": now.isoformat()}
        for admin in self._admins:
            tell(session, now, admin, NoticeKind.NOTE, {"template": "notice/away", "facts": facts}, priority=0)
        return True
