"""`list`: contact lists, by their ids. What destroys names what will be lost, and asks first."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from cyclopts import Parameter

from bot.arguments import AccountName, ListArg, Page
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bridge.changes.deeds import Deed, Seen
from providers.base import Provider, require
from providers.capabilities import KeepsLists
from providers.contacts import ContactList, ListId
from providers.errors import OutcomeUnknownError, ProviderError
from store.tables import Outcome

PAGE = 20
"""Lists a page; the vendor tells all of them at once (000 4.1)."""


def _name(_type: object, value: str) -> None:
    if not value.strip():
        raise ValueError("list name")


ListName = Annotated[str, Parameter(validator=_name)]
Description = Annotated[str | None, Parameter(name="--description")]


@command("list ls", role=Role.VIEWER, usage="[--page N] [--account NAME]", examples=("list ls", "list ls --page 2"))
async def ls(*, page: Page = 1, account: AccountName = None, ctx: Ctx) -> Answer:
    """List the contact lists."""
    provider = ctx.provider(KeepsLists, account)
    found = await provider.contact_lists()
    shown = found[(page - 1) * PAGE : page * PAGE]
    sizes = [one.contacts for one in found]
    return ctx.answer(
        "list/list",
        account=provider.account,
        data={"lists": [facts_of(one) for one in shown], "total": len(found), "page": page},
        title=provider.title,
        lists=shown,
        total=len(found),
        contacts=None if None in sizes else sum(size for size in sizes if size),
        page=page,
        more=len(found) > page * PAGE,
    )


@command("list show", role=Role.VIEWER, usage="LIST [--account NAME]", examples=("list show 5",))
async def show(list_id: ListArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show one contact list."""
    provider = ctx.provider(KeepsLists, account)
    found = await known(provider, list_id)
    return ctx.answer("list/show", account=provider.account, data=facts_of(found), title=provider.title, list=found)


@command(
    "list create",
    role=Role.OPERATOR,
    usage="NAME [--description TEXT] [--disabled] [--account NAME]",
    examples=('list create "November VIP"', 'list create Test --description "for previews" --disabled'),
)
async def create(
    name: ListName,
    *,
    description: Description = None,
    disabled: Annotated[bool, Parameter(name="--disabled", negative=())] = False,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Create an empty contact list."""
    provider = ctx.provider(KeepsLists, account)
    before = await provider.contact_lists()
    taken = next((one for one in before if one.name == name), None)
    if taken is not None:
        return _unchanged(ctx, provider, taken, "taken")
    old = {one.id for one in before}

    async def look() -> list[ContactList]:
        # V3.0 does not say what the new list is called (001 4.3): it is the one that was not there, of that name.
        return [one for one in await provider.contact_lists() if one.name == name and one.id not in old]

    check = f"list ls --account {provider.account}"
    deed = await ctx.carry_out(
        lambda: provider.add_list(name, enabled=not disabled, description=description), look=look, check=check
    )
    if deed.seen is Seen.UNKNOWN:
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=check)
    found = deed.found or []
    new = next((one for one in found if one.id == deed.value), found[0] if len(found) == 1 else None)
    return _told(ctx, _Change(provider, "create", None, new, name=name, alike=len(found)), deed)


@command(
    "list rename",
    role=Role.OPERATOR,
    usage="LIST NAME [--description TEXT] [--account NAME]",
    examples=('list rename 5 "VIP 2026"', 'list rename 5 VIP --description "since spring"'),
)
async def rename(
    list_id: ListArg, name: ListName, *, description: Description = None, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Give a contact list another name, and another description if you like."""
    provider = ctx.provider(KeepsLists, account)
    before = await known(provider, list_id)
    if before.enabled is None:
        # An edit writes the status as well (000 4.4), and there is none to repeat.
        return _unchanged(ctx, provider, before, "unclear")
    if before.name == name and description in (None, before.description):
        return _unchanged(ctx, provider, before, "named")
    return await _edit(ctx, provider, "rename", before, name, enabled=before.enabled, description=description)


@command("list enable", role=Role.OPERATOR, usage="LIST [--account NAME]", examples=("list enable 5",))
async def enable(list_id: ListArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Enable a contact list."""
    return await _switch(ctx, list_id, account, enabled=True)


@command("list disable", role=Role.OPERATOR, usage="LIST [--account NAME]", examples=("list disable 5",))
async def disable(list_id: ListArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Disable a contact list; its addresses stay."""
    return await _switch(ctx, list_id, account, enabled=False)


@command("list empty", role=Role.ADMIN, usage="LIST [--account NAME]", examples=("list empty 12",))
async def empty(list_id: ListArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete every address of a contact list, after asking."""
    provider = ctx.provider(KeepsLists, account)
    before = await known(provider, list_id)
    if before.contacts == 0:
        return _unchanged(ctx, provider, before, "empty")
    return await _destroy(
        ctx, provider, "empty", before, call=lambda: provider.empty_list(list_id=before.id), happened=_is_empty
    )


@command("list delete", role=Role.ADMIN, usage="LIST [--account NAME]", examples=("list delete 12",))
async def delete(list_id: ListArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete a contact list with its addresses, after asking."""
    provider = ctx.provider(KeepsLists, account)
    before = await known(provider, list_id)
    return await _destroy(
        ctx, provider, "delete", before, call=lambda: provider.delete_list(before.id), happened=_is_gone
    )


async def known(provider: KeepsLists, list_id: str) -> ContactList:
    """The list of that id.

    Raises:
        RefusalError: there is none.
    """
    found = await provider.contact_list(ListId(list_id))
    if found is None:
        raise RefusalError("list/missing", account=provider.account, title=provider.title, list_id=list_id)
    return found


async def again(provider: Provider, before: ContactList) -> ContactList | None:
    """A list after what was done to it; None when it cannot be read, for what was done is known all the same."""
    try:
        return await require(provider, KeepsLists).contact_list(before.id)
    except ProviderError:
        return None


def lacking(ctx: Context, provider: Provider, able: Callable[[Provider], bool]) -> RefusalError:
    """A refusal for what this account's dialect has no call for; it names the accounts that can."""
    others = [other for other in ctx.providers.values() if able(other)]
    return RefusalError("unsupported", account=provider.account, title=provider.title, able=others)


def unread(deed: Deed[Any, Any]) -> ProviderError | None:
    """Why a change that the vendor agreed to could not be read back; None when it was."""
    return None if isinstance(deed.error, OutcomeUnknownError) else deed.error


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to a list, for its answers."""

    provider: KeepsLists
    action: str
    before: ContactList | None
    after: ContactList | None
    name: str | None = None
    """What a new list was to be called."""
    alike: int = 0
    """How many new lists are called so."""
    redescribed: bool = False
    """Whether the description is another one now."""


def _is_empty(found: ContactList | None) -> bool:
    return found is not None and found.contacts == 0


def _is_gone(found: ContactList | None) -> bool:
    return found is None


async def _switch(ctx: Context, list_id: str, account: str | None, *, enabled: bool) -> Answer:
    provider = ctx.provider(KeepsLists, account)
    before = await known(provider, list_id)
    if before.enabled is enabled:
        return _unchanged(ctx, provider, before, "enabled" if enabled else "disabled")
    return await _edit(ctx, provider, "enable" if enabled else "disable", before, before.name or "", enabled=enabled)


async def _edit(
    ctx: Context,
    provider: KeepsLists,
    action: str,
    before: ContactList,
    name: str,
    *,
    enabled: bool,
    description: str | None = None,
) -> Answer:
    """Write over a list: what is not to change is sent as it was read."""
    described = before.description if description is None else description

    def happened(found: ContactList | None) -> bool:
        return found is not None and (found.name, found.enabled) == (name, enabled)

    check = _check(before)
    deed = await ctx.carry_out(
        lambda: provider.edit_list(before.id, name, enabled=enabled, description=described),
        look=lambda: provider.contact_list(before.id),
        happened=happened,
        check=check,
    )
    if deed.seen is Seen.UNKNOWN:
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=check)
    # Not read back, although the vendor said yes: what it was told.
    after = deed.found or replace(before, name=name, enabled=enabled, description=described or None)
    redescribed = (after.description or None) != (before.description or None)
    return _told(ctx, _Change(provider, action, before, after, redescribed=redescribed), deed)


async def _destroy(
    ctx: Context,
    provider: KeepsLists,
    action: str,
    before: ContactList,
    *,
    call: Callable[[], Awaitable[None]],
    happened: Callable[[ContactList | None], bool],
) -> Answer:
    if before.importing:
        return _unchanged(ctx, provider, before, "importing")
    if not ctx.confirmed:
        return ctx.answer(
            "list/confirm",
            outcome=Outcome.REFUSED,
            account=provider.account,
            data=facts_of(before),
            title=provider.title,
            action=action,
            list=before,
        )
    check = _check(before)
    deed = await ctx.carry_out(call, look=lambda: provider.contact_list(before.id), happened=happened, check=check)
    if deed.seen is Seen.UNKNOWN:
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=check)
    return _told(ctx, _Change(provider, action, before, deed.found), deed)


def _told(ctx: Context, change: _Change, deed: Deed[Any, Any]) -> Answer:
    provider, about = change.provider, _about(ctx, change, deed)
    if deed.seen is Seen.NOT_DONE:
        return ctx.answer(
            "list/not_changed",
            outcome=Outcome.FAILED,
            account=provider.account,
            data=_data(change),
            title=provider.title,
            action=change.action,
            name=change.name,
            list=change.after or change.before,
        )
    return Answer(
        message=ctx.say("list/changed", account=provider.account, **about),
        account=provider.account,
        facts=_data(change),
        announcement=ctx.announce("list/announcement", account=provider.account, **about),
    )


def _about(ctx: Context, change: _Change, deed: Deed[Any, Any]) -> dict[str, Any]:
    return {
        "title": change.provider.title,
        "action": change.action,
        "user": ctx.person.id,
        "before": change.before,
        "after": change.after,
        "name": change.name,
        "alike": change.alike,
        "redescribed": change.redescribed,
        "error": unread(deed),
    }


def _data(change: _Change) -> Mapping[str, Any]:
    shown = change.after or change.before
    facts = facts_of(shown) if shown else {"name": change.name}
    lost = change.before.contacts if change.before and change.action in ("empty", "delete") else None
    return {**facts, "deleted": change.action == "delete", "lost": lost}


def _unchanged(ctx: Context, provider: KeepsLists, found: ContactList, why: str) -> Answer:
    already = why in ("enabled", "disabled", "named", "empty")
    return ctx.answer(
        "list/unchanged",
        outcome=Outcome.DONE if already else Outcome.REFUSED,
        account=provider.account,
        data=facts_of(found),
        title=provider.title,
        list=found,
        why=why,
    )


def _check(found: ContactList) -> str:
    return f"list show {found.id} --account {found.account}"
