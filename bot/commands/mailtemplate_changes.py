"""`template create | edit | attach | detach`: read first, nothing dropped, and looked at afterwards."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.arguments import AccountName, AttachmentArg, TemplateArg
from bot.command import Answer, RefusalError, command
from bot.commands.mailtemplates import Change, confirm, known, look_with, told, unchanged
from bot.config import Role
from bot.context import Context, Ctx
from bot.forms import Form
from bot.htmlfile import html_in
from bridge.changes.deeds import Seen
from providers.capabilities import KeepsTemplates
from providers.mailtemplates import AllAttachments, Attachment, AttachmentId, MailTemplate, TemplateForm, TemplateId
from templates.inputs import TEXT_LIMIT

MOST_FILES = 10
"""Files that one form takes (Slack's limit)."""

Name = Annotated[str | None, Parameter(name="--name")]
Subjects = Annotated[list[str] | None, Parameter(name="--subject")]
HtmlFile = Annotated[Path | None, Parameter(name="--file")]
Files = Annotated[list[Path] | None, Parameter(name="--file")]


def _wrong(form: Form, *, new: bool) -> Mapping[str, RefusalError]:
    problems = {}
    if not form.text("name"):
        problems["name"] = "no_name"
    subjects = _lines(form)
    if not subjects:
        problems["subjects"] = "no_subject"
    elif any("|" in subject for subject in subjects):
        problems["subjects"] = "separator"
    if form.text("content") and form.files("file") and new:
        problems["file"] = "both"
    elif new and not form.text("content") and not form.files("file"):
        problems["content"] = "no_content"
    return {field: RefusalError("template/bad_field", problem=problem) for field, problem in problems.items()}


def check_new(form: Form) -> Mapping[str, RefusalError]:
    """What is wrong with a new template."""
    return _wrong(form, new=True)


def check_edited(form: Form) -> Mapping[str, RefusalError]:
    """What is wrong with a template that is written over; what is left empty stays."""
    return _wrong(form, new=False)


def check_files(form: Form) -> Mapping[str, RefusalError]:
    """What is wrong with files to attach."""
    return {} if form.files("files") else {"files": RefusalError("template/bad_field", problem="no_files")}


@command(
    "template create",
    role=Role.OPERATOR,
    usage="[--name NAME] [--subject SUBJECT] [--file HTML] [--account NAME]",
    examples=("template create", 'template create --name "November" --subject "What is new"'),
    form=check_new,
)
async def create(
    *, name: Name = None, subject: Subjects = None, file: HtmlFile = None, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Create a mail template; it can be sent once it has passed the vendor's check."""
    provider = ctx.provider(KeepsTemplates, account)
    _terminal_only(ctx, file)
    if ctx.form is None and not (name and subject and file):
        return ctx.ask(
            "template/form",
            account=provider.account,
            title=provider.title,
            template=None,
            name=name,
            subjects=tuple(subject or ()),
            content=None,
            too_long=False,
        )
    draft = await _entered(ctx, Draft(name or "", tuple(subject or ()), ""), file)
    if not draft.content:
        raise RefusalError("template/bad_file", problem="empty")
    return await _created(ctx, provider, draft)


@command(
    "template edit",
    role=Role.OPERATOR,
    usage="ID [--name NAME] [--subject SUBJECT] [--file HTML] [--account NAME]",
    examples=("template edit 16", 'template edit 16 --subject "What is new"'),
    form=check_edited,
)
async def edit(
    template_id: TemplateArg,
    *,
    name: Name = None,
    subject: Subjects = None,
    file: HtmlFile = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Change a mail template's name, subjects or content; its files stay, and it is checked anew."""
    provider = ctx.provider(KeepsTemplates, account)
    _terminal_only(ctx, file)
    before = await known(provider, template_id)
    kept = Draft(before.name or "", before.subjects, before.content or "")
    wished = Draft(name or kept.name, tuple(subject or kept.subjects), kept.content)
    if ctx.form is None and (ctx.conversation is not None or not (name or subject or file)):
        too_long = len(kept.content) > TEXT_LIMIT
        return ctx.ask(
            "template/form",
            account=provider.account,
            title=provider.title,
            template=before,
            name=wished.name,
            subjects=wished.subjects,
            content=None if too_long else kept.content,
            too_long=too_long,
        )
    wished = await _entered(ctx, wished, file)
    if not wished.differs_from(before):
        return unchanged(ctx, provider, before, "same")
    return await _edited(ctx, provider, before, wished)


@command(
    "template attach",
    role=Role.OPERATOR,
    usage="ID [--file FILE] [--account NAME]",
    examples=("template attach 16",),
    form=check_files,
)
async def attach(template_id: TemplateArg, *, file: Files = None, account: AccountName = None, ctx: Ctx) -> Answer:
    """Add files to a mail template."""
    provider = ctx.provider(KeepsTemplates, account)
    _terminal_only(ctx, file)
    before = await known(provider, template_id)
    if ctx.form is None and not file:
        return ctx.ask(
            "template/files", account=provider.account, title=provider.title, template=before, most=MOST_FILES
        )
    async with AsyncExitStack() as held:
        files = [(path, path.name) for path in file or ()]
        for file_id in ctx.form.files("files") if ctx.form else ():
            download = await held.enter_async_context(ctx.download(file_id))
            files.append((download.path, download.name))
        deed = await ctx.carry_out(
            lambda: provider.attach(before.id, files),
            look=lambda: provider.mail_template(before.id),
            happened=lambda found: found is not None and len(_gained(before, found)) >= len(files),
            check=look_with(before),
        )
    names = tuple(name for _, name in files)
    return told(ctx, Change(provider, "attach", before, deed.found or before, files=names), deed)


@command(
    "template detach",
    role=Role.OPERATOR,
    usage="ID ATTACHMENT|all [--account NAME]",
    examples=("template detach 16 3", "template detach 16 all"),
)
async def detach(
    template_id: TemplateArg, attachment: AttachmentArg, *, account: AccountName = None, ctx: Ctx
) -> Answer:
    """Delete one file of a mail template, or `all` of them after asking."""
    provider = ctx.provider(KeepsTemplates, account)
    before = await known(provider, template_id)
    everything = attachment == AllAttachments.ALL
    gone = [one for one in before.attachments if everything or one.id == attachment]
    if not gone:
        return unchanged(ctx, provider, before, "no_files" if everything else "no_such_file", attachment)
    if everything and not ctx.confirmed:
        return confirm(ctx, provider, "detach", before)
    which = AllAttachments.ALL if everything else AttachmentId(attachment)
    lost = {one.id for one in gone}
    deed = await ctx.carry_out(
        lambda: provider.detach(before.id, attachment=which),
        look=lambda: provider.mail_template(before.id),
        happened=lambda found: found is not None and not lost & {one.id for one in found.attachments},
        check=look_with(before),
    )
    names = tuple(one.name or one.id for one in gone)
    return told(ctx, Change(provider, "detach", before, deed.found or before, files=names), deed)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a template is to hold."""

    name: str
    subjects: tuple[str, ...]
    content: str

    def differs_from(self, found: MailTemplate) -> tuple[str, ...]:
        """What a template holds otherwise; blanks at its ends and kinds of line ends are no difference."""
        pairs = {
            "name": (self.name.strip(), (found.name or "").strip()),
            "subjects": (self.subjects, found.subjects),
            "content": (_lined(self.content), _lined(found.content or "")),
        }
        return tuple(field for field, (wished, there) in pairs.items() if wished != there)

    def form(self) -> TemplateForm:
        """All of it: what an edit leaves out may be reset, the documents do not say (000 5.6)."""
        return TemplateForm(name=self.name, subjects=self.subjects, content=self.content)


def _lined(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _lines(form: Form) -> tuple[str, ...]:
    lines = (line.strip() for line in (form.text("subjects") or "").splitlines())
    return tuple(line for line in lines if line)


def _terminal_only(ctx: Context, file: Path | Sequence[Path] | None) -> None:
    """A path names a file of the machine that the bot runs on: nobody in Slack may read those."""
    if file and ctx.conversation is not None:
        raise RefusalError("template/bad_file", problem="in_slack", command=ctx.command)


async def _entered(ctx: Context, draft: Draft, file: Path | None) -> Draft:
    """The draft with what the form or the options say."""
    form = ctx.form
    if form is not None:
        content = form.text("content") or draft.content
        draft = Draft(form.text("name") or draft.name, _lines(form) or draft.subjects, content)
        for file_id in form.files("file"):
            async with ctx.download(file_id) as download:
                draft = replace(draft, content=await html_in(download.path))
    elif file is not None:
        draft = replace(draft, content=await html_in(file))
    return draft


async def _created(ctx: Context, provider: KeepsTemplates, draft: Draft) -> Answer:
    # V3.0 and a lost answer do not say what the new one is called: it is the one that was not there.
    old = {one.id async for one in provider.mail_templates()}
    made: list[TemplateId] = []

    async def call() -> TemplateId:
        made.append(await provider.add_template(draft.form()))
        return made[0]

    async def look() -> list[MailTemplate]:
        if made:
            found = await provider.mail_template(made[0])
            return [found] if found else []
        return [one async for one in provider.mail_templates() if one.id not in old and not draft.differs_from(one)]

    deed = await ctx.carry_out(
        call, look=look, happened=lambda found: len(found) == 1, check=f"template ls --account {provider.account}"
    )
    new = deed.found[0] if deed.found and len(deed.found) == 1 else None
    differs = draft.differs_from(new) if new else ()
    made_id = made[0] if made else None
    return told(ctx, Change(provider, "create", None, new, template_id=made_id, differs=differs), deed)


async def _edited(ctx: Context, provider: KeepsTemplates, before: MailTemplate, wished: Draft) -> Answer:
    def happened(found: MailTemplate | None) -> bool:
        return found is not None and (not wished.differs_from(found) or found.updated_at != before.updated_at)

    deed = await ctx.carry_out(
        lambda: provider.edit_template(before.id, wished.form()),
        look=lambda: provider.mail_template(before.id),
        happened=happened,
        check=look_with(before),
    )
    after = deed.found
    differs = wished.differs_from(after) if after else ()
    if deed.seen is Seen.DONE and deed.error is not None and differs:
        # Somebody changed it meanwhile: that does not prove that we did.
        deed = replace(deed, seen=Seen.UNKNOWN)
    if after and _ids(after.attachments) != _ids(before.attachments):
        differs = (*differs, "attachments")
    return told(ctx, Change(provider, "edit", before, after or before, differs=differs), deed)


def _ids(attachments: Sequence[Attachment]) -> set[AttachmentId]:
    return {one.id for one in attachments}


def _gained(before: MailTemplate, found: MailTemplate) -> set[AttachmentId]:
    return _ids(found.attachments) - _ids(before.attachments)
