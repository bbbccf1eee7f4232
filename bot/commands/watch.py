"""`task watch` and `task unwatch`: one message that follows a task until it ends."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import AccountName, TaskId
from bot.command import Answer, command
from bot.commands.facts import facts_of
from bot.commands.task import known
from bot.config import Role
from bot.context import Ctx
from bot.receivers import receiver_of
from bridge.notices import watch as follow
from bridge.notices.watch import Watched
from bridge.sightings import of_task
from bridge.transitions import TASK_ENDS
from providers.base import ReadsTasks
from store.tables import Outcome

To = Annotated[str | None, Parameter(name="--to")]


@command(
    "task watch",
    role=Role.VIEWER,
    usage="ID [--to @me|#CHANNEL] [--account NAME]",
    examples=("task watch 19124", "task watch 19124 --to @me"),
)
async def watch(task_id: TaskId, *, to: To = None, account: AccountName = None, ctx: Ctx) -> Answer:
    """Follow a sending task in one message that is kept up to date."""
    provider = ctx.provider(ReadsTasks, account)
    name = provider.account
    receiver = await receiver_of(ctx, to, name)
    task = await known(provider, task_id)
    about: dict[str, Any] = {"task": task, "receiver": receiver, "over": task.status in TASK_ENDS}
    if task.status in TASK_ENDS:
        return ctx.answer("watch/begun", outcome=Outcome.REFUSED, account=name, data=facts_of(task), new=False, **about)
    facts = {**of_task(task).facts, "observed_at": task.observed_at.isoformat()}

    def begun(session: Session, now: datetime) -> Watched:
        return follow.watch(
            session, now, receiver=receiver, account=name, task_id=task.id, user=ctx.person.id, facts=facts
        )

    watched = await ctx.store.transact(begun)
    data = {**facts_of(task), "receiver": receiver, "new": watched.new}
    return replace(ctx.answer("watch/begun", account=name, data=data, new=watched.new, **about), wakes=True)


@command(
    "task unwatch",
    role=Role.VIEWER,
    usage="ID [--to @me|#CHANNEL] [--account NAME]",
    examples=("task unwatch 19124",),
)
async def unwatch(task_id: TaskId, *, to: To = None, account: AccountName = None, ctx: Ctx) -> Answer:
    """Follow a task no longer."""
    provider = ctx.provider(ReadsTasks, account)
    receiver = await receiver_of(ctx, to, provider.account, speaks=False)

    def ended(session: Session, now: datetime) -> bool:
        return follow.unwatch(
            session, now, receiver=receiver, account=provider.account, task_id=task_id, user=ctx.person.id
        )

    done = await ctx.store.transact(ended)
    answer = ctx.answer(
        "watch/ended",
        outcome=Outcome.DONE if done else Outcome.REFUSED,
        account=provider.account,
        data={"task_id": task_id, "receiver": receiver, "done": done},
        # The message that is pressed names where it is, and shows that it is followed no longer.
        seen=done and to is not None,
        task_id=task_id,
        receiver=receiver,
        done=done,
    )
    return replace(answer, wakes=done)
