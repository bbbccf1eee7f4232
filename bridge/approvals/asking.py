"""Requests to send: asked for, found, escalated, expired; `ballots` decides, `handover` carries out.

    PENDING ──enough votes──▶ APPROVED ──▶ EXECUTING ──▶ EXECUTED | FAILED | UNKNOWN
       │                         │
       └──▶ REJECTED | EXPIRED | WITHDRAWN | VOIDED

One that was found at a vendor (FOUND) is PENDING with an empty hash until it was read; nobody sees it before, and when
it is rejected it is held at the vendor. Everything happens in somebody's transaction and only reads and writes rows:
what falls due by itself is the row's `due_at`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bridge.approvals.cards import hang, remind
from bridge.approvals.policy import Needs, Settings
from bridge.approvals.requests import approve, change, end, happened, hash_of, key_of, locked, open_of, reschedule
from bridge.events import EventType
from store.tables import Approval, ApprovalKind, ApprovalState, new_id

LEASE = timedelta(minutes=2)
"""Longer than reading all that a card shows may take."""
BACKOFF = (timedelta(seconds=5), timedelta(seconds=60))
"""From one try at a vendor that cannot be read to the next: at first, and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for."""

    kind: ApprovalKind
    account: str
    subject: str
    """`task/19124`, `draft/0198…`."""
    requested_by: str | None
    channel_id: str | None
    """Where it was asked for."""
    reason: str | None
    send_at: datetime | None
    """None: as soon as it is approved."""
    proposal: Mapping[str, Any]
    """`fields` is what is approved; `name` and `recipients` are for short words about it."""
    policy: Needs
    replaces: str | None = None
    """The id of the request that this one asks anew."""


class OpenRequestError(Exception):
    """Somebody else has asked about this subject, and it has not ended; or it is being carried out."""

    def __init__(self, approval: Approval) -> None:
        super().__init__(approval.id)
        self.approval = approval


class Approvals:
    """What app.yaml says about approvals, ready to be asked; it remembers nothing itself."""

    def __init__(self, settings: Settings, channel: str | None, approvers: Callable[[str], Sequence[str]]) -> None:
        """channel: where cards are shown; None: to each approver.

        approvers: by account, the ids of the people who are named as such.
        """
        self.settings = settings
        self._channel = channel
        self._approvers = approvers

    # ---- asking

    def ask(self, session: Session, now: datetime, wish: Wish, *, new: str | None = None) -> Approval:
        """A new request.

        What is open about the same subject gives way where it was only found, is the same person's, or is what
        `wish.replaces` names.

        new: the id that it is to have.

        Raises:
            OpenRequestError: it does not give way.
        """
        before = open_of(session, wish.account, wish.subject)
        row = Approval(
            id=new or new_id(),
            kind=wish.kind,
            account=wish.account,
            subject=wish.subject,
            state=ApprovalState.PENDING,
            requested_by=wish.requested_by,
            channel_id=wish.channel_id,
            reason=wish.reason,
            replaces=wish.replaces or (before.id if before else None),
            expires_at=self._expires_at(now, wish.kind, wish.send_at),
            created_at=now,
        )
        if before is not None:
            self._give_way(session, now, before, row, wish.replaces)
        row.open_key = key_of(row.account, row.subject)
        session.add(row)
        session.flush()
        self._open(session, now, row, wish.proposal, wish.policy, wish.send_at)
        return row

    def found(
        self, session: Session, now: datetime, *, account: str, subject: str, send_at: datetime | None
    ) -> Approval | None:
        """A request about what was seen on its way: to be read, then shown. None where one is open."""
        if open_of(session, account, subject) is not None:
            return None
        row = Approval(
            open_key=key_of(account, subject),
            kind=ApprovalKind.FOUND,
            account=account,
            subject=subject,
            state=ApprovalState.PENDING,
            send_at=send_at,
            expires_at=self._expires_at(now, ApprovalKind.FOUND, send_at),
            created_at=now,
            due_at=now,
        )
        session.add(row)
        return row

    def claim_unread(self, session: Session, now: datetime) -> Approval | None:
        """A found one that is to be read: ours until LEASE is over, then anybody's."""
        unread = select(Approval).where(
            Approval.state == ApprovalState.PENDING, Approval.hash == "", col(Approval.due_at) <= now
        )
        for row in session.exec(unread.order_by(col(Approval.due_at)).with_for_update(skip_locked=True)):
            if row.expires_at <= now:
                end(session, now, row, ApprovalState.EXPIRED, note="unread")
            else:
                reschedule(session, row, now + LEASE)
                return row
        return None

    def gathered(  # noqa: PLR0917
        self,
        session: Session,
        now: datetime,
        approval_id: str,
        proposal: Mapping[str, Any],
        policy: Needs,
        send_at: datetime | None,
    ) -> Approval:
        """A found one was read: people are asked. Left alone where somebody was faster or it has ended."""
        row = locked(session, approval_id)
        if row.state is ApprovalState.PENDING and not row.hash:
            self._open(session, now, row, proposal, policy, send_at)
        return row

    def unread(self, session: Session, now: datetime, approval_id: str) -> None:
        """A found one could not be read: it is tried again, later each time."""
        row = locked(session, approval_id)
        if row.state is ApprovalState.PENDING and not row.hash:
            change(session, now, row, looked=row.looked + 1, due_at=now + backoff(row.looked))

    def receivers(self, account: str, policy: Needs) -> Sequence[str]:
        """Where the cards of a request are shown.

        A group has no messages of its own: where the policy names nothing else, the approvers see it.
        """
        if self._channel is not None:
            return (self._channel,)
        return _people(policy.who) or _people(self._approvers(account))

    # ---- time

    def due(self, session: Session, now: datetime, limit: int = 200) -> int:
        """Do what has fallen due to requests that wait for people: they expire, or others are asked as well.

        Returns how many that were; `limit`: there may be more.
        """
        fallen = select(Approval).where(
            Approval.state == ApprovalState.PENDING, Approval.hash != "", col(Approval.due_at) <= now
        )
        rows = session.exec(fallen.order_by(col(Approval.due_at)).limit(limit).with_for_update(skip_locked=True)).all()
        for row in rows:
            if row.expires_at <= now:
                end(session, now, row, ApprovalState.EXPIRED)
            else:
                who = Needs.read(row.policy).steps[row.step][1]
                change(session, now, row, step=row.step + 1, due_at=next_due(row, row.step + 1))
                remind(session, now, row, who)
        return len(rows)

    # ---- how

    def _give_way(self, session: Session, now: datetime, before: Approval, after: Approval, named: str | None) -> None:
        is_theirs = before.requested_by in (None, after.requested_by) or named == before.id
        if before.state not in (ApprovalState.PENDING, ApprovalState.APPROVED) or not is_theirs:
            # It is read after this transaction was rolled back.
            session.expunge(before)
            raise OpenRequestError(before)
        by = after.requested_by
        end(session, now, before, ApprovalState.VOIDED, by=by, note="replaced", replaced_by=after.id)

    def _open(  # noqa: PLR0917
        self,
        session: Session,
        now: datetime,
        row: Approval,
        proposal: Mapping[str, Any],
        policy: Needs,
        send_at: datetime | None,
    ) -> None:
        """It can be shown from now on."""
        change(
            session,
            now,
            row,
            proposal=dict(proposal),
            hash=hash_of(proposal["fields"]),
            policy=policy.written(),
            needed=policy.count,
            send_at=send_at,
            expires_at=self._expires_at(now, row.kind, send_at),
            looked=0,
        )
        reschedule(session, row, next_due(row, row.step))
        hang(session, now, row, self.receivers(row.account, policy))
        happened(session, now, row, EventType.APPROVAL_REQUESTED, by=row.requested_by)
        if not policy.count:
            approve(session, now, row, by=None)

    def _expires_at(self, now: datetime, kind: ApprovalKind, send_at: datetime | None) -> datetime:
        if send_at is not None and send_at > now:
            return max(send_at - self.settings.expire_before, now + (send_at - now) / 2)
        if send_at is None or kind is ApprovalKind.FOUND:
            return now + self.settings.drafts_expire
        # A yes would come too late: what was asked for never goes at once.
        return send_at


def _people(named: Sequence[str]) -> Sequence[str]:
    return [one for one in named if one[:1] in "UW"]


def backoff(tries: int) -> timedelta:
    """How long to wait after so many tries before this one."""
    least, most = BACKOFF
    doubled: int = 2 ** min(tries, 4)
    return min(most, least * doubled)


def next_due(row: Approval, step: int) -> datetime:
    """When a request that waits for people falls due, so many steps of its escalation having been taken."""
    steps = Needs.read(row.policy).steps
    return min(row.expires_at, row.created_at + steps[step][0]) if step < len(steps) else row.expires_at
