"""What became of a try, written down; and what cannot be said until a person does something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from bridge.notices.claims import Claim, hold, release, see
from bridge.receivers.board import Later, Lost, Posted, Refused, Scope, Shown
from store.tables import Notice, NoticeKind

SETTLE = timedelta(seconds=3)
"""How long a lost post may take to appear in the channel's history."""
SLOWEST = timedelta(minutes=1)
"""Between two tries while replies are lost."""
RETRY = timedelta(hours=1)
"""How often what is parked is tried again."""

_BY_ID = select(Notice).where(col(Notice.id).in_(bindparam("ids", expanding=True)))

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ending:
    """What a claim came to."""

    claim: Claim
    posted: Posted
    channel: str | None = None
    found: bool = False
    """It was found in the channel: which version it shows is not known."""
    reached: bool = False
    """Whether this attempt came as far as posting; before, an earlier one is still in doubt."""


def settle(session: Session, now: datetime, endings: Sequence[Ending], admins: Sequence[str]) -> None:
    """Write the endings down, each only while its claim still holds; `admins` are told of what is parked."""
    # Read at once, and found again below.
    ids = [ending.claim.id for ending in endings]
    _held = session.exec(_BY_ID, params={"ids": ids}).all() if ids else ()
    for ending in endings:
        notice = session.get(Notice, ending.claim.id)
        if notice is None or (notice.worker, notice.lease_until) != (ending.claim.worker, ending.claim.lease_until):
            # The lease ran out, and somebody else looks after it.
            continue
        notice.worker = notice.lease_until = None
        notice.channel = ending.channel or notice.channel
        _settle(session, now, notice, ending, admins)


def _settle(session: Session, now: datetime, notice: Notice, ending: Ending, admins: Sequence[str]) -> None:
    if ending.reached and not isinstance(ending.posted, Lost):
        notice.tried_at = None
    match ending.posted:
        case Shown(ts):
            _shown(session, now, notice, ending, ts)
            _works_again(session, now, notice, admins)
        case Later(seconds):
            notice.due_at = now + timedelta(seconds=seconds)
            hold(session, notice.receiver, notice.due_at)
        case Lost(why):
            notice.attempts += 1
            notice.due_at = now + _wait(notice.attempts, SLOWEST)
            hold(session, notice.receiver, notice.due_at)
            _log.warning("outbox.lost", notice=notice.id, why=why, attempts=notice.attempts)
        case Refused() as refused:
            _log.warning("outbox.refused", notice=notice.id, receiver=notice.receiver, error=refused.error)
            _refused(session, now, notice, refused, admins)


def _shown(session: Session, now: datetime, notice: Notice, ending: Ending, ts: str) -> None:
    notice.ts, notice.tried_at, notice.attempts = ts, None, 0
    if ending.found:
        notice.due_at = now
        return
    notice.shown = ending.claim.version
    if ending.claim.ts is not None:
        see(session, {notice.id: ending.claim.news})
    if notice.wanted <= notice.shown:
        notice.due_at = None


def _refused(session: Session, now: datetime, notice: Notice, refused: Refused, admins: Sequence[str]) -> None:
    match refused.scope:
        case Scope.GONE:
            _post_anew(session, now, notice, refused.error)
        case Scope.CONTENT:
            notice.parked, notice.due_at = refused.error, now + RETRY
            _tell(session, now, notice, refused, admins)
        case Scope.RECEIVER:
            notice.due_at = now + RETRY
            hold(session, notice.receiver, notice.due_at)
            waiting = update(Notice).where(col(Notice.receiver) == notice.receiver, col(Notice.due_at).is_not(None))
            session.execute(waiting.values(parked=refused.error))
            _tell(session, now, notice, refused, admins)


def _post_anew(session: Session, now: datetime, notice: Notice, error: str) -> None:
    """What somebody deleted, or what is no longer ours to edit, has news all the same.

    Each try makes a message; where something deletes whatever is posted, there is more and more time between them.
    """
    notice.attempts += 1
    notice.due_at = now + _wait(notice.attempts, RETRY)
    lost = session.get(Notice, notice.parent_id) if error == "thread_not_found" and notice.parent_id else notice
    if lost is not None:
        lost.ts, lost.tried_at, lost.due_at = None, None, notice.due_at


def _wait(attempts: int, most: timedelta) -> timedelta:
    """After so many attempts in vain: SETTLE, then each time twice as long."""
    doubled: int = 2 ** min(attempts - 1, 12)
    return min(SETTLE * doubled, most)


def _tell(session: Session, now: datetime, notice: Notice, refused: Refused, admins: Sequence[str]) -> None:
    """One note to each admin; as long as it lasts there is no second."""
    scope = refused.scope
    about = notice.receiver if scope is Scope.RECEIVER else notice.id
    facts = {"receiver": notice.receiver, "scope": scope.value, "error": refused.error, "since": now.isoformat()}
    for admin in admins:
        key = _note_key(admin, about)
        known = session.exec(select(Notice.id).where(Notice.open_key == key)).first()
        if known is None and admin != notice.receiver:
            session.add(
                Notice(
                    open_key=key,
                    kind=NoticeKind.NOTE,
                    receiver=admin,
                    priority=0,
                    facts={"template": "notice/parked", "facts": {**facts, "over": False}},
                    created_at=now,
                    due_at=now,
                )
            )


def _works_again(session: Session, now: datetime, notice: Notice, admins: Sequence[str]) -> None:
    """What was parked could be said: the note about it says so, and the next trouble is a new one."""
    if notice.parked is None:
        return
    notice.parked = None
    keys = [_note_key(admin, about) for admin in admins for about in (notice.receiver, notice.id)]
    for note in session.exec(select(Notice).where(col(Notice.open_key).in_(keys))):
        note.facts = {**note.facts, "facts": {**note.facts["facts"], "over": True}}
        note.open_key, note.wanted, note.due_at = None, note.wanted + 1, now


def unpark(session: Session, now: datetime, receiver: str) -> None:
    """Try at once what is parked there: the bot was invited, or the channel came back."""
    release(session, receiver)
    waiting = update(Notice).where(col(Notice.receiver) == receiver, col(Notice.parked).is_not(None))
    session.execute(waiting.where(col(Notice.due_at) > now).values(due_at=now))


def _note_key(admin: str, about: str) -> str:
    return f"{admin}|{NoticeKind.NOTE.value}|parked {about}"
