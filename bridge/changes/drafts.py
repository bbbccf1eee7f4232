"""A single message between being written and being sent: vendors hold none, so it waits here for its writer's yes.

    OPEN ──▶ SENDING ──▶ SENT | FAILED | UNKNOWN
      └────▶ DISCARDED       by its writer, by an edit, or by nobody when LIFE is over

Each step is one compare-and-set, or holds the lock of the row that it found open, so that two clicks, two processes
or a click after a restart send once. The call to the vendor is never repeated. What a lost answer or a dead process
leaves behind is UNKNOWN, for good: nothing at a vendor identifies the result. Once a draft has left OPEN and SENDING,
recipients and content are gone from its row.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import Session, col, select

from bridge.changes.letters import Letter
from bridge.changes.tasks import Guard, NotOursError, anybody
from store import homes
from store.engine import Store
from store.tables import CommandRun, Draft, DraftState

LIFE = timedelta(hours=24)
"""How long a draft waits, by the database's clock."""
SHOW_PREVIEWS = ("send", "draft edit")
"""The commands whose answer is a preview."""


async def write(
    store: Store, letter: Letter, *, account: str, by: str, run_id: str, instead_of: Draft | None = None
) -> Draft | None:
    """A new open draft; None when the one that it should replace is no longer open."""

    def written(session: Session, now: datetime) -> Draft | None:
        draft = _new(letter, account=account, by=by, run_id=run_id, now=now)
        if instead_of is not None:
            before = _open(session, instead_of.id, now)
            if before is None:
                return None
            _close(session, before, DraftState.DISCARDED, now, by=by, result={"replaced_by": draft.id})
        session.add(draft)
        return draft

    return await store.transact(written)


async def find(store: Store, draft_id: str) -> Draft | None:
    """One draft as it is now: one whose time is over is closed first."""

    def found(session: Session, now: datetime) -> Draft | None:
        _expire(session, now, col(Draft.id) == draft_id)
        return session.get(Draft, draft_id)

    return await store.transact(found)


async def claim(store: Store, draft: Draft, *, by: str, run_id: str, guard: Guard = anybody) -> bool:
    """Take an open draft for sending; False when somebody was faster or its time is over.

    From now on the run that sends it is its run: when that one ends without having settled it, `tidy` does.

    guard: asked in the transaction that takes it: a process that slept past its lease must not act.

    Raises:
        NotOursError: `guard` said no.
    """

    def claimed(session: Session, now: datetime) -> bool:
        if not guard(session, now):
            raise NotOursError
        _forget_answer(session, draft)
        found = session.exec(
            update(Draft)
            .where(col(Draft.id) == draft.id, col(Draft.state) == DraftState.OPEN, col(Draft.expires_at) > now)
            .values(state=DraftState.SENDING, run_id=run_id, settled_by=by)
            .returning(col(Draft.id))
        )
        return found.first() is not None

    return await store.transact(claimed)


async def settle(store: Store, draft: Draft, state: DraftState, *, result: dict[str, Any]) -> Draft | None:
    """Write down what came of a claimed draft.

    Returns an open copy when it FAILED: nothing was sent, so that its writer may correct it and say yes again.
    """

    def settled(session: Session, now: datetime) -> Draft | None:
        row = session.get_one(Draft, draft.id, with_for_update=True)
        again = None
        if state is DraftState.FAILED and row.state is DraftState.SENDING:
            letter = Letter.read(row.content)
            again = _new(letter, account=row.account, by=row.requested_by, run_id=row.run_id, now=now)
            session.add(again)
        # An answer that comes after `tidy` gave it up is still the truth.
        _close(session, row, state, now, by=row.settled_by, result=result)
        homes.changed(session, now)
        return again

    return await store.transact(settled)


async def reopen(store: Store, draft: Draft) -> None:
    """Take a claim back: the vendor was not asked for anything."""

    def reopened(session: Session, _now: datetime) -> None:
        session.exec(
            update(Draft)
            .where(col(Draft.id) == draft.id, col(Draft.state) == DraftState.SENDING)
            .values(state=DraftState.OPEN, settled_by=None)
        )

    await store.transact(reopened)


async def discard(store: Store, draft: Draft, *, by: str) -> bool:
    """Throw an open draft away; False when it is no longer open."""

    def discarded(session: Session, now: datetime) -> bool:
        row = _open(session, draft.id, now)
        if row is not None:
            _close(session, row, DraftState.DISCARDED, now, by=by, result={})
        return row is not None

    return await store.transact(discarded)


async def keep(store: Store, draft: Draft, *, until: datetime) -> None:
    """Let an open draft wait longer: people were asked about it."""

    def kept(session: Session, now: datetime) -> None:
        row = _open(session, draft.id, now)
        if row is not None:
            row.expires_at = max(row.expires_at, until)

    await store.transact(kept)


async def tidy(store: Store) -> None:
    """Close what nobody will: drafts whose time is over, and those whose sending process died."""

    def tidied(session: Session, now: datetime) -> None:
        _expire(session, now, col(Draft.state) == DraftState.OPEN)
        ended = select(CommandRun.id).where(col(CommandRun.outcome).is_not(None))
        dead = select(Draft).where(col(Draft.state) == DraftState.SENDING, col(Draft.run_id).in_(ended))
        for draft in session.exec(dead.with_for_update()).all():
            _close(session, draft, DraftState.UNKNOWN, now, by=draft.settled_by, result={"code": "interrupted"})

    await store.transact(tidied)


def recipients_of(draft: Draft) -> int:
    """How many people a draft is or was for."""
    known = draft.content["recipients"]
    return known if isinstance(known, int) else len(known)


def _new(letter: Letter, *, account: str, by: str, run_id: str, now: datetime) -> Draft:
    return Draft(
        run_id=run_id,
        account=account,
        requested_by=by,
        content=letter.written(),
        state=DraftState.OPEN,
        created_at=now,
        expires_at=now + LIFE,
    )


def _open(session: Session, draft_id: str, now: datetime) -> Draft | None:
    is_open = and_(col(Draft.state) == DraftState.OPEN, col(Draft.expires_at) > now)
    return session.exec(select(Draft).where(col(Draft.id) == draft_id, is_open).with_for_update()).first()


def _expire(session: Session, now: datetime, which: ColumnElement[bool]) -> None:
    over = select(Draft).where(which, col(Draft.state) == DraftState.OPEN, col(Draft.expires_at) <= now)
    for draft in session.exec(over.with_for_update()).all():
        _close(session, draft, DraftState.DISCARDED, draft.expires_at, by=None, result={})


def _close(
    session: Session, draft: Draft, state: DraftState, at: datetime, *, by: str | None, result: dict[str, Any]
) -> None:
    _forget_answer(session, draft)
    if "hash" not in draft.content:
        letter = Letter.read(draft.content)
        draft.content = {"recipients": len(letter.recipients), "hash": letter.hash}
    draft.state, draft.settled_at, draft.settled_by, draft.result = state, at, by, result


def _forget_answer(session: Session, draft: Draft) -> None:
    """The audit log has the preview that its writer was shown: recipients and content go from there as well."""
    run = session.get(CommandRun, draft.run_id)
    if run is not None and run.answer is not None and run.command in SHOW_PREVIEWS:
        run.answer = f"draft {draft.id}"
