"""What a command works with: who asks, the accounts, and a voice to answer in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from bot.arguments import Injected
from bot.charts import Chart
from bot.command import Answer, Command, RefusalError, error_of
from bot.config import Config, Role
from bot.conversation import Conversation
from bot.deciders import Deciders
from bot.exports import Format, Told, export, export_table
from bot.forms import Form
from bot.line import read, write
from bot.people import People, Person
from bridge.changes.deeds import Deed, OpenDeedError, carry_out
from bridge.receivers.files import Attachment, Download, FileRefusedError
from providers.base import Provider, require
from providers.errors import UnsupportedError
from providers.tables import Table
from store.engine import Store
from store.tables import CommandRun, Outcome
from templates import Message, render

C = TypeVar("C")
T = TypeVar("T")
F = TypeVar("F")

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a file that a person hands over; Slack lets nobody choose a larger one (Block Kit, `file_input`)."""


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
    people: People
    deciders: Deciders
    conversation: Conversation | None = None
    """The way to the asker while the command runs; None at a terminal."""
    form: Form | None = None
    """What was entered into this command's modal; None while nobody was asked."""
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

    def need(self, role: Role, account: str | None) -> None:
        """Go on only for who has this role there; for a part of a command that asks for more than the rest.

        Raises:
            RefusalError: `not_allowed`.
        """
        if self.person.role(account) < role:
            raise self.not_allowed(account, role)

    def not_allowed(self, account: str | None = None, needs: Role | None = None) -> RefusalError:
        """A refusal that names the role that is missing and who has it."""
        needs = needs or self.command.role
        holders = getattr(self.config.roles, needs.name.lower())
        have = self.person.role(account)
        return RefusalError("not_allowed", needs=needs, have=have, holders=holders, account=account)

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
        announcement: Message | None = None,
        attachment: Attachment | None = None,
        picture: Callable[[], Awaitable[Chart | None]] | None = None,
        seen: bool = False,
        wakes: bool = False,
        **facts: Any,  # noqa: ANN401
    ) -> Answer:
        """`say`, as a command's end; `data` is what `--json` prints, the rest as in `Answer`."""
        return Answer(
            message=self.say(name, account=account, **facts),
            outcome=outcome,
            account=account,
            facts=data or {},
            error=None if outcome is Outcome.DONE else error_of(name, facts),
            announcement=announcement,
            attachment=attachment,
            picture=picture,
            seen=seen,
            wakes=wakes,
        )

    def ask(self, name: str, /, *, account: str | None = None, **facts: Any) -> Answer:  # noqa: ANN401
        """Open a form; submitting it runs the same line again, with `form` filled.

        Raises:
            RefusalError: `only_in_slack`, at a terminal.
        """
        if self.conversation is None:
            raise RefusalError("only_in_slack", command=self.command)
        modal = self.say(name, account=account, **facts)
        return Answer(message=self.say("form_again", line=self.run.text), account=account, modal=modal)

    async def progress(self, name: str, /, *, account: str | None = None, **facts: Any) -> None:  # noqa: ANN401
        """Show how far a long work is, in one message; call it as often as there is news."""
        if self.conversation is not None:
            await self.conversation.progress(self.say(name, account=account, **facts))

    async def export(
        self, name: str, columns: Sequence[str], rows: AsyncIterator[Sequence[object]], form: Format
    ) -> Attachment:
        """Write rows to a file for the asker alone, showing how many there are; `name` without its suffix."""
        return await export(name, columns, rows, form, told=self._rows_told(name))

    async def export_table(self, name: str, table: Table, form: Format) -> Attachment:
        """The same for a vendor's own export, which comes in batches."""
        return await export_table(name, table, form, told=self._rows_told(name))

    @asynccontextmanager
    async def download(self, file_id: str) -> AsyncIterator[Download]:
        """A file that the asker handed over in a form, on disk while the block lasts.

        Raises:
            RefusalError: somebody else's, larger than LARGEST_FILE, or not to be had.
        """
        if self.conversation is None:
            raise RefusalError("only_in_slack", command=self.command)
        try:
            async with self.conversation.download(file_id, LARGEST_FILE) as file:
                yield file
        except FileRefusedError as refused:
            raise RefusalError("file_refused", problem=refused.problem) from None

    async def carry_out(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        look: Callable[[], Awaitable[F]] | None,
        happened: Callable[[F], bool] = bool,
        check: str,
    ) -> Deed[T, F]:
        """Change something at a vendor, once; see `bridge.changes.deeds.carry_out`.

        Raises:
            RefusalError: `at_it`: somebody asks for the very same right now.
        """
        try:
            return await carry_out(self.store, self.run, call, look=look, happened=happened, check=check)
        except OpenDeedError as open_deed:
            other = open_deed.run
            raise RefusalError("at_it", user=other.user_id, at=other.received_at, line=other.text) from None

    def unknown(self, deed: Deed[Any, Any], *, title: str, account: str, check: str) -> Answer:
        """The answer when nobody knows whether a change happened."""
        return self.answer(
            "deed_unknown",
            outcome=Outcome.UNKNOWN,
            account=account,
            title=title,
            error=deed.error,
            line=self.run.text,
            check=check,
        )

    def _rows_told(self, name: str) -> Told:
        async def told(count: int) -> None:
            await self.progress("export_progress", name=name, rows=count)

        return told

    def _render(self, name: str, language: str, account: str | None, facts: Mapping[str, Any]) -> Message:
        about = {"account": account, "terminal": self.conversation is None}
        return render(name, language, zone=self.zone(account), slash=self.config.slash, **{**about, **facts})

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
