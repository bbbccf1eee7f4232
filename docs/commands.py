"""The command reference, out of the commands themselves."""

from collections.abc import Iterator

from bot.command import Command
from bot.commands import COMMANDS
from templates.words import words

SLASH = "/edm"


def commands() -> str:
    """The page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield "# Commands\n"
    yield (
        "Any of them works in Slack and, through `edmbot exec`, in a terminal. `[…]` may be left out; `--account` too,"
        " where only one\naccount can. `--share` shows the answer to everyone in the channel. Each role may do what the"
        " ones before it may: viewer,\noperator, approver, admin.\n"
    )
    yield "| | | |"
    yield "| --- | --- | --- |"
    for command in COMMANDS:
        yield f"| [`{command.name}`](#{_anchor(command)}) | {command.summary} | {_role(command)} |"
    yield ""
    nouns = list(dict.fromkeys(_noun(command) for command in COMMANDS))
    for noun in nouns:
        under = [command for command in COMMANDS if _noun(command) == noun]
        alone = [command.name for command in under] == [noun]
        if not alone:
            yield f"## {noun}\n"
        for command in under:
            yield f"{'##' if alone else '###'} {command.name}\n"
            yield from _section(command)


def _section(command: Command) -> Iterator[str]:
    yield f"{command.summary} {words('zh').one(command.summary)} Role: {_role(command)}.\n"
    yield "```"
    yield f"{SLASH} {command.name} {command.usage}".rstrip()
    yield "```\n"
    examples = [f"`{SLASH} {example}`" for example in command.examples if example != command.name or command.usage]
    if examples:
        yield "For example: " + " · ".join(examples) + "\n"


def _noun(command: Command) -> str:
    return command.name.split(" ")[0]


def _role(command: Command) -> str:
    return command.role.name.lower()


def _anchor(command: Command) -> str:
    return command.name.replace(" ", "-")
