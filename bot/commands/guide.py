"""`help` and `whoami`: what one can ask, and as whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.command import Answer, Command, RefusalError, command
from bot.config import Role
from bot.context import Ctx
from store.tables import Outcome

_TOPICS = {
    "sending": ("task", "send", "draft", "sent", "message"),
    "figures": ("balance", "account", "stats", "bounces", "track", "charges", "log"),
    "addresses": ("list", "contact"),
    "content": ("template", "domain", "mailbox"),
    "alerts": ("alerts", "silence", "subscribe", "unsubscribe", "subscriptions"),
    "bot": (),
}
"""What nouns are about, in the order of the page; what is named nowhere is the bot's own."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What stands first in a line, with what may follow it."""

    name: str
    verbs: Sequence[str]
    alone: Command | None
    """The command that it is by itself."""


def topics(commands: Iterable[Command]) -> list[tuple[str, list[Noun]]]:
    """Commands by their nouns, and those by what they are about."""
    nouns: dict[str, list[Command]] = {}
    for one in commands:
        nouns.setdefault(one.name.split(" ")[0], []).append(one)
    about = {name: topic for topic, names in _TOPICS.items() for name in names}
    found: dict[str, list[Noun]] = {topic: [] for topic in _TOPICS}
    for name, under in nouns.items():
        verbs = [one.name.split(" ")[1] for one in under if one.name != name]
        alone = next((one for one in under if one.name == name), None)
        found[about.get(name, "bot")].append(Noun(name, verbs, alone))
    return [(topic, listed) for topic, listed in found.items() if listed]


@command("help", role=Role.VIEWER, usage="[COMMAND]", examples=("help", "help task pause"))
async def help_(*words: str, ctx: Ctx) -> Answer:
    """Show what I can do, or how one command is used."""
    name = " ".join(words)
    if not name:
        role = ctx.person.role()
        mine = [one for one in ctx.commands.values() if one.role <= role]
        return ctx.answer("help", topics=topics(mine), hidden=len(ctx.commands) - len(mine), role=role)
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
