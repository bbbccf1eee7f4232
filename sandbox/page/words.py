"""What the composer completes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A command of the bot, for the composer: `task pause`, `ID [--account NAME]`, what it does."""

    name: str
    usage: str = ""
    summary: str = ""
