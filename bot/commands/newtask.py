"""A sending task that is made on hold, and known afterwards."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.context import Context
from bridge.changes import ledger
from bridge.changes.deeds import Deed
from bridge.changes.edits import same
from providers.base import ChangesTasks
from providers.model import SendId, Task, TaskForm, TaskStatus

PAGES = 10
"""Pages of a day's tasks in which a new one is looked for."""


async def make(ctx: Context, provider: ChangesTasks, form: TaskForm) -> Deed[SendId, Task | None]:
    """Make it, once; where the answer is lost, it is the one new task that is as it was wished.

    Raises:
        ProviderError: nothing was made.
        RefusalError: `at_it`: somebody asks for the very same right now.
    """
    made = list[SendId]()
    zone = ctx.config.accounts[provider.account].vendor_zone
    before = {task.id for task in await _that_day(provider, form, zone)}

    async def add() -> SendId:
        made.append(await provider.add_task(form, status=TaskStatus.DRAFT))
        return made[0]

    async def look() -> Task | None:
        if made:
            return await provider.task(made[0])
        new = [task for task in await _that_day(provider, form, zone) if task.id not in before]
        same = [task for task in new if _is(provider.form_of(task), form)]
        return same[0] if len(same) == 1 else None

    check_with = f"task list --status draft --account {provider.account}"
    return await ctx.carry_out(add, look=look, check=check_with)


async def _that_day(provider: ChangesTasks, form: TaskForm, zone: ZoneInfo) -> Sequence[Task]:
    """The tasks that are to go out on its day."""
    found: list[Task] = []
    day = form.scheduled_at.astimezone(zone).date() if form.scheduled_at else None
    for page in range(1, PAGES + 1):
        some = await provider.tasks(day=day, page=page)
        found += some
        if not some:
            break
    return found


def _is(found: TaskForm, wished: TaskForm) -> bool:
    """Whether a task is as it was wished, as far as it can be read."""
    told = [one.name for one in fields(TaskForm) if getattr(found, one.name) is not None]
    return all(getattr(wished, name) is None or same(name, found, wished) for name in told)


async def remember(ctx: Context, provider: ChangesTasks, task_id: str, form: TaskForm) -> None:
    """Keep what the vendor was told: not all of it can be read back."""

    def remembered(session: Session, now: datetime) -> None:
        ledger.remember(session, now, account=provider.account, task_id=task_id, form=form, by=ctx.person.id)

    await ctx.store.transact(remembered)
