"""`mailbox`: the senders' mailboxes under a domain. A password is typed in a form and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.arguments import AccountName, DomainName, EmailAddress, Page
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bot.forms import Form
from bridge.changes.deeds import Deed, Seen
from providers.capabilities import KeepsMailboxes
from providers.domains import Mailbox
from store.tables import Outcome

PAGE = 30
"""Mailboxes a page, the vendor's own (000 7.7)."""


def check_password(form: Form) -> Mapping[str, RefusalError]:
    """What is wrong with a password; what it is stands in no message."""
    secret = form.secret("password").get_secret_value()
    if not secret.strip():
        problem = "empty"
    elif secret != secret.strip():
        problem = "blanks"
    elif not secret.isprintable():
        problem = "unprintable"
    else:
        return {}
    return {"password": RefusalError("mailbox/bad_password", problem=problem)}


@command(
    "mailbox ls",
    role=Role.ADMIN,
    usage="DOMAIN [--page N] [--account NAME]",
    examples=("mailbox ls shop.example", "mailbox ls shop.example --page 2"),
)
async def ls(domain: DomainName, *, page: Page = 1, account: AccountName = None, ctx: Ctx) -> Answer:
    """List the mailboxes of a sender domain."""
    provider = ctx.provider(KeepsMailboxes, account)
    name = domain.lower()
    found = await provider.mailboxes(name, page=page, limit=PAGE)
    return ctx.answer(
        "mailbox/list",
        account=provider.account,
        data={"mailboxes": [facts_of(one) for one in found], "page": page},
        title=provider.title,
        domain=name,
        mailboxes=found,
        page=page,
        more=len(found) >= PAGE,
    )


@command(
    "mailbox add",
    role=Role.ADMIN,
    usage="ADDRESS [--account NAME]",
    examples=("mailbox add news@shop.example",),
    form=check_password,
    secret=True,
)
async def add(address: EmailAddress, *typed: str, account: AccountName = None, ctx: Ctx) -> Answer:
    """Create a mailbox; a form asks for its password."""
    _not_in_the_line(ctx, typed)
    provider = ctx.provider(KeepsMailboxes, account)
    before = await _found(provider, address)
    if before is not None:
        return ctx.answer(
            "mailbox/unchanged",
            outcome=Outcome.REFUSED,
            account=provider.account,
            data=facts_of(before),
            title=provider.title,
            mailbox=before,
        )
    if ctx.form is None:
        return _form(ctx, provider, "add", address)
    password = ctx.form.secret("password")
    deed = await ctx.carry_out(
        lambda: provider.add_mailbox(address, password),
        look=lambda: _found(provider, address),
        check=_look_with(provider, address),
    )
    return _told(ctx, _Change(provider, "add", address, deed.found), deed)


@command(
    "mailbox edit",
    role=Role.ADMIN,
    usage="ADDRESS [--account NAME]",
    examples=("mailbox edit news@shop.example",),
    form=check_password,
    secret=True,
)
async def edit(address: EmailAddress, *typed: str, account: AccountName = None, ctx: Ctx) -> Answer:
    """Give a mailbox another password; a form asks for it."""
    _not_in_the_line(ctx, typed)
    provider = ctx.provider(KeepsMailboxes, account)
    before = await _known(provider, address)
    if ctx.form is None:
        return _form(ctx, provider, "edit", before.address)
    password = ctx.form.secret("password")
    again = f"mailbox edit {before.address} --account {provider.account}"
    # Nothing tells which password a mailbox has; but setting the same one twice does no harm.
    deed: Deed[None, None] = await ctx.carry_out(
        lambda: provider.edit_mailbox(before.address, password), look=None, check=again
    )
    if deed.seen is Seen.UNKNOWN:
        return ctx.answer(
            "mailbox/unknown",
            outcome=Outcome.UNKNOWN,
            account=provider.account,
            data=facts_of(before),
            title=provider.title,
            mailbox=before,
            error=deed.error,
        )
    return _told(ctx, _Change(provider, "edit", before.address, before), deed)


@command(
    "mailbox delete",
    role=Role.ADMIN,
    usage="ADDRESS [--account NAME]",
    examples=("mailbox delete news@shop.example",),
)
async def delete(address: EmailAddress, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete a mailbox, after asking."""
    provider = ctx.provider(KeepsMailboxes, account)
    before = await _known(provider, address)
    if not ctx.confirmed:
        return ctx.answer(
            "mailbox/confirm",
            outcome=Outcome.REFUSED,
            account=provider.account,
            data=facts_of(before),
            title=provider.title,
            mailbox=before,
        )
    deed = await ctx.carry_out(
        lambda: provider.delete_mailbox(before.address),
        look=lambda: _found(provider, before.address),
        happened=lambda found: found is None,
        check=_look_with(provider, before.address),
    )
    return _told(ctx, _Change(provider, "delete", before.address, before), deed)


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to a mailbox, for its answers."""

    provider: KeepsMailboxes
    action: str
    """`add`, `edit` or `delete`."""
    address: str
    mailbox: Mailbox | None


def _not_in_the_line(ctx: Context, typed: tuple[str, ...]) -> None:
    if typed:
        raise RefusalError("mailbox/typed", Outcome.NOT_UNDERSTOOD, command=ctx.command)


def _form(ctx: Context, provider: KeepsMailboxes, action: str, address: str) -> Answer:
    return ctx.ask("mailbox/form", account=provider.account, title=provider.title, action=action, address=address)


def _told(ctx: Context, change: _Change, deed: Deed[Any, Any]) -> Answer:
    provider = change.provider
    if deed.seen is Seen.UNKNOWN:
        line = _look_with(provider, change.address)
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=line)
    about: dict[str, Any] = {
        "title": provider.title,
        "action": change.action,
        "address": change.address,
        "user": ctx.person.id,
    }
    about["domain"] = change.address.rpartition("@")[2]
    data = {**(facts_of(change.mailbox) if change.mailbox else {}), "address": change.address}
    data["deleted"] = change.action == "delete"
    if deed.seen is Seen.NOT_DONE:
        return ctx.answer("mailbox/not_changed", outcome=Outcome.FAILED, account=provider.account, data=data, **about)
    return Answer(
        message=ctx.say("mailbox/changed", account=provider.account, **about),
        account=provider.account,
        facts=data,
        announcement=ctx.announce("mailbox/announcement", account=provider.account, **about),
    )


def _look_with(provider: KeepsMailboxes, address: str) -> str:
    return f"mailbox ls {address.rpartition('@')[2]} --account {provider.account}"


async def _known(provider: KeepsMailboxes, address: str) -> Mailbox:
    found = await _found(provider, address)
    if found is None:
        raise RefusalError(
            "mailbox/missing",
            account=provider.account,
            title=provider.title,
            address=address,
            domain=address.rpartition("@")[2],
        )
    return found


async def _found(provider: KeepsMailboxes, address: str) -> Mailbox | None:
    """The mailbox of that address, looked for page by page: the vendor has no other way."""
    wanted, domain, page = address.lower(), address.rpartition("@")[2].lower(), 1
    seen: set[str] = set()
    while True:
        found = await provider.mailboxes(domain, page=page, limit=PAGE)
        fresh = {one.address.lower() for one in found} - seen
        if wanted in fresh:
            return next(one for one in found if one.address.lower() == wanted)
        # A page that repeats what was seen is a vendor's that does not turn pages.
        if len(found) < PAGE or not fresh:
            return None
        seen |= fresh
        page += 1
