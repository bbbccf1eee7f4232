"""`task schedule`, `task edit`, `approval reschedule`: a send is made or changed on hold, and people are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.arguments import AccountName, ApprovalArg, TaskId
from bot.command import Answer, RefusalError, command
from bot.commands.approvals import meant
from bot.commands.asking import ask_for_task, asked, nobody_decides, open_already, open_request
from bot.commands.choices import Choices, Plans, lists_of, refused, senders_of, templates_of, templates_seen
from bot.commands.facts import facts_of
from bot.commands.newtask import make, remember
from bot.commands.scheduleform import Entry, Offered, check, check_time
from bot.commands.task import changed, known
from bot.config import Role
from bot.context import Context, Ctx
from bridge.changes import ledger
from bridge.changes.decisions import Action, Verdict, decide
from bridge.changes.deeds import Deed
from bridge.changes.tasks import change_task
from providers.base import ChangesTasks
from providers.errors import ProviderError
from providers.model import SendId, Task, TaskForm, TaskStatus
from store.tables import Approval, ApprovalKind, ApprovalState, ChangeState, Outcome
from templates import Message


async def suggest(field: str, query: str, *_ids: str, account: AccountName = None, ctx: Context) -> Message:
    """What may be chosen in a field of these forms."""
    provider = ctx.provider(Plans, account)
    offered: Sequence[Offered] = ()
    if field == "templates":
        seen = await templates_seen(ctx.store, provider.account)
        offered = seen or await templates_of(ctx.store, provider, checked=0)
    elif field == "lists":
        offered = await lists_of(provider)
    elif field == "sender":
        offered = [Offered(one) for one in await senders_of(provider)]
    wanted = query.casefold()
    found = [one for one in offered if wanted in f"{one.id} {one.name or ''}".casefold()]
    return ctx.say("schedule/options", account=provider.account, field=field, options=found)


@command(
    "task schedule",
    role=Role.OPERATOR,
    usage="[--account NAME]",
    examples=("task schedule", "task schedule --account umail"),
    form=check,
    stays=True,
    suggest=suggest,
)
async def schedule(*, account: AccountName = None, ctx: Ctx) -> Answer:
    """Make a sending task that goes out once it is approved."""
    provider = ctx.provider(Plans, account)
    if ctx.form is None:
        return await _form(ctx, provider, Entry())
    entry = Entry.read(ctx.form)
    if (again := await _again(ctx, provider, entry)) is not None:
        return again
    try:
        deed = await make(ctx, provider, entry.form)
    except ProviderError as error:
        return await _form(ctx, provider, entry, error=error)
    task_id = deed.value or (deed.found.id if deed.found else None)
    if task_id is None:
        return _unknown(ctx, provider, deed, entry.form)
    await remember(ctx, provider, task_id, entry.form)
    return await _made(ctx, provider, task_id, entry.reason)


@command(
    "task edit",
    role=Role.OPERATOR,
    usage="ID [--account NAME]",
    examples=("task edit 19124",),
    form=check,
    stays=True,
    suggest=suggest,
)
async def edit(task_id: TaskId, *, account: AccountName = None, ctx: Ctx) -> Answer:
    """Change a task that has not begun; it is held until that is approved."""
    provider = ctx.provider(Plans, account)
    task = await known(provider, task_id)
    if (no := _fixed(ctx, provider, task)) is not None:
        return no
    if ctx.form is None:
        return await _form(ctx, provider, await _entry_of(ctx, provider, task), task=task)
    entry = Entry.read(ctx.form)
    if (again := await _again(ctx, provider, entry, task)) is not None:
        return again
    before = await open_request(ctx, task)
    form = entry.form
    if form.first is None and (await _known_form(ctx, provider, task)).first:
        # What an edit leaves out stays as it was; from the first one on is said aloud.
        form = replace(form, first=1)
    try:
        return await _change(ctx, provider, task, form, reason=entry.reason, before=before)
    except ProviderError as error:
        return await _form(ctx, provider, entry, task=task, error=error)


@command(
    "approval reschedule",
    role=Role.OPERATOR,
    usage="REQUEST",
    examples=("approval reschedule 3b9a4e1c",),
    form=check_time,
    stays=True,
)
async def reschedule(approval_id: ApprovalArg, *, ctx: Ctx) -> Answer:
    """Ask for the same send at another time."""
    approval = await meant(ctx, approval_id)
    ctx.need(Role.OPERATOR, approval.account)
    _may_move(approval)
    provider = ctx.provider(ChangesTasks, approval.account)
    task = await known(provider, approval.subject.removeprefix("task/"))
    if (no := _fixed(ctx, provider, task)) is not None:
        return no
    if ctx.form is None:
        return ctx.ask("schedule/time", account=provider.account, title=provider.title, task=task, at=task.scheduled_at)
    before = await open_request(ctx, task)
    if before is not None and before.id != approval.id:
        raise open_already(before)
    at = ctx.form.moment("at")
    return await _change(ctx, provider, task, TaskForm(scheduled_at=at), reason=approval.reason, before=approval)


# ---- the form


async def _form(
    ctx: Context,
    provider: Plans,
    entry: Entry,
    *,
    task: Task | None = None,
    faults: Mapping[str, RefusalError] | None = None,
    error: ProviderError | None = None,
) -> Answer:
    try:
        choices = await Choices.read(ctx.store, provider)
    except ProviderError as raised:
        if ctx.form is None:
            raise
        # What was entered is worth more than what else could be chosen.
        choices, error = Choices((), (), ()), error or raised
    choices = choices.with_those_of(entry)
    return ctx.ask(
        "schedule/form",
        account=provider.account,
        title=provider.title,
        entry=choices.as_now(entry),
        choices=choices,
        task=task,
        faults={name: fault.facts for name, fault in (faults or {}).items()},
        asks=not nobody_decides(ctx),
        error=error,
    )


async def _again(ctx: Context, provider: Plans, entry: Entry, task: Task | None = None) -> Answer | None:
    """The form once more, where the vendor's things of now do not allow what was entered; None where they do."""
    try:
        faults = await refused(ctx, provider, entry)
    except ProviderError as error:
        return await _form(ctx, provider, entry, task=task, error=error)
    return await _form(ctx, provider, entry, task=task, faults=faults) if faults else None


async def _entry_of(ctx: Context, provider: Plans, task: Task) -> Entry:
    names = {f"template {ref.id}": ref.name for ref in task.templates}
    names |= {f"list {ref.id}": ref.name for ref in task.lists}
    before = await open_request(ctx, task)
    return Entry.of(await _known_form(ctx, provider, task), names, before.reason if before else None)


async def _known_form(ctx: Context, provider: Plans, task: Task) -> TaskForm:
    told = await ctx.store.transact(lambda session, _now: ledger.of(session, task.account, task.id))
    return ledger.complete(provider.form_of(task), told)


# ---- a new task


async def _made(ctx: Context, provider: Plans, task_id: str, reason: str | None) -> Answer:
    try:
        task = await provider.task(SendId(task_id))
        if task is None:
            return _not_asked(ctx, provider, task_id, None)
        approval = await ask_for_task(ctx, provider, task, ApprovalKind.SCHEDULE, reason=reason)
    except ProviderError as error:
        return _not_asked(ctx, provider, task_id, error)
    return _held(ctx, provider, task) if approval is None else asked(ctx, provider, approval, task=task)


def _held(ctx: Context, provider: ChangesTasks, task: Task) -> Answer:
    """Nobody has to say yes but the asker."""
    return ctx.answer(
        "schedule/held", account=provider.account, data=facts_of(task), title=provider.title, task=task, rate=None
    )


def _not_asked(ctx: Context, provider: ChangesTasks, task_id: str, error: ProviderError | None) -> Answer:
    """It is on hold, and what its card has to show cannot be read."""
    return ctx.answer(
        "schedule/not_asked",
        outcome=Outcome.FAILED,
        account=provider.account,
        data={"id": task_id},
        title=provider.title,
        task_id=task_id,
        error=error,
    )


def _unknown(ctx: Context, provider: Plans, deed: Deed[SendId, Task | None], form: TaskForm) -> Answer:
    return ctx.answer(
        "schedule/unknown",
        outcome=Outcome.UNKNOWN,
        account=provider.account,
        title=provider.title,
        error=deed.error,
        at=form.scheduled_at,
    )


# ---- a task that is there


def _fixed(ctx: Context, provider: ChangesTasks, task: Task) -> Answer | None:
    """Why a task cannot be changed any more; None where it can."""
    verdict = decide(Action.EDIT, task, provider.can_set).verdict
    begun = task.status is TaskStatus.PAUSED and task.sent
    if verdict is Verdict.GO and not begun:
        return None
    return ctx.answer(
        "schedule/fixed",
        outcome=Outcome.REFUSED,
        account=provider.account,
        data=facts_of(task),
        title=provider.title,
        verdict="begun" if begun else verdict,
        task=task,
        rate=None,
    )


def _may_move(approval: Approval) -> None:
    """Refuse what has no other time.

    Raises:
        RefusalError: it is a message, which goes out as soon as it is approved; or it was carried out.
    """
    if approval.kind is ApprovalKind.DRAFT:
        raise RefusalError("schedule/no_time", account=approval.account, subject=approval.subject)
    if approval.state is ApprovalState.EXECUTED:
        raise open_already(approval)


async def _change(
    ctx: Context,
    provider: ChangesTasks,
    task: Task,
    form: TaskForm,
    *,
    reason: str | None,
    before: Approval | None,
) -> Answer:
    """Change a task, which holds it, and ask for it anew; `before` is put aside by that."""
    decision = decide(Action.EDIT, task, provider.can_set)
    result = await change_task(ctx.store, provider, task, decision, run_id=ctx.run.id, form=form)
    if result.state is not ChangeState.DONE or result.after is None:
        return changed(ctx, provider, result)
    after = result.after
    try:
        approval = await ask_for_task(
            ctx, provider, after, ApprovalKind.SCHEDULE, reason=reason, replaces=before.id if before else None
        )
    except ProviderError as error:
        return _not_asked(ctx, provider, task.id, error)
    return _held(ctx, provider, after) if approval is None else asked(ctx, provider, approval, task=after)
