"""What people see of a request: its cards, the word to whoever is asked next, and the word to the asker at its end.

Cards are notices of kind APPROVAL, one for each receiver; they are rendered from the row, so a change only has to touch
them. All of it is part of the transaction that changes the row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bridge.notices.telling import again, key_of, open_notices, tell
from store.tables import Approval, Notice, NoticeKind


def hang(session: Session, now: datetime, approval: Approval, receivers: Iterable[str]) -> None:
    """Show it to these as well; who shows it already is left alone."""
    keys = {receiver: key_of(receiver, NoticeKind.APPROVAL, approval.id) for receiver in receivers}
    there = open_notices(session, keys.values())
    for receiver, key in keys.items():
        if key not in there:
            session.add(
                Notice(
                    open_key=key,
                    kind=NoticeKind.APPROVAL,
                    receiver=receiver,
                    approval_id=approval.id,
                    priority=0,
                    created_at=now,
                    due_at=now,
                )
            )


def touch(session: Session, now: datetime, approval: Approval) -> None:
    """Have every card of it rendered anew."""
    for card in cards_of(session, approval.id):
        again(card, now)


def cards_of(session: Session, approval_id: str) -> Sequence[Notice]:
    """The notices that show it, the oldest first."""
    shown = select(Notice).where(Notice.approval_id == approval_id, Notice.kind == NoticeKind.APPROVAL)
    return session.exec(shown.order_by(col(Notice.id))).all()


def remind(session: Session, now: datetime, approval: Approval, who: Sequence[str]) -> None:
    """Nobody has decided: mention `who` below the cards in channels, and show the card to the people among them."""
    facts = facts_of(approval) | {"who": [*who], "step": approval.step, "expires_at": approval.expires_at.isoformat()}
    for card in cards_of(session, approval.id):
        if card.receiver[:1] in "CG":
            key = f"approval/{approval.id}/{approval.step}"
            below = tell(
                session, now, card.receiver, NoticeKind.NOTE, _worded("waiting_on", facts), key=key, priority=0
            )
            below.parent_id = card.id
    hang(session, now, approval, [one for one in who if one[:1] in "UW"])


def tell_end(session: Session, now: datetime, approval: Approval, by: str | None) -> None:
    """Tell whoever asked what came of it, once for each end; what they did themselves was answered there.

    An outcome that is unknown and one that will stay so are two ends.
    """
    asker = approval.requested_by
    if asker is None or asker == by:
        return
    receiver = asker if asker[:1] in "UW" else approval.channel_id
    if receiver is None:
        # Asked from a terminal: `approvals --mine` shows it.
        return
    facts = facts_of(approval) | {
        "state": approval.state.value,
        "over": approval.ended_at is not None,
        "note": approval.note,
        "by": by,
        "send_at": approval.send_at.isoformat() if approval.send_at else None,
        "replaced_by": approval.replaced_by,
        "result": approval.result,
    }
    key = key_of(receiver, NoticeKind.NOTE, f"approval/{approval.id}/{approval.state}/{facts['over']}")
    if not open_notices(session, [key]):
        session.add(
            Notice(
                open_key=key,
                kind=NoticeKind.NOTE,
                receiver=receiver,
                facts=_worded("ended", facts),
                created_at=now,
                due_at=now,
            )
        )


def facts_of(approval: Approval) -> dict[str, Any]:
    """What a short word about it names."""
    return {
        "id": approval.id,
        "kind": approval.kind.value,
        "account": approval.account,
        "subject": approval.subject,
        "name": approval.proposal.get("name"),
        "recipients": approval.proposal.get("recipients"),
    }


def _worded(template: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"template": f"approval/{template}", "facts": facts}
