"""`send`, `draft`: write a single message, look at it, and send it once."""

from collections.abc import Mapping
from typing import Any

from bot.arguments import AccountName
from bot.command import Answer, RefusalError, command
from bot.commands.asking import ask_for_draft, asked, nobody_decides, put_aside, refuse_if_asked
from bot.commands.letterform import MOST_RECIPIENTS, TYPED, check, check_edit, letter_in
from bot.config import Role
from bot.context import Context, Ctx
from bot.forms import Form
from bot.htmltext import text_of
from bridge.changes import drafts, posting
from bridge.changes.letters import Letter
from providers.base import ListsMessages, Provider, SendsMessages, TellsBalance
from providers.capabilities import KeepsDomains, KeepsMailboxes
from providers.errors import ProviderError
from providers.messages import Accepted
from providers.model import Balance
from store.tables import Draft, DraftState, Outcome

SHOWN = 3
"""Recipients that a preview names."""
EXCERPT = 2500
"""Characters of a content that a preview shows."""
DOMAINS = 5
"""Domains whose mailboxes are offered as senders."""

_EXAMPLE = "0197d2a0-5c1e-7b3a-9f42-2f6a1c0d8e55"
"""A draft's id; people press buttons instead of typing one."""


@command("send", role=Role.OPERATOR, usage="[--account NAME]", examples=("send", "send --account emailcar"), form=check)
async def send(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """Write a message to at most 50 people, and look at it before it goes."""
    provider = ctx.provider(SendsMessages, account)
    if ctx.form is None:
        return await _form(ctx, provider, None)
    return await _previewed(ctx, provider, None, ctx.form)


@command(
    "draft edit",
    role=Role.OPERATOR,
    usage="DRAFT",
    examples=(f"draft edit {_EXAMPLE}",),
    form=check_edit,
)
async def edit(draft_id: str, *, ctx: Ctx) -> Answer:
    """Change a message that waits to be sent."""
    draft, provider = await _mine(ctx, draft_id)
    if ctx.form is None:
        return await _form(ctx, provider, Letter.read(draft.content))
    return await _previewed(ctx, provider, draft, ctx.form)


@command(
    "draft discard",
    role=Role.OPERATOR,
    usage="DRAFT",
    examples=(f"draft discard {_EXAMPLE}",),
)
async def discard(draft_id: str, *, ctx: Ctx) -> Answer:
    """Throw a message away that waits to be sent."""
    draft, provider = await _mine(ctx, draft_id)
    if not await drafts.discard(ctx.store, draft, by=ctx.person.id):
        raise await _closed(ctx, draft_id)
    await put_aside(ctx, draft, "discarded")
    return ctx.answer("send/discarded", account=provider.account, count=drafts.recipients_of(draft))


@command("draft send", role=Role.OPERATOR, usage="DRAFT", examples=(f"draft send {_EXAMPLE}",))
async def send_draft(draft_id: str, *, ctx: Ctx) -> Answer:
    """Send a message that was looked at, once."""
    draft, provider = await _mine(ctx, draft_id)
    letter = Letter.read(draft.content)
    about: dict[str, Any] = {"title": provider.title, "subject": letter.subject, "count": len(letter.recipients)}
    if _needs_others(ctx, len(letter.recipients)) and (request := await _asked(ctx, provider, draft)) is not None:
        return request
    if not ctx.confirmed:
        return ctx.answer("send/confirm", outcome=Outcome.REFUSED, account=provider.account, draft_id=draft.id, **about)
    posted = await posting.post(ctx.store, provider, draft, by=ctx.person.id, run=ctx.run)
    if posted is None:
        raise await _closed(ctx, draft_id)
    if posted.accepted is not None:
        return _sent(ctx, provider, draft, posted.accepted, about)
    if posted.state is DraftState.UNKNOWN or posted.error is None:
        return _unknown(ctx, provider, posted.error, about)
    return _failed(ctx, provider, posted.error, posted.again, about)


def _needs_others(ctx: Context, recipients: int) -> bool:
    """Whether a message goes to so many that others have to say yes to it."""
    return recipients > ctx.config.approvals.messages_over and not nobody_decides(ctx)


async def _asked(ctx: Context, provider: SendsMessages, draft: Draft) -> Answer | None:
    """Ask others to let it go; None where app.yaml asks nobody for such a one."""
    await refuse_if_asked(ctx, draft.account, f"draft/{draft.id}")
    request = await ask_for_draft(ctx, provider, draft)
    if request is None:
        return None
    await drafts.keep(ctx.store, draft, until=request.expires_at)
    return asked(ctx, provider, request)


async def _mine(ctx: Context, draft_id: str) -> tuple[Draft, SendsMessages]:
    """An open draft that the asker may decide on, with its account.

    Raises:
        RefusalError: there is none such, it is somebody else's, or it is not open any more.
    """
    draft = await drafts.find(ctx.store, draft_id)
    if draft is None:
        raise RefusalError("send/no_draft", Outcome.NOT_UNDERSTOOD, draft_id=draft_id)
    provider = ctx.provider(SendsMessages, draft.account)
    if draft.requested_by != ctx.person.id and ctx.person.role(draft.account) < Role.ADMIN:
        raise RefusalError("send/not_yours", account=draft.account, user=draft.requested_by)
    if draft.state is not DraftState.OPEN:
        raise await _closed(ctx, draft_id)
    return draft, provider


async def _closed(ctx: Context, draft_id: str) -> RefusalError:
    draft = await drafts.find(ctx.store, draft_id)
    if draft is None:
        return RefusalError("send/no_draft", draft_id=draft_id)
    return RefusalError(
        "send/closed",
        account=draft.account,
        title=ctx.providers[draft.account].title,
        state=draft.state,
        at=draft.settled_at,
        user=draft.settled_by,
        replaced_by=(draft.result or {}).get("replaced_by"),
        count=drafts.recipients_of(draft),
        check=posting.check_line(ctx.providers[draft.account]),
    )


async def _form(ctx: Context, provider: Provider, letter: Letter | None) -> Answer:
    senders = await _senders(provider)
    if letter is not None and senders and letter.sender not in senders:
        senders = [letter.sender, *senders]
    return ctx.ask(
        "send/form",
        account=provider.account,
        title=provider.title,
        choices=[(address, address) for address in senders],
        # Who cannot list what was sent has nowhere to show opens.
        tracks=isinstance(provider, ListsMessages),
        letter=letter,
        # A longer one than the form holds would come back cut off.
        fits=letter is None or len(letter.content) <= TYPED,
        most=MOST_RECIPIENTS,
    )


async def _senders(provider: Provider) -> list[str]:
    """The mailboxes that may write; none where they cannot be read: the writer types one then."""
    if not isinstance(provider, KeepsDomains) or not isinstance(provider, KeepsMailboxes):
        return []
    try:
        # In the vendor's own domains nobody has a mailbox.
        domains = [domain.name for domain in await provider.domains() if not domain.system][:DOMAINS]
        return [mailbox.address for name in domains for mailbox in await provider.mailboxes(name)]
    except ProviderError:
        return []


async def _previewed(ctx: Context, provider: Provider, before: Draft | None, form: Form) -> Answer:
    letter = await letter_in(ctx, form, before)
    draft = await drafts.write(
        ctx.store, letter, account=provider.account, by=ctx.person.id, run_id=ctx.run.id, instead_of=before
    )
    if draft is None:
        raise await _closed(ctx, before.id if before else "")
    if before is not None:
        await put_aside(ctx, before, "edited")
    balance = await _balance(provider)
    return ctx.answer(
        "send/preview",
        # Nothing was sent yet; and so it stays the asker's alone, whatever `--share` says.
        outcome=Outcome.REFUSED,
        account=provider.account,
        title=provider.title,
        data={"draft": draft.id, "recipients": len(letter.recipients), "hash": letter.hash},
        draft_id=draft.id,
        letter=letter,
        text=text_of(letter.content, EXCERPT) if letter.is_html else letter.content[:EXCERPT],
        shown=letter.recipients[:SHOWN],
        count=len(letter.recipients),
        asks=_needs_others(ctx, len(letter.recipients)),
        left=balance.emails_left if isinstance(balance, Balance) else None,
        why_unknown=balance if isinstance(balance, ProviderError) else None,
        expires_at=draft.expires_at,
        share=_is_shared(ctx),
    )


async def _balance(provider: Provider) -> Balance | ProviderError | None:
    if not isinstance(provider, TellsBalance):
        return None
    try:
        return await provider.balance()
    except ProviderError as error:
        return error


def _sent(ctx: Context, provider: Provider, draft: Draft, accepted: Accepted, about: Mapping[str, Any]) -> Answer:
    return ctx.answer(
        "send/sent",
        account=provider.account,
        data={"draft": draft.id, "recipients": about["count"], **posting.sent(accepted)},
        ids=accepted.message_ids,
        # Everyone in the channel may read it then.
        refused=() if _is_shared(ctx) else accepted.refused,
        declined=len(accepted.refused),
        at=accepted.observed_at,
        check=posting.check_line(provider),
        **about,
    )


def _unknown(ctx: Context, provider: Provider, error: ProviderError | None, about: Mapping[str, Any]) -> Answer:
    return ctx.answer(
        "send/unknown",
        outcome=Outcome.UNKNOWN,
        account=provider.account,
        error=error,
        check=posting.check_line(provider),
        **about,
    )


def _failed(
    ctx: Context, provider: Provider, error: ProviderError, again: Draft | None, about: Mapping[str, Any]
) -> Answer:
    return ctx.answer(
        "send/failed",
        outcome=Outcome.FAILED,
        account=provider.account,
        error=error,
        draft_id=again.id if again else None,
        **about,
    )


def _is_shared(ctx: Context) -> bool:
    return ctx.conversation is not None and ctx.conversation.shared
