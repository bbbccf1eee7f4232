"""Carrying out what people approved: read again, compared, asked for once, read back, written down.

    claim ─▶ read the task ─▶ do the votes still count? ─▶ is it what was shown? ─▶ change it once ─▶ what came of it
                │ cannot be read         │ no: others are asked     │ no: voided, and asked anew,
                └ stays approved         └ pending again            └ saying what has changed

Nothing here is remembered: the request's row says what is left to do, and the `Change` of its run (or the draft's row)
whether the call may have been made. Where it may, nothing is asked for again; it is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bridge.approvals import handover
from bridge.approvals.asking import Approvals
from bridge.approvals.claimed import Claimed, House, LostOf, result_of, result_of_change, result_of_error
from bridge.approvals.drafted import Posting
from bridge.approvals.gathering import NoTemplateError, gather
from bridge.approvals.handover import Claim, Duty
from bridge.approvals.proposals import Proposal, drift
from bridge.approvals.requests import DRAFT, TASK
from bridge.changes import ledger
from bridge.changes import tasks as changes
from bridge.changes.decisions import Action, Decision, Verdict, decide
from bridge.changes.tasks import (
    OPEN,
    Guard,
    NotOursError,
    OpenChangeError,
    OvertakenError,
    change_of,
    change_task,
    history,
    look_up,
    was_asked_for,
)
from providers.base import ChangesTasks, Provider, SendsMessages, require
from providers.errors import ProviderError
from providers.model import SendId, Task, TaskForm
from store.engine import Store
from store.tables import Change, ChangeState, Outcome

STEPS = ("claimed", "read", "counted", "compared", *changes.STEPS, "written")
"""Between any two of these the process may die."""
AT_ONCE = 10
"""Requests that one process carries out at the same time."""
GLANCE = 0.5
"""Seconds after which it is looked again for what fell due, while a slow vendor is being asked."""


def _nothing(_step: str) -> None:
    pass


class Executor:
    """Does what requests' rows ask for; any number of processes may do it at once."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        approvals: Approvals,
        *,
        lost_of: LostOf,
        zone_of: Callable[[str], ZoneInfo],
        told: Callable[[], None],
        crash: Callable[[str], None] = _nothing,
    ) -> None:
        """lost_of: who of those who voted may not decide any more.

        zone_of: an account's, which office hours are meant in.
        told: called when a card has something new to say.
        crash: called at each of `STEPS`; where tests end the process.
        """
        self._store = store
        self._providers = providers
        self._house = House(store=store, approvals=approvals, lost_of=lost_of, zone_of=zone_of, crash=crash)
        self._told = told

    async def run(self) -> None:
        """Everything that is due, each request by itself, so that a slow vendor holds up nobody else.

        Raises:
            ExceptionGroup: of what went wrong here; the other requests were served all the same.
        """
        flying: set[asyncio.Task[None]] = set()
        failed: list[Exception] = []
        try:
            while True:
                while len(flying) < AT_ONCE and (claim := await self._store.transact(handover.claim)) is not None:
                    flying.add(asyncio.create_task(self._serve(claim)))
                if not flying:
                    break
                done, flying = await asyncio.wait(flying, timeout=GLANCE, return_when=asyncio.FIRST_COMPLETED)
                failed += [error for task in done if isinstance(error := task.exception(), Exception)]
        finally:
            # Their leases run out, and they are taken up again.
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
        if failed:
            raise ExceptionGroup("executions", failed)

    async def _serve(self, claim: Claim) -> None:
        self._house.crash("claimed")
        self._told()
        claimed = Claimed(self._house, claim)
        provider = self._providers.get(claim.approval.account)
        if provider is None:
            # Taken out of app.yaml since: nobody is left to ask.
            await claimed.failed("no_account", {})
        elif claim.approval.subject.startswith(DRAFT):
            await Posting(claimed, require(provider, SendsMessages)).serve()
        else:
            await _Change(claimed, require(provider, ChangesTasks)).serve()
        self._house.crash("written")
        self._told()


# ---- a task at its vendor


class _LateError(Exception):
    """Its time has come before it could be asked for."""


class _Change:
    """A task that is to be let go; or held, where it was found on its way and rejected."""

    def __init__(self, claimed: Claimed, provider: ChangesTasks) -> None:
        self._claimed = claimed
        self._approval = claimed.approval
        self._store = claimed.house.store
        self._crash = claimed.house.crash
        self._provider = provider
        self._id = SendId(claimed.approval.subject.removeprefix(TASK))
        self._history: Mapping[str, datetime | None] = {}
        """Of the task's changes, as it was before the task was read."""

    async def serve(self) -> None:
        """Go on from where the rows say it stands."""
        change = await change_of(self._store, self._claimed.run.id)
        holds = self._claimed.claim.duty is Duty.HOLD
        with suppress(NotOursError):
            # Whoever has taken it up meanwhile tells what came of it.
            if change is not None and was_asked_for(change):
                await self._look(change)
            else:
                await self._begin(self._hold if holds else self._execute)

    async def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except ProviderError as error:
            # Nothing was asked for: it stays as it is.
            await self._claimed.postponed(error.code)
        except (OpenChangeError, OvertakenError):
            await self._claimed.postponed("open_change")

    async def _execute(self) -> None:
        task = await self._read()
        self._crash("read")
        if task is None:
            await self._claimed.gone()
        elif await self._claimed.counts():
            self._crash("counted")
            await self._compare(task)

    async def _read(self) -> Task | None:
        self._history = await self._store.transact(self._changes)
        return await self._provider.task(self._id)

    def _changes(self, session: Session, _now: datetime) -> Mapping[str, datetime | None]:
        return history(session, self._approval.account, self._id)

    def _may_act(self, session: Session, now: datetime) -> bool:
        """Whether it is still ours to act on what was read: a person may have stopped or edited it meanwhile."""
        if not self._claimed.is_ours(session, now):
            return False
        if self._changes(session, now) != self._history:
            raise OvertakenError
        return True

    def _may_start(self, session: Session, now: datetime) -> bool:
        send_at = self._approval.send_at
        # Before the lease: what is too late is so for whoever takes it up next, too.
        if send_at is not None and now >= send_at:
            raise _LateError
        return self._may_act(session, now)

    async def _compare(self, task: Task) -> None:
        told = await self._store.transact(lambda session, _now: ledger.of(session, task.account, task.id))
        known = ledger.written(told) if told else {}
        now = await self._store.now()
        try:
            proposal = await gather(self._provider, task, known, store=self._store, now=now)
        except NoTemplateError:
            await self._claimed.gone()
            return
        differences = drift(Proposal.read(self._approval.proposal), proposal)
        if differences:
            await self._claimed.ask_anew(proposal, differences)
            return
        self._crash("compared")
        await self._start(task)

    async def _start(self, task: Task) -> None:
        decision = decide(Action.RESUME, task, self._provider.can_set)
        if decision.verdict is Verdict.ALREADY:
            # Somebody has let it go elsewhere, or nobody has ever stopped it.
            await self._claimed.executed(result_of(task) | {"already": True})
            return
        if decision.verdict is not Verdict.GO:
            await self._claimed.failed(decision.verdict, result_of(task))
            return
        try:
            await self._ask(task, decision, self._may_start, TaskForm(scheduled_at=self._approval.send_at))
        except _LateError:
            await self._claimed.late()

    async def _hold(self) -> None:
        task = await self._read()
        if task is None:
            await self._claimed.held(Outcome.DONE, {"held": "gone"})
            return
        decision = decide(Action.PAUSE, task, self._provider.can_set)
        if decision.verdict is not Verdict.GO:
            done = Outcome.DONE if decision.verdict is Verdict.ALREADY else Outcome.REFUSED
            await self._claimed.held(done, result_of(task) | {"held": decision.verdict.value})
            return
        await self._ask(task, decision, self._may_act)

    async def _ask(self, task: Task, decision: Decision, guard: Guard, form: TaskForm | None = None) -> None:
        """Ask for it, once, and report what came of it."""
        result = await change_task(
            self._store,
            self._provider,
            task,
            decision,
            run_id=self._claimed.run.id,
            form=form,
            guard=guard,
            crash=self._crash,
        )
        await self._report(result.change, result_of_change(result))

    async def _look(self, change: Change) -> None:
        """See what came of a call that was made, or may have been."""
        task: Task | None = None
        why: dict[str, object] = {}
        try:
            if _is_open(change):
                task = await look_up(self._store, self._provider, change)
            else:
                task = await self._provider.task(self._id)
        except ProviderError as error:
            why = result_of_error(error)
        await self._report(change, {**result_of(task), **why})

    async def _report(self, change: Change, result: Mapping[str, object]) -> None:
        if self._claimed.claim.duty is Duty.HOLD:
            await self._report_hold(change, result)
        elif change.state is ChangeState.DONE:
            await self._claimed.executed(result)
        elif change.state is ChangeState.NOT_DONE:
            await self._claimed.failed(str(result.get("code") or "not_done"), result)
        else:
            await self._claimed.unknown(result, final=not _is_open(change))

    async def _report_hold(self, change: Change, result: Mapping[str, object]) -> None:
        if _is_open(change):
            await self._claimed.postponed("outcome_unknown")
            return
        said, outcome = _HELD[change.state]
        await self._claimed.held(outcome, {**result, "held": said})


def _is_open(change: Change) -> bool:
    return change.state in OPEN


_HELD = {
    ChangeState.DONE: ("held", Outcome.DONE),
    ChangeState.NOT_DONE: ("not_held", Outcome.FAILED),
    ChangeState.LOST: ("unknown", Outcome.UNKNOWN),
}
