"""`balance`: what is left to send with, and for how long."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.arguments import AccountName
from bot.command import Answer, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from providers.base import Provider, TellsBalance, TellsDayStats, require
from providers.errors import ProviderError
from providers.model import Balance
from store.tables import Outcome

WEEK = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One account's balance, or why there is none."""

    account: str
    title: str
    balance: Balance | None = None
    error: ProviderError | None = None
    days_left: float | None = None
    """At the pace of the seven full days before today; None when that is not known or nothing was sent."""


@command("balance", role=Role.VIEWER, usage="[--account NAME]", examples=("balance", "balance --account umail"))
async def balance(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show what is left to send with, and for how long."""
    asked = ctx.providers_with(TellsBalance, account)
    lines = await asyncio.gather(*(_line(ctx, provider) for provider in asked))
    if len(lines) == 1 and lines[0].error:
        raise lines[0].error
    known = [line.balance for line in lines if line.balance and line.balance.emails_left is not None]
    return ctx.answer(
        "balance",
        outcome=Outcome.DONE if any(line.balance for line in lines) else Outcome.FAILED,
        account=asked[0].account if len(asked) == 1 else None,
        data=_data(lines),
        lines=lines,
        left=sum(found.emails_left or 0 for found in known) if known else None,
        counted=len(known),
        without=[provider.title for provider in ctx.unable(TellsBalance, asked)] if account is None else [],
    )


async def _line(ctx: Context, provider: Provider) -> Line:
    pace = asyncio.create_task(_pace(ctx, provider))
    try:
        found = await require(provider, TellsBalance).balance()
    except ProviderError as error:
        pace.cancel()
        return Line(provider.account, provider.title, error=error)
    per_day = await pace
    days = found.emails_left / per_day if per_day and found.emails_left is not None else None
    return Line(provider.account, provider.title, found, days_left=days)


async def _pace(ctx: Context, provider: Provider) -> float | None:
    """E-mails a day over the last full week; None when it cannot be told."""
    if not isinstance(provider, TellsDayStats):
        return None
    today = ctx.today(provider.account)
    try:
        week = await provider.day_stats(today - timedelta(days=WEEK), today - timedelta(days=1))
    except ProviderError:
        # The balance is the answer; how long it lasts is an extra that may be missing.
        return None
    spent = week.points_charged if week.points_charged is not None else week.requested
    return spent / WEEK if spent else None


def _data(lines: Sequence[Line]) -> dict[str, Any]:
    if len(lines) == 1 and lines[0].balance:
        return {**facts_of(lines[0].balance), "days_left": lines[0].days_left}
    return {
        "balances": [
            {**facts_of(line.balance), "days_left": line.days_left}
            if line.balance
            else {"account": line.account, "error": line.error.code if line.error else None}
            for line in lines
        ]
    }
