"""Requests as rows: each change of one is written where nobody else has been (compare and set), with all that tells.

That is its event, its cards, and at its end the word to whoever asked.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from bridge.alerts.casebook import Casebook, OutpacedError
from bridge.approvals.cards import facts_of, tell_end, touch
from bridge.events import EventType, subject_of
from store import homes
from store.tables import Approval, ApprovalState, Vote

_ENDS = {
    ApprovalState.EXECUTED: EventType.APPROVAL_EXECUTED,
    ApprovalState.FAILED: EventType.APPROVAL_FAILED,
    ApprovalState.UNKNOWN: EventType.APPROVAL_UNKNOWN,
    ApprovalState.REJECTED: EventType.APPROVAL_REJECTED,
    ApprovalState.EXPIRED: EventType.APPROVAL_EXPIRED,
    ApprovalState.WITHDRAWN: EventType.APPROVAL_WITHDRAWN,
    ApprovalState.VOIDED: EventType.APPROVAL_VOIDED,
}
_FULL_ID = 36
TASK, DRAFT = "task/", "draft/"
"""What `Approval.subject` of a task begins with, and of a message that waits here."""


# ---- which there are


def locked(session: Session, approval_id: str) -> Approval:
    """The row as it is now, and nobody else's until this transaction ends.

    Raises:
        NoResultFound: there is none of this id.
    """
    return session.exec(select(Approval).where(Approval.id == approval_id).with_for_update()).one()


def open_of(session: Session, account: str, subject: str) -> Approval | None:
    """The open request about a subject, locked."""
    asked = select(Approval).where(Approval.open_key == key_of(account, subject))
    return session.exec(asked.with_for_update()).first()


def find(session: Session, words: str) -> Sequence[Approval]:
    """The requests that an id, or the end of one, names: at most ten, and an open one before those that are over."""
    if len(words) == _FULL_ID:
        row = session.get(Approval, words)
        return [row] if row else []
    ends = select(Approval).where(col(Approval.id).endswith(words, autoescape=True))
    found = session.exec(ends.order_by(col(Approval.id).desc()).limit(10)).all()
    return [row for row in found if row.ended_at is None] or found


def waiting(session: Session, accounts: Collection[str]) -> Sequence[Approval]:
    """These accounts' requests that wait for a decision and can be shown, the one that expires first first."""
    asked = select(Approval).where(
        col(Approval.account).in_(accounts), Approval.state == ApprovalState.PENDING, Approval.hash != ""
    )
    return session.exec(asked.order_by(col(Approval.expires_at), col(Approval.id))).all()


def votes_of(session: Session, approval_id: str) -> Sequence[Vote]:
    """All that were given, the first first; those that do not count among them."""
    given = select(Vote).where(Vote.approval_id == approval_id)
    return session.exec(given.order_by(col(Vote.at), col(Vote.user_id))).all()


def counting(row: Approval, votes: Sequence[Vote]) -> Sequence[Vote]:
    """The votes for what is asked for now, by people who may still give them."""
    return [vote for vote in votes if vote.hash == row.hash and vote.lost_at is None]


def strike(session: Session, now: datetime, approval_id: str, lost: Collection[str]) -> bool:
    """Let the votes of these people count no longer; whether any did."""
    struck = [vote for vote in votes_of(session, approval_id) if vote.user_id in lost and vote.lost_at is None]
    for vote in struck:
        vote.lost_at = now
    session.flush()
    return bool(struck)


def key_of(account: str, subject: str) -> str:
    """`Approval.open_key`."""
    return f"{account}|{subject}"


def hash_of(fields: Mapping[str, Any]) -> str:
    """What is approved: SHA-256 over canonical JSON, the same in whatever order the fields were written."""
    return sha256(dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


# ---- what becomes of one


def change(session: Session, now: datetime, row: Approval, **values: Any) -> None:  # noqa: ANN401
    """Write down a change, with its version, and have all cards show it.

    Raises:
        OutpacedError: somebody else has changed it; nothing of this transaction may stay.
    """
    _set(session, row, {**values, "version": row.version + 1})
    touch(session, now, row)
    homes.changed(session, now)


def end(
    session: Session,
    now: datetime,
    row: Approval,
    state: ApprovalState,
    *,
    by: str | None = None,
    **values: Any,  # noqa: ANN401
) -> None:
    """Write down how it ended, once and for all; the event and the word to the asker are part of it."""
    ended = {"state": state, "open_key": None, "ended_at": now, "due_at": None, "lease_until": None}
    change(session, now, row, **ended, **values)
    happened(session, now, row, _ENDS[state], by=by)
    tell_end(session, now, row, by)


def approve(session: Session, now: datetime, row: Approval, *, by: str | None) -> None:
    """Write down that it has what it needs; it is carried out in a moment. by: who gave the last vote, if any."""
    change(session, now, row, state=ApprovalState.APPROVED, decided_by=by, decided_at=now, due_at=now)
    happened(session, now, row, EventType.APPROVAL_APPROVED, by=by)


def reschedule(session: Session, row: Approval, due_at: datetime | None) -> None:
    """When it falls due next: nothing that people see, and so no new version."""
    _set(session, row, {"due_at": due_at})


def happened(session: Session, now: datetime, row: Approval, what: EventType, *, by: str | None) -> None:
    """Write down the event, and tell who asked for such."""
    about = facts_of(row)
    data = {
        "approval_id": about.pop("id"),
        **about,
        "by": by,
        "reason": row.note if what in _ENDS.values() else row.reason,
        "hash": row.hash,
        "votes": [vote.user_id for vote in counting(row, votes_of(session, row.id))],
        "needed": row.needed,
        "result": row.result,
    }
    book = Casebook(session, now)
    book.happened(row, what, subject_of("approval", row.id), data)
    book.close()


def _set(session: Session, row: Approval, values: dict[str, Any]) -> None:
    written = session.connection().execute(
        update(Approval)
        .where(col(Approval.id) == row.id, col(Approval.version) == row.version)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if written.rowcount != 1:
        raise OutpacedError(row.id)
    for name, value in values.items():
        set_committed_value(row, name, value)
