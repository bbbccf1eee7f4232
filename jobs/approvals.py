"""Requests to send, as time passes: they expire, others are asked, what was found is read, what was approved is done.

Three jobs, so that a slow vendor holds up no expiry; any number of processes may do them at once, since each request is
claimed by its row.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bridge.approvals import cardface
from bridge.approvals.asking import Approvals
from bridge.approvals.execution import Executor
from bridge.approvals.found import Inquiry
from jobs.scheduler import Duty, Work
from store.engine import Store
from store.jobs import Claimed

AT_ONCE = 100
"""Requests that fall due in one transaction."""
COUNTDOWN = timedelta(minutes=1)


class ApprovalWork:
    """What is done about requests without anybody asking."""

    def __init__(
        self, store: Store, approvals: Approvals, executor: Executor, inquiry: Inquiry, told: Callable[[], None]
    ) -> None:
        """told: called when a card has something new to say."""
        self._store = store
        self._approvals = approvals
        self._executor = executor
        self._inquiry = inquiry
        self._told = told

    def jobs(self) -> Mapping[str, Work]:
        """Each process's own, by the names of `jobs.scheduler.EVERY`."""
        return {"approvals": self.due, "executions": self._executor.run, "inquiries": self._inquiry.run}

    def duty(self) -> Duty:
        """Once for all processes: the countdown on the cards."""
        return Duty("countdown", self._count_down, COUNTDOWN)

    async def due(self) -> None:
        """Everything that has fallen due to requests that wait for people."""
        done = AT_ONCE
        while done >= AT_ONCE:
            done = await self._store.transact(self._fallen)
            if done:
                self._told()

    def _fallen(self, session: Session, now: datetime) -> int:
        return self._approvals.due(session, now, AT_ONCE)

    async def _count_down(self, _claimed: Claimed) -> None:
        await self._store.transact(cardface.count_down)
        self._told()
