"""`task`: look at sending tasks, pause, resume, cancel and delete them."""

import asyncio
from typing import Any

from bot.arguments import AccountName, Page, TaskId, one_day
from bot.command import Answer, RefusalError, command
from bot.commands.asking import (
    ask_for_task,
    asked,
    call_off,
    nobody_decides,
    open_already,
    refuse_if_asked,
    standing_request,
)
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bridge.approvals.gathering import is_approved_as_it_is
from bridge.changes.decisions import Action, Verdict, decide
from bridge.changes.tasks import Result, change_task
from providers.base import ChangesTasks, Provider, ReadsTasks, TellsTaskStats
from providers.errors import ProviderError
from providers.model import SendId, SendStats, Task, TaskStatus
from store.tables import Approval, ApprovalKind, ApprovalState, ChangeState, Outcome
from templates import Message

PAGE = 20
"""Tasks a page: the vendor's limit (000 2.1)."""


@command(
    "task list",
    role=Role.VIEWER,
    usage="[--status STATUS] [--date DATE] [--page N] [--account NAME]",
    examples=("task list", "task list --status sending", "task list --date 2026-11-20"),
)
async def list_(
    *,
    status: TaskStatus | None = None,
    date: str | None = None,
    page: Page = 1,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """List sending tasks."""
    provider = ctx.provider(ReadsTasks, account)
    name = provider.account
    day = one_day(date, ctx.today(name)) if date else None
    tasks = await provider.tasks(status=status, day=day, page=page)
    return ctx.answer(
        "task/list",
        account=name,
        data={"tasks": [facts_of(task) for task in tasks], "page": page},
        title=provider.title,
        tasks=tasks,
        page=page,
        more=len(tasks) >= PAGE,
        status=status,
        day=day,
    )


@command("task show", role=Role.VIEWER, usage="ID [--account NAME]", examples=("task show 19124",))
async def show(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show one sending task."""
    provider = ctx.provider(ReadsTasks, account)
    task, stats = await asyncio.gather(known(provider, task_id), _stats(provider, task_id))
    return ctx.answer(
        "task/show", account=provider.account, data=facts_of(task), title=provider.title, **_told(task), stats=stats
    )


@command("task pause", role=Role.OPERATOR, usage="ID [--account NAME]", examples=("task pause 19124",))
async def pause(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Pause a task that is sending, or hold one that has not begun."""
    return await _change(ctx, Action.PAUSE, task_id, account)


@command("task resume", role=Role.OPERATOR, usage="ID [--account NAME]", examples=("task resume 19124",))
async def resume(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Let a paused or held task go on."""
    return await _change(ctx, Action.RESUME, task_id, account)


@command("task cancel", role=Role.OPERATOR, usage="ID [--account NAME]", examples=("task cancel 19124",))
async def cancel(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Cancel a task for good."""
    return await _change(ctx, Action.CANCEL, task_id, account)


@command("task delete", role=Role.OPERATOR, usage="ID [--account NAME]", examples=("task delete 19124",))
async def delete(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete a task with all that is known about it."""
    return await _change(ctx, Action.DELETE, task_id, account)


_ASKS_FIRST = (Action.CANCEL, Action.DELETE)
_LET_GO = (ApprovalState.EXECUTING, ApprovalState.UNKNOWN, ApprovalState.EXECUTED)


async def _change(ctx: Context, action: Action, task_id: str, account: str | None) -> Answer:
    provider = ctx.provider(ChangesTasks, account)
    # Before the task is read: what is let go afterwards reads as waiting still.
    standing = await standing_request(ctx, provider.account, f"task/{task_id}")
    task = await known(provider, task_id)
    decision = decide(action, task, provider.can_set)
    if standing is not None and _stops(ctx, action, decision.verdict):
        await _call_off(ctx, standing, decision.verdict)
    about: dict[str, Any] = {"title": provider.title, "action": decision.action, **_told(task)}
    if decision.verdict is not Verdict.GO:
        outcome = Outcome.DONE if decision.verdict is Verdict.ALREADY else Outcome.REFUSED
        return ctx.answer(
            "task/unchanged",
            outcome=outcome,
            account=provider.account,
            data=facts_of(task),
            verdict=decision.verdict,
            can_hold=provider.can_set(TaskStatus.DRAFT),
            **about,
        )
    if action in _ASKS_FIRST and not ctx.confirmed:
        return ctx.answer(
            "task/confirm", outcome=Outcome.REFUSED, account=provider.account, data=facts_of(task), **about
        )
    if action is Action.RESUME and (request := await _request(ctx, provider, task)) is not None:
        return asked(ctx, provider, request, task=task)
    result = await change_task(ctx.store, provider, task, decision, run_id=ctx.run.id)
    return changed(ctx, provider, result)


def _stops(ctx: Context, action: Action, verdict: Verdict) -> bool:
    """Whether somebody means it to stay where it is, or to go: then nobody may let it go."""
    is_meant = action is Action.PAUSE or (action in _ASKS_FIRST and ctx.confirmed)
    return is_meant and verdict in (Verdict.GO, Verdict.ALREADY)


async def _call_off(ctx: Context, standing: Approval, verdict: Verdict) -> None:
    """Void the request that would let a task go.

    Raises:
        RefusalError: `schedule/open`: it is being let go right now, and does not read so yet. What does, is changed.
    """
    approval = await call_off(ctx, standing)
    if verdict is Verdict.ALREADY and approval.state in _LET_GO:
        raise open_already(approval)


async def _request(ctx: Context, provider: ChangesTasks, task: Task) -> Approval | None:
    """A request to let it go on, where nobody has said yes here to what it is; None where it may go on at once."""
    if nobody_decides(ctx) or await is_approved_as_it_is(ctx.store, provider, task):
        return None
    await refuse_if_asked(ctx, task.account, f"task/{task.id}")
    return await ask_for_task(ctx, provider, task, ApprovalKind.RESUME, reason=None)


def changed(ctx: Context, provider: Provider, result: Result) -> Answer:
    """The answer that says what came of a change."""
    account, user = provider.account, ctx.person.id
    state = result.state
    if state is ChangeState.DONE:
        shown = result.after or result.before
        about: dict[str, Any] = {
            "title": provider.title,
            "action": result.decision.action,
            "user": user,
            "before": result.before,
            "deleted": result.after is None,
            "differences": result.differences,
            "unknown": () if result.after is None else result.unknown,
            "task": shown,
            # It was sending until now; what it did before tells more than what it does after.
            "rate": hourly_rate(result.before),
        }
        return Answer(
            message=ctx.say("task/changed", account=account, **about),
            account=account,
            facts={**facts_of(shown), "deleted": result.after is None},
            announcement=_announcement(ctx, account, about),
        )
    outcome = Outcome.FAILED if state is ChangeState.NOT_DONE else Outcome.UNKNOWN
    return ctx.answer(
        "task/not_changed" if state is ChangeState.NOT_DONE else "outcome_unknown",
        outcome=outcome,
        account=account,
        data=facts_of(result.after) if result.after else {},
        title=provider.title,
        action=result.decision.action,
        error=result.error,
        before=result.before,
        after=result.after,
    )


def _announcement(ctx: Context, account: str, about: dict[str, Any]) -> Message:
    return ctx.announce("task/announcement", account=account, **about)


async def known(provider: ReadsTasks, task_id: str) -> Task:
    """The task of this id.

    Raises:
        RefusalError: `no_such_task`.
    """
    task = await provider.task(SendId(task_id))
    if task is None:
        raise RefusalError("no_such_task", account=provider.account, task_id=task_id, title=provider.title)
    return task


async def _stats(provider: Provider, task_id: str) -> SendStats | ProviderError | None:
    if not isinstance(provider, TellsTaskStats):
        return None
    try:
        return await provider.task_stats(SendId(task_id))
    except ProviderError as error:
        return error


def _told(task: Task) -> dict[str, Any]:
    """A task with what can be worked out from it, for the templates."""
    return {"task": task, "rate": hourly_rate(task)}


def hourly_rate(task: Task) -> int | None:
    """Messages an hour from its beginning to its end, or to when it was read while it sends; None otherwise."""
    end = task.observed_at if task.status is TaskStatus.SENDING else task.ended_at
    if task.started_at is None or end is None or not task.sent or (end - task.started_at).total_seconds() < 60:
        return None
    return round(task.sent / (end - task.started_at).total_seconds() * 3600)
