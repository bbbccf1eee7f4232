"""`audit`: who asked for what, and how it ended."""

from typing import Annotated

from cyclopts import Parameter

from bot.arguments import Page, moment
from bot.command import Answer, command
from bot.commands.approval_audit import of_request
from bot.config import Role
from bot.context import Ctx
from bot.exports import Format
from store.runs import history

PAGE = 20


@command(
    "audit",
    role=Role.ADMIN,
    usage="[--user USER] [--since TIME] [--page N] | --approval ID [--format csv|json|xlsx]",
    examples=(
        "audit",
        "audit --since 2h",
        "audit --user @mei --since 2026-11-20",
        "audit --approval 3f9c2a --format csv",
    ),
)
async def audit(
    *,
    user: Annotated[str | None, Parameter(name="--user")] = None,
    since: Annotated[str | None, Parameter(name="--since")] = None,
    page: Page = 1,
    approval: Annotated[str | None, Parameter(name="--approval")] = None,
    format: Annotated[Format | None, Parameter(name="--format")] = None,  # noqa: A002  # as people type it
    ctx: Ctx,
) -> Answer:
    """Show who asked for what, and how it ended."""
    if approval is not None:
        return await of_request(ctx, approval, format)
    after = moment(since, await ctx.store.now(), ctx.zone(), "audit") if since else None
    runs = await history(ctx.store, user_id=user, after=after, limit=PAGE + 1, skip=(page - 1) * PAGE)
    rows = [
        {"at": run.received_at, "user": run.user_id, "text": run.text, "outcome": run.outcome, "answer": run.answer}
        for run in runs[:PAGE]
    ]
    return ctx.answer(
        "audit",
        data={"runs": rows},
        runs=runs[:PAGE],
        page=page,
        more=len(runs) > PAGE,
        user=user,
        since=since,
    )
