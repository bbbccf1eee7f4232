"""From a task on hold, or a message that waits here, to a request: its card is read, people are asked."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.command import Answer, RefusalError
from bot.commands.facts import facts_of
from bot.context import Context
from bridge.approvals import ballots, gathering, policy, proposals, requests
from bridge.approvals.asking import OpenRequestError, Wish
from bridge.approvals.proposals import Proposal
from bridge.changes import ledger
from providers.base import Provider, ReadsTasks, SendsMessages
from providers.model import Task
from store.tables import Approval, ApprovalKind, ApprovalState, Draft

STOPPED = "stopped by "
"""What the note of a request begins with whose task somebody has stopped; who, follows."""


def nobody_decides(ctx: Context) -> bool:
    """Whether app.yaml lets every send go out unasked: then nothing is read for a request."""
    settings = ctx.config.approvals
    return not settings.approvers and not any(one.approvers for one in settings.policies)


async def ask_for_task(
    ctx: Context,
    provider: ReadsTasks,
    task: Task,
    kind: ApprovalKind,
    *,
    reason: str | None,
    replaces: str | None = None,
) -> Approval | None:
    """Ask people to let a task go; None where app.yaml asks nobody for such a one.

    Raises:
        ProviderError: what has to be shown cannot be read; nobody was asked.
        RefusalError: `schedule/open`: somebody else's request about it is open.
    """
    if nobody_decides(ctx):
        return None
    told = await ctx.store.transact(lambda session, _now: ledger.of(session, task.account, task.id))
    now = await ctx.store.now()
    known = ledger.written(told) if told else {}
    proposal = await gathering.gather(provider, task, known, store=ctx.store, now=now)
    # A time that has passed since it was chosen stays: a yes to such a one comes too late, and never means at once.
    keeps = kind is ApprovalKind.SCHEDULE or (task.scheduled_at is not None and task.scheduled_at > now)
    at = task.scheduled_at if keeps else None
    wish = await _wish(ctx, kind, task.account, f"task/{task.id}", proposal)
    return await _ask(ctx, replace(wish, send_at=at, reason=reason, replaces=replaces))


async def ask_for_draft(ctx: Context, provider: SendsMessages, draft: Draft) -> Approval | None:
    """Ask people to let a message go; None where app.yaml asks nobody for such a one.

    Raises:
        RefusalError: `schedule/open`: somebody else's request about it is open.
    """
    if nobody_decides(ctx):
        return None
    proposal = await gathering.of_letter(provider, draft)
    return await _ask(ctx, await _wish(ctx, ApprovalKind.DRAFT, draft.account, f"draft/{draft.id}", proposal))


async def _wish(ctx: Context, kind: ApprovalKind, account: str, subject: str, proposal: Proposal) -> Wish:
    facts = proposals.policy_facts(kind, account, proposal, now=await ctx.store.now())
    return Wish(
        kind=kind,
        account=account,
        subject=subject,
        requested_by=ctx.person.id,
        channel_id=ctx.run.channel_id,
        reason=None,
        send_at=None,
        proposal=proposal.written(),
        policy=policy.needs(ctx.config.approvals, facts, ctx.zone(account)),
    )


async def _ask(ctx: Context, wish: Wish) -> Approval | None:
    if not wish.policy.count:
        return None
    desk = ctx.config.approval_desk
    try:
        return await ctx.store.transact(lambda session, now: desk.ask(session, now, wish))
    except OpenRequestError as other:
        raise open_already(other.approval) from None


def open_already(approval: Approval) -> RefusalError:
    """A refusal that says whose request stands in the way, and how far it is."""
    return RefusalError(
        "schedule/open",
        account=approval.account,
        approval_id=approval.id,
        subject=approval.subject,
        state=approval.state,
        user=approval.requested_by,
    )


async def open_request(ctx: Context, task: Task) -> Approval | None:
    """The open request about a task, to be put aside by what comes next.

    Raises:
        RefusalError: `schedule/open`: it is being carried out.
    """
    subject = f"task/{task.id}"
    found = await ctx.store.transact(lambda session, _now: requests.open_of(session, task.account, subject))
    if found is not None and found.state in (ApprovalState.EXECUTING, ApprovalState.UNKNOWN):
        raise open_already(found)
    return found


async def standing_request(ctx: Context, account: str, subject: str) -> Approval | None:
    """The open request that would let it go; one that was only found, and waits, asks about what is on its way."""
    found = await ctx.store.transact(lambda session, _now: requests.open_of(session, account, subject))
    if found is not None and found.kind is ApprovalKind.FOUND and found.state is ApprovalState.PENDING:
        return None
    return found


async def call_off(ctx: Context, approval: Approval) -> Approval:
    """Let nobody carry out a request any more, unless somebody does so already; the request as it is now."""

    def voided(session: Session, now: datetime) -> Approval:
        ballots.void(session, now, approval.id, why=f"{STOPPED}{ctx.person.id}", by=ctx.person.id)
        return session.get_one(Approval, approval.id)

    return await ctx.store.transact(voided)


async def refuse_if_asked(ctx: Context, account: str, subject: str) -> None:
    """Ask nobody twice for the same.

    Raises:
        RefusalError: `schedule/open`: somebody has asked for it, and that has not ended; found ones are nobody's.
    """
    found = await ctx.store.transact(lambda session, _now: requests.open_of(session, account, subject))
    if found is not None and found.kind is not ApprovalKind.FOUND:
        raise open_already(found)


async def put_aside(ctx: Context, draft: Draft, why: str) -> None:
    """A message is not any more what people were asked about."""

    def voided(session: Session, now: datetime) -> None:
        found = requests.open_of(session, draft.account, f"draft/{draft.id}")
        if found is not None:
            ballots.void(session, now, found.id, why=why, by=ctx.person.id)

    await ctx.store.transact(voided)


def asked(ctx: Context, provider: Provider, approval: Approval, *, task: Task | None = None) -> Answer:
    """The answer that says who is asked, where, until when, and what happens then."""
    answer = ctx.answer(
        "schedule/asked",
        account=provider.account,
        data={"approval": approval.id, **(facts_of(task) if task else {})},
        title=provider.title,
        **told(ctx, approval, task),
    )
    return replace(answer, wakes=True)


def told(ctx: Context, approval: Approval, task: Task | None) -> dict[str, Any]:
    """A request, for the templates."""
    return {
        "task": task,
        "approval_id": approval.id,
        "kind": approval.kind,
        "needed": approval.needed,
        "reasons": approval.policy["reasons"],
        "name": approval.proposal.get("name"),
        "recipients": approval.proposal.get("recipients"),
        "send_at": approval.send_at,
        "expires_at": approval.expires_at,
        "where": ctx.config.channels.approvals,
        "subject": approval.subject,
    }
