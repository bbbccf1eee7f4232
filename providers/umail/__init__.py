"""U-Mail (bestedm), in both dialects of its API."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel

from providers.base import DEADLINE, Clock, Limiter, utcnow
from providers.http import Wire
from providers.model import (
    AccountInfo,
    Balance,
    SendId,
    SendStats,
    Task,
    TaskForm,
    TaskStatus,
)
from providers.umail.account import Account
from providers.umail.api import Api, basic_token, password_hash
from providers.umail.contacts import Contacts
from providers.umail.daily import Daily
from providers.umail.domains import Domains
from providers.umail.edits import Edits, form_of
from providers.umail.failures import Failures
from providers.umail.lists import Lists
from providers.umail.mailtemplates import MailTemplates
from providers.umail.settings import UMailSettings
from providers.umail.smtp import Sending
from providers.umail.statistics import Statistics
from providers.umail.tasks import Tasks
from providers.umail.tracking import Tracking


class UMail(Failures, Daily, Tracking, Lists, Contacts, MailTemplates, Domains):
    """One account at U-Mail; made as `providers.base.ProviderType` says.

    Its calls stand in the parts it is made of, by script. With `smtp_host` in its settings it is a `UMailWithSmtp`.
    """

    title: ClassVar[str] = "U-Mail"
    Settings: ClassVar[type[BaseModel]] = UMailSettings

    def __new__(cls, account: str, settings: UMailSettings, **_more: Any) -> "UMail":  # noqa: ANN401, ARG004
        """A capability is claimed by having its methods: only who has a server to send by gets `send`."""
        return super().__new__(cls if settings.smtp_host is None else UMailWithSmtp)

    def __init__(
        self,
        account: str,
        settings: UMailSettings,
        *,
        timezone: ZoneInfo,
        limiter: Limiter,
        clock: Clock = utcnow,
        client: httpx.AsyncClient | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        secrets = (settings.password.get_secret_value(), password_hash(settings), basic_token(settings))
        self._wire = Wire(account, limiter=limiter, clock=clock, secrets=secrets, client=client, deadline=deadline)
        self._settings, self._clock, self._deadline = settings, clock, deadline
        self._api = Api(self._wire, settings, timezone)
        self._account = Account(self._api)
        self._tasks = Tasks(self._api)
        self._edits = Edits(self._api, clock)
        self._statistics = Statistics(self._api, self._tasks.task)

    @property
    def account(self) -> str:
        return self._wire.account

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def account_info(self) -> AccountInfo:
        return await self._account.info()

    async def balance(self) -> Balance:
        return await self._account.balance()

    async def task(self, task_id: SendId) -> Task | None:
        return await self._tasks.task(task_id)

    async def tasks(
        self, *, status: TaskStatus | None = None, day: date | None = None, page: int = 1
    ) -> Sequence[Task]:
        return await self._tasks.tasks(status=status, day=day, page=page)

    async def tasks_between(self, first: date, last: date, *, page: int = 1) -> Sequence[Task]:
        """One page of the tasks to be sent from `first` to `last` (list-task): one template and one list each."""
        return await self._tasks.tasks_between(first, last, page=page)

    def can_set(self, status: TaskStatus) -> bool:
        return self._edits.can_set(status)

    async def add_task(self, form: TaskForm, *, status: TaskStatus) -> SendId:
        return await self._edits.add(form, status=status)

    async def edit_task(self, task_id: SendId, form: TaskForm, *, status: TaskStatus) -> None:
        await self._edits.edit(task_id, form, status=status)

    async def delete_task(self, task_id: SendId) -> None:
        await self._edits.delete(task_id)

    def form_of(self, task: Task) -> TaskForm:
        return form_of(task)

    async def day_stats(self, first: date, last: date) -> SendStats:
        return await self._statistics.by_day(first, last)

    async def task_stats(self, task_id: SendId) -> SendStats | None:
        return await self._statistics.of_task(task_id)

    async def task_stats_between(self, first: date, last: date) -> Sequence[SendStats]:
        return await self._statistics.of_tasks(first, last)


class UMailWithSmtp(UMail, Sending):
    """An account that sends single messages as well."""
