"""Whom something should be told that happens later: the channel where it was asked for, another one, or the asker."""

from bot.command import RefusalError
from bot.config import Role
from bot.context import Context
from store.tables import Outcome

_ME = ("@me", "me", "我", "@我")


async def receiver_of(ctx: Context, to: str | None, account: str | None = None, *, speaks: bool = True) -> str:
    """The id of a channel or of the asker.

    to: `@me`, a channel's id (Slack writes it for `#channel`), or None: the channel where it was typed, for who may
    have the bot speak there, and the asker for everybody else.
    speaks: whether the bot is going to; then it must be able to.

    Raises:
        RefusalError: `unreachable_channel`, saying why; `not_allowed`: in a channel it takes an operator.
    """
    if to is None:
        if ctx.conversation is None:
            raise _refusal("no_receiver")
        here = ctx.run.channel_id or ""
        receiver = here if is_channel(here) and ctx.person.role(account) >= Role.OPERATOR else ctx.person.id
    else:
        receiver = named(ctx, to)
    if is_channel(receiver):
        ctx.need(Role.OPERATOR, account)
        if speaks:
            await _try_to_speak(ctx, receiver)
    return receiver


def named(ctx: Context, to: str) -> str:
    """The receiver of this name: a channel's id, or the asker's own.

    Raises:
        RefusalError: `unreachable_channel`: it is neither.
    """
    if to.lower() in _ME or to == ctx.person.id:
        if not _is_id(ctx.person.id):
            raise _refusal("no_receiver")
        return ctx.person.id
    if _is_id(to) and not is_channel(to):
        raise _refusal("not_yourself")
    if not is_channel(to):
        raise _refusal("no_channel", to)
    return to


def is_channel(receiver: str) -> bool:
    """Whether it is a channel's id; else a person's, or none at all."""
    return receiver[:1] in ("C", "G") and _is_id(receiver)


def _is_id(word: str) -> bool:
    return word[:1] in tuple("CGUW") and len(word) > 1 and word.isascii() and word.isalnum() and word.isupper()


async def _try_to_speak(ctx: Context, channel_id: str) -> None:
    if ctx.conversation is None:
        # At a terminal there is no Slack to ask; a post that fails is parked, and admins are told.
        return
    found = await ctx.conversation.channel(channel_id)
    if found.problem:
        raise _refusal(found.problem, channel_id)


def _refusal(problem: str, receiver: str | None = None) -> RefusalError:
    outcome = Outcome.NOT_UNDERSTOOD if problem in ("no_receiver", "no_channel") else Outcome.REFUSED
    return RefusalError("unreachable_channel", outcome, problem=problem, receiver=receiver)
