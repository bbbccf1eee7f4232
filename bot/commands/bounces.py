"""`bounces`: what failed and why: figures by category, one category's domains and reasons, or a file of recipients."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.exceptions import CoercionError
from cyclopts.token import Token

from bot.arguments import AccountName, Period, TaskId, period
from bot.charts import Chart
from bot.command import Answer, RefusalError, command
from bot.commands.breakdown import FIGURES, NUMBERS, Part, by_day, by_task, filled, week_before
from bot.commands.facts import facts_of, total
from bot.commands.failures import Tally, Wanted, can_ask, failed, one_table
from bot.config import Role
from bot.context import Context, Ctx
from bot.exports import Format
from providers.base import Provider, ReadsTasks, TellsDayStats, TellsTaskStats, require
from providers.capabilities import ExplainsFailures
from providers.errors import ProviderError
from providers.model import FailureCategory, SendId, Task
from providers.umail.dialect import CATEGORIES
from store.tables import Outcome

TOLD_EVERY = 20_000


def _category(_type: object, tokens: Sequence[Token]) -> FailureCategory:
    """One of our words, or the vendor's number or name."""
    word = tokens[0].value.strip().lower().replace("-", "_")
    try:
        return CATEGORIES.get(word) or FailureCategory(word)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=FailureCategory) from None


@command(
    "bounces",
    role=Role.VIEWER,
    usage="[today|yesterday|7d|30d|DATE|DATE..DATE] [--task ID] [--category CATEGORY] [--export] "
    "[--format csv|json|xlsx] [--account NAME]",
    examples=(
        "bounces today",
        "bounces 7d --account umail",
        "bounces --task 19124",
        "bounces yesterday --category mailbox_full",
        "bounces --task 19124 --export",
    ),
)
async def bounces(
    words: str | None = None,
    *,
    task: Annotated[TaskId | None, Parameter(name="--task")] = None,
    category: Annotated[FailureCategory | None, Parameter(name="--category", converter=_category)] = None,
    export: Annotated[bool, Parameter(name="--export", negative=())] = False,
    format: Annotated[Format | None, Parameter(name="--format")] = None,  # noqa: A002  # as people type it
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show what failed and why, by kind; or the recipients, as a file."""
    if words is not None and task is not None:
        raise RefusalError("bounces/one_of_both", Outcome.NOT_UNDERSTOOD, words=words, task_id=task)
    if category is not None or export or format is not None:
        provider = ctx.provider(ExplainsFailures, account)
        if export or format is not None:
            ctx.need(Role.OPERATOR, provider.account)
            return await _file(ctx, provider, await _wanted(ctx, provider, words, task, category), format or Format.CSV)
        return await _counted(ctx, provider, await _wanted(ctx, provider, words, task, category))
    if task is not None:
        return await _of_task(ctx, SendId(task), account)
    return await _of_days(ctx, words or "today", account)


# Figures


async def _of_days(ctx: Context, words: str, account: str | None) -> Answer:
    asked = ctx.providers_with(TellsDayStats, account)
    parts = await asyncio.gather(*(_part(ctx, provider, words) for provider in asked))
    main = asked[0].account if len(asked) == 1 else None
    days = period(words, ctx.today(main))
    without = ctx.unable(TellsDayStats, asked) if account is None else ()
    return _told(ctx, asked, parts, Wanted(days.first, days.last), period=days, without=without)


async def _part(ctx: Context, provider: Provider, words: str) -> Part:
    asked, zone = period(words, ctx.today(provider.account)), str(ctx.zone(provider.account))
    try:
        found, tasks, before = await asyncio.gather(
            require(provider, TellsDayStats).day_stats(asked.first, asked.last),
            by_task(provider, asked.first, asked.last),
            week_before(provider, asked.first),
        )
    except ProviderError as error:
        return Part(provider.account, provider.title, zone, error=error)
    stats = filled(found, tasks)
    return Part(provider.account, provider.title, zone, stats, before=before, days=by_day(tasks))


async def _of_task(ctx: Context, task_id: SendId, account: str | None) -> Answer:
    provider = ctx.provider(TellsTaskStats, account)
    task, stats = await asyncio.gather(_task(provider, task_id), provider.task_stats(task_id))
    zone = ctx.zone(provider.account)
    began = (task.started_at or task.observed_at).astimezone(zone).date()
    before = await week_before(provider, began)
    part = Part(provider.account, provider.title, str(zone), stats, before=before)
    return _told(ctx, [provider], [part], Wanted(began, began, task=task))


def _told(
    ctx: Context,
    asked: Sequence[Provider],
    parts: Sequence[Part],
    wanted: Wanted,
    *,
    period: Period | None = None,
    without: Sequence[Provider] = (),
) -> Answer:
    if len(parts) == 1 and parts[0].error:
        raise parts[0].error
    known = [part for part in parts if part.error is None]
    alone = asked[0] if len(asked) == 1 else None
    return ctx.answer(
        "bounces/show",
        outcome=Outcome.DONE if known else Outcome.FAILED,
        account=alone.account if alone else None,
        data=_data(known[0]) if alone else {"accounts": [_data(part) for part in known]},
        parts=parts,
        period=period,
        task=wanted.task,
        worst=_worst(alone, parts[0], wanted) if alone else None,
        listed=alone is not None and can_ask(alone, wanted, reasons=wanted.task is not None),
        without=[provider.title for provider in without],
        picture=lambda: _chart(ctx, known),
    )


async def _chart(ctx: Context, parts: Sequence[Part]) -> Chart | None:
    """One account's kinds, and its days where there are several; or how many failed at each account."""
    alone = parts[0] if len(parts) == 1 else None
    lines = [line for line in (*alone.failed, *alone.never_sent) if line.count] if alone else []
    chart = Chart(
        ctx.say(
            "bounces/chart",
            account=alone.account if alone else None,
            lines=sorted(lines, key=lambda line: -(line.count or 0)),
            days=alone.days if alone else (),
            parts=[part for part in parts if part.stats],
        )
    )
    return None if chart.empty else chart


def _worst(provider: Provider, part: Part, wanted: Wanted) -> FailureCategory | None:
    """The most frequent kind of which this account can tell more."""
    kinds = (kind for kind in part.kinds if can_ask(provider, replace(wanted, category=kind), reasons=True))
    return next(kinds, None)


async def _task(provider: Provider, task_id: SendId) -> Task:
    task = await require(provider, ReadsTasks).task(task_id)
    if task is None:
        raise RefusalError("no_such_task", account=provider.account, task_id=task_id, title=provider.title)
    return task


def _data(part: Part) -> dict[str, Any]:
    facts = facts_of(part.stats) if part.stats else {"account": part.account}
    return {**facts, "before": {figure: total(part.before, figure) for figure in ("sent", "failed", *FIGURES)}}


# One by one


async def _wanted(
    ctx: Context, provider: Provider, words: str | None, task_id: str | None, category: FailureCategory | None
) -> Wanted:
    today = ctx.today(provider.account)
    if task_id is None:
        asked = period(words or "today", today)
        return Wanted(asked.first, asked.last, category)
    task = await _task(provider, SendId(task_id))
    if task.batch is None:
        raise RefusalError("bounces/no_batch", account=provider.account, title=provider.title, task=task)
    began = (task.started_at or task.observed_at).astimezone(ctx.zone(provider.account)).date()
    return Wanted(min(began, today), today, category, task)


async def _file(ctx: Context, provider: ExplainsFailures, wanted: Wanted, format: Format) -> Answer:  # noqa: A002
    # Of days the file tells the task of each, of one task the vendor's reasons.
    tables = failed(provider, wanted, ctx.providers.values(), reasons=wanted.task is not None)
    table = one_table(tables, wanted)
    about = f"task-{wanted.task.id}" if wanted.task else _days(wanted)
    kind = f"-{wanted.category}" if wanted.category else ""
    file = await ctx.export_table(f"bounces-{provider.account}-{about}{kind}", table, format)
    return ctx.answer(
        "bounces/file",
        account=provider.account,
        data={"file": file.name, "rows": file.rows, "columns": table.columns, "observed_at": _now()},
        attachment=file,
        title=provider.title,
        wanted=wanted,
        name=file.name,
        rows=file.rows,
        columns=table.columns,
        at=_now(),
    )


async def _counted(ctx: Context, provider: ExplainsFailures, wanted: Wanted) -> Answer:
    tally = Tally()
    table = one_table(failed(provider, wanted, ctx.providers.values(), reasons=True), wanted)
    told = 0
    async with aclosing(table.batches) as batches:
        async for batch in batches:
            tally.add(batch, table.columns)
            if tally.count - told >= TOLD_EVERY:
                told = tally.count
                await ctx.progress("bounces/progress", account=provider.account, rows=told)
            # Others have their turn, also where the rows are here already.
            await asyncio.sleep(0)
    return ctx.answer(
        "bounces/category",
        account=provider.account,
        data={
            "category": wanted.category,
            "failures": tally.count,
            "domains": dict(tally.domains.top),
            "reasons": dict(tally.reasons.top),
            "observed_at": _now(),
        },
        title=provider.title,
        zone_name=str(ctx.zone(provider.account)),
        wanted=wanted,
        tally=tally,
        number=NUMBERS.get(wanted.category) if wanted.category else None,
        at=_now(),
    )


def _days(wanted: Wanted) -> str:
    return f"{wanted.first}" if wanted.first == wanted.last else f"{wanted.first}-to-{wanted.last}"


def _now() -> datetime:
    return datetime.now(UTC)
