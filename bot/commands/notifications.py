"""`subscribe`, `unsubscribe`, `subscriptions`: what a channel or a person wants to be told."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import AccountName
from bot.command import Answer, RefusalError, command
from bot.commands.alerts import seen_by
from bot.config import Role
from bot.context import Context, Ctx
from bot.receivers import is_channel, named, receiver_of
from bridge.alerts.rules import Severity
from bridge.events import EventType
from bridge.notices import subscriptions as kept
from store.tables import Outcome, Subscription

To = Annotated[str | None, Parameter(name="--to")]
FAMILIES = tuple(dict.fromkeys(one.value.split(".")[0] for one in EventType))


@command(
    "subscribe",
    role=Role.VIEWER,
    usage="TYPE... [--severity critical|warning|info] [--to @me|#CHANNEL] [--account NAME]",
    examples=("subscribe task.failed", "subscribe alert.* --severity critical", "subscribe task.* --to @me"),
)
async def subscribe(
    kind: str, *more: str, severity: Severity | None = None, to: To = None, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Have a channel, or yourself, told of what happens."""
    types = types_of(kind, *more)
    accounts = _accounts(ctx, account)
    receiver = await receiver_of(ctx, to, account)
    accounts = _accounts(ctx, account, Role.OPERATOR if is_channel(receiver) else Role.VIEWER)
    user = ctx.person.id

    def added(session: Session, now: datetime) -> list[tuple[Subscription, bool]]:
        return [
            kept.add(session, now, receiver=receiver, types=one, user=user, severity=severity, account=name)
            for one in types
            for name in accounts
        ]

    rows = await ctx.store.transact(added)
    shown = [{"types": row.types, "severity": row.severity, "account": row.account, "new": new} for row, new in rows]
    return ctx.answer(
        "subscription/changed",
        data={"receiver": receiver, "subscriptions": shown},
        receiver=receiver,
        added=shown,
        user=user,
    )


@command(
    "unsubscribe",
    role=Role.VIEWER,
    usage="TYPE...|--all [--to @me|#CHANNEL] [--account NAME]",
    examples=("unsubscribe task.failed", "unsubscribe --all --to @me"),
)
async def unsubscribe(
    *types: str,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    to: To = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Have a channel, or yourself, told no longer."""
    wanted = () if every else types_of(*types) if types else ()
    if not wanted and not every:
        raise _unknown("")
    if account is not None:
        seen_by(ctx, account)
    receiver = await receiver_of(ctx, to, account, speaks=False)

    def removed(session: Session, _now: datetime) -> int:
        patterns: Sequence[str | None] = wanted or (None,)
        return sum(kept.remove(session, receiver, one, account) for one in patterns)

    count = await ctx.store.transact(removed)
    return ctx.answer(
        "subscription/removed",
        outcome=Outcome.DONE if count else Outcome.REFUSED,
        data={"receiver": receiver, "removed": count},
        receiver=receiver,
        types=wanted,
        count=count,
        user=ctx.person.id,
    )


@command(
    "subscriptions",
    role=Role.VIEWER,
    usage="[--to @me|#CHANNEL]",
    examples=("subscriptions", "subscriptions --to @me"),
)
async def subscriptions(*, to: To = None, ctx: Ctx) -> Answer:
    """Show what this channel, and you yourself, are told."""
    here = ctx.run.channel_id or ""
    asked = (
        [named(ctx, to)] if to else [one for one in (here, ctx.person.id) if is_channel(one) or one[:1] in ("U", "W")]
    )

    def found(session: Session, _now: datetime) -> list[tuple[str, Sequence[Subscription]]]:
        return [(receiver, kept.of(session, receiver)) for receiver in asked]

    rows = await ctx.store.transact(found)
    return ctx.answer(
        "subscription/list",
        data={"subscriptions": [one.model_dump() for _, listed in rows for one in listed]},
        receivers=rows,
        alerts_channel=ctx.config.channels.alerts,
    )


def types_of(*words: str) -> tuple[str, ...]:
    """Event types, or beginnings of several with a star, each once.

    Raises:
        RefusalError: `subscription/bad_type`, with those that are near it.
    """
    found = dict.fromkeys(part.lower() for word in words for part in word.replace("，", ",").split(",") if part)
    for one in found:
        if not kept.known(one):
            raise _unknown(one)
    return tuple(found)


def _unknown(word: str) -> RefusalError:
    every = [one.value for one in EventType]
    near = get_close_matches(word, every, n=4, cutoff=0.6) or [one for one in every if word and word in one][:6]
    return RefusalError("subscription/bad_type", Outcome.NOT_UNDERSTOOD, word=word, near=near, families=FAMILIES)


def _accounts(ctx: Context, account: str | None, role: Role = Role.VIEWER) -> Sequence[str | None]:
    """The accounts to hear of, None for all of them: only those that the asker may have told about.

    Raises:
        RefusalError: `no_account`, `not_allowed`.
    """
    if account is not None:
        seen_by(ctx, account)
        ctx.need(role, account)
        return [account]
    allowed = [name for name in ctx.config.accounts if ctx.person.role(name) >= role]
    if not allowed:
        raise ctx.not_allowed(needs=role)
    return [None] if len(allowed) == len(ctx.config.accounts) else allowed
