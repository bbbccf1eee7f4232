"""`list export` and `list unsubscribes`: what comes out of a list, as a file for the asker alone."""

import heapq
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from bot.arguments import AccountName, ListArg
from bot.command import Answer, command
from bot.commands.lists import known
from bot.config import Role
from bot.context import Context, Ctx
from bot.exports import Format
from providers.base import require
from providers.capabilities import KeepsContacts, KeepsLists, KeepsSubscriptions
from providers.contacts import ContactList
from providers.tables import Table

SHOWN = 10
"""The latest unsubscribes that an answer shows."""

FormatOption = Annotated[Format, Parameter(name="--format")]


@command(
    "list export",
    role=Role.OPERATOR,
    usage="LIST [--format csv|json|xlsx] [--account NAME]",
    examples=("list export 5", "list export 5 --format xlsx"),
)
async def export(
    list_id: ListArg,
    *,
    format: FormatOption = Format.CSV,  # noqa: A002  # as people type it
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Send you the addresses of a contact list as a file."""
    provider = ctx.provider(KeepsContacts, account)
    found = await known(require(provider, KeepsLists), list_id)
    return await _file(ctx, provider.title, found, "contacts", provider.contact_table(where=found.id), form=format)


@command(
    "list unsubscribes",
    role=Role.OPERATOR,
    usage="LIST [--export] [--format csv|json|xlsx] [--account NAME]",
    examples=("list unsubscribes 5", "list unsubscribes 5 --export"),
)
async def unsubscribes(
    list_id: ListArg,
    *,
    export: Annotated[bool, Parameter(name="--export", negative=())] = False,
    format: FormatOption = Format.CSV,  # noqa: A002
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show who left a contact list last, or send you all of them as a file."""
    provider = ctx.provider(KeepsSubscriptions, account)
    found = await known(require(provider, KeepsLists), list_id)
    table = provider.unsubscribe_table(found.id)
    if export:
        return await _file(ctx, provider.title, found, "unsubscribes", table, form=format)
    total, newest = await _newest(ctx, table)
    return ctx.answer(
        "list/unsubscribes",
        account=provider.account,
        data={"total": total, "newest": [{"address": address, "at": at} for address, at in newest]},
        title=provider.title,
        list=found,
        total=total,
        newest=newest,
    )


async def _file(ctx: Context, title: str, found: ContactList, what: str, table: Table, *, form: Format) -> Answer:
    account = found.account
    day = ctx.today(account).isoformat()
    attachment = await ctx.export_table(f"{what}-{account}-list-{found.id}-{day}", table, form)
    about: dict[str, Any] = {
        "title": title,
        "list": found,
        "what": what,
        "rows": attachment.rows,
        "columns": table.columns,
    }
    return Answer(
        message=ctx.say("list/exported", account=account, name=attachment.name, **about),
        account=account,
        facts={"list_id": found.id, "rows": attachment.rows, "file": attachment.name},
        attachment=attachment,
    )


async def _newest(ctx: Context, table: Table) -> tuple[int, Sequence[tuple[str, datetime | None]]]:
    """How many rows `address, at` there are, and the latest, newest first."""
    total = 0
    newest: list[tuple[Any, ...]] = []
    async with aclosing(table.batches) as batches:
        async for batch in batches:
            total += len(batch)
            newest = heapq.nlargest(SHOWN, [*newest, *batch], key=lambda row: row[1] or _NEVER)
            await ctx.progress("export_progress", name="unsubscribes", rows=total)
    return total, [(str(address), at) for address, at in newest]


_NEVER = datetime.min.replace(tzinfo=UTC)
