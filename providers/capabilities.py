"""The contract, continued: what goes beyond tasks, numbers and messages. U-Mail alone has these.

As in `providers.base`: each is a Protocol that a client claims by having the methods, and every method may raise
anything from `providers.errors`. A method that the account's dialect lacks raises UnsupportedError before anything
is sent, and so does RefusedError what cannot be asked for: an empty id, too many rows. Streams and tables raise at
their end when rows are missing.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from providers.base import Provider
from providers.contacts import (
    Contact,
    ContactForm,
    ContactId,
    ContactList,
    ContactPage,
    ImportId,
    ImportRecord,
    ImportStatus,
    ListId,
    Scope,
)
from providers.domains import ConsoleLogin, Domain, DomainAdded, DomainCheck, Mailbox
from providers.mailtemplates import (
    AllAttachments,
    AttachmentId,
    MailTemplate,
    TemplateCheck,
    TemplateForm,
    TemplateId,
)
from providers.model import BatchNumber, FailureCategory, SendId, StatisticsId
from providers.tables import Table
from providers.tracking import (
    Charge,
    EmailId,
    LinkClicks,
    LinkId,
    LogEntry,
    Tracked,
    TrackId,
    TrackOverview,
)


@runtime_checkable
class ExplainsFailures(Provider, Protocol):
    """Failed recipients by task, and with the vendor's words for why."""

    def task_failure_table(
        self,
        *,
        statistics_id: StatisticsId | None = None,
        batch: BatchNumber | None = None,
        category: FailureCategory | None = None,
    ) -> Table:
        """One task's failures, in the columns of `failure_table`; the task by exactly one of its two names."""

    def failure_reason_table(
        self,
        first: date,
        last: date,
        *,
        category: FailureCategory | None = None,
        statistics_id: StatisticsId | None = None,
        batch: BatchNumber | None = None,
    ) -> Table:
        """The failures of a period with reasons, in the same columns. V3.0: addresses of one day and one category."""


@runtime_checkable
class TellsCharges(Provider, Protocol):
    """What days cost."""

    async def charges(self, first: date, last: date) -> Sequence[Charge]:
        """A row for each day and kind of charge; at most 31 days."""


@runtime_checkable
class KeepsLog(Provider, Protocol):
    """What was sent to whom."""

    async def log(self, day: date, address: str) -> Sequence[LogEntry]:
        """One address's entries of one day. 2019."""


@runtime_checkable
class TracksTasks(Provider, Protocol):
    """Who opened and who clicked. A task is named by exactly one of its id and its batch number."""

    async def track_overview(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None
    ) -> TrackOverview | None:
        """Totals and links, or None when the task is not tracked."""

    def opener_table(self, *, task_id: SendId | None = None, batch: BatchNumber | None = None) -> Table:
        """Who opened, where and when; times in the account's zone."""

    def click_table(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None, link_id: LinkId | None = None
    ) -> Table:
        """Who clicked, on any link or on one; times in the account's zone."""

    async def link_clicks(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None, link_id: LinkId | None = None
    ) -> Sequence[LinkClicks]:
        """Clicks by link."""

    def tracked(
        self,
        track_ids: Sequence[TrackId],
        *,
        clicked_only: bool = False,
        link_id: LinkId | None = None,
        email_id: EmailId | None = None,
    ) -> AsyncIterator[Tracked]:
        """Stream the recipients of tracking records; several records in 2019 only."""


@runtime_checkable
class KeepsLists(Provider, Protocol):
    """Contact lists. Changes are never retried; each returns when the vendor did not object."""

    async def contact_lists(self) -> Sequence[ContactList]: ...

    async def contact_list(self, list_id: ListId) -> ContactList | None: ...

    async def add_list(self, name: str, *, enabled: bool = True, description: str | None = None) -> ListId | None:
        """Create a list. None where the vendor does not name it (V3.0)."""

    async def edit_list(self, list_id: ListId, name: str, *, enabled: bool, description: str | None = None) -> None:
        """Rename, enable or disable."""

    async def delete_list(self, list_id: ListId) -> None:
        """Delete a list with its contacts."""

    async def empty_list(self, *, list_id: ListId) -> None:
        """Delete every contact of a list."""


@runtime_checkable
class KeepsSubscriptions(Provider, Protocol):
    """Who subscribes to a list and who left it."""

    async def subscribe(self, list_id: ListId, address: str, *, name: str | None = None) -> None: ...

    async def subscribe_many(self, list_id: ListId, subscribers: Sequence[tuple[str, str | None]]) -> None:
        """Addresses, each with a name or None; at most 500."""

    async def unsubscribe(self, list_id: ListId, addresses: Sequence[str]) -> None:
        """At most 500."""

    def unsubscribe_table(self, list_id: ListId) -> Table:
        """Who left: address, at (in the account's zone)."""

    def subscriber_table(self, list_id: ListId) -> Table:
        """Who subscribes: address, name. V3.0."""


@runtime_checkable
class KeepsContacts(Provider, Protocol):
    """The addresses in lists."""

    async def contacts(
        self, *, where: ListId | Scope, keyword: str | None = None, page: int = 1, limit: int = 50
    ) -> ContactPage: ...

    def contact_table(self, *, where: ListId | Scope) -> Table:
        """All of them, as they come."""

    async def contact(self, contact_id: ContactId) -> Contact | None:
        """One contact. 2019."""

    async def add_contact(self, list_id: ListId, form: ContactForm) -> ContactId | None: ...

    async def add_contacts(self, list_id: ListId, forms: Sequence[ContactForm]) -> None:
        """At most 500."""

    def can_edit_contacts(self) -> bool:
        """Whether there is a call for `edit_contact`."""

    async def edit_contact(self, contact_id: ContactId, form: ContactForm) -> None:
        """Write over a contact. V3.0."""

    async def delete_contact(self, contact_id: ContactId) -> None: ...


@runtime_checkable
class ImportsContacts(Provider, Protocol):
    """Files of contacts."""

    async def import_contacts(self, list_id: ListId, file: Path, *, file_name: str | None = None) -> ImportId | None:
        """Hand a file over, streamed from disk. None where the vendor does not name the import (V3.0)."""

    def can_follow_imports(self) -> bool:
        """Whether there are calls for `import_status` and `imports`."""

    async def import_status(self, import_id: ImportId) -> ImportStatus:
        """Whether it has been parsed. 2019."""

    async def imports(self) -> Sequence[ImportRecord]:
        """What was imported. 2019."""


@runtime_checkable
class KeepsTemplates(Provider, Protocol):
    """Mail templates and their files."""

    def mail_templates(self) -> AsyncIterator[MailTemplate]:
        """Stream all, each with its content."""

    async def mail_template(self, template_id: TemplateId) -> MailTemplate | None: ...

    async def check_template(self, template_id: TemplateId) -> TemplateCheck | None:
        """Whether it may be used. 2019."""

    async def add_template(self, form: TemplateForm, *, attachments: Sequence[tuple[Path, str]] = ()) -> TemplateId:
        """Create a template, with files (path, name to show)."""

    async def edit_template(self, template_id: TemplateId, form: TemplateForm) -> None: ...

    async def delete_template(self, template_id: TemplateId) -> None: ...

    async def attach(self, template_id: TemplateId, attachments: Sequence[tuple[Path, str]]) -> None: ...

    async def detach(self, template_id: TemplateId, *, attachment: AttachmentId | AllAttachments) -> None: ...


@runtime_checkable
class KeepsDomains(Provider, Protocol):
    """Sender domains."""

    async def domains(self) -> Sequence[Domain]: ...

    @property
    def can_change_domains(self) -> bool:
        """Whether domains can be added and deleted. V3.0: by managers only."""

    async def add_domain(self, name: str) -> DomainAdded:
        """V3.0: managers only."""

    async def check_domains(self, names: Sequence[str]) -> Sequence[DomainCheck]:
        """2019, and no managers."""

    async def delete_domain(self, name: str) -> None:
        """V3.0: managers only."""


@runtime_checkable
class KeepsMailboxes(Provider, Protocol):
    """Senders' mailboxes. A password is in no error, log or repr."""

    async def mailboxes(self, domain: str, *, page: int = 1, limit: int = 30) -> Sequence[Mailbox]: ...

    async def add_mailbox(self, address: str, password: SecretStr) -> None: ...

    async def edit_mailbox(self, address: str, password: SecretStr) -> None:
        """Give it a new password."""

    async def delete_mailbox(self, address: str) -> None: ...


@runtime_checkable
class HasConsole(Provider, Protocol):
    """A console that people log in to."""

    def console_login(self) -> ConsoleLogin: ...
