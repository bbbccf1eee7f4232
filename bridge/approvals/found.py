"""Sends that nobody approved here: seen by a poll, read, compared, perhaps held, and asked about.

    a poll sees a task on its way ─▶ an unread request (`Finder`, in record's transaction)
    the worker reads it (`Inquiry`) ─▶ approved as it is, or needs nobody: forgotten
                                    ─▶ `hold`: put on hold first, where it has not begun
                                    ─▶ its card is shown

A hold is an edit, and an edit of a task that was made elsewhere may reset what cannot be read (000 6.3): the card says
what. A hold is a run and a change of its own, so that a process that dies half-way never asks for it twice.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bridge.approvals import handover
from bridge.approvals.asking import Approvals
from bridge.approvals.gathering import gather, is_approved_as_it_is
from bridge.approvals.policy import Needs, Unapproved, needs
from bridge.approvals.proposals import Proposal, policy_facts
from bridge.approvals.requests import TASK
from bridge.changes import ledger
from bridge.changes.decisions import Action, Verdict, decide
from bridge.changes.tasks import OPEN, OpenChangeError, Result, change_of, change_task, look_up, was_asked_for
from bridge.events import EventType
from bridge.record import Judge, Touched
from bridge.sightings import Kind
from providers.base import ChangesTasks, Provider, ReadsTasks, require
from providers.errors import ProviderError
from providers.model import SendId, Task, TaskStatus
from store.engine import Store
from store.runs import finish
from store.tables import Approval, ApprovalState, Change, ChangeState, CommandRun, Event, Outcome, new_id

ON_ITS_WAY = (TaskStatus.QUEUED, TaskStatus.SCHEDULED, TaskStatus.SENDING)
_TURNS = frozenset(
    {
        EventType.TASK_DISCOVERED,
        EventType.TASK_SCHEDULED,
        EventType.TASK_STARTED,
        EventType.TASK_RESUMED,
        EventType.TASK_CHANGED,
    }
)
_SAYS = frozenset({"templates", "lists", "sender", "sender_scope", "sender_domain", "sender_name", "reply_to", "limit"})
"""A change of something else is no other send."""
AT_ONCE = 20
"""Found sends that one round reads."""
_OURS = (ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.UNKNOWN)
# Made once: each recording of tasks asks it, and making it takes longer than its answer.
_ASKED = (
    select(Approval.subject, Approval.state)
    .where(
        col(Approval.account) == bindparam("of"),
        col(Approval.subject).in_(bindparam("subjects", expanding=True)),
        col(Approval.hash) != "",
    )
    .order_by(col(Approval.id))
)


@dataclass(frozen=True, slots=True)
class Judges:
    """Several judges of one look, one after the other."""

    judges: tuple[Judge, ...]

    def __call__(
        self, session: Session, now: datetime, *, account: str, events: Sequence[Event], touched: Sequence[Touched]
    ) -> None:
        for judge in self.judges:
            judge(session, now, account=account, events=events, touched=touched)


@dataclass(frozen=True, slots=True)
class Finder:
    """Notes down the tasks that somebody should have been asked about."""

    approvals: Approvals

    def __call__(
        self,
        session: Session,
        now: datetime,
        *,
        account: str,
        events: Sequence[Event],  # noqa: ARG002  # a judge is given both
        touched: Sequence[Touched],
    ) -> None:
        for one in touched:
            if one.kind is Kind.TASK and one.after.state in ON_ITS_WAY and any(map(_turns, one.events)):
                said = one.after.facts.get("scheduled_at")
                send_at = datetime.fromisoformat(said) if said else None
                self.approvals.found(session, now, account=account, subject=one.about, send_at=send_at)


def _turns(event: Event) -> bool:
    changed = event.data.get("changed") or {}
    return event.type in _TURNS and (event.type != EventType.TASK_CHANGED or not _SAYS.isdisjoint(changed))


def approved(session: Session, account: str, task_ids: Sequence[str]) -> Mapping[str, bool]:
    """Of tasks, whether somebody has said yes here; what is not there: nobody can say.

    A request that was only found and waits, was rejected or has expired is a no; any other is a yes.
    """
    given = {"of": account, "subjects": [f"{TASK}{number}" for number in task_ids]}
    # The last one counts.
    rows = session.exec(_ASKED, params=given)
    return {subject.removeprefix(TASK): state in (*_OURS, ApprovalState.EXECUTED) for subject, state in rows}


class Inquiry:
    """Reads what was found, so that people can be asked."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        approvals: Approvals,
        *,
        zone_of: Callable[[str], ZoneInfo],
        told: Callable[[], None],
    ) -> None:
        """zone_of: an account's. told: called when there is a card to show."""
        self._store = store
        self._providers = providers
        self._approvals = approvals
        self._zone_of = zone_of
        self._told = told

    async def run(self) -> None:
        """What was found and is due to be read; a vendor that is slow keeps no other waiting."""
        by_account: dict[str, list[Approval]] = {}
        for _ in range(AT_ONCE):
            row = await self._store.transact(self._approvals.claim_unread)
            if row is None:
                break
            by_account.setdefault(row.account, []).append(row)
        await asyncio.gather(*(self._read_all(rows) for rows in by_account.values()))

    async def _read_all(self, rows: Sequence[Approval]) -> None:
        for row in rows:
            await self._read(row)
            self._told()

    async def _read(self, row: Approval) -> None:
        provider = self._providers.get(row.account)
        try:
            task = await require(provider, ReadsTasks).task(_id(row)) if provider else None
            hold = await self._hold_of(row)
            if provider is None or task is None or not (task.status in ON_ITS_WAY or hold is not None):
                await self._forget(row)
            else:
                await self._ask(row, provider, task, hold)
        except (ProviderError, OpenChangeError):
            await self._store.transact(lambda session, now: self._approvals.unread(session, now, row.id))

    async def _ask(self, row: Approval, provider: Provider, task: Task, hold: Change | None) -> None:
        proposal, policy = await self._gathered(row, provider, task)
        if hold is None and (not policy.count or await is_approved_as_it_is(self._store, provider, task)):
            await self._forget(row)
            return
        context: dict[str, Any] = {"held": False, "too_late": task.status is TaskStatus.SENDING}
        if self._approvals.settings.unapproved_sends is Unapproved.HOLD and not context["too_late"]:
            context |= await self._hold(row, require(provider, ChangesTasks), task, hold)
            context["hold_failed"] = not context["held"]
            fresh = await require(provider, ReadsTasks).task(task.id)
            if fresh is not None:
                task = fresh
                proposal, policy = await self._gathered(row, provider, task)
        shown = replace(proposal, context={**proposal.context, **context})
        await self._store.transact(
            lambda session, now: self._approvals.gathered(
                session, now, row.id, shown.written(), policy, _send_at(task, now)
            )
        )

    async def _gathered(self, row: Approval, provider: Provider, task: Task) -> tuple[Proposal, Needs]:
        told = await self._store.transact(lambda session, _now: ledger.of(session, row.account, task.id))
        now = await self._store.now()
        known = ledger.written(told) if told else {}
        proposal = await gather(provider, task, known, store=self._store, now=now)
        facts = policy_facts(row.kind, row.account, proposal, now=now)
        return proposal, needs(self._approvals.settings, facts, self._zone_of(row.account))

    async def _forget(self, row: Approval) -> None:
        """There is nothing to ask about; nobody has seen it."""

        def forgotten(session: Session, _now: datetime) -> None:
            found = session.get(Approval, row.id, with_for_update=True)
            if found is not None and found.state is ApprovalState.PENDING and not found.hash:
                session.delete(found)

        await self._store.transact(forgotten)

    # ---- holding it first

    async def _hold_of(self, row: Approval) -> Change | None:
        """The hold that was asked for, or may have been, before this process came to it."""
        run = await self._store.transact(lambda session, _now: _run_of(session, row))
        change = await change_of(self._store, run.id) if run else None
        return change if was_asked_for(change) else None

    async def _hold(
        self, row: Approval, provider: ChangesTasks, task: Task, change: Change | None
    ) -> Mapping[str, Any]:
        """Put it on hold, once; what the card says about it.

        `held`, and `reset`: the fields that the hold may have reset; without it nobody remembers which.

        Raises:
            OpenChangeError: nobody knows yet whether it is on hold.
        """
        if change is not None:
            if change.state in OPEN:
                await look_up(self._store, provider, change)
            if change.state in OPEN:
                raise OpenChangeError(change)
            return {"held": change.state is ChangeState.DONE}
        decision = decide(Action.PAUSE, task, provider.can_set)
        if decision.verdict is not Verdict.GO:
            return {"held": decision.verdict is Verdict.ALREADY, "reset": []}
        run = await self._store.transact(lambda session, now: _new_run(session, now, row))
        result = await change_task(self._store, provider, task, decision, run_id=run.id)
        await self._close(run, result)
        if result.state in OPEN:
            raise OpenChangeError(result.change)
        return {"held": result.state is ChangeState.DONE, "reset": [*result.unknown]}

    async def _close(self, run: CommandRun, result: Result) -> None:
        outcome = {ChangeState.DONE: Outcome.DONE, ChangeState.NOT_DONE: Outcome.FAILED}
        await finish(
            self._store,
            run,
            outcome.get(result.state, Outcome.UNKNOWN),
            answer=f"hold: {result.state}",
            command="approval hold",
            account=result.before.account,
        )


def _id(row: Approval) -> SendId:
    return SendId(row.subject.removeprefix(TASK))


def _send_at(task: Task, now: datetime) -> datetime | None:
    """When it goes out; None where it has begun, or does so at any moment."""
    if task.status is TaskStatus.SENDING or task.scheduled_at is None or task.scheduled_at <= now:
        return None
    return task.scheduled_at


def _run_of(session: Session, row: Approval) -> CommandRun | None:
    return session.exec(select(CommandRun).where(col(CommandRun.key) == hold_key(row))).first()


def _new_run(session: Session, now: datetime, row: Approval) -> CommandRun:
    known = _run_of(session, row)
    if known is not None:
        return known
    run = CommandRun(
        id=new_id(),
        key=hold_key(row),
        kind=handover.KIND,
        user_id=handover.WHO,
        text=f"task pause {_id(row)} --account {row.account}",
        worker=handover.WHO,
        received_at=now,
        lease_until=now + handover.LEASE,
    )
    session.add(run)
    return run


def hold_key(row: Approval) -> str:
    """`CommandRun.key` of the hold before anybody is asked."""
    return f"{handover.KIND}/{row.id}/hold"
