"""`stats`: sent, delivered, failed; by day or by task."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from bot.arguments import AccountName, Period, TaskId, period
from bot.charts import Chart
from bot.command import Answer, command
from bot.commands.facts import facts_of, total
from bot.config import Role
from bot.context import Context, Ctx
from bot.line import write
from providers.base import Provider, ReadsTasks, TellsDayStats, TellsTaskStats, require
from providers.errors import ProviderError
from providers.model import SendId, SendStats
from store.tables import Outcome

BEFORE = timedelta(days=7)
CHARTS = 2
"""In one message, by Slack's rule."""


@dataclass(frozen=True, slots=True)
class Part:
    """One account's share of the answer."""

    account: str
    title: str
    zone: str
    """What a day means here."""
    stats: SendStats | None = None
    error: ProviderError | None = None
    tasks: Sequence[SendStats] = ()
    """The same days by task: the kinds of bounces stand only here. Never added to `stats`."""
    before: Sequence[SendStats] = ()
    """The week before by task, for comparison."""

    def kind(self, figure: str) -> int | None:
        """One kind of failure, from the tasks."""
        return total(self.tasks, figure)

    def usual(self, figure: str) -> int | None:
        """The same over the week before."""
        return total(self.before, figure)


@dataclass(frozen=True, slots=True)
class Daily:
    """One account's days, or why they are not known."""

    account: str
    title: str
    days: Sequence[SendStats] = ()
    error: ProviderError | None = None
    so_far: bool = False
    """Whether the last day is not over."""


@command(
    "stats",
    role=Role.VIEWER,
    usage="[today|yesterday|7d|30d|DATE|DATE..DATE] [--task ID] [--account NAME]",
    examples=("stats today", "stats 7d", "stats 2026-11-01..2026-11-07", "stats --task 19124"),
)
async def stats(
    words: str = "today",
    *,
    task: Annotated[TaskId | None, Parameter(name="--task")] = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show what was sent, delivered and failed, by day or for one task."""
    if task is not None:
        return await _of_task(ctx, SendId(task), account)
    asked = ctx.providers_with(TellsDayStats, account)
    parts = await asyncio.gather(*(_part(ctx, provider, words) for provider in asked))
    if len(parts) == 1 and parts[0].error:
        raise parts[0].error
    main = asked[0].account if len(asked) == 1 else None
    known = [part.stats for part in parts if part.stats]
    days = period(words, ctx.today(main))
    return ctx.answer(
        "stats",
        outcome=Outcome.DONE if known else Outcome.FAILED,
        account=main,
        data=facts_of(known[0]) if main and known else {"accounts": [facts_of(found) for found in known]},
        parts=parts,
        picture=partial(_picture, ctx, asked, words) if known and days.days > 1 else None,
        period=days,
        without=[provider.title for provider in ctx.unable(TellsDayStats, asked)] if account is None else [],
    )


async def _picture(ctx: Context, asked: Sequence[Provider], words: str) -> Chart:
    """The same day by day; of the first accounts, where there are more than a message has charts."""
    read = await asyncio.gather(*(_daily(ctx, provider, words) for provider in asked[:CHARTS]))
    return Chart(
        ctx.say(
            "chart/stats",
            drawn=[daily for daily in read if daily.error is None],
            unread=[daily for daily in read if daily.error],
            elsewhere=[write(["stats", words, "--account", provider.account]) for provider in asked[CHARTS:]],
        )
    )


async def _daily(ctx: Context, provider: Provider, words: str) -> Daily:
    """One day after the other: the vendor's limits leave room for what others ask meanwhile."""
    asked, today = period(words, ctx.today(provider.account)), ctx.today(provider.account)
    days = [asked.first + timedelta(days=offset) for offset in range(asked.days)]
    try:
        found = [await require(provider, TellsDayStats).day_stats(day, day) for day in days]
    except ProviderError as error:
        return Daily(provider.account, provider.title, error=error)
    return Daily(provider.account, provider.title, found, so_far=asked.last == today)


async def _part(ctx: Context, provider: Provider, words: str) -> Part:
    asked, zone = period(words, ctx.today(provider.account)), str(ctx.zone(provider.account))
    try:
        found, tasks, before = await asyncio.gather(
            require(provider, TellsDayStats).day_stats(asked.first, asked.last),
            _by_task(provider, asked),
            _by_task(provider, Period("before", asked.first - BEFORE, asked.first - timedelta(days=1)))
            if asked.days == 1
            else _nothing(),
        )
    except ProviderError as error:
        return Part(provider.account, provider.title, zone, error=error)
    return Part(provider.account, provider.title, zone, found, tasks=tasks, before=before)


async def _by_task(provider: Provider, asked: Period) -> Sequence[SendStats]:
    if not isinstance(provider, TellsTaskStats):
        return ()
    try:
        return await provider.task_stats_between(asked.first, asked.last)
    except ProviderError:
        # The totals are the answer; the breakdown is then left out, not shown as zero.
        return ()


async def _nothing() -> Sequence[SendStats]:
    return ()


async def _of_task(ctx: Context, task_id: SendId, account: str | None) -> Answer:
    provider = ctx.provider(TellsTaskStats, account)
    name = provider.account
    task, found = await asyncio.gather(require(provider, ReadsTasks).task(task_id), provider.task_stats(task_id))
    if task is None:
        return ctx.answer("no_such_task", outcome=Outcome.REFUSED, account=name, task_id=task_id, title=provider.title)
    data = facts_of(found) if found else {}
    return ctx.answer("task/stats", account=name, data=data, title=provider.title, task=task, stats=found)
