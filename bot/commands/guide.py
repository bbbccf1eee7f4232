"""`help` and `whoami`: what one can ask, and as whom."""

from bot.command import Answer, RefusalError, command
from bot.config import Role
from bot.context import Ctx
from store.tables import Outcome


@command("help", role=Role.VIEWER, usage="[COMMAND]", examples=("help", "help task pause"))
async def help_(*words: str, ctx: Ctx) -> Answer:
    """Show what I can do, or how one command is used."""
    name = " ".join(words)
    if not name:
        return ctx.answer("help", commands=list(ctx.commands.values()), role=ctx.person.role())
    found = [
        command for command in ctx.commands.values() if command.name == name or command.name.startswith(f"{name} ")
    ]
    if not found:
        raise RefusalError(
            "not_understood",
            Outcome.NOT_UNDERSTOOD,
            problem="unknown_word",
            word=name,
            meant=None,
            command=None,
            commands=(),
            known=list(ctx.commands),
            kind=None,
            choices=(),
        )
    return ctx.answer("help_command", commands=found, role=ctx.person.role())


@command("whoami", role=Role.VIEWER)
async def whoami(*, ctx: Ctx) -> Answer:
    """Show your roles and what gave them to you."""
    person = ctx.person
    accounts = {name: role for name, role in person.roles.items() if name != "*"}
    facts = {
        "user": person.id,
        "roles": {name: role.name.lower() for name, role in accounts.items()},
        "because_of": list(person.reasons),
    }
    return ctx.answer("whoami", data=facts, person=person, accounts=accounts)
