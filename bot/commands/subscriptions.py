"""`contact subscribe` and `contact unsubscribe`: one address, or up to 500."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from cyclopts import Parameter

from bot.arguments import ADDRESS, AccountName, ListArg
from bot.command import Answer, RefusalError, command
from bot.commands.contactanswers import Change, look_with, told, unchanged
from bot.commands.contacts import Name, exact
from bot.commands.lists import again, known
from bot.config import Role
from bot.context import Context, Ctx
from bridge.changes.deeds import Seen
from providers.base import require
from providers.capabilities import KeepsContacts, KeepsLists, KeepsSubscriptions
from providers.contacts import MOST_AT_ONCE, ContactList
from store.tables import Outcome

FEW = 5
"""So many addresses are looked up one by one, before and after; of more, the list's count tells."""


def _pasted(_type: object, value: str) -> None:
    if not all(re.fullmatch(ADDRESS, one) for one in _split(value)):
        raise ValueError("address")


Pasted = Annotated[str, Parameter(validator=_pasted)]
"""An address, or several with commas between."""

Call = Callable[[KeepsSubscriptions, ContactList, Sequence[str]], Awaitable[None]]


@command(
    "contact subscribe",
    role=Role.OPERATOR,
    usage="LIST ADDRESS... [--name TEXT] [--account NAME]",
    examples=(
        "contact subscribe 11 anna@shop.example --name Anna",
        "contact subscribe 11 a@shop.example b@shop.example",
    ),
)
async def subscribe(
    list_id: ListArg, address: Pasted, *more: Pasted, name: Name = None, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Subscribe up to 500 addresses to a list."""
    addresses = _addresses(address, *more)
    if name is not None and len(addresses) > 1:
        raise RefusalError("contact/bad", Outcome.NOT_UNDERSTOOD, problem="one_name", count=len(addresses))

    async def call(provider: KeepsSubscriptions, target: ContactList, wanted: Sequence[str]) -> None:
        if len(wanted) == 1:
            await provider.subscribe(target.id, wanted[0], name=name)
        else:
            await provider.subscribe_many(target.id, [(one, None) for one in wanted])

    return await _subscription(ctx, "subscribe", list_id, addresses, account=account, call=call)


@command(
    "contact unsubscribe",
    role=Role.OPERATOR,
    usage="LIST ADDRESS... [--account NAME]",
    examples=("contact unsubscribe 11 anna@shop.example", "contact unsubscribe 11 a@shop.example b@shop.example"),
)
async def unsubscribe(
    list_id: ListArg, address: Pasted, *more: Pasted, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Unsubscribe up to 500 addresses from a list."""

    async def call(provider: KeepsSubscriptions, target: ContactList, wanted: Sequence[str]) -> None:
        await provider.unsubscribe(target.id, wanted)

    return await _subscription(ctx, "unsubscribe", list_id, _addresses(address, *more), account=account, call=call)


def _addresses(*words: str) -> tuple[str, ...]:
    """The addresses of a line, each once.

    Raises:
        RefusalError: more than a call may carry.
    """
    found = {one.casefold(): one for word in words for one in _split(word)}
    if len(found) > MOST_AT_ONCE:
        raise RefusalError("contact/bad", Outcome.NOT_UNDERSTOOD, problem="many", count=len(found))
    return tuple(found.values())


def _split(word: str) -> list[str]:
    return [one for one in re.split(r"[,;]", word) if one] or [word]


async def _subscription(
    ctx: Context, action: str, list_id: str, addresses: tuple[str, ...], *, account: str | None, call: Call
) -> Answer:
    provider = ctx.provider(KeepsSubscriptions, account)
    contacts = require(provider, KeepsContacts)
    target = await known(require(provider, KeepsLists), list_id)
    wanted = addresses
    if len(addresses) <= FEW:
        there = await _there(contacts, target, addresses)
        wanted = tuple(one for one in addresses if (one in there) is (action == "unsubscribe"))
        if not wanted:
            return unchanged(ctx, contacts, target, action, addresses)

    async def look() -> bool:
        return await _there(contacts, target, wanted) == (set(wanted) if action == "subscribe" else set())

    deed = await ctx.carry_out(
        lambda: call(provider, target, wanted),
        look=look if len(wanted) <= FEW else None,
        check=look_with(target, wanted[0]),
    )
    after = await again(provider, target) if deed.seen is Seen.DONE and len(wanted) > FEW else None
    change = Change(
        action,
        target,
        wanted,
        left_out=tuple(one for one in addresses if one not in wanted),
        size=after.contacts if after else None,
    )
    return told(ctx, contacts, change, deed)


async def _there(provider: KeepsContacts, target: ContactList, addresses: Sequence[str]) -> set[str]:
    return {one for one in addresses if await exact(provider, target.id, one)}
