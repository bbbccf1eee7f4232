"""From words to a command with typed arguments, by cyclopts; its errors become ours, its own text is never shown."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cyclopts import App
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from bot.command import Command, RefusalError
from store.tables import Outcome


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command with its arguments, ready to run once it has its context."""

    command: Command
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    asks: bool = False
    """Whether a modal opens: a form for what was not said, or the place of what is shown once."""


class Grammar:
    """Every command, by its words."""

    def __init__(self, commands: Iterable[Command], fallback: str) -> None:
        """`fallback` names the command that an empty line stands for."""
        self.commands = {command.name: command for command in commands}
        self._fallback = fallback
        self._by_function = {command.run: command for command in self.commands.values()}
        self._app = _app("/edm")
        groups = {name.split(" ")[0]: _app(name.split(" ")[0]) for name in self.commands if " " in name}
        for group in groups.values():
            self._app.command(group)
        for command in self.commands.values():
            noun, _, verb = command.name.partition(" ")
            if verb:
                groups[noun].command(command.run, name=verb)
            elif noun in groups:
                # `alerts` is a command and has verbs of its own.
                groups[noun].default(command.run)
            else:
                self._app.command(command.run, name=noun)

    def parse(self, words: list[str]) -> Parsed:
        """The command that `words` name.

        Raises:
            RefusalError: `not_understood`, with what was not and the nearest that would be.
        """
        words = words or [self._fallback]
        # The noun alone asks what can be done with it; the parser would print its own help.
        if not self._resolves(words):
            raise self._unknown(words)
        try:
            function, bound, _injected = self._app.parse_args(words, print_error=False, exit_on_error=False)
        except CycloptsError as error:
            raise self._explained(error, words) from None
        command = self._by_function[function]
        asks = command.reveals or (command.form is not None and command.unless not in bound.arguments)
        return Parsed(command, bound.args, bound.kwargs, asks)

    def closest(self, words: list[str]) -> Command | None:
        """The command that these words start with."""
        return self.commands.get(" ".join(words[:2])) or self.commands.get(words[0])

    def under(self, noun: str) -> list[Command]:
        """The commands of a noun."""
        return [command for command in self.commands.values() if command.name.split(" ")[0] == noun]

    def _resolves(self, words: list[str]) -> bool:
        if " ".join(words[:2]) in self.commands:
            return True
        command = self.commands.get(words[0])
        if command is None:
            return False
        # What follows a command that takes no words must be one of its verbs.
        misread = len(words) > 1 and not words[1].startswith("-") and not _takes_words(command)
        return not (misread and len(self.under(words[0])) > 1)

    def _unknown(self, words: list[str]) -> RefusalError:
        noun, *rest = words
        if siblings := self.under(noun):
            if not rest:
                return _refusal("noun_alone", noun, commands=siblings)
            return self._unknown_verb(noun, rest[0], siblings)
        for command in self.commands.values():
            # People say `pause 19124`, too.
            if command.name.endswith(f" {noun}"):
                return _refusal("unknown_word", noun, meant=command.name, command=command)
        nouns = list(dict.fromkeys(name.split(" ")[0] for name in self.commands))
        near = _nearest(noun, nouns)
        if near is None:
            return _refusal("unknown_word", noun, known=nouns)
        command = self.closest([near, *rest]) or self.under(near)[0]
        return _refusal("unknown_word", noun, meant=near, command=command)

    def _unknown_verb(self, noun: str, verb: str, siblings: list[Command]) -> RefusalError:
        verbs = [command.name.split(" ")[1] for command in siblings if " " in command.name]
        near = _nearest(verb, verbs)
        if near is None:
            return _refusal("unknown_word", verb, known=verbs)
        command = self.commands[f"{noun} {near}"]
        return _refusal("unknown_word", verb, meant=command.name, command=command)

    def _explained(self, error: CycloptsError, words: list[str]) -> RefusalError:
        command = self.closest(words)
        for type_, problem, word in _PROBLEMS:
            if isinstance(error, type_):
                kind, choices = _expected(error)
                return _refusal(problem, word(error), command=command, kind=kind, choices=choices)
        return _refusal("unclear", " ".join(words), command=command)


def _takes_words(command: Command) -> bool:
    parameters = inspect.signature(command.run).parameters.values()
    return any(one.kind in (one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL) for one in parameters)


def _app(name: str) -> App:
    return App(name=name, help_flags=[], version_flags=[], result_action="return_value")


def _nearest(word: str, known: list[str]) -> str | None:
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return near[0] if near else None


def _refusal(
    problem: str,
    word: str,
    *,
    meant: str | None = None,
    command: Command | None = None,
    commands: Sequence[Command] = (),
    known: Sequence[str] = (),
    kind: str | None = None,
    choices: Sequence[str] = (),
) -> RefusalError:
    return RefusalError(
        "not_understood",
        Outcome.NOT_UNDERSTOOD,
        problem=problem,
        word=word,
        meant=meant,
        command=command,
        commands=commands,
        known=known,
        kind=kind,
        choices=choices,
    )


def _expected(error: CycloptsError) -> tuple[str | None, Sequence[str]]:
    """What would have been right: a kind of `bot.arguments`, or choices."""
    if isinstance(error, ValidationError):
        return error.exception_message, ()
    target = getattr(error, "target_type", None)
    if isinstance(target, type) and issubclass(target, Enum):
        return None, [str(member.value) for member in target]
    return ("number", ()) if target is int else (None, ())


def _missing(error: MissingArgumentError) -> str:
    """The option that lacks its value; an argument without a name stands in the usage line anyway."""
    name = error.argument.name if error.argument else ""
    return name if name in (error.unused_tokens or ()) else ""


def _offending(error: CycloptsError) -> str:
    token = getattr(error, "token", None)
    if token is not None:
        return str(token.value or token.keyword)
    tokens = error.argument.tokens if error.argument else []
    return str(tokens[-1].value) if tokens else ""


_PROBLEMS: tuple[tuple[type[CycloptsError], str, Callable[[Any], str]], ...] = (
    (MissingArgumentError, "missing", _missing),
    (UnknownOptionError, "unknown_option", lambda error: str(error.token.keyword or error.token.value)),
    (CoercionError, "wrong_value", _offending),
    (ValidationError, "wrong_value", _offending),
    (RepeatArgumentError, "repeated", lambda error: str(error.token.keyword)),
    (UnusedCliTokensError, "too_many", lambda error: " ".join(error.unused_tokens or ())),
)
