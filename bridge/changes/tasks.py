"""A change to a sending task: decided, written down, asked for once, read back.

    read the task -> may it? -> intent row -> one call, never repeated -> read back -> settle the row

A call whose answer never came is *unknown*: the row stays due and `jobs.sweep` looks the task up until it knows.
One task has at most one open change, so that two clicks, or a click after an unknown, never become two calls.
What the vendor has accepted is remembered (`bridge.changes.ledger`) in the transaction that settles the row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bridge.changes import ledger
from bridge.changes.decisions import Decision, fulfilled
from bridge.changes.edits import Difference, Edit, differences, edit_of, is_as_it_was
from bridge.snapshots import look_soon
from providers.base import ChangesTasks
from providers.errors import (
    AuthenticationError,
    NoEncryptionError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from providers.model import SendId, Task, TaskForm, TaskStatus
from store import homes
from store.engine import Store
from store.tables import Change, ChangeState, CommandRun

READ_BACK = (0.0, 1.0, 2.0)
"""Seconds to wait before each look at what came of it: the vendor answers before it acts."""
LOOK_AGAIN = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 60, 300, 900, 1800))
"""From one look-up of an unknown to the next; afterwards it is lost."""
BELIEVE = timedelta(seconds=45)
"""From this age on, a task that is still as it was is taken for not changed."""
CALL_OVER = timedelta(seconds=25)
"""A call to a vendor is over by then: its time-out is 20 s."""
STEPS = ("intended", "asked", "read_back", "settled")
"""Between any two of these the process may die."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a change."""

    change: Change
    decision: Decision
    before: Task
    after: Task | None
    """As read back; None when it could not be read, or is deleted."""
    differences: tuple[Difference, ...] = ()
    """What reads otherwise than the call said."""
    unknown: tuple[str, ...] = ()
    """The form's fields of which nobody can say whether the call has reset them."""
    error: ProviderError | None = None

    @property
    def state(self) -> ChangeState:
        return self.change.state


OPEN = (ChangeState.INTENDED, ChangeState.UNKNOWN)
"""Not known yet."""
NOT_ASKED_FOR = (UnreachableError, AuthenticationError, RateLimitedError)
"""A vendor that raises one of these to a change has not been asked for it: it may be asked for again."""
_UNSENT = frozenset(error.code for error in (*NOT_ASKED_FOR, NoEncryptionError))
"""`Change.note` of such."""


class OpenChangeError(Exception):
    """Somebody's change of the same task has not been settled yet; nothing was asked for."""

    def __init__(self, change: Change) -> None:
        super().__init__(change.id)
        self.change = change


class NotOursError(Exception):
    """Whoever asks has lost the right to, meanwhile; nothing was asked for."""


class OvertakenError(Exception):
    """Somebody has changed the task since it was read; nothing was asked for. For a `Guard` to raise."""


Sleep = Callable[[float], Awaitable[None]]
Guard = Callable[[Session, datetime], bool]


def _nothing(_step: str) -> None:
    pass


def anybody(_session: Session, _now: datetime) -> bool:
    """The guard of what is nobody's in particular."""
    return True


async def change_task(
    store: Store,
    provider: ChangesTasks,
    task: Task,
    decision: Decision,
    *,
    run_id: str,
    form: TaskForm | None = None,
    guard: Guard = anybody,
    sleep: Sleep = asyncio.sleep,
    crash: Callable[[str], None] = _nothing,
) -> Result:
    """Carry out a decision that says GO.

    form: what is to be otherwise; what it leaves out stays as it is known.
    guard: asked in the transaction that writes the intent: a process that slept past its lease must not act.
    crash: called at each of `STEPS`; where tests end the process.

    Raises:
        NotOursError: `guard` said no; nothing was asked for.
        OpenChangeError: another change of this task is open; nothing was asked for.
        UnreachableError, AuthenticationError, RateLimitedError: nothing was asked for.
    """
    told = await store.transact(lambda session, _now: ledger.of(session, task.account, task.id))
    edit = edit_of(decision, provider.form_of(task), told, form, await store.now())
    change, fresh = await _intend(store, task, decision, edit, run_id, guard)
    if not fresh:
        # What we have just read may tell what came of the other one.
        await _conclude(store, provider, change, task)
        if change.state in OPEN:
            raise OpenChangeError(change)
        change, fresh = await _intend(store, task, decision, edit, run_id, guard)
        if not fresh:
            raise OpenChangeError(change)
    crash("intended")
    error: ProviderError | None = None
    try:
        await _ask(provider, task.id, decision, edit.form)
    except (OutcomeUnknownError, RefusedError) as raised:
        # A refusal is checked too: the edit's answer is undocumented, so its words prove nothing.
        error = raised
    except ProviderError as raised:
        await settle(store, change, ChangeState.NOT_DONE, raised.code)
        raise
    crash("asked")
    try:
        after = await _read_back(provider, change, sleep, patient=error is None)
    except ProviderError as raised:
        await _postpone(store, change, raised.code)
        return Result(change, decision, task, None, error=error or raised)
    crash("read_back")
    found = differences(edit, provider.form_of(after)) if after else ()
    unknown = () if decision.wanted is None else tuple(edit.unknown)
    result = Result(change, decision, task, after, found, unknown, error)
    await _judge(store, provider, result)
    crash("settled")
    return result


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
        if state is ChangeState.DONE and change.form is not None:
            run = session.get_one(CommandRun, change.run_id)
            told = ledger.read(change.form)
            ledger.remember(session, now, account=change.account, task_id=change.task_id, form=told, by=run.user_id)
        homes.changed(session, now)
        look_soon(session, now, change.account, change.task_id)
        return now

    at = await store.transact(closed)
    if at is None:
        return False
    change.state, change.note, change.settled_at, change.due_at = state, note, at, None
    return True


async def change_of(store: Store, run_id: str) -> Change | None:
    """The change that a run began last, if it came that far."""
    latest = select(Change).where(col(Change.run_id) == run_id).order_by(col(Change.id).desc())
    return await store.transact(lambda session, _now: session.exec(latest).first())


def history(session: Session, account: str, task_id: str) -> Mapping[str, datetime | None]:
    """Every change of a task, and when it was settled: what is the same as before a read, nobody has changed since.

    No clock is compared with another: what was read is dated by its process, what was settled by the database.
    """
    same_task = (col(Change.account) == account, col(Change.task_id) == task_id)
    return {row.id: row.settled_at for row in session.exec(select(Change).where(*same_task))}


def was_asked_for(change: Change | None) -> bool:
    """Whether the vendor has been asked for a change, or may have been; else it may be asked for again."""
    return change is not None and not (change.state is ChangeState.NOT_DONE and change.note in _UNSENT)


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
    await _conclude(store, provider, change, task)
    return task


async def _conclude(store: Store, provider: ChangesTasks, change: Change, task: Task | None) -> None:
    """Settle an unknown change by a fresh read, if that tells."""
    if _is_done(provider, change, task):
        await settle(store, change, ChangeState.DONE, _said(task))
    elif await store.now() - change.created_at >= BELIEVE:
        await settle(store, change, ChangeState.NOT_DONE, _said(task))


def _is_done(provider: ChangesTasks, change: Change, task: Task | None) -> bool:
    """Whether a task as read now is what the change should have made of it."""
    if not fulfilled(TaskStatus(change.wanted) if change.wanted else None, task):
        return False
    asked = change.before.get("asked")
    return (
        task is None or not asked or not is_as_it_was(ledger.read(change.before["form"]), asked, provider.form_of(task))
    )


async def _intend(  # noqa: PLR0917
    store: Store, task: Task, decision: Decision, edit: Edit, run_id: str, guard: Guard
) -> tuple[Change, bool]:
    """A new intent, or the task's open change when there is one: then this one is not written, and False."""

    def intended(session: Session, now: datetime) -> tuple[Change, bool]:
        if not guard(session, now):
            raise NotOursError
        same_task = (col(Change.account) == task.account, col(Change.task_id) == task.id)
        other = session.exec(select(Change).where(*same_task, col(Change.state).in_(OPEN))).first()
        if other is not None:
            return other, False
        change = Change(
            run_id=run_id,
            account=task.account,
            task_id=task.id,
            action=decision.action,
            wanted=decision.wanted,
            before=_remembered(task) | {"form": ledger.written(edit.before), "asked": [*edit.asked]},
            form=None if decision.wanted is None else ledger.written(edit.form),
            state=ChangeState.INTENDED,
            created_at=now,
            # Should this process die now, the sweep looks once the call can no longer be under way.
            due_at=now + CALL_OVER,
        )
        session.add(change)
        return change, True

    return await store.transact(intended)


async def _ask(provider: ChangesTasks, task_id: SendId, decision: Decision, form: TaskForm) -> None:
    if decision.wanted is None:
        await provider.delete_task(task_id)
    else:
        await provider.edit_task(task_id, form, status=decision.wanted)


async def _read_back(provider: ChangesTasks, change: Change, sleep: Sleep, *, patient: bool) -> Task | None:
    """The task as it is; with patience, until it is what was wanted."""
    task: Task | None = None
    for wait in READ_BACK if patient else READ_BACK[:1]:
        if wait:
            await sleep(wait)
        task = await provider.task(SendId(change.task_id))
        if _is_done(provider, change, task):
            break
    return task


async def _judge(store: Store, provider: ChangesTasks, result: Result) -> None:
    if _is_done(provider, result.change, result.after):
        await settle(store, result.change, ChangeState.DONE, _said(result.after))
    elif isinstance(result.error, RefusedError):
        await settle(store, result.change, ChangeState.NOT_DONE, result.error.vendor_code)
    else:
        await _postpone(store, result.change, _said(result.after))


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
