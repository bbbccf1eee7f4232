"""What a command is, and the ways in which one ends.

A command is an async function with typed arguments that returns an `Answer`; its docstring is its help, and the msgid
of its Chinese. It never replies and catches nothing: `bot.dispatch` does both.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.charts import Chart
from bot.config import Role
from bot.forms import Form
from bridge.receivers.files import Attachment
from providers.errors import ProviderError
from store.tables import Outcome
from templates import Message


@dataclass(frozen=True, slots=True)
class Once:
    """What is shown to the asker this once, in a modal or at a terminal, and written down nowhere."""

    shown: Message
    missed: Message
    """Said instead of the answer, where the modal was closed before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command came to: what the asker reads, and the same for machines and for the audit log."""

    message: Message
    outcome: Outcome = Outcome.DONE
    account: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For `--json`: keys as in `providers.model`."""
    error: Mapping[str, Any] | None = None
    """For `--json`: a stable `code`, with the vendor's own words where there are any."""
    announcement: Message | None = None
    """A change, told to the channel where it was asked for."""
    attachment: Attachment | None = None
    """A file for the asker alone, sent before the answer; `bot.dispatch` closes it."""
    picture: Callable[[], Awaitable[Chart | None]] | None = None
    """Drawn after the words were sent; it never delays them."""
    modal: Message | None = None
    """A form that is opened instead of an answer."""
    once: Once | None = None
    """A secret, beside the answer: of a command that `reveals`."""
    seen: bool = False
    """The message that was pressed shows by itself what came of it: who pressed it is told nothing more."""
    wakes: bool = False
    """What Slack shows by itself has changed (`store.tables.Notice`): an outbox of this process looks at once."""


def error_of(template: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer that says no, for machines: the vendor's error where there is one, else the reason's name."""
    error = facts.get("error")
    if isinstance(error, ProviderError):
        return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
    return {"code": template, "problem": facts.get("problem") or facts.get("verdict")}


class RefusalError(Exception):
    """A command cannot go on, for a reason that a person can act on: `template` with `facts` says which."""

    def __init__(self, template: str, outcome: Outcome = Outcome.REFUSED, /, **facts: Any) -> None:  # noqa: ANN401
        super().__init__(template)
        self.template = template
        self.outcome = outcome
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, who may use it, and how it is used."""

    name: str
    """As typed: `task pause`."""
    run: Callable[..., Awaitable[Answer]]
    role: Role
    usage: str
    """Its arguments: `ID [--account NAME]`."""
    examples: tuple[str, ...]
    form: "Check | None" = None
    """How a form of this command is checked before it is taken; None: it has none."""
    unless: str | None = None
    """The argument that says what the form would ask for: where it is given, no form opens."""
    secret: bool = False
    """Whether people may type a password into its line, which is then kept nowhere (`bot.redaction`)."""
    stays: bool = False
    """Whether its form stays open until the answer is there, which may be the form again, with what is wrong in it."""
    suggest: "Suggest | None" = None
    """Where its form offers more than fits: what may be chosen."""
    reveals: bool = False
    """Whether it shows a secret (`Answer.once`): the modal for it opens at once."""

    @property
    def summary(self) -> str:
        """The docstring's first line, which is also the msgid of its translation."""
        return (self.run.__doc__ or "").strip().split("\n", 1)[0]


Check = Callable[[Form], Mapping[str, RefusalError]]
"""By field, what is wrong with it; quick and without asking anybody, because Slack waits for it."""

Suggest = Callable[..., Awaitable[Message]]
"""`suggest(field, query, <the command's own arguments>, ctx=…)`: a message with one input, whose choices are offered.

It has two seconds, and stands for itself: whoever types may have opened the form in another process, yesterday.
"""

F = TypeVar("F", bound=Callable[..., Awaitable[Answer]])


def command(
    name: str,
    *,
    role: Role,
    usage: str = "",
    examples: tuple[str, ...] = (),
    form: Check | None = None,
    unless: str | None = None,
    secret: bool = False,
    stays: bool = False,
    suggest: Suggest | None = None,
    reveals: bool = False,
) -> Callable[[F], Command]:
    """Make a command of a function; `bot.commands.COMMANDS` lists it."""
    shown = examples or (name,)
    return lambda run: Command(name, run, role, usage, shown, form, unless, secret, stays, suggest, reveals)
