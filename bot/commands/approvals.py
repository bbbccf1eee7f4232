"""`approvals`, `approval`: what waits for a yes, and what people say to it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session, col, select

from bot.arguments import AccountName, ApprovalArg
from bot.command import Answer, RefusalError, command
from bot.commands.alerts import seen_by
from bot.config import Role
from bot.context import Context, Ctx
from bot.deciders import is_slack_id
from bot.forms import Form
from bridge.approvals import ballots
from bridge.approvals.ballots import Ruling
from bridge.approvals.cardface import Card, card_of
from bridge.approvals.policy import Needs
from bridge.approvals.requests import find, votes_of, waiting
from bridge.events import subject_of
from providers.base import SendsMessages
from store.tables import Approval, ApprovalKind, ApprovalState, Event, Outcome

MOST = 10
"""Requests that a list shows in full."""
STORY = 20
"""Things that happened to a request, at most, that are shown with it."""
_DONE = (ballots.Answer.VOTED, ballots.Answer.DECIDED, ballots.Answer.REJECTED, ballots.Answer.WITHDRAWN)
_DONE_ALREADY = (ballots.Answer.ALREADY_VOTED,)

Version = Annotated[int | None, Parameter(name="--version")]
Reason = Annotated[str | None, Parameter(name="--reason")]
_EXAMPLE = "3f9c2a"

Decision = Callable[[Session, datetime], Ruling]


@command(
    "approvals",
    role=Role.VIEWER,
    usage="[--mine] [--account NAME]",
    examples=("approvals", "approvals --mine", "approvals --account umail"),
)
async def approvals(
    *,
    mine: Annotated[bool, Parameter(name="--mine", negative=())] = False,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show what waits for approval; with --mine what waits for you, and what you asked for."""
    accounts = seen_by(ctx, account)

    def read(session: Session, now: datetime) -> Sequence[tuple[Approval, Card]]:
        return [(row, card_of(session, now, row)) for row in waiting(session, accounts)]

    found = await ctx.store.transact(read)
    may = await decidable(ctx, [row for row, _ in found])
    cards = [card for row, card in found if not mine or row.id in may or row.requested_by == ctx.person.id]
    return ctx.answer(
        "approval/list",
        account=account,
        data={"requests": [facts_of(card) for card in cards]},
        cards=cards,
        may=may,
        user=ctx.person.id,
        mine=mine,
        of=account,
        most=MOST,
    )


@command("approvals show", role=Role.VIEWER, usage="ID", examples=(f"approvals show {_EXAMPLE}",))
async def show(approval_id: ApprovalArg, *, ctx: Ctx) -> Answer:
    """Show one request: what is asked for, who said what to it, and how it ended."""
    row = await meant(ctx, approval_id)

    def read(session: Session, now: datetime) -> tuple[Card, Sequence[Event]]:
        happened = select(Event).where(Event.account == row.account, Event.subject == subject_of("approval", row.id))
        story = session.exec(happened.order_by(col(Event.recorded_at), col(Event.id)).limit(STORY)).all()
        return card_of(session, now, row), story

    card, story = await ctx.store.transact(read)
    return ctx.answer(
        "approval/show",
        account=row.account,
        data={**facts_of(card), "story": [{"at": one.time, "type": one.type, **one.data} for one in story]},
        card=card,
        story=story,
        may=row.id in await decidable(ctx, [row]),
        mine=may_withdraw(ctx, row),
        tests=any(isinstance(provider, SendsMessages) for provider in ctx.providers.values()),
    )


@command("approval approve", role=Role.APPROVER, usage="ID", examples=(f"approval approve {_EXAMPLE}",))
async def approve(approval_id: ApprovalArg, *, version: Version = None, ctx: Ctx) -> Answer:
    """Say yes to a request; the last yes that it needs starts it."""
    row = await meant(ctx, approval_id)
    _refuse_nobody(ctx, row)
    needs = needs_of(row)
    voters = await ctx.store.transact(lambda session, _now: [vote.user_id for vote in votes_of(session, row.id)])
    may, lost = await asyncio.gather(
        ctx.deciders.may(ctx.person.id, row.account, needs), ctx.deciders.lost(row.account, needs, voters)
    )

    if may is None:
        return await _told(ctx, row, "unasked")

    def decided(session: Session, now: datetime) -> Ruling:
        return ballots.vote(session, now, row.id, user=ctx.person.id, version=version, may=may, lost=lost)

    return await _ruled(ctx, decided)


def check_reason(form: Form) -> Mapping[str, RefusalError]:
    """By field, what is wrong with a refusal."""
    return {} if form.text("reason") else {"reason": RefusalError("approval/no_reason", Outcome.NOT_UNDERSTOOD)}


@command(
    "approval reject",
    role=Role.APPROVER,
    usage="ID [--reason TEXT]",
    examples=(f"approval reject {_EXAMPLE}", f'approval reject {_EXAMPLE} --reason "the wrong list"'),
    form=check_reason,
    unless="reason",
)
async def reject(approval_id: ApprovalArg, *, reason: Reason = None, ctx: Ctx) -> Answer:
    """Say no to a request, and why."""
    return await _refused(ctx, approval_id, reason, changes=False)


@command(
    "approval changes",
    role=Role.APPROVER,
    usage="ID [--reason TEXT]",
    examples=(f"approval changes {_EXAMPLE}",),
    form=check_reason,
    unless="reason",
)
async def changes(approval_id: ApprovalArg, *, reason: Reason = None, ctx: Ctx) -> Answer:
    """Send a request back to whoever asked, saying what should change."""
    return await _refused(ctx, approval_id, reason, changes=True)


@command("approval withdraw", role=Role.OPERATOR, usage="ID", examples=(f"approval withdraw {_EXAMPLE}",))
async def withdraw(approval_id: ApprovalArg, *, ctx: Ctx) -> Answer:
    """Take a request back that you made."""
    row = await meant(ctx, approval_id)
    if not may_withdraw(ctx, row):
        return await _told(ctx, row, "not_yours")
    return await _ruled(ctx, lambda session, now: ballots.withdraw(session, now, row.id, user=ctx.person.id))


async def meant(ctx: Context, words: str) -> Approval:
    """The request that somebody means by its id or the end of it, and may see.

    Raises:
        RefusalError: `approval/unclear`: none, or several.
    """

    def read(session: Session, now: datetime) -> Sequence[tuple[Approval, Card]]:
        seen = [row for row in find(session, words.lower()) if ctx.person.role(row.account) >= Role.VIEWER]
        return [(row, card_of(session, now, row)) for row in seen]

    found = await ctx.store.transact(read)
    if len(found) != 1:
        raise RefusalError("approval/unclear", approval_id=words, cards=[card for _, card in found])
    return found[0][0]


def needs_of(row: Approval) -> Needs:
    """What a request needs; one that nobody has read yet says nothing about it."""
    return Needs.read(row.policy) if row.policy else Needs(count=row.needed)


async def decidable(ctx: Context, rows: Iterable[Approval]) -> set[str]:
    """The ids of those that wait for the asker's own yes."""
    found: set[str] = set()
    for row in rows:
        needs = needs_of(row)
        own = row.requested_by == ctx.person.id and not needs.self_approval
        waits = row.state is ApprovalState.PENDING and row.hash and not own and not await _has_voted(ctx, row)
        if waits and await ctx.deciders.may(ctx.person.id, row.account, needs):
            found.add(row.id)
    return found


def may_withdraw(ctx: Context, row: Approval) -> bool:
    """Whether it is theirs, or they look after everything."""
    mine = row.requested_by == ctx.person.id or ctx.person.role(row.account) >= Role.ADMIN
    return mine and row.kind is not ApprovalKind.FOUND


def facts_of(card: Card) -> dict[str, Any]:
    """What `--json` says of a request."""
    facts: dict[str, Any] = {name: getattr(card, name) for name in _FACTS}
    return facts | {"votes": [vote["user"] for vote in card.votes]}


_FACTS = (
    *("id", "kind", "account", "of", "subject", "state", "version", "requested_by", "reason", "send_at", "expires_at"),
    *("created_at", "ended_at", "hash", "needed", "name", "recipients", "decided_by", "decided_at", "note"),
    *("replaces", "replaced_by"),
)


def _refuse_nobody(ctx: Context, row: Approval) -> None:
    """Decisions are people's.

    Raises:
        RefusalError: `approval/no_person`: it comes from a terminal, as nobody's.
    """
    if not is_slack_id(ctx.person.id):
        raise RefusalError("approval/no_person", account=row.account)


async def _has_voted(ctx: Context, row: Approval) -> bool:
    votes = await ctx.store.transact(lambda session, _now: votes_of(session, row.id))
    return any(vote.user_id == ctx.person.id and vote.hash == row.hash and not vote.lost_at for vote in votes)


async def _refused(ctx: Context, approval_id: str, reason: str | None, *, changes: bool) -> Answer:
    row = await meant(ctx, approval_id)
    _refuse_nobody(ctx, row)
    may = await ctx.deciders.may(ctx.person.id, row.account, needs_of(row))
    if not may:
        return await _told(ctx, row, "unasked" if may is None else ballots.Answer.NOT_ASKED)
    note = ctx.form.text("reason") if ctx.form else reason
    if note is None:
        return await _why(ctx, row, changes=changes)

    def decided(session: Session, now: datetime) -> Ruling:
        refuse = ballots.request_changes if changes else ballots.reject
        return refuse(session, now, row.id, user=ctx.person.id, note=note)

    return await _ruled(ctx, decided, changes=changes)


async def _why(ctx: Context, row: Approval, *, changes: bool) -> Answer:
    """The form that asks for a reason, where there is still something to refuse."""
    card = await ctx.store.transact(lambda session, now: card_of(session, now, row))
    if row.state is ApprovalState.PENDING and card.left:
        return ctx.ask("approval/reason", account=row.account, card=card, changes=changes)
    over = row.state in (ApprovalState.APPROVED, ApprovalState.EXECUTING)
    return await _told(ctx, row, ballots.Answer.UNDER_WAY if over else ballots.Answer.GONE)


async def _ruled(ctx: Context, decided: Decision, *, changes: bool = False) -> Answer:
    def work(session: Session, now: datetime) -> tuple[ballots.Answer, Card]:
        ruling = decided(session, now)
        session.flush()
        return ruling.answer, card_of(session, now, ruling.approval)

    answer, card = await ctx.store.transact(work)
    return _say(ctx, answer, card, changes=changes)


async def _told(ctx: Context, row: Approval, answer: str) -> Answer:
    """The answer to who cannot decide it, or not any more; nothing was changed."""
    card = await ctx.store.transact(lambda session, now: card_of(session, now, session.get_one(Approval, row.id)))
    return _say(ctx, answer, card)


def _say(ctx: Context, answer: str, card: Card, *, changes: bool = False) -> Answer:
    done = answer in _DONE or answer in _DONE_ALREADY
    said = ctx.answer(
        "approval/ruling",
        outcome=Outcome.DONE if done else Outcome.REFUSED,
        account=card.account,
        data={"answer": str(answer), **facts_of(card)},
        answer=str(answer),
        card=card,
        changes=changes,
        who=_who_may(ctx, card),
    )
    return replace(said, wakes=answer in _DONE)


def _who_may(ctx: Context, card: Card) -> Sequence[str]:
    """Those to turn to: whom the policy names, else the approvers, else the admins; never the asker alone."""
    account = ctx.config.accounts.get(card.account)
    roles = (ctx.config.roles, account.roles) if account else (ctx.config.roles,)
    approvers, admins = ([one for part in roles for one in getattr(part, name)] for name in ("approver", "admin"))
    turns = [card.who] if card.who else [approvers, admins]
    others = ([one for one in dict.fromkeys(named) if one != card.requested_by] for named in turns)
    return next(filter(None, others), [])
