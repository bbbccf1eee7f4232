"""What a command works with: who asks, the accounts, and a voice to answer in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from bot.command import Answer, Command, Injected, RefusalError, error_of
from bot.config import Config
from bot.line import read, write
from bot.people import Person
from providers.base import Provider, require
from providers.errors import UnsupportedError
from store.engine import Store
from store.tables import CommandRun, Outcome
from templates import Message, render

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Context:
    """One command's surroundings."""

    config: Config
    providers: Mapping[str, Provider]
    store: Store
    commands: Mapping[str, Command]
    command: Command
    person: Person
    run: CommandRun
    confirmed: bool = False
    """Whether the person was asked already: pressed the confirming button, or said `--yes` at a terminal."""

    def provider(self, capability: type[C], name: str | None) -> C:
        """The account that a command is about: the named one, or the only one that can.

        Raises:
            RefusalError: no such account, not allowed there, or several could (asked with a button each).
            UnsupportedError: the named one cannot.
        """
        if name is not None:
            return require(self._named(name), capability)
        able = self.providers_with(capability, None)
        if len(able) > 1:
            raise RefusalError(
                "choose_account", choices=[(p.account, p.title, self._line_for(p.account)) for p in able]
            )
        return require(able[0], capability)

    def providers_with(self, capability: type[Any], name: str | None) -> Sequence[Provider]:
        """The named account, or all that can and that the person may ask about.

        Raises:
            RefusalError: no such account, or not allowed on any.
            UnsupportedError: the named one cannot, or none can.
        """
        if name is not None:
            provider = self._named(name)
            require(provider, capability)
            return [provider]
        able = [provider for provider in self.providers.values() if isinstance(provider, capability)]
        if not able:
            raise UnsupportedError(f"no account has {capability.__name__}", capability=capability)
        allowed = [provider for provider in able if self.person.role(provider.account) >= self.command.role]
        if not allowed:
            raise self.not_allowed()
        return allowed

    def unable(self, capability: type[Any], asked: Sequence[Provider]) -> Sequence[Provider]:
        """The other accounts, which lack a capability."""
        return [p for p in self.providers.values() if p not in asked and not isinstance(p, capability)]

    def not_allowed(self, account: str | None = None) -> RefusalError:
        """A refusal that names the role that is missing and who has it."""
        holders = getattr(self.config.roles, self.command.role.name.lower())
        have = self.person.role(account)
        return RefusalError("not_allowed", needs=self.command.role, have=have, holders=holders, account=account)

    def zone(self, account: str | None = None) -> ZoneInfo:
        """The zone in which an account's days are counted."""
        found = self.config.accounts.get(account or "")
        return found.timezone if found else self.config.timezone

    def today(self, account: str | None = None) -> date:
        """The date where the account is."""
        return datetime.now(UTC).astimezone(self.zone(account)).date()

    def say(self, name: str, /, *, account: str | None = None, **facts: Any) -> Message:  # noqa: ANN401
        """A message in the asker's language."""
        return self._render(name, self.person.language, account, facts)

    def announce(self, name: str, /, *, account: str | None = None, **facts: Any) -> Message:  # noqa: ANN401
        """A message for everyone in the channel, in the channel's language."""
        language = str(self.config.languages.get(self.run.channel_id or "", self.config.language))
        return self._render(name, language, account, facts)

    def answer(
        self,
        name: str,
        /,
        *,
        outcome: Outcome = Outcome.DONE,
        account: str | None = None,
        data: Mapping[str, Any] | None = None,
        **facts: Any,  # noqa: ANN401
    ) -> Answer:
        """`say`, as a command's end; `data` is what `--json` prints."""
        return Answer(
            message=self.say(name, account=account, **facts),
            outcome=outcome,
            account=account,
            facts=data or {},
            error=None if outcome is Outcome.DONE else error_of(name, facts),
        )

    def _render(self, name: str, language: str, account: str | None, facts: Mapping[str, Any]) -> Message:
        return render(name, language, zone=self.zone(account), slash=self.config.slash, **{"account": account, **facts})

    def _named(self, name: str) -> Provider:
        provider = self.providers.get(name)
        if provider is None:
            raise RefusalError("no_account", Outcome.NOT_UNDERSTOOD, name=name, known=sorted(self.providers))
        if self.person.role(name) < self.command.role:
            raise self.not_allowed(name)
        return provider

    def _line_for(self, account: str) -> str:
        return write([*read(self.run.text), "--account", account])


Ctx = Annotated[Context, Injected]
"""How a command declares its context: `*, ctx: Ctx`."""
