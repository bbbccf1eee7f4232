"""Decisions on requests: a yes, a no, never mind.

Two at once, or one long after the end, each get an answer of their own, and nothing is decided twice. All of it happens
in somebody's transaction; nothing is carried out here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from bridge.approvals.policy import Needs
from bridge.approvals.requests import approve, change, counting, end, happened, locked, strike, votes_of
from bridge.events import EventType
from store.tables import Approval, ApprovalKind, ApprovalState, Vote

_MOVABLE = (ApprovalState.PENDING, ApprovalState.APPROVED)
"""Nothing has been asked for yet."""
_UNDER_WAY = (ApprovalState.APPROVED, ApprovalState.EXECUTING)


class Answer(StrEnum):
    """What became of a click."""

    VOTED = "voted"
    """It counts; others must follow."""
    DECIDED = "decided"
    """It was the last one needed; what is approved is carried out in a moment."""
    ALREADY_VOTED = "already_voted"
    OWN = "own"
    """The request is their own."""
    NOT_ASKED = "not_asked"
    """They are not among those who may."""
    CHANGED = "changed"
    """What they saw is not what is asked for."""
    UNDER_WAY = "under_way"
    """It is approved already: `Approval.decided_by` was the last."""
    GONE = "gone"
    """It has ended: `Approval.state` says how."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer, and the request as it is now."""

    answer: Answer
    approval: Approval
    votes: Sequence[Vote]
    """Those that count."""

    @property
    def missing(self) -> int:
        """How many are still needed."""
        return max(0, self.approval.needed - len(self.votes))


def vote(
    session: Session,
    now: datetime,
    approval_id: str,
    *,
    user: str,
    version: int | None,
    may: bool,
    lost: Collection[str] = (),
) -> Ruling:
    """A yes. The last one that is needed decides; nothing is carried out here.

    version: that of the card which was clicked.
    may: whether the person is among those asked, by the roles of now.
    lost: those of the voters before who are not any more; their votes count no longer.
    """
    row = _current(session, now, approval_id)
    if row.state is ApprovalState.PENDING and strike(session, now, row.id, lost):
        change(session, now, row)
    votes = counting(row, votes_of(session, row.id))
    if refused := _refused(row, votes, user, version, may=may):
        return Ruling(refused, row, votes)
    session.merge(Vote(approval_id=row.id, user_id=user, hash=row.hash, at=now))
    session.flush()
    votes = counting(row, votes_of(session, row.id))
    if len(votes) < row.needed:
        change(session, now, row)
        return Ruling(Answer.VOTED, row, votes)
    approve(session, now, row, by=user)
    return Ruling(Answer.DECIDED, row, votes)


def reject(session: Session, now: datetime, approval_id: str, *, user: str, note: str | None) -> Ruling:
    """A no: one is enough. What was found on its way is then held (`Duty.HOLD`)."""
    return _refuse(session, now, approval_id, user, note, None)


def request_changes(session: Session, now: datetime, approval_id: str, *, user: str, note: str) -> Ruling:
    """Not like this: rejected, and its asker is told what to change (`Approval.result` says `changes`)."""
    return _refuse(session, now, approval_id, user, note, {"changes": True})


def withdraw(session: Session, now: datetime, approval_id: str, *, user: str) -> Ruling:
    """Never mind: until it is being carried out."""
    row = _current(session, now, approval_id)
    votes = counting(row, votes_of(session, row.id))
    if row.state not in _MOVABLE:
        return Ruling(_over(row), row, votes)
    end(session, now, row, ApprovalState.WITHDRAWN, by=user, decided_by=user, decided_at=now)
    return Ruling(Answer.WITHDRAWN, row, votes)


def void(
    session: Session,
    now: datetime,
    approval_id: str,
    *,
    why: str,
    by: str | None = None,
    replaced_by: str | None = None,
) -> bool:
    """What was shown is not what is there any more; False where it has ended before, or is being carried out."""
    row = locked(session, approval_id)
    if row.state not in _MOVABLE:
        return False
    end(session, now, row, ApprovalState.VOIDED, by=by, note=why, replaced_by=replaced_by)
    return True


def _current(session: Session, now: datetime, approval_id: str) -> Approval:
    """The row; one whose time is over has expired, also where nobody has come by to say so."""
    row = locked(session, approval_id)
    if row.state is ApprovalState.PENDING and row.expires_at <= now:
        end(session, now, row, ApprovalState.EXPIRED)
    return row


def _refuse(  # noqa: PLR0917
    session: Session,
    now: datetime,
    approval_id: str,
    user: str,
    note: str | None,
    result: dict[str, Any] | None,
) -> Ruling:
    row = _current(session, now, approval_id)
    votes = counting(row, votes_of(session, row.id))
    if row.state is not ApprovalState.PENDING:
        return Ruling(_over(row), row, votes)
    said: dict[str, Any] = {"decided_by": user, "decided_at": now, "note": note, "result": result}
    if row.kind is ApprovalKind.FOUND:
        change(session, now, row, state=ApprovalState.REJECTED, due_at=now, **said)
        happened(session, now, row, EventType.APPROVAL_REJECTED, by=user)
    else:
        end(session, now, row, ApprovalState.REJECTED, by=user, **said)
    return Ruling(Answer.REJECTED, row, votes)


def _refused(row: Approval, votes: Sequence[Vote], user: str, version: int | None, *, may: bool) -> Answer | None:
    """Why a vote does not count; None: it does."""
    voted = user in {vote.user_id for vote in votes}
    policy = Needs.read(row.policy) if row.policy else Needs(count=row.needed)
    reasons = (
        (row.state is not ApprovalState.PENDING and not (voted and row.state in _UNDER_WAY), _over(row)),
        (voted, Answer.ALREADY_VOTED),
        (user == row.requested_by and not policy.self_approval, Answer.OWN),
        (not may, Answer.NOT_ASKED),
        (not row.hash or (version is not None and version > row.version), Answer.CHANGED),
    )
    return next((answer for holds, answer in reasons if holds), None)


def _over(row: Approval) -> Answer:
    """Of one that is not to be decided any more."""
    is_under_way = row.state in _UNDER_WAY or (row.state is ApprovalState.UNKNOWN and row.ended_at is None)
    return Answer.UNDER_WAY if is_under_way else Answer.GONE
