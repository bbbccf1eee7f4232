"""`audit --approval`: who asked, looked, tried and decided; what exactly was approved, and what the vendor answered."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any

from sqlmodel import Session, col, or_, select

from bot.command import Answer
from bot.commands.approvals import facts_of, meant
from bot.context import Context
from bot.exports import Format
from bridge.approvals.cardface import Card, card_of
from bridge.approvals.found import hold_key
from bridge.approvals.requests import votes_of
from bridge.events import subject_of
from store.tables import Approval, Change, CommandRun, Event

_ABOUT = ("approvals show", "approval ", "audit")
"""The commands that name a request."""
COLUMNS = ("at", "who", "what", "outcome", "detail")
SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened to a request."""

    at: datetime
    who: str | None
    what: str
    """An event's type; `vote`, `vote.lost`; `command`; `vendor.asked`, `vendor.answered`."""
    outcome: str | None = None
    detail: str | None = None
    """The line that was typed, the words that were said, or the vendor's."""

    def row(self) -> tuple[object, ...]:
        """For a file."""
        return self.at, self.who, self.what, self.outcome, self.detail


async def of_request(ctx: Context, words: str, form: Format | None) -> Answer:
    """All that is known of one request, the first thing first; as a file where a format is named."""
    row = await meant(ctx, words)

    def read(session: Session, now: datetime) -> tuple[Card, Sequence[Entry]]:
        found = [*_events(session, row), *_votes(session, row), *_runs(session, row), *_changes(session, row)]
        return card_of(session, now, row), sorted(found, key=lambda one: one.at)

    card, entries = await ctx.store.transact(read)
    fields = row.proposal.get("fields") or {}
    about: dict[str, Any] = {"card": card, "fields": fields}
    data = {**facts_of(card), "fields": fields, "entries": [_as_facts(one) for one in entries]}
    if form is not None:
        file = await ctx.export(f"approval-{row.id}", COLUMNS, _rows(row, entries), form)
        return ctx.answer(
            "approval/audit_file",
            account=row.account,
            data=data,
            attachment=file,
            name=file.name,
            rows=file.rows,
            **about,
        )
    return ctx.answer("approval/audit", account=row.account, data=data, entries=entries, most=SHOWN, **about)


def _as_facts(entry: Entry) -> Mapping[str, object]:
    return dict(zip(COLUMNS, entry.row(), strict=True))


async def _rows(row: Approval, entries: Sequence[Entry]) -> AsyncIterator[Sequence[object]]:
    """What exactly was asked for stands first."""
    exactly = dumps(row.proposal.get("fields") or {}, ensure_ascii=False, sort_keys=True)
    yield row.created_at, row.requested_by, "approval.fields", row.hash, exactly
    for entry in entries:
        yield entry.row()


def _events(session: Session, row: Approval) -> Iterator[Entry]:
    happened = select(Event).where(Event.account == row.account, Event.subject == subject_of("approval", row.id))
    for event in session.exec(happened.order_by(col(Event.recorded_at), col(Event.id))):
        yield Entry(at=event.time, who=event.data.get("by"), what=event.type, detail=event.data.get("reason"))


def _votes(session: Session, row: Approval) -> Iterator[Entry]:
    for vote in votes_of(session, row.id):
        yield Entry(at=vote.at, who=vote.user_id, what="vote", detail=vote.hash)
        if vote.lost_at is not None:
            yield Entry(at=vote.lost_at, who=vote.user_id, what="vote.lost")


def _runs(session: Session, row: Approval) -> Iterator[Entry]:
    """What people asked about it: to see it, to try it, to decide."""
    since = select(CommandRun).where(
        col(CommandRun.received_at) >= row.created_at,
        or_(*(col(CommandRun.command).startswith(name) for name in _ABOUT)),
    )
    for run in session.exec(since.order_by(col(CommandRun.id))):
        if any(len(word) >= 4 and row.id.endswith(word.lower()) for word in run.text.split()):
            outcome = run.outcome.value if run.outcome else None
            yield Entry(
                at=run.received_at or row.created_at, who=run.user_id, what="command", outcome=outcome, detail=run.text
            )


def _changes(session: Session, row: Approval) -> Iterator[Entry]:
    """What was asked of the vendor, and what it answered; the hold before anybody was asked among it."""
    ours = select(CommandRun.id).where(or_(CommandRun.id == row.run_id, CommandRun.key == hold_key(row)))
    changes = select(Change).where(col(Change.run_id).in_(ours)).order_by(col(Change.created_at))
    for change in session.exec(changes):
        asked = f"{change.action} {change.task_id} -> {change.wanted}"
        who = row.decided_by if change.run_id == row.run_id else None
        yield Entry(at=change.created_at, who=who, what="vendor.asked", detail=asked)
        if change.settled_at is not None:
            state = change.state.value
            yield Entry(at=change.settled_at, who=None, what="vendor.answered", outcome=state, detail=change.note)
    if row.result and row.ended_at is not None:
        said = dumps(row.result, ensure_ascii=False, sort_keys=True)
        yield Entry(at=row.ended_at, who=None, what="vendor.answered", outcome=row.state.value, detail=said)
