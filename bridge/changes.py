"""A change to a sending task: decided, written down, asked for once, read back.

    read the task -> may it? -> intent row -> one call, never repeated -> read back -> settle the row

A call whose answer never came is *unknown*: the row stays due and `jobs.sweep` looks the task up until it knows.
One task has at most one open change, so that two clicks, or a click after an unknown, never become two calls.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bridge.decisions import Action, Decision, fulfilled
from providers.base import ChangesTasks
from providers.errors import OutcomeUnknownError, ProviderError, RefusedError
from providers.model import SendId, Task, TaskForm, TaskStatus
from store import homes
from store.engine import Store
from store.tables import Change, ChangeState

READ_BACK = (0.0, 1.0, 2.0)
"""Seconds to wait before each look at what came of it: the vendor answers before it acts."""
LOOK_AGAIN = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 60, 300, 900, 1800))
"""From one look-up of an unknown to the next; afterwards it is lost."""
BELIEVE = timedelta(seconds=45)
"""From this age on, a task that is still as it was is taken for not changed."""
CALL_OVER = timedelta(seconds=25)
"""A call to a vendor is over by then: its time-out is 20 s."""
GRACE = timedelta(minutes=2)
"""A resumed task's time must not have passed when the vendor reads it; V3.0 knows minutes only."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that reads otherwise after the change, and was not part of it."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a change."""

    change: Change
    decision: Decision
    before: Task
    after: Task | None
    """As read back; None when it could not be read, or is deleted."""
    differences: tuple[Difference, ...] = ()
    error: ProviderError | None = None

    @property
    def state(self) -> ChangeState:
        return self.change.state


OPEN = (ChangeState.INTENDED, ChangeState.UNKNOWN)
"""Not known yet."""


class OpenChangeError(Exception):
    """Somebody's change of the same task has not been settled yet; nothing was asked for."""

    def __init__(self, change: Change) -> None:
        super().__init__(change.id)
        self.change = change


Sleep = Callable[[float], Awaitable[None]]


async def change_task(
    store: Store, provider: ChangesTasks, task: Task, decision: Decision, *, run_id: str, sleep: Sleep = asyncio.sleep
) -> Result:
    """Carry out a decision that says GO.

    Raises:
        OpenChangeError: another change of this task is open; nothing was asked for.
        UnreachableError, AuthenticationError, RateLimitedError: nothing was asked for.
    """
    change = await _intend(store, task, decision, run_id)
    if change.run_id != run_id:
        # What we have just read may tell what came of the other one.
        await _conclude(store, change, task)
        if change.state in OPEN:
            raise OpenChangeError(change)
        change = await _intend(store, task, decision, run_id)
    form = form_for(provider, task, decision, await store.now())
    error: ProviderError | None = None
    try:
        await _ask(provider, task.id, decision, form)
    except (OutcomeUnknownError, RefusedError) as raised:
        # A refusal is checked too: the edit's answer is undocumented, so its words prove nothing.
        error = raised
    except ProviderError as raised:
        await settle(store, change, ChangeState.NOT_DONE, raised.code)
        raise
    try:
        after = await _read_back(provider, task.id, decision, sleep, patient=error is None)
    except ProviderError as raised:
        await _postpone(store, change, raised.code)
        return Result(change, decision, task, None, error=error or raised)
    return await _judge(store, Result(change, decision, task, after, differences(provider, form, after), error))


def form_for(provider: ChangesTasks, task: Task, decision: Decision, now: datetime) -> TaskForm:
    """All that a fresh read knows, since an edit may reset what it leaves out (000 6.3)."""
    form = provider.form_of(task)
    if decision.action is not Action.RESUME:
        return form
    soon = now.replace(second=0, microsecond=0) + GRACE
    return replace(form, scheduled_at=max(form.scheduled_at or soon, soon))


def differences(provider: ChangesTasks, sent: TaskForm, after: Task | None) -> tuple[Difference, ...]:
    """What reads otherwise than it was sent; its time is left out, because a task under way moves it by itself."""
    if after is None:
        return ()
    now = provider.form_of(after)
    return tuple(
        Difference(field.name, getattr(sent, field.name), getattr(now, field.name))
        for field in fields(TaskForm)
        if field.name != "scheduled_at"
        and getattr(sent, field.name) is not None
        and getattr(sent, field.name) != getattr(now, field.name)
    )


async def settle(store: Store, change: Change, state: ChangeState, note: str | None) -> bool:
    """Close a change, once; False when somebody else did."""

    def closed(session: Session, now: datetime) -> datetime | None:
        found = session.exec(
            update(Change)
            .where(col(Change.id) == change.id, col(Change.state).in_(OPEN))
            .values(state=state, note=note, settled_at=now, due_at=None)
            .returning(col(Change.id))
        )
        if found.first() is None:
            return None
        homes.changed(session, now)
        return now

    at = await store.transact(closed)
    if at is None:
        return False
    change.state, change.note, change.settled_at, change.due_at = state, note, at, None
    return True


async def change_of(store: Store, run_id: str) -> Change | None:
    """The change that a command began, if it came that far."""
    return await store.transact(
        lambda session, _now: session.exec(select(Change).where(col(Change.run_id) == run_id)).first()
    )


async def claim_due(store: Store) -> Sequence[Change]:
    """The changes that should be looked up now, each handed to one caller; their next look is already set."""

    def claimed(session: Session, now: datetime) -> Sequence[Change]:
        due = session.exec(select(Change).where(col(Change.state).in_(OPEN), col(Change.due_at) <= now)).all()
        for change in due:
            change.state = ChangeState.UNKNOWN
            change.due_at = now + LOOK_AGAIN[min(change.looked, len(LOOK_AGAIN) - 1)]
            change.looked += 1
        return due

    return await store.transact(claimed)


async def look_up(store: Store, provider: ChangesTasks, change: Change) -> Task | None:
    """Look at a task whose change is unknown, and settle the change when that tells.

    Returns the task as read; `change.state` says what is known now.

    Raises:
        ProviderError: it could not be read; the change stays due, or is lost when it has been for too long.
    """
    try:
        task = await provider.task(SendId(change.task_id))
    except ProviderError as error:
        if change.looked >= len(LOOK_AGAIN):
            await settle(store, change, ChangeState.LOST, error.code)
        raise
    await _conclude(store, change, task)
    return task


async def _conclude(store: Store, change: Change, task: Task | None) -> None:
    """Settle an unknown change by a fresh read, if that tells."""
    wanted = TaskStatus(change.wanted) if change.wanted else None
    if fulfilled(wanted, task):
        await settle(store, change, ChangeState.DONE, _said(task))
    elif await store.now() - change.created_at >= BELIEVE:
        await settle(store, change, ChangeState.NOT_DONE, _said(task))


async def _intend(store: Store, task: Task, decision: Decision, run_id: str) -> Change:
    """A new intent, or the task's open change when there is one: then this one is not written."""

    def intended(session: Session, now: datetime) -> Change:
        same_task = (col(Change.account) == task.account, col(Change.task_id) == task.id)
        other = session.exec(select(Change).where(*same_task, col(Change.state).in_(OPEN))).first()
        if other is not None:
            return other
        change = Change(
            run_id=run_id,
            account=task.account,
            task_id=task.id,
            action=decision.action,
            wanted=decision.wanted,
            before=_remembered(task),
            state=ChangeState.INTENDED,
            created_at=now,
            # Should this process die now, the sweep looks once the call can no longer be under way.
            due_at=now + CALL_OVER,
        )
        session.add(change)
        return change

    return await store.transact(intended)


async def _ask(provider: ChangesTasks, task_id: SendId, decision: Decision, form: TaskForm) -> None:
    if decision.wanted is None:
        await provider.delete_task(task_id)
    else:
        await provider.edit_task(task_id, form, status=decision.wanted)


async def _read_back(
    provider: ChangesTasks, task_id: SendId, decision: Decision, sleep: Sleep, *, patient: bool
) -> Task | None:
    """The task as it is; with patience, until it is what was wanted."""
    task: Task | None = None
    for wait in READ_BACK if patient else READ_BACK[:1]:
        if wait:
            await sleep(wait)
        task = await provider.task(task_id)
        if fulfilled(decision.wanted, task):
            break
    return task


async def _judge(store: Store, result: Result) -> Result:
    if fulfilled(result.decision.wanted, result.after):
        await settle(store, result.change, ChangeState.DONE, _said(result.after))
    elif isinstance(result.error, RefusedError):
        await settle(store, result.change, ChangeState.NOT_DONE, result.error.vendor_code)
    else:
        await _postpone(store, result.change, _said(result.after))
    return result


async def _postpone(store: Store, change: Change, note: str | None) -> None:
    """Leave a change to the sweep."""

    def postponed(session: Session, now: datetime) -> Change:
        row = session.get_one(Change, change.id)
        row.state, row.note, row.due_at = ChangeState.UNKNOWN, note, now + LOOK_AGAIN[0]
        return row

    row = await store.transact(postponed)
    change.state, change.note, change.due_at = row.state, row.note, row.due_at


def _remembered(task: Task) -> dict[str, Any]:
    known: Mapping[str, Any] = {key: value for key, value in asdict(task).items() if key in _REMEMBERED}
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in known.items()}


_REMEMBERED = {"status", "raw_status", "sent", "planned", "templates", "lists"}


def _said(task: Task | None) -> str:
    return task.raw_status if task else "gone"
