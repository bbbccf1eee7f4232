"""Whom something should be told that happens later: the channel where it was asked for, another one, or the asker."""

from bot.command import RefusalError
from bot.config import Role
from bot.context import Context
from store.tables import Outcome

_ME = ("@me", "me", "我", "@我")


async def receiver_of(ctx: Context, to: str | None, account: str | None = None) -> str:
    """The id of a channel or of the asker.

    to: `@me`, a channel's id (Slack writes it for `#channel`), or None: the channel where it was typed, for who may
    speak there, and the asker for everybody else.

    Raises:
        RefusalError: `unreachable_channel`, saying why; `not_allowed`: in a channel it takes an operator.
    """
    me = ctx.person.id if ctx.conversation is not None or ctx.person.id[:1] in "UW" else None
    if to is None:
        here = ctx.run.channel_id or ""
        if ctx.conversation is None:
            raise _refusal("no_receiver")
        if here[:1] not in "CG" or ctx.person.role(account) < Role.OPERATOR:
            return ctx.person.id
        return await _channel(ctx, here)
    if to.lower() in _ME or to == me:
        if me is None:
            raise _refusal("no_receiver")
        return me
    if to[:1] in "UW" and to.isalnum() and to.isupper():
        raise _refusal("not_yourself")
    if to[:1] not in "CG" or not to.isalnum() or not to.isupper():
        raise _refusal("no_channel", to)
    ctx.need(Role.OPERATOR, account)
    return await _channel(ctx, to)


async def _channel(ctx: Context, channel_id: str) -> str:
    if ctx.conversation is None:
        # At a terminal there is no Slack to ask; a post that fails is parked, and admins are told.
        return channel_id
    found = await ctx.conversation.channel(channel_id)
    if found.problem:
        raise _refusal(found.problem, channel_id)
    return channel_id


def _refusal(problem: str, receiver: str | None = None) -> RefusalError:
    outcome = Outcome.NOT_UNDERSTOOD if problem in ("no_receiver", "no_channel") else Outcome.REFUSED
    return RefusalError("unreachable_channel", outcome, problem=problem, receiver=receiver)
