"""What may be kept of a command line into which somebody typed a password, although passwords have a form.

The line is written down before it is understood, so what is left out is everything that is not known to be harmless.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from bot.command import Command
from bot.line import read, write

HIDDEN = "***"
_PLAIN_OPTION = re.compile(r"--share|--account(=[a-z0-9_-]+)?")
_URL = re.compile(r"(https?://)(?:[^/\s?#]*@)?([^/\s?#'\"<>|]+)[/?#][^\s'\"<>|]*", re.IGNORECASE)
_ACCOUNT = re.compile(r"[a-z0-9_-]+")


def kept(text: str, commands: Mapping[str, Command]) -> str:
    """What is written down of a line: no password, and of the URL of a webhook its host.

    What stands behind the host is how many a receiver knows who may post there.
    """
    words = read(text)
    is_webhook = bool(words) and _near(words[0], ["webhook"])
    return _URL.sub(rf"\1\2/{HIDDEN}", text) if is_webhook else without_secrets(text, commands)


def without_secrets(text: str, commands: Mapping[str, Command]) -> str:
    """The line as typed; of a `secret` command, or of what looks like one, its name, its address and its account."""
    words = read(text)
    guarded = {name: name.split(" ") for name, command in commands.items() if command.secret}
    if not words or not _is_guarded(words, guarded, commands):
        return text
    verbs = [name.split(" ")[1] for name in commands if name.split(" ")[0] in {noun for noun, _ in guarded.values()}]
    return write(list(_harmless(words, verbs)))


def _is_guarded(words: list[str], guarded: Mapping[str, list[str]], commands: Mapping[str, Command]) -> bool:
    exact = " ".join(words[:2])
    if exact in commands or words[0] in commands:
        return exact in guarded
    # A slip of the finger must not give it away either, nor a verb without its noun.
    return any(_near(words[0], noun_and_verb) for noun_and_verb in guarded.values())


def _near(word: str, known: list[str]) -> bool:
    return bool(get_close_matches(word.lower(), known, n=1, cutoff=0.5))


def _harmless(words: list[str], verbs: list[str]) -> Iterator[str]:
    address = False
    for index, word in enumerate(words):
        option_value = words[index - 1] == "--account" and index > 0 and _ACCOUNT.fullmatch(word)
        if index == 0 or (index == 1 and _near(word, verbs)) or _PLAIN_OPTION.fullmatch(word) or option_value:
            yield word
        elif "@" in word and not address:
            address = True
            yield word
        else:
            yield HIDDEN
