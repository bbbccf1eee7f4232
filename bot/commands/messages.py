"""`sent`, `message`: what was sent one by one, and what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Annotated

from cyclopts import Parameter

from bot.arguments import AccountName, MessageArg, Page, Period, period
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bot.line import write
from bot.receivers import receiver_of
from bridge.notices import messagewatch
from providers.base import ListsMessages, LooksUpMessages, Provider, TellsDayStats
from providers.errors import ProviderError
from providers.messages import MessageId, MessageRecord, MessageStatus
from providers.model import SendStats
from store.tables import Outcome

PAGE = 40
"""Messages a page: the vendor's limit (002)."""
MOST_IDS = 200
"""004: ids in one question."""
MOST_ONE_BY_ONE = 10
"""Where each id is a question of its own, and one a second is allowed (002)."""
ROWS = 60
"""Rows of a table that a person still reads; what failed comes first."""


@command(
    "sent",
    role=Role.VIEWER,
    usage="[PERIOD] [--id ID] [--page N] [--account NAME]",
    examples=("sent", "sent 7d", "sent --id 873216184254383362"),
)
async def sent(
    words: str = "today",
    *,
    message_id: Annotated[MessageArg | None, Parameter(name="--id")] = None,
    page: Page = 1,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """List messages that were sent one by one."""
    provider = ctx.provider(ListsMessages, account)
    asked = period(words, ctx.today(provider.account))
    one = MessageId(message_id) if message_id else None
    records = await provider.messages(first=asked.first, last=asked.last, message_id=one, page=page)
    stats = await _stats(provider, asked, one)
    whole = _sees_addresses(ctx, provider)
    return ctx.answer(
        "message/sent",
        account=provider.account,
        data={
            "messages": [facts_of(_masked(record, whole=whole)) for record in records],
            "page": page,
            **({} if stats is None else {"requested": stats.requested, "failed": stats.failed}),
        },
        title=provider.title,
        records=records,
        stats=stats,
        last_page=None if stats is None or stats.requested is None else -(-stats.requested // PAGE),
        period=None if message_id else asked,
        id=message_id,
        page=page,
        more=len(records) >= PAGE,
    )


async def _stats(provider: ListsMessages, asked: Period, message_id: MessageId | None) -> SendStats | None:
    """The totals, which also tell how long the list is; without them the list is worth reading still."""
    try:
        if message_id is not None:
            return await provider.message_stats(message_id)
        return await provider.day_stats(asked.first, asked.last) if isinstance(provider, TellsDayStats) else None
    except ProviderError:
        return None


@command(
    "message",
    role=Role.VIEWER,
    usage="ID[,ID…] [--watch] [--account NAME]",
    examples=(
        "message 2611201004051000001",
        "message 2611201004051000001,2611201004051000002 --account itnio",
        "message 2611201004051000001 --watch",
    ),
)
async def message(
    *ids: str,
    watch: Annotated[bool, Parameter(name="--watch", negative=())] = False,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show what became of single messages; viewers see addresses in part."""
    asked = _ids(ids)
    provider = _able(ctx, asked, account)
    receiver = await receiver_of(ctx, None, provider.account) if watch else None
    if isinstance(provider, LooksUpMessages):
        report = await provider.look_up(asked)
        records: Sequence[MessageRecord] = report.records
    else:
        records = await _one_by_one(provider, asked)
    found = {record.id for record in records}
    missing = [message_id for message_id in asked if message_id not in found]
    whole = _sees_addresses(ctx, provider)
    shown = sorted((_masked(record, whole=whole) for record in records), key=lambda one: _URGENT.index(one.status))
    counts = {status: sum(one.status is status for one in shown) for status in _URGENT}
    return ctx.answer(
        "message/show",
        account=provider.account,
        data={"messages": [facts_of(one) for one in shown], "missing": missing},
        title=provider.title,
        asked=len(asked),
        records=shown[:ROWS],
        unshown=max(len(shown) - ROWS, 0),
        counts=counts,
        missing=missing,
        masked=not whole and any(one.recipient for one in shown),
        whole=whole,
        watched_until=await _follow(ctx, provider.account, asked, receiver) if receiver else None,
        watcher=receiver,
    )


async def _follow(ctx: Context, account: str, ids: Sequence[str], receiver: str) -> datetime:
    """Be told when the vendor says something else of them, until then."""
    user = ctx.person.id
    return await ctx.store.transact(
        lambda session, now: messagewatch.watch(session, now, account=account, ids=ids, receiver=receiver, user=user)
    )


_URGENT = (
    MessageStatus.FAILED,
    MessageStatus.BOUNCED,
    MessageStatus.UNKNOWN,
    MessageStatus.QUEUED,
    MessageStatus.DELIVERED,
)
"""What a reader looks for comes first."""


def masked(address: str) -> str:
    """An address whose owner cannot be told: `l***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***{at}{domain}" if at else f"{address[:1]}***"


def _masked(record: MessageRecord, *, whole: bool) -> MessageRecord:
    hidden = record if whole or record.recipient is None else replace(record, recipient=masked(record.recipient))
    # Where a reader sits is nobody's business here.
    return replace(hidden, opener_ip=None, opener_agent=None)


def _sees_addresses(ctx: Context, provider: Provider) -> bool:
    """Operators do, in answers that they alone read."""
    shared = ctx.conversation is not None and ctx.conversation.shared
    return ctx.person.role(provider.account) >= Role.OPERATOR and not shared


def _ids(words: Sequence[str]) -> tuple[MessageId, ...]:
    """The ids as typed, with commas, blanks or both between them; each once.

    Raises:
        RefusalError: `message/bad_ids`.
    """
    found = tuple(dict.fromkeys(chain.from_iterable(word.replace("、", ",").split(",") for word in words)))
    ids = tuple(MessageId(one) for one in found if one)
    wrong = next((one for one in ids if not (one.isascii() and one.isdigit() and 10 <= len(one) <= 20)), None)
    if wrong is not None or not 1 <= len(ids) <= MOST_IDS:
        problem = "wrong" if wrong is not None else "many" if ids else "none"
        raise _bad_ids(problem, len(ids), MOST_IDS, wrong)
    return ids


def _bad_ids(problem: str, count: int, most: int, word: str | None = None, account: str | None = None) -> RefusalError:
    return RefusalError(
        "message/bad_ids", Outcome.NOT_UNDERSTOOD, problem=problem, count=count, most=most, word=word, account=account
    )


def _able(ctx: Context, ids: Sequence[str], name: str | None) -> LooksUpMessages | ListsMessages:
    """The account that is asked: by several ids at once, or one by one.

    Raises:
        RefusalError: several could; the ids do not tell whose they are.
        UnsupportedError: the named one cannot, or none can.
    """
    able = [
        provider
        for provider in ctx.providers.values()
        if isinstance(provider, LooksUpMessages | ListsMessages) and ctx.person.role(provider.account) >= Role.VIEWER
    ]
    if name is not None:
        named = next((provider for provider in able if provider.account == name), None)
        return named or ctx.provider(LooksUpMessages, name)
    if len(able) > 1:
        lines = [(p.account, p.title, write(["message", ",".join(ids), "--account", p.account])) for p in able]
        raise RefusalError("choose_account", choices=lines)
    return able[0] if able else ctx.provider(LooksUpMessages, None)


async def _one_by_one(provider: ListsMessages, ids: Sequence[MessageId]) -> list[MessageRecord]:
    if len(ids) > MOST_ONE_BY_ONE:
        raise _bad_ids("many", len(ids), MOST_ONE_BY_ONE, account=provider.account)
    return [record for one in ids for record in await provider.messages(message_id=one)]
