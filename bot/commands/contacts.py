"""`contact`: single addresses in lists. People know addresses, not contact ids: an exact look-up finds the contact."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from cyclopts import Parameter

from bot.arguments import AccountName, EmailAddress, ListArg, Page
from bot.command import Answer, RefusalError, command
from bot.commands.contactanswers import Change, look_with, told, unchanged
from bot.commands.facts import facts_of
from bot.commands.lists import known, lacking
from bot.config import Role
from bot.contactfile import SEXES
from bot.context import Context, Ctx
from bridge.changes.deeds import Deed
from providers.base import require
from providers.capabilities import KeepsContacts, KeepsLists
from providers.contacts import VARIABLES, Contact, ContactForm, ContactId, ContactList, ListId, Scope
from store.tables import Outcome

PAGE = 20
LOOKED_AT = 50
"""Contacts a page of an exact look-up: the vendor's own default (000 4.7)."""
LOOKED_THROUGH = 20
"""Pages of an exact look-up at most: few addresses hold a whole other one."""

_SCOPES = {"all": Scope.EVERY_LIST, "none": Scope.NO_LIST}
_VARIABLE = re.compile(r"([1-9]|10)=(.*)", re.DOTALL)


def _where(_type: object, value: str) -> None:
    if value not in _SCOPES and not re.fullmatch(r"[1-9]\d{0,19}", value):
        raise ValueError("list id")


def _keyword(_type: object, value: str) -> None:
    # None would list every address.
    if not value.strip():
        raise ValueError("keyword")


def _variables(_type: object, values: Sequence[str] | None) -> None:
    if any(not _VARIABLE.fullmatch(value) for value in values or ()):
        raise ValueError("variable")


def _sex(_type: object, value: str | None) -> None:
    if value is not None and value.casefold() not in SEXES:
        raise ValueError("sex")


Where = Annotated[str, Parameter(validator=_where)]
Keyword = Annotated[str, Parameter(validator=_keyword)]
Name = Annotated[str | None, Parameter(name="--name")]
SexWord = Annotated[str | None, Parameter(name="--sex", validator=_sex)]
Birthday = Annotated[date | None, Parameter(name="--birthday")]
Phone = Annotated[str | None, Parameter(name="--phone")]
Area = Annotated[str | None, Parameter(name="--area")]
Variables = Annotated[list[str] | None, Parameter(name="--var", negative=(), validator=_variables)]

_DATA = "[--name TEXT] [--sex male|female] [--birthday DATE] [--phone TEXT] [--area TEXT] [--var N=TEXT]"


@command(
    "contact find",
    role=Role.OPERATOR,
    usage="LIST|all KEYWORD [--page N] [--account NAME]",
    examples=("contact find 5 anna", "contact find all anna@mail.example"),
)
async def find(where: Where, keyword: Keyword, *, page: Page = 1, account: AccountName = None, ctx: Ctx) -> Answer:
    """Find addresses by a part of the address or the name."""
    provider = ctx.provider(KeepsContacts, account)
    scope = _SCOPES.get(where)
    target = None if scope else await known(require(provider, KeepsLists), where)
    found = await provider.contacts(where=scope or ListId(where), keyword=keyword, page=page, limit=PAGE)
    seen = len(found.contacts) + (page - 1) * PAGE
    return ctx.answer(
        "contact/list",
        account=provider.account,
        data={"contacts": [facts_of(one) for one in found.contacts], "total": found.total, "page": page},
        title=provider.title,
        found=found,
        where=where,
        list=target,
        keyword=keyword,
        page=page,
        # V3.0 tells no total: then a full page may have another behind it.
        more=seen < found.total if found.total is not None else len(found.contacts) == PAGE,
    )


@command(
    "contact add",
    role=Role.OPERATOR,
    usage=f"LIST ADDRESS {_DATA} [--account NAME]",
    examples=("contact add 5 anna@shop.example --name Anna", 'contact add 5 li@shop.example --var "1=gold"'),
)
async def add(
    list_id: ListArg,
    address: EmailAddress,
    *,
    name: Name = None,
    sex: SexWord = None,
    birthday: Birthday = None,
    phone: Phone = None,
    area: Area = None,
    var: Variables = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Add one address to a list."""
    provider = ctx.provider(KeepsContacts, account)
    target = await known(require(provider, KeepsLists), list_id)
    if await exact(provider, target.id, address):
        return unchanged(ctx, provider, target, "subscribe", [address])
    form = ContactForm(
        address=address,
        name=name,
        sex=SEXES[sex.casefold()] if sex else None,
        birthday=birthday,
        phone=phone,
        area=area,
        variables=_merged((), var),
    )
    deed = await _asked(
        ctx, provider, target, lambda: provider.add_contact(target.id, form), address=address, happened=bool
    )
    return told(ctx, provider, Change("add", target, (address,), after=_only(deed.found)), deed)


@command(
    "contact edit",
    role=Role.OPERATOR,
    usage=f"LIST ADDRESS [--new-address NEW] {_DATA} [--account NAME]",
    examples=("contact edit 5 anna@shop.example --name Anna",),
)
async def edit(
    list_id: ListArg,
    address: EmailAddress,
    *,
    new: Annotated[EmailAddress | None, Parameter(name="--new-address")] = None,
    name: Name = None,
    sex: SexWord = None,
    birthday: Birthday = None,
    phone: Phone = None,
    area: Area = None,
    var: Variables = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Change what a list knows of one address; what is not given stays."""
    given = {"address": new, "name": name, "birthday": birthday, "phone": phone, "area": area}
    fresh: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if not fresh and not var and not sex:
        raise RefusalError("contact/bad", Outcome.NOT_UNDERSTOOD, problem="nothing", count=0)
    provider = _able_to_edit(ctx, account)
    target = await known(require(provider, KeepsLists), list_id)
    before, contact_id = await _one(provider, target, address)
    if new is not None and new.casefold() != address.casefold() and await exact(provider, target.id, new):
        return unchanged(ctx, provider, target, "subscribe", [new])
    form = replace(_form(before), variables=_merged(before.variables, var), **fresh)
    # An edit writes over a contact, and what sex it has no answer tells (001 4.8): without --sex it is left out.
    asked = replace(form, sex=SEXES[sex.casefold()]) if sex else form
    deed = await _asked(
        ctx,
        provider,
        target,
        lambda: provider.edit_contact(contact_id, asked),
        address=form.address,
        happened=lambda found: len(found) == 1 and _form(found[0]) == _as_read(form),
    )
    after = _only(deed.found)
    return told(ctx, provider, Change("edit", target, (address,), before=before, after=after), deed)


@command(
    "contact delete",
    role=Role.OPERATOR,
    usage="LIST ADDRESS [--account NAME]",
    examples=("contact delete 5 anna@shop.example",),
)
async def delete(list_id: ListArg, address: EmailAddress, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete one address from a list, with all that is known about it, after asking."""
    provider = ctx.provider(KeepsContacts, account)
    target = await known(require(provider, KeepsLists), list_id)
    before, contact_id = await _one(provider, target, address)
    if not ctx.confirmed:
        return ctx.answer(
            "contact/confirm",
            outcome=Outcome.REFUSED,
            account=provider.account,
            data=facts_of(before),
            title=provider.title,
            list=target,
            contact=before,
        )
    deed = await _asked(
        ctx, provider, target, lambda: provider.delete_contact(contact_id), address=address, happened=_gone
    )
    return told(ctx, provider, Change("delete", target, (address,), before=before), deed)


def _able_to_edit(ctx: Context, account: str | None) -> KeepsContacts:
    provider = ctx.provider(KeepsContacts, account)
    if not provider.can_edit_contacts():
        raise lacking(ctx, provider, lambda other: isinstance(other, KeepsContacts) and other.can_edit_contacts())
    return provider


async def exact(provider: KeepsContacts, list_id: ListId, address: str) -> list[Contact]:
    """The contacts of a list with exactly this address, whichever way it is cased."""
    found: list[Contact] = []
    for page in range(1, LOOKED_THROUGH + 1):
        shown = (await provider.contacts(where=list_id, keyword=address, page=page, limit=LOOKED_AT)).contacts
        found += [one for one in shown if one.address.casefold() == address.casefold()]
        if len(shown) < LOOKED_AT:
            break
    return found


async def _one(provider: KeepsContacts, target: ContactList, address: str) -> tuple[Contact, ContactId]:
    """The one contact with this address.

    Raises:
        RefusalError: there is none, or several, or the vendor does not say what it is called.
    """
    found = await exact(provider, target.id, address)
    if len(found) != 1 or found[0].id is None:
        raise RefusalError(
            "contact/missing",
            account=provider.account,
            title=provider.title,
            list=target,
            address=address,
            count=len(found),
        )
    return found[0], found[0].id


async def _asked(
    ctx: Context,
    provider: KeepsContacts,
    target: ContactList,
    call: Callable[[], Awaitable[Any]],
    *,
    address: str,
    happened: Callable[[list[Contact]], bool],
) -> Deed[Any, list[Contact]]:
    return await ctx.carry_out(
        call, look=lambda: exact(provider, target.id, address), happened=happened, check=look_with(target, address)
    )


def _gone(found: list[Contact]) -> bool:
    return not found


def _only(found: list[Contact] | None) -> Contact | None:
    return found[0] if found else None


def _form(contact: Contact) -> ContactForm:
    """What is known of a contact, as it would be written; its sex no answer tells."""
    return ContactForm(
        address=contact.address,
        name=contact.name,
        birthday=contact.birthday,
        phone=contact.phone,
        area=contact.area,
        variables=_merged(contact.variables, None),
    )


def _as_read(form: ContactForm) -> ContactForm:
    """What a form that was written reads like: an empty text is none."""
    return replace(form, name=form.name or None, phone=form.phone or None, area=form.area or None)


def _merged(known_: Sequence[str | None], given: Sequence[str] | None) -> tuple[str, ...]:
    """Ten variables, with `N=TEXT` written over the N-th; none when all are empty."""
    values = [value or "" for value in known_][:VARIABLES] + [""] * (VARIABLES - len(known_))
    for one in given or ():
        number, _, text = one.partition("=")
        values[int(number) - 1] = text
    return tuple(values) if any(values) else ()
