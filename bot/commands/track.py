"""`track`: who opened a task's messages and who clicked in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from bot.arguments import AccountName, TaskId
from bot.charts import Chart
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bot.exports import Format
from providers.base import ReadsTasks, require
from providers.capabilities import TracksTasks
from providers.errors import RefusedError
from providers.model import SendId, Tracking
from providers.tracking import LinkClicks, TrackOverview
from store.tables import Outcome

LINKS = 20
"""Links in an answer, the most clicked first; the file of clicks has all."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of people: (part, whole); None where one of the two is not known.

    The vendor's own are not used: no document says of what they are shares.
    """

    opened: tuple[int, int] | None
    """Of those to whom it was delivered."""
    clicked: tuple[int, int] | None
    clicked_of_openers: tuple[int, int] | None


@command(
    "track",
    role=Role.VIEWER,
    usage="TASK [--opens|--clicks] [--format csv|json|xlsx] [--account NAME]",
    examples=("track 19124", "track 19124 --opens", "track 19124 --clicks --format xlsx"),
)
async def track(
    task_id: TaskId,
    *,
    opens: Annotated[bool, Parameter(name="--opens", negative=())] = False,
    clicks: Annotated[bool, Parameter(name="--clicks", negative=())] = False,
    format: Annotated[Format, Parameter(name="--format")] = Format.CSV,  # noqa: A002  # as people type it
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show who opened a task's messages and who clicked, as figures or as a file."""
    if opens and clicks:
        raise RefusalError("track/one_file", Outcome.NOT_UNDERSTOOD, task_id=task_id)
    provider = ctx.provider(TracksTasks, account)
    if opens or clicks:
        ctx.need(Role.OPERATOR, provider.account)
    found = await _overview(ctx, provider, task_id)
    if isinstance(found, Answer):
        return found
    if opens or clicks:
        return await _file(ctx, provider, task_id, found, kind="opens" if opens else "clicks", form=format)
    links = sorted(found.links, key=lambda link: link.clicked_total or 0, reverse=True)
    return ctx.answer(
        "track/show",
        account=provider.account,
        data={**facts_of(found), "links": [facts_of(link) for link in links]},
        title=provider.title,
        task_id=task_id,
        found=found,
        rates=rates_of(found),
        links=links[:LINKS],
        more=len(links) - LINKS,
        picture=lambda: _chart(ctx, provider.account, task_id, found, links[:LINKS]),
    )


async def _chart(
    ctx: Context, account: str, task_id: str, found: TrackOverview, links: Sequence[LinkClicks]
) -> Chart | None:
    named = [(_short(link.url), link) for link in links if link.clicked_total]
    chart = Chart(ctx.say("track/chart", account=account, task_id=task_id, found=found, links=named))
    return None if chart.empty else chart


def _short(url: str | None) -> str:
    """What tells a link from its neighbours: most begin with the same host."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return url or "—"
    return parts.path.rstrip("/") or parts.hostname or "—"


async def _overview(ctx: Context, provider: TracksTasks, task_id: str) -> TrackOverview | Answer:
    """What is tracked, or the answer that says why nothing is: no such task, or one that is not tracked."""
    refused: RefusedError | None = None
    try:
        found = await provider.track_overview(task_id=SendId(task_id))
        if found is not None:
            return found
    except RefusedError as error:
        refused = error
    task = await require(provider, ReadsTasks).task(SendId(task_id))
    if task is None:
        raise RefusalError("no_such_task", account=provider.account, task_id=task_id, title=provider.title)
    if refused is not None and task.tracking is not Tracking.NONE:
        raise refused
    return ctx.answer(
        "track/nothing",
        outcome=Outcome.REFUSED,
        account=provider.account,
        title=provider.title,
        task=task,
        error=refused,
    )


async def _file(
    ctx: Context,
    provider: TracksTasks,
    task_id: str,
    found: TrackOverview,
    *,
    kind: str,
    form: Format,
) -> Answer:
    table = (provider.opener_table if kind == "opens" else provider.click_table)(task_id=SendId(task_id))
    day = ctx.today(provider.account)
    file = await ctx.export_table(f"{kind}-{provider.account}-{task_id}-{day}", table, form)
    return ctx.answer(
        "track/file",
        account=provider.account,
        data={"task_id": task_id, "kind": kind, "file": file.name, "rows": file.rows},
        attachment=file,
        task_id=task_id,
        kind=kind,
        name=file.name,
        rows=file.rows,
        columns=table.columns,
        people=found.opened_unique if kind == "opens" else found.clicked_unique,
        at=found.observed_at,
    )


def rates_of(found: TrackOverview) -> Rates:
    """Shares, counted from people."""
    return Rates(
        _share(found.opened_unique, found.delivered),
        _share(found.clicked_unique, found.delivered),
        _share(found.clicked_unique, found.opened_unique),
    )


def _share(part: int | None, whole: int | None) -> tuple[int, int] | None:
    return (part, whole) if part is not None and whole else None
