"""What is said of changed addresses: one by `contact add`, `edit` or `delete`, many by `contact subscribe`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.command import Answer
from bot.commands.facts import facts_of
from bot.commands.lists import unread
from bot.context import Context
from bridge.changes.deeds import Deed, Seen
from providers.capabilities import KeepsContacts
from providers.contacts import Contact, ContactList
from store.tables import Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to addresses, for its answers."""

    action: str
    list: ContactList
    addresses: tuple[str, ...]
    before: Contact | None = None
    after: Contact | None = None
    left_out: tuple[str, ...] = ()
    """Those that were there already, or were not there."""
    size: int | None = None
    """How large the list is now, where addresses were not looked up one by one."""


def told(ctx: Context, provider: KeepsContacts, change: Change, deed: Deed[Any, Any]) -> Answer:
    """The answer to a change, whatever came of it."""
    account = provider.account
    if deed.seen is Seen.UNKNOWN:
        line = look_with(change.list, change.addresses[0])
        return ctx.unknown(deed, title=provider.title, account=account, check=line)
    about: dict[str, Any] = {
        "title": provider.title,
        "action": change.action,
        "user": ctx.person.id,
        "list": change.list,
        "addresses": change.addresses,
        "before": change.before,
        "after": change.after,
        "left_out": change.left_out,
        "size": change.size,
        "error": unread(deed),
    }
    if deed.seen is Seen.NOT_DONE:
        return ctx.answer("contact/not_changed", outcome=Outcome.FAILED, account=account, data=_data(change), **about)
    return Answer(
        message=ctx.say("contact/changed", account=account, **about),
        account=account,
        facts=_data(change),
        announcement=ctx.announce("contact/announcement", account=account, **about),
    )


def _data(change: Change) -> Mapping[str, Any]:
    shown = change.after or change.before
    facts = facts_of(shown) if shown else {}
    return {**facts, "list_id": change.list.id, "addresses": change.addresses, "left_out": change.left_out}


def unchanged(
    ctx: Context, provider: KeepsContacts, target: ContactList, action: str, addresses: Sequence[str]
) -> Answer:
    """The answer where there is nothing to do: `action` would change nothing."""
    return ctx.answer(
        "contact/unchanged",
        account=provider.account,
        data={"list_id": target.id, "addresses": list(addresses)},
        title=provider.title,
        action=action,
        list=target,
        addresses=tuple(addresses),
    )


def look_with(target: ContactList, address: str) -> str:
    """The command that shows how an address stands."""
    return f"contact find {target.id} {address} --account {target.account}"
