"""What a scheduled send can be made of, as the vendor has it now; and what of a wish will not do any more."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlmodel import Session, col, select

from bot.command import RefusalError
from bot.commands.scheduleform import EVERYBODY, Entry, Offered, wrong
from bot.context import Context
from bridge.sightings import Kind
from bridge.snapshots import is_baselined
from providers.base import ChangesTasks, TellsBalance
from providers.capabilities import KeepsDomains, KeepsLists, KeepsMailboxes, KeepsTemplates
from providers.contacts import ContactList, ListId
from providers.errors import UnsupportedError
from providers.mailtemplates import CheckState, TemplateId
from store.engine import Store
from store.tables import Snapshot

CHECKED = 20
"""Templates whose check is asked for when the form opens, the newest first; and again before a task is made."""
DOMAINS = 20
"""Domains whose mailboxes are offered as senders."""
MAILBOXES = 100
"""Of one domain."""


@runtime_checkable
class Plans(ChangesTasks, KeepsTemplates, KeepsLists, Protocol):
    """What it takes to make a task out of templates and lists."""


@dataclass(frozen=True, slots=True)
class Choices:
    """All that a form offers."""

    templates: Sequence[Offered]
    lists: Sequence[Offered]
    senders: Sequence[str]
    """As `Entry.sender`."""

    @classmethod
    async def read(cls, store: Store, provider: Plans) -> "Choices":
        """Everything, from the vendor."""
        return cls(*await asyncio.gather(templates_of(store, provider), lists_of(provider), senders_of(provider)))

    def with_those_of(self, entry: Entry) -> "Choices":
        """What was chosen is offered, also when the vendor no longer has it; with its state of now where it does."""
        sender = entry.sender or EVERYBODY
        return replace(
            self,
            templates=_joined(entry.templates, self.templates),
            lists=_joined(entry.lists, self.lists),
            senders=self.senders if sender in self.senders else [sender, *self.senders],
        )

    def as_now(self, entry: Entry) -> Entry:
        """What was entered, with the names and states of now."""
        return replace(
            entry, templates=_renamed(entry.templates, self.templates), lists=_renamed(entry.lists, self.lists)
        )


def _joined(chosen: Iterable[Offered], offered: Sequence[Offered]) -> Sequence[Offered]:
    known = {one.id for one in offered}
    return [*(one for one in chosen if one.id not in known), *offered]


def _renamed(chosen: Iterable[Offered], offered: Sequence[Offered]) -> tuple[Offered, ...]:
    known = {one.id: one for one in offered}
    return tuple(known.get(one.id, one) for one in chosen)


# ---- what may be chosen


async def templates_of(store: Store, provider: Plans, *, checked: int = CHECKED) -> Sequence[Offered]:
    """The newest first, with what is known of their checks; so many are asked for."""
    names = {str(one.id): one.name async for one in provider.mail_templates()}
    ids = sorted(names, key=lambda one: (len(one), one), reverse=True)
    states = {one.id: one.state for one in await templates_seen(store, provider.account)}
    states |= await _checks(provider, [one for one in ids if states.get(one) != CheckState.PASSED][:checked])
    return [Offered(one, names[one], states.get(one, "")) for one in ids]


async def templates_seen(store: Store, account: str) -> Sequence[Offered]:
    """The same as they were seen last, without asking anybody; none where nobody has looked yet."""

    def read(session: Session, _now: datetime) -> Sequence[Offered]:
        if not is_baselined(session, account, Kind.TEMPLATE):
            return ()
        ours = (col(Snapshot.account) == account, col(Snapshot.kind) == Kind.TEMPLATE.value)
        rows = session.exec(select(Snapshot).where(*ours, col(Snapshot.missed) == 0)).all()
        found = [Offered(row.subject, row.facts.get("name"), row.state) for row in rows]
        return sorted(found, key=lambda one: (len(one.id), one.id), reverse=True)

    return await store.transact(read)


async def _checks(provider: Plans, ids: Sequence[str]) -> dict[str, str]:
    try:
        found = await asyncio.gather(*(provider.check_template(TemplateId(one)) for one in ids))
    except UnsupportedError:
        # V3.0 says it to nobody.
        return {}
    return {one.id: one.state.value for one in found if one is not None}


async def lists_of(provider: KeepsLists) -> Sequence[Offered]:
    """Every list, as the vendor orders them."""
    return [_offered(one) for one in await provider.contact_lists()]


def _offered(one: ContactList) -> Offered:
    return Offered(one.id, one.name, "importing" if one.importing else "", one.contacts)


async def senders_of(provider: Plans) -> Sequence[str]:
    """Everybody, the domains, their mailboxes; `all` alone where neither can be listed."""
    if not isinstance(provider, KeepsDomains) or not isinstance(provider, KeepsMailboxes):
        return [EVERYBODY]
    # In the vendor's own domains nobody has a mailbox.
    domains = [domain.name for domain in await provider.domains() if not domain.system][:DOMAINS]
    boxes = await asyncio.gather(*(provider.mailboxes(name, limit=MAILBOXES) for name in domains))
    return [EVERYBODY, *(f"@{name}" for name in domains), *(box.address for some in boxes for box in some)]


# ---- what will not do any more


async def refused(ctx: Context, provider: Plans, entry: Entry) -> Mapping[str, RefusalError]:
    """By field, what is wrong with a wish as the vendor has things now.

    Raises:
        ProviderError: that cannot be told.
    """
    found: dict[str, RefusalError] = {}
    if entry.at is None or entry.at <= await ctx.store.now():
        found["at"] = wrong("past")
    if (fault := await _templates_refused(provider, entry)) is not None:
        found["templates"] = fault
    lists = {one.id: await provider.contact_list(ListId(one.id)) for one in entry.lists}
    if (fault := _lists_refused(lists)) is not None:
        found["lists"] = fault
    elif (fault := await _numbers_refused(ctx, provider, entry, [one for one in lists.values() if one])) is not None:
        field = "last" if fault.facts["problem"] == "beyond" else "lists"
        found[field] = fault
    return found


async def _templates_refused(provider: Plans, entry: Entry) -> RefusalError | None:
    for one in entry.templates:
        try:
            check = await provider.check_template(TemplateId(one.id))
        except UnsupportedError:
            # V3.0 has no such call: it refuses the task itself.
            return None
        if check is None:
            return wrong("no_template", word=one.id)
        if check.state not in (CheckState.PASSED, CheckState.UNKNOWN):
            return wrong(check.state, word=one.id)
    return None


def _lists_refused(lists: Mapping[str, ContactList | None]) -> RefusalError | None:
    for list_id, found in lists.items():
        if found is None:
            return wrong("no_list", word=list_id)
        if found.importing:
            return wrong("importing", word=list_id)
    return None


async def _numbers_refused(
    ctx: Context, provider: Plans, entry: Entry, lists: Sequence[ContactList]
) -> RefusalError | None:
    """What is unknown refuses nothing: the card says that it is unknown."""
    counts = [one.contacts for one in lists if one.contacts is not None]
    if len(counts) < len(lists):
        return None
    size = sum(counts)
    first, last = entry.first or 1, min(entry.last or size, size)
    if last < first:
        return wrong("beyond" if size else "empty", count=size)
    if not isinstance(provider, TellsBalance):
        return None
    balance = await provider.balance()
    zone = ctx.zone(provider.account)
    another_day = entry.at is not None and entry.at.astimezone(zone).date() != ctx.today(provider.account)
    if balance.emails_left is None or (balance.daily_allowance and another_day):
        return None
    needed = last - first + 1
    return wrong("credit", count=needed, least=balance.emails_left) if needed > balance.emails_left else None
