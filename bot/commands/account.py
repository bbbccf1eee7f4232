"""`account`: whose account it is, and its service."""

import asyncio

from bot.arguments import AccountName
from bot.command import Answer, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Ctx
from providers.base import TellsAccount, TellsBalance, require


@command("account", role=Role.VIEWER, usage="[--account NAME]", examples=("account", "account --account umail"))
async def account(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show an account's owner and its service."""
    provider = ctx.provider(TellsAccount, account)
    name = provider.account
    info, balance = await asyncio.gather(provider.account_info(), require(provider, TellsBalance).balance())
    data = {**facts_of(balance), **facts_of(info)}
    return ctx.answer("account", account=name, data=data, title=provider.title, info=info, balance=balance)
