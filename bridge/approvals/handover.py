"""From an approved request to its end: who carries it out, until when, and what came of it.

    APPROVED ──claim──▶ EXECUTING ──▶ EXECUTED | FAILED
        ▲                 │  └──────▶ UNKNOWN ──claim──▶ EXECUTED | FAILED | UNKNOWN, for good
        └──postponed──────┘           (its votes no longer suffice: PENDING)

One process has a request at a time: a claim is a lease, and whatever its holder reports counts only while it lasts.
A lease that ran out says that a process died half-way; the next one takes it up again and first looks for the change
that may have been made (`Approval.run_id`). So a call is made at most once, and a kill anywhere leaves a row that says
what is left to do.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from bridge.approvals.asking import Approvals, Wish, backoff, next_due
from bridge.approvals.cards import tell_end
from bridge.approvals.requests import change, counting, end, locked, strike, votes_of
from store.tables import Approval, ApprovalKind, ApprovalState, CommandRun, new_id

KIND = "approval"
"""`CommandRun.kind` of what people approved."""
WHO = "edmbot"
"""Who carries out what nobody had to approve."""
LEASE = timedelta(minutes=2)
"""Longer than reading, asking and reading back may take."""
_CLAIMED = (ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.UNKNOWN)


class Duty(StrEnum):
    """What is to be done about a claimed request."""

    EXECUTE = "execute"
    """Nothing was asked for yet."""
    TAKE_UP = "take_up"
    """Its process died: the call may have been made."""
    LOOK_UP = "look_up"
    """The vendor never answered: look, and ask for nothing."""
    HOLD = "hold"
    """It was found on its way and rejected: it is to be held. The call may have been made before."""


_WAITS = {Duty.LOOK_UP: ApprovalState.UNKNOWN, Duty.HOLD: ApprovalState.REJECTED}


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is ours until `lease_until`."""

    approval: Approval
    run: CommandRun
    duty: Duty
    lease_until: datetime


def claim(session: Session, now: datetime) -> Claim | None:
    """The request that has been due for longest. What comes too late to be sent at its time expires: never at once."""
    due = select(Approval).where(
        col(Approval.due_at) <= now,
        or_(
            col(Approval.state).in_(_CLAIMED),
            and_(col(Approval.state) == ApprovalState.REJECTED, col(Approval.kind) == ApprovalKind.FOUND),
        ),
    )
    for row in session.exec(due.order_by(col(Approval.due_at)).with_for_update(skip_locked=True)):
        if row.state is ApprovalState.APPROVED and _is_late(row, now):
            end(session, now, row, ApprovalState.EXPIRED, note="late")
        else:
            return _claimed(session, now, row)
    return None


def is_ours(session: Session, now: datetime, claim: Claim) -> bool:
    """Whether the lease lasts: asked in the transaction before a call, by a process that may have slept meanwhile."""
    return now < claim.lease_until and _ours(session, claim) is not None


def recount(session: Session, now: datetime, claim: Claim, lost: Collection[str]) -> bool:
    """Before anything is asked for: these have voted and may not any more. False when the rest is not enough.

    Then it waits for others again, and is nobody's; or the lease is lost.
    """
    row = _ours(session, claim)
    if row is None:
        return False
    struck = strike(session, now, row.id, lost)
    if len(counting(row, votes_of(session, row.id))) >= row.needed:
        if struck:
            change(session, now, row)
        return True
    again = {
        "state": ApprovalState.PENDING,
        "decided_by": None,
        "decided_at": None,
        "lease_until": None,
        "run_id": None,
    }
    change(session, now, row, **again, note=None, due_at=next_due(row, row.step))
    return False


def executed(session: Session, now: datetime, claim: Claim, result: Mapping[str, Any]) -> bool:
    """It was read back as wished. False: the lease was lost, and nothing is written; so for all that follow."""
    return _ended(session, now, claim, ApprovalState.EXECUTED, result)


def failed(session: Session, now: datetime, claim: Claim, result: Mapping[str, Any], note: str) -> bool:
    """It was seen not to have happened. note: why, the error's code."""
    return _ended(session, now, claim, ApprovalState.FAILED, result, note=note)


def unknown(session: Session, now: datetime, claim: Claim, result: Mapping[str, Any], look_at: datetime | None) -> bool:
    """The vendor never answered; it is looked up at `look_at`, None: it cannot be found out. Its asker is told."""
    if look_at is None:
        return _ended(session, now, claim, ApprovalState.UNKNOWN, result)
    row = _ours(session, claim)
    if row is None:
        return False
    seen = {"state": ApprovalState.UNKNOWN, "result": dict(result), "looked": row.looked + 1}
    change(session, now, row, **seen, due_at=look_at, lease_until=None)
    _renew(session, claim.run.id, look_at + LEASE)
    tell_end(session, now, row, None)
    return True


def postponed(session: Session, now: datetime, claim: Claim, code: str) -> bool:
    """The vendor cannot be read: it stays as it was before the claim and is tried again, later each time.

    Not for what may have been asked for already and is not UNKNOWN yet: that is `unknown`.
    """
    row = _ours(session, claim)
    if row is None:
        return False
    due_at = now + backoff(row.looked)
    state = _WAITS.get(claim.duty, ApprovalState.APPROVED)
    waits = {"state": state, "looked": row.looked + 1, "lease_until": None}
    # Of one that was rejected, the note is why, in a person's words.
    waits |= {} if state is ApprovalState.REJECTED else {"note": code}
    change(session, now, row, **waits, due_at=due_at)
    _renew(session, claim.run.id, due_at + LEASE)
    return True


def late(session: Session, now: datetime, claim: Claim) -> bool:
    """Its time has passed before it could be asked for: it never goes at once."""
    return _ended(session, now, claim, ApprovalState.EXPIRED, {}, note="late")


def voided(session: Session, now: datetime, claim: Claim, why: str) -> bool:
    """What was approved is not there any more, and nothing was asked for. why: as in `Approval.note`."""
    return _ended(session, now, claim, ApprovalState.VOIDED, {}, note=why)


def asked_anew(session: Session, now: datetime, claim: Claim, approvals: Approvals, wish: Wish) -> Approval | None:
    """What was approved is not what is there now: it is voided, and people are asked for what is there.

    wish: its `replaces` is the claimed request. None: the lease was lost.
    """
    row = _ours(session, claim)
    if row is None:
        return None
    # It gives way like one that nobody carries out; the lease is ours.
    new = new_id()
    end(session, now, row, ApprovalState.VOIDED, note="drift", replaced_by=new)
    return approvals.ask(session, now, wish, new=new)


def held(session: Session, now: datetime, claim: Claim, result: Mapping[str, Any]) -> bool:
    """What was found and rejected is on hold now, or could not be held: `result` says which."""
    row = _ours(session, claim)
    if row is None:
        return False
    change(session, now, row, result=dict(result), open_key=None, ended_at=now, due_at=None, lease_until=None)
    return True


def _claimed(session: Session, now: datetime, row: Approval) -> Claim:
    duties = {
        ApprovalState.APPROVED: Duty.EXECUTE,
        ApprovalState.EXECUTING: Duty.TAKE_UP,
        ApprovalState.UNKNOWN: Duty.LOOK_UP,
        ApprovalState.REJECTED: Duty.HOLD,
    }
    duty = duties[row.state]
    state = ApprovalState.EXECUTING if row.state is ApprovalState.APPROVED else row.state
    until = now + LEASE
    run = _run(session, now, row, until)
    change(session, now, row, state=state, run_id=run.id, due_at=until, lease_until=until)
    return Claim(row, run, duty, until)


def _run(session: Session, now: datetime, row: Approval, until: datetime) -> CommandRun:
    """The request's run in the audit log: one, however often it is claimed."""
    known = session.get(CommandRun, row.run_id) if row.run_id else None
    if known is not None:
        _renew(session, known.id, until)
        return known
    run = CommandRun(
        id=new_id(),
        key=f"{KIND}/{row.id}/{row.version}",
        kind=KIND,
        user_id=row.decided_by or WHO,
        channel_id=row.channel_id,
        text=f"approval execute {row.id}",
        worker=WHO,
        received_at=now,
        lease_until=until,
    )
    session.add(run)
    session.flush()
    return run


def _renew(session: Session, run_id: str, until: datetime) -> None:
    """Until then nobody takes the run for interrupted."""
    run = session.get_one(CommandRun, run_id)
    if run.outcome is None:
        run.lease_until = until


def _is_late(row: Approval, now: datetime) -> bool:
    """Whether its time has passed. What was found goes out by itself: there is nothing to be late for."""
    return row.kind is not ApprovalKind.FOUND and row.send_at is not None and row.send_at <= now


def _ours(session: Session, claim: Claim) -> Approval | None:
    """The claimed row, locked; None when somebody else has taken it up since."""
    row = locked(session, claim.approval.id)
    return row if row.lease_until == claim.lease_until else None


def _ended(
    session: Session,
    now: datetime,
    claim: Claim,
    state: ApprovalState,
    result: Mapping[str, Any],
    *,
    note: str | None = None,
) -> bool:
    row = _ours(session, claim)
    if row is None:
        return False
    end(session, now, row, state, result=dict(result), note=note)
    return True
