"""`approval preview`, `approval test`: what would be sent, to look at and to try on oneself."""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from bot.arguments import ApprovalArg
from bot.command import Answer, RefusalError, command
from bot.commands.approvals import meant
from bot.config import Role
from bot.context import Context, Ctx
from bot.htmltext import text_of
from bridge.changes import drafts
from bridge.changes.deeds import Deed
from bridge.changes.letters import Letter
from bridge.changes.posting import check_line
from bridge.receivers.files import Attachment
from providers.base import Provider, SendsMessages
from providers.capabilities import KeepsTemplates
from providers.mailtemplates import TemplateId
from providers.messages import Accepted
from store.tables import Approval, Outcome

EXCERPT = 1500
"""Characters of a content that are shown; all of it is in the file."""
_EXAMPLE = "3f9c2a"


@dataclass(frozen=True, slots=True)
class Piece:
    """One content that would be sent."""

    name: str | None
    subject: str | None
    html: str
    same: bool
    """Whether it is what is asked for; else it was changed since."""
    is_html: bool = True

    @property
    def text(self) -> str:
        return text_of(self.html, EXCERPT) if self.is_html else self.html[:EXCERPT]


@command("approval preview", role=Role.VIEWER, usage="ID", examples=(f"approval preview {_EXAMPLE}",))
async def preview(approval_id: ApprovalArg, *, ctx: Ctx) -> Answer:
    """Show the content of what is asked for, as text and as a file."""
    row = await meant(ctx, approval_id)
    pieces = await _pieces(ctx, row)
    file = _file(row, pieces[0])
    return ctx.answer(
        "approval/preview",
        account=row.account,
        data={"contents": [{"name": one.name, "subject": one.subject, "same": one.same} for one in pieces]},
        attachment=file,
        approval_id=row.id,
        pieces=pieces,
        file=file.name,
    )


@command("approval test", role=Role.OPERATOR, usage="ID", examples=(f"approval test {_EXAMPLE}",))
async def test(approval_id: ApprovalArg, *, ctx: Ctx) -> Answer:
    """Send the content of a request to your own address, after asking."""
    row = await meant(ctx, approval_id)
    provider = _sender(ctx, row)
    ctx.need(Role.OPERATOR, provider.account)
    address = await ctx.people.email_of(ctx.person.id)
    if address is None:
        raise RefusalError("approval/no_address", account=provider.account, user=ctx.person.id)
    pieces = await _pieces(ctx, row)
    about: dict[str, Any] = {
        "title": provider.title,
        "address": address,
        "subject": pieces[0].subject,
        "approval_id": row.id,
        "same_account": provider.account == row.account,
        "several": len(pieces) > 1,
    }
    if not ctx.confirmed:
        return ctx.answer("approval/test_confirm", outcome=Outcome.REFUSED, account=provider.account, **about)
    return await _sent(ctx, provider, _letter(row, pieces[0], address), about)


async def _sent(ctx: Context, provider: SendsMessages, letter: Letter, about: dict[str, Any]) -> Answer:
    check = check_line(provider)
    deed: Deed[Accepted, None] = await ctx.carry_out(lambda: provider.send(**letter.sent()), look=None, check=check)
    if deed.value is None:
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=check)
    return ctx.answer(
        "approval/tested", account=provider.account, data={"ids": list(deed.value.message_ids)}, check=check, **about
    )


def _sender(ctx: Context, row: Approval) -> SendsMessages:
    """The account that a test goes by: the request's own where it can, else the first that can.

    Raises:
        UnsupportedError: none can.
        RefusalError: `not_allowed`.
    """
    able = ctx.providers_with(SendsMessages, None)
    found = min(able, key=lambda one: one.account != row.account)
    assert isinstance(found, SendsMessages)  # noqa: S101  # as `providers_with` says
    return found


def _letter(row: Approval, piece: Piece, address: str) -> Letter:
    fields = row.proposal["fields"]
    sender = fields.get("sender") or ""
    return Letter(
        sender=sender,
        sender_name=fields.get("sender_name") or sender,
        recipients=(address,),
        subject=f"[TEST] {piece.subject or piece.name or row.subject}",
        content=piece.html,
        is_html=piece.is_html,
        reply_to=fields.get("reply_to"),
    )


async def _pieces(ctx: Context, row: Approval) -> Sequence[Piece]:
    """What would be sent, as it is now.

    Raises:
        RefusalError: `approval/no_content`: it is not there, or nobody can read it.
        ProviderError: the vendor cannot be read.
    """
    fields = row.proposal.get("fields") or {}
    kind, _, subject = row.subject.partition("/")
    if kind == "draft":
        found = await _written(ctx, subject)
    else:
        found = [
            piece
            for one in fields.get("templates") or ()
            if (piece := await _template(ctx.providers.get(row.account), one)) is not None
        ]
    if not found:
        raise RefusalError("approval/no_content", account=row.account, approval_id=row.id)
    return found


async def _written(ctx: Context, draft_id: str) -> Sequence[Piece]:
    draft = await drafts.find(ctx.store, draft_id)
    if draft is None or "hash" in draft.content:
        # Once it has ended, its content is forgotten.
        return []
    letter = Letter.read(draft.content)
    return [Piece(None, letter.subject, letter.content, same=True, is_html=letter.is_html)]


async def _template(provider: Provider | None, asked: dict[str, Any]) -> Piece | None:
    if not isinstance(provider, KeepsTemplates):
        return None
    found = await provider.mail_template(TemplateId(asked["id"]))
    if found is None:
        return None
    content = found.content or ""
    same = sha256(content.encode()).hexdigest() == asked.get("content_hash")
    return Piece(found.name, " | ".join(found.subjects) or None, content, same=same)


def _file(row: Approval, piece: Piece) -> Attachment:
    """The whole content as a file, to be opened in a browser; without a name on disk."""
    content: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # `bot.dispatch` closes it
    content.write(piece.html.encode())
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    return Attachment(f"preview-{row.id[-6:]}.{'html' if piece.is_html else 'txt'}", content, size, 0)
