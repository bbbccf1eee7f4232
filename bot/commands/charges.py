"""`charges`: what days cost, by kind of charge."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.arguments import AccountName, period
from bot.command import Answer, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from providers.base import Provider, require
from providers.capabilities import TellsCharges
from providers.errors import ProviderError
from providers.tracking import Charge
from store.tables import Outcome


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of charge over all its days."""

    name: str | None
    messages: int | None
    points: int | None


@dataclass(frozen=True, slots=True)
class Bill:
    """One account's charges, or why they are not known."""

    account: str
    title: str
    zone: str
    """What a day means here."""
    charges: Sequence[Charge] = ()
    error: ProviderError | None = None

    @property
    def points(self) -> int | None:
        return _sum(charge.points for charge in self.charges)

    @property
    def messages(self) -> int | None:
        return _sum(charge.messages for charge in self.charges)

    @property
    def kinds(self) -> Sequence[Kind]:
        """The total of each kind, in the order in which they first appear."""
        names = dict.fromkeys(charge.kind for charge in self.charges)
        return [self._of(name) for name in names]

    def _of(self, name: str | None) -> Kind:
        own = [charge for charge in self.charges if charge.kind == name]
        return Kind(name, _sum(charge.messages for charge in own), _sum(charge.points for charge in own))


@command(
    "charges",
    role=Role.VIEWER,
    usage="[today|yesterday|7d|30d|DATE|DATE..DATE] [--account NAME]",
    examples=("charges 7d", "charges yesterday", "charges 2026-11-01..2026-11-07"),
)
async def charges(words: str = "today", *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show what days cost, by kind of charge."""
    asked = ctx.providers_with(TellsCharges, account)
    bills = await asyncio.gather(*(_bill(ctx, provider, words) for provider in asked))
    if len(bills) == 1 and bills[0].error:
        raise bills[0].error
    known = [bill for bill in bills if bill.error is None]
    main = asked[0].account if len(asked) == 1 else None
    return ctx.answer(
        "charges/show",
        outcome=Outcome.DONE if known else Outcome.FAILED,
        account=main,
        data=_data(known[0]) if main else {"accounts": [_data(bill) for bill in known]},
        bills=bills,
        period=period(words, ctx.today(main)),
        without=[provider.title for provider in ctx.unable(TellsCharges, asked)] if account is None else [],
    )


async def _bill(ctx: Context, provider: Provider, words: str) -> Bill:
    asked, zone = period(words, ctx.today(provider.account)), str(ctx.zone(provider.account))
    try:
        found = await require(provider, TellsCharges).charges(asked.first, asked.last)
    except ProviderError as error:
        return Bill(provider.account, provider.title, zone, error=error)
    return Bill(provider.account, provider.title, zone, found)


def _sum(values: Iterable[int | None]) -> int | None:
    """Unknown as soon as one is; nothing at all is no charge, and 0."""
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def _data(bill: Bill) -> dict[str, Any]:
    rows = [facts_of(charge) for charge in bill.charges]
    return {"account": bill.account, "points": bill.points, "messages": bill.messages, "charges": rows}
