"""`template`: look at mail templates and their checks; delete them, after asking."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.arguments import AccountName, Page, TemplateArg
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.config import Role
from bot.context import Context, Ctx
from bot.htmltext import text_of
from bridge.changes.deeds import Deed, Seen
from providers.base import Provider, ReadsTasks
from providers.capabilities import KeepsTemplates
from providers.errors import ProviderError
from providers.mailtemplates import MailTemplate, TemplateCheck, TemplateId
from providers.model import Task, TaskStatus
from store.tables import Outcome

PAGE = 10
"""Templates a page: each is asked about once more, for its check."""
PREVIEW = 600
"""Characters of a message that are shown."""
_UNDONE = (TaskStatus.SENDING, TaskStatus.QUEUED, TaskStatus.SCHEDULED, TaskStatus.PAUSED, TaskStatus.DRAFT)

Checked = TemplateCheck | ProviderError | None
"""A template's check; why it is not known; None: the vendor knows no such template."""


@command(
    "template ls",
    role=Role.VIEWER,
    usage="[--page N] [--account NAME]",
    examples=("template ls", "template ls --page 2"),
)
async def ls(*, page: Page = 1, account: AccountName = None, ctx: Ctx) -> Answer:
    """List the mail templates, the newest first."""
    provider = ctx.provider(KeepsTemplates, account)
    # Without their contents, which may be megabytes each.
    found = [replace(one, content=None) async for one in provider.mail_templates()]
    found.sort(key=lambda one: (len(one.id), one.id), reverse=True)
    shown = found[(page - 1) * PAGE : page * PAGE]
    checks = await asyncio.gather(*(_checked(provider, one.id) for one in shown))
    return ctx.answer(
        "template/list",
        account=provider.account,
        data={
            "templates": [_facts(one, check) for one, check in zip(shown, checks, strict=True)],
            "total": len(found),
            "page": page,
        },
        title=provider.title,
        rows=list(zip(shown, checks, strict=True)),
        fault=next((check for check in checks if isinstance(check, ProviderError)), None),
        total=len(found),
        page=page,
        more=len(found) > page * PAGE,
    )


@command("template show", role=Role.VIEWER, usage="ID [--account NAME]", examples=("template show 16",))
async def show(template_id: TemplateArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show one mail template: its check, subjects, files and how it begins."""
    provider = ctx.provider(KeepsTemplates, account)
    found, check = await asyncio.gather(known(provider, template_id), _checked(provider, TemplateId(template_id)))
    content = found.content or ""
    return ctx.answer(
        "template/show",
        account=provider.account,
        data={**_facts(found, check), "preview": text_of(content, PREVIEW)},
        title=provider.title,
        template=found,
        check=check,
        preview=text_of(content, PREVIEW),
        length=len(content),
    )


@command("template check", role=Role.VIEWER, usage="ID [--account NAME]", examples=("template check 16",))
async def check(template_id: TemplateArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Ask whether a mail template has passed the vendor's check."""
    provider = ctx.provider(KeepsTemplates, account)
    found = await provider.check_template(TemplateId(template_id))
    if found is None:
        raise missing(provider, template_id)
    return ctx.answer(
        "template/check", account=provider.account, data=facts_of(found), title=provider.title, check=found
    )


@command("template delete", role=Role.ADMIN, usage="ID [--account NAME]", examples=("template delete 16",))
async def delete(template_id: TemplateArg, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Delete a mail template with its files, after asking."""
    provider = ctx.provider(KeepsTemplates, account)
    before = await known(provider, template_id)
    if not ctx.confirmed:
        tasks, unread = await _tasks_with(provider, before)
        return confirm(ctx, provider, "delete", before, tasks=tasks, unread=unread)
    line = look_with(before)
    deed = await ctx.carry_out(
        lambda: provider.delete_template(before.id),
        look=lambda: provider.mail_template(before.id),
        happened=lambda found: found is None,
        check=line,
    )
    return told(ctx, Change(provider, "delete", before, deed.found, files=tuple(_names(before))), deed)


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a template, for its answers."""

    provider: KeepsTemplates
    action: str
    """`create`, `edit`, `delete`, `attach` or `detach`."""
    before: MailTemplate | None
    after: MailTemplate | None
    files: tuple[str, ...] = ()
    """The names of the files that came or went."""
    template_id: TemplateId | None = None
    """What a new one is called, also when it cannot be read back."""
    differs: tuple[str, ...] = ()
    """What is another than was sent: `name`, `subjects`, `content`, `attachments`."""


async def known(provider: KeepsTemplates, template_id: str) -> MailTemplate:
    """The template of that id.

    Raises:
        RefusalError: there is none.
    """
    found = await provider.mail_template(TemplateId(template_id))
    if found is None:
        raise missing(provider, template_id)
    return found


def missing(provider: Provider, template_id: str) -> RefusalError:
    """That there is no such template."""
    return RefusalError("template/missing", account=provider.account, title=provider.title, template_id=template_id)


def look_with(found: MailTemplate) -> str:
    """The command that shows a template."""
    return f"template show {found.id} --account {found.account}"


def confirm(
    ctx: Context,
    provider: Provider,
    action: str,
    found: MailTemplate,
    *,
    tasks: Sequence[Task] = (),
    unread: bool = False,
) -> Answer:
    """What will be lost, and a button that goes on."""
    return ctx.answer(
        "template/confirm",
        outcome=Outcome.REFUSED,
        account=provider.account,
        data=_facts(replace(found, content=None), None),
        title=provider.title,
        action=action,
        template=found,
        tasks=tasks,
        unread=unread,
    )


def told(ctx: Context, change: Change, deed: Deed[Any, Any]) -> Answer:
    """How a change ended, for the asker and for the channel."""
    provider, shown = change.provider, change.after or change.before
    if deed.seen is Seen.UNKNOWN:
        line = look_with(shown) if shown else f"template ls --account {provider.account}"
        return ctx.unknown(deed, title=provider.title, account=provider.account, check=line)
    about: dict[str, Any] = {
        "title": provider.title,
        "action": change.action,
        "user": ctx.person.id,
        "before": change.before,
        "after": change.after,
        "files": change.files,
        "template_id": change.template_id or (shown.id if shown else None),
        "differs": change.differs,
    }
    if deed.seen is Seen.NOT_DONE:
        return ctx.answer(
            "template/not_changed", outcome=Outcome.FAILED, account=provider.account, data=_data(change), **about
        )
    return Answer(
        message=ctx.say("template/changed", account=provider.account, **about),
        account=provider.account,
        facts=_data(change),
        announcement=ctx.announce("template/announcement", account=provider.account, **about),
    )


def unchanged(ctx: Context, provider: Provider, found: MailTemplate, why: str, wanted: str | None = None) -> Answer:
    """That nothing was asked for, and why: `same`, `no_files` or `no_such_file`."""
    return ctx.answer(
        "template/unchanged",
        outcome=Outcome.REFUSED,
        account=provider.account,
        data=_facts(replace(found, content=None), None),
        title=provider.title,
        template=found,
        why=why,
        wanted=wanted,
    )


def _data(change: Change) -> dict[str, Any]:
    shown = change.after or change.before
    facts = _facts(replace(shown, content=None), None) if shown else {}
    return {**facts, "deleted": change.action == "delete", "files": change.files, "differs": change.differs}


def _facts(found: MailTemplate, check: Checked) -> dict[str, Any]:
    told = facts_of(check) if isinstance(check, TemplateCheck) else None
    return {**facts_of(found), "check": told}


def _names(found: MailTemplate) -> list[str]:
    return [one.name or one.id for one in found.attachments]


async def _checked(provider: KeepsTemplates, template_id: TemplateId) -> Checked:
    try:
        return await provider.check_template(template_id)
    except ProviderError as error:
        return error


async def _tasks_with(provider: Provider, found: MailTemplate) -> tuple[Sequence[Task], bool]:
    """The tasks that are not through yet and use a template, and whether some could not be read."""
    if not isinstance(provider, ReadsTasks):
        return (), True
    pages = await asyncio.gather(*(provider.tasks(status=status) for status in _UNDONE), return_exceptions=True)
    tasks: dict[str, Task] = {}
    unread = False
    for page in pages:
        if isinstance(page, ProviderError):
            unread = True
        elif isinstance(page, BaseException):
            raise page
        else:
            # A full page may have another one behind it.
            unread = unread or len(page) >= 20
            tasks |= {task.id: task for task in page if any(ref.id == found.id for ref in task.templates)}
    return list(tasks.values()), unread
