"""One request in the hands of the process that carries it out: what it reports, each time in one transaction.

A report is the request's row (`handover`), its run in the audit log, and what people are told; all of it or
nothing, and nothing where the lease was lost.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import or_, update
from sqlmodel import Session, col

from bridge.approvals import handover
from bridge.approvals.asking import Approvals, Wish
from bridge.approvals.handover import Claim
from bridge.approvals.policy import Needs, needs
from bridge.approvals.proposals import Proposal, policy_facts
from bridge.approvals.requests import counting, votes_of
from bridge.changes import ledger
from bridge.changes.edits import Difference
from bridge.changes.tasks import Result
from providers.errors import ProviderError
from providers.model import Task
from store.engine import Store
from store.tables import Approval, ApprovalState, CommandRun, Outcome

LostOf: TypeAlias = Callable[[str, Needs, Iterable[str]], Awaitable[Collection[str]]]
"""Of an account, what a request needs and those who voted: who may not decide any more, by the roles of now."""
LOOK_AGAIN = tuple(timedelta(seconds=s) for s in (3, 5, 10, 30, 60, 300))
"""From one look at an unknown outcome to the next."""
T = TypeVar("T")
Report: TypeAlias = Callable[[Session, datetime], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every process that carries out has."""

    store: Store
    approvals: Approvals
    lost_of: LostOf
    zone_of: Callable[[str], ZoneInfo]
    """An account's, which office hours are meant in."""
    crash: Callable[[str], None]
    """Called at each step; where tests end the process."""


class Claimed:
    """A claim, and its reports."""

    def __init__(self, house: House, claim: Claim) -> None:
        self.house = house
        self.claim = claim
        self.approval = claim.approval
        self.run = claim.run

    # ---- before anything is asked for

    def is_ours(self, session: Session, now: datetime) -> bool:
        """Whether nobody has taken it up meanwhile."""
        return handover.is_ours(session, now, self.claim)

    async def counts(self) -> bool:
        """Whether enough of those who voted may still decide; else it waits for others."""
        row = self.approval
        votes = await self._do(lambda session, _now: counting(row, votes_of(session, row.id)))
        lost = await self.house.lost_of(row.account, Needs.read(row.policy), [vote.user_id for vote in votes])

        def counted(session: Session, now: datetime) -> bool:
            enough = handover.recount(session, now, self.claim, lost)
            # Else the lease is lost, and the run another's.
            if not enough and session.get_one(Approval, row.id).state is ApprovalState.PENDING:
                _close(session, now, self.run, Outcome.REFUSED, "votes lost", row.account)
            return enough

        return await self._do(counted)

    # ---- what came of it

    async def executed(self, result: Mapping[str, Any]) -> None:
        await self._end(
            lambda session, now: handover.executed(session, now, self.claim, result), Outcome.DONE, "executed"
        )

    async def failed(self, note: str, result: Mapping[str, Any]) -> None:
        await self._end(
            lambda session, now: handover.failed(session, now, self.claim, result, note), Outcome.FAILED, note
        )

    async def unknown(self, result: Mapping[str, Any], *, final: bool) -> None:
        """final: it cannot be found out; else it is looked at again."""

        def seen(session: Session, now: datetime) -> None:
            look_at = None if final else now + LOOK_AGAIN[min(self.approval.looked, len(LOOK_AGAIN) - 1)]
            if handover.unknown(session, now, self.claim, result, look_at) and final:
                _close(session, now, self.run, Outcome.UNKNOWN, "unknown", self.approval.account)

        await self._do(seen)

    async def postponed(self, code: str) -> None:
        """It is tried again. code: why it could not be tried now."""
        await self._do(lambda session, now: handover.postponed(session, now, self.claim, code))

    async def late(self) -> None:
        await self._end(lambda session, now: handover.late(session, now, self.claim), Outcome.REFUSED, "late")

    async def held(self, outcome: Outcome, result: Mapping[str, Any]) -> None:
        """Of one that was found and rejected."""
        said = str(result.get("held"))
        await self._end(lambda session, now: handover.held(session, now, self.claim, result), outcome, said)

    async def gone(self) -> None:
        """There is nothing any more that could be sent."""
        await self._end(lambda session, now: handover.voided(session, now, self.claim, "gone"), Outcome.REFUSED, "gone")

    async def ask_anew(self, proposal: Proposal, differences: Sequence[Difference]) -> None:
        """It is not what was shown: void it, and ask for what is there now, saying what has changed."""
        row = self.approval
        said = [{"field": one.field, "before": one.before, "after": one.after} for one in differences]
        context = {**proposal.context, "differences": said}

        def asked(session: Session, now: datetime) -> bool:
            wish = Wish(
                kind=row.kind,
                account=row.account,
                subject=row.subject,
                requested_by=row.requested_by,
                channel_id=row.channel_id,
                reason=row.reason,
                send_at=_send_at(row, proposal),
                proposal=replace(proposal, context=context).written(),
                policy=self.needs(proposal, now),
                replaces=row.id,
            )
            return handover.asked_anew(session, now, self.claim, self.house.approvals, wish) is not None

        await self._end(asked, Outcome.REFUSED, "drift")

    def needs(self, proposal: Proposal, now: datetime) -> Needs:
        """What the policies ask for, as things are now."""
        row = self.approval
        facts = policy_facts(row.kind, row.account, proposal, now=now)
        return needs(self.house.approvals.settings, facts, self.house.zone_of(row.account))

    async def _end(self, report: Report, outcome: Outcome, said: str) -> None:
        def ended(session: Session, now: datetime) -> None:
            if report(session, now):
                _close(session, now, self.run, outcome, said, self.approval.account)

        await self._do(ended)

    async def _do(self, work: Callable[[Session, datetime], T]) -> T:
        return await self.house.store.transact(work)


def _send_at(row: Approval, proposal: Proposal) -> datetime | None:
    """When the send is to go out as it is now; what was to go at once still is."""
    at = proposal.fields.get("scheduled_at")
    return datetime.fromisoformat(at) if at and row.send_at is not None else None


def _close(  # noqa: PLR0917
    session: Session, now: datetime, run: CommandRun, outcome: Outcome, answer: str, account: str
) -> None:
    """Close the run; one that was taken for interrupted has been taken up since."""
    values = {"outcome": outcome, "answer": answer, "command": "approval execute", "account": account}
    is_open = or_(col(CommandRun.outcome).is_(None), col(CommandRun.outcome) == Outcome.INTERRUPTED)
    session.exec(update(CommandRun).where(col(CommandRun.id) == run.id, is_open).values(**values, finished_at=now))


# ---- what a result says


def result_of(task: Task | None) -> dict[str, Any]:
    """A task as it was read; JSON."""
    if task is None:
        return {}
    return {
        "status": task.status.value,
        "raw_status": task.raw_status,
        "sent": task.sent,
        "planned": task.planned,
        "at": task.observed_at.isoformat(),
    }


def result_of_change(result: Result) -> dict[str, Any]:
    """What a change came to: the task as it was read back, what else is otherwise, and the vendor's words; JSON."""
    told = [
        {"field": one.field, "before": ledger.as_json(one.before), "after": ledger.as_json(one.after)}
        for one in result.differences
    ]
    found = result_of(result.after) | result_of_error(result.error)
    return found | {"differences": told, "reset": [*result.unknown]}


def result_of_error(error: ProviderError | None) -> dict[str, Any]:
    """A vendor's refusal, or why there is no answer; JSON."""
    if error is None:
        return {}
    return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
