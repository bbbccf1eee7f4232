"""`domain`: the domains that an account may send from, and what their DNS says."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.arguments import AccountName, DomainName
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bridge.changes.deeds import Deed, Seen
from providers.capabilities import KeepsDomains, KeepsMailboxes
from providers.domains import Domain, DomainAdded, DomainCheck, Mailbox
from providers.errors import ProviderError
from store.tables import Outcome

Checks = Mapping[str, DomainCheck]
"""By domain."""


@command("domain ls", role=Role.VIEWER, usage="[--account NAME]", examples=("domain ls",))
async def ls(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """List the sender domains and whether their DNS is right."""
    provider = ctx.provider(KeepsDomains, account)
    found = await provider.domains()
    checks, fault = await _checks(provider, [one.name for one in found if not one.system])
    rows = [(one, checks.get(one.name.lower())) for one in found]
    return ctx.answer(
        "domain/list",
        account=provider.account,
        data={"domains": [{**facts_of(one), "check": facts_of(check) if check else None} for one, check in rows]},
        title=provider.title,
        rows=rows,
        fault=fault,
    )


@command("domain check", role=Role.VIEWER, usage="DOMAIN [--account NAME]", examples=("domain check shop.example",))
async def check(domain: DomainName, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Ask whether a domain's DNS is right for sending."""
    provider = ctx.provider(KeepsDomains, account)
    name = domain.lower()
    found = next((one for one in await provider.check_domains([name]) if one.name.lower() == name), None)
    if found is None:
        raise _missing(provider, name)
    return ctx.answer("domain/check", account=provider.account, data=facts_of(found), title=provider.title, check=found)


@command("domain add", role=Role.ADMIN, usage="DOMAIN [--account NAME]", examples=("domain add shop.example",))
async def add(domain: DomainName, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Add a sender domain, and say which DNS records it needs."""
    provider = _changeable(ctx, account)
    name = domain.lower()
    before = await _found(provider, name)
    if before is not None:
        return _unchanged(ctx, provider, before, "there")
    deed = await ctx.carry_out(
        lambda: provider.add_domain(name),
        look=lambda: _found(provider, name),
        check=f"domain ls --account {provider.account}",
    )
    checks, _ = ({}, None) if deed.seen is Seen.UNKNOWN else await _checks(provider, [name])
    return _told(ctx, _Change(provider, "add", name, deed.value, checks.get(name)), deed)


@command("domain delete", role=Role.ADMIN, usage="DOMAIN [--account NAME]", examples=("domain delete shop.example",))
async def delete(domain: DomainName, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete a sender domain with its mailboxes, after asking."""
    provider = _changeable(ctx, account)
    name = domain.lower()
    before = await _found(provider, name)
    if before is None:
        raise _missing(provider, name)
    if before.system:
        return _unchanged(ctx, provider, before, "system")
    if not ctx.confirmed:
        return await _confirm(ctx, provider, before)
    deed = await ctx.carry_out(
        lambda: provider.delete_domain(before.name),
        look=lambda: _found(provider, name),
        happened=lambda found: found is None,
        check=f"domain ls --account {provider.account}",
    )
    return _told(ctx, _Change(provider, "delete", before.name), deed)


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to a domain, for its answers."""

    provider: KeepsDomains
    action: str
    """`add` or `delete`."""
    name: str
    added: DomainAdded | None = None
    check: DomainCheck | None = None
    """What its DNS says now; None where nobody could tell."""

    @property
    def verified(self) -> bool | None:
        """Whether it may be sent from, as far as the vendor said."""
        if self.check is not None:
            return self.check.state == "verified"
        return self.added.verified if self.added else None


def _changeable(ctx: Context, account: str | None) -> KeepsDomains:
    provider = ctx.provider(KeepsDomains, account)
    if not provider.can_change_domains:
        raise RefusalError("domain/managers_only", account=provider.account, title=provider.title)
    return provider


async def _confirm(ctx: Context, provider: KeepsDomains, found: Domain) -> Answer:
    (checks, _), mailboxes = await asyncio.gather(_checks(provider, [found.name]), _mailboxes(provider, found.name))
    return ctx.answer(
        "domain/confirm",
        outcome=Outcome.REFUSED,
        account=provider.account,
        data={**facts_of(found), "mailboxes": None if mailboxes is None else [one.address for one in mailboxes]},
        title=provider.title,
        domain=found,
        check=checks.get(found.name.lower()),
        mailboxes=mailboxes,
    )


def _told(ctx: Context, change: _Change, deed: Deed[Any, Any]) -> Answer:
    provider = change.provider
    if deed.seen is Seen.UNKNOWN:
        line = f"domain ls --account {provider.account}"
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=line)
    about: dict[str, Any] = {
        "title": provider.title,
        "action": change.action,
        "name": change.name,
        "user": ctx.person.id,
    }
    data = {"name": change.name, "deleted": change.action == "delete", "verified": change.verified}
    if deed.seen is Seen.NOT_DONE:
        return ctx.answer("domain/not_changed", outcome=Outcome.FAILED, account=provider.account, data=data, **about)
    about |= {"verified": change.verified, "check": change.check}
    return Answer(
        message=ctx.say("domain/changed", account=provider.account, **about),
        account=provider.account,
        facts={**data, "dkim": change.check.dkim if change.check else None},
        announcement=ctx.announce("domain/announcement", account=provider.account, **about),
    )


def _unchanged(ctx: Context, provider: KeepsDomains, found: Domain, why: str) -> Answer:
    return ctx.answer(
        "domain/unchanged",
        outcome=Outcome.REFUSED,
        account=provider.account,
        data=facts_of(found),
        title=provider.title,
        domain=found,
        why=why,
    )


def _missing(provider: KeepsDomains, name: str) -> RefusalError:
    return RefusalError("domain/missing", account=provider.account, title=provider.title, name=name)


async def _found(provider: KeepsDomains, name: str) -> Domain | None:
    return next((one for one in await provider.domains() if one.name.lower() == name), None)


async def _checks(provider: KeepsDomains, names: Sequence[str]) -> tuple[Checks, ProviderError | None]:
    """What is known of domains' DNS, or why nothing is: V3.0 and managers have no call for it."""
    if not names:
        return {}, None
    try:
        return {one.name.lower(): one for one in await provider.check_domains(names)}, None
    except ProviderError as error:
        return {}, error


async def _mailboxes(provider: KeepsDomains, name: str) -> Sequence[Mailbox] | None:
    """The first page of a domain's mailboxes; None when it cannot be read."""
    if not isinstance(provider, KeepsMailboxes):
        return None
    try:
        return await provider.mailboxes(name)
    except ProviderError:
        return None
