"""`console`: the way into a vendor's console. Its password is for people to know, not for a bot to tell."""

from bot.arguments import AccountName
from bot.command import Answer, command
from bot.config import Role
from bot.context import Ctx
from providers.capabilities import HasConsole


@command("console", role=Role.ADMIN, usage="[--account NAME]", examples=("console",))
async def console(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show the way to the vendor's console and what to log in with."""
    provider = ctx.provider(HasConsole, account)
    login = provider.console_login()
    return ctx.answer(
        "console/login",
        account=provider.account,
        data={"url": login.action, "username": login.username, "user_type": login.user_type},
        title=provider.title,
        login=login,
        encrypted=login.action.startswith("https://"),
    )
