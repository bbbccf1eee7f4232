"""Reading sending tasks: task-list (000 6.1, 001 6.1) and list-task (000 2.1, 001 2.1), two different calls."""

from collections.abc import Sequence
from datetime import date
from itertools import chain

from providers.errors import BadAnswerError, RefusedError, UnsupportedError
from providers.model import BatchNumber, NamedRef, SendId, Task, TaskStatus, Tracking
from providers.umail.api import Api
from providers.umail.days import days, each_day
from providers.umail.dialect import DETAILS
from providers.xml import Reader

PAGE_SIZE = "20"
"""000: "not more than 20". Without page and limit both calls may return everything."""
_TRACKING = {"0": Tracking.NONE, "1": Tracking.OPENS, "2": Tracking.OPENS_AND_CLICKS}
_SUBSCRIPTION = {"0": False, "1": True}
_SEVERAL_SENDERS = ("all", "domain")


class Tasks:
    """The account's sending tasks."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def task(self, task_id: SendId) -> Task | None:
        """One task by task-list, which knows all its templates and lists; 000 can also be asked by list-task."""
        try:
            return await self._by_id("task-list", task_id)
        except RefusedError:
            if not self._api.dialect.newer:
                raise
        return await self._by_id("list-task", task_id)

    async def tasks(
        self, *, status: TaskStatus | None = None, day: date | None = None, page: int = 1
    ) -> Sequence[Task]:
        values = self._filter(status)
        pages = [
            await self._list(
                "task-list",
                {
                    "page": str(page),
                    "limit": PAGE_SIZE,
                    "date": day.isoformat() if day else None,
                    "send_status": value,
                },
            )
            for value in values
        ]
        return tuple(chain.from_iterable(pages))

    async def tasks_between(self, first: date, last: date, *, page: int = 1) -> Sequence[Task]:
        """One page of list-task: the tasks to be sent from `first` to `last`, web only, one template and list each.

        V3.0 has no pages: everything is on the first one.
        """
        if self._api.dialect.newer:
            period = {"date": first.isoformat(), "date_end": last.isoformat()}
            return await self._list("list-task", period | {"page": str(page), "limit": PAGE_SIZE})
        if page > 1:
            return ()
        asked = days(first, last, self._api.wire.account)
        found = await each_day(asked, lambda day: self._list("list-task", {"date": day.isoformat()}))
        return tuple(chain.from_iterable(found))

    def _filter(self, status: TaskStatus | None) -> tuple[str | None, ...]:
        if status is None:
            return (None,)
        values = self._api.dialect.filters.get(status)
        if values is None:
            raise UnsupportedError(
                f"U-Mail {self._api.dialect.name} cannot list tasks that are {status}",
                account=self._api.wire.account,
                call="task.php?do=task-list",
            )
        return values

    async def _by_id(self, do: str, task_id: SendId) -> Task | None:
        found = await self._list(do, {"id": task_id, "page": "1", "limit": PAGE_SIZE})
        return next((task for task in found if task.id == task_id), None)

    async def _list(self, do: str, params: dict[str, str | None] | dict[str, str]) -> list[Task]:
        call = self._api.call("task.php", do, {**params})
        return await self._api.rows(call, "task_list", "task", lambda row: self._task(row, call.name))

    def _task(self, row: Reader, source: str) -> Task:
        task_id = row.identifier("id")
        if task_id is None:
            raise BadAnswerError("a task without an id")
        # 000 2.1 prints <send_satus>; its notes, its 6.1 and all of 001 say send_status.
        raw_status = row.text("send_status", "send_satus") or ""
        scope = (row.text("acct_type") or "").lower() or None
        batch = row.text("sn")
        return Task(
            **self._api.about(source),
            raw=row.raw(),
            id=SendId(task_id),
            batch=BatchNumber(batch) if batch else None,
            status=self._api.dialect.statuses.get(raw_status, TaskStatus.UNKNOWN),
            raw_status=raw_status,
            detail=DETAILS.get(raw_status) if self._api.dialect.newer else None,
            templates=_refs(row, ("templates/template",), "tpl"),
            # 001 has them flat; 000 in <listes>, sic.
            lists=_refs(row, ("listes/item", "lists/item"), "list"),
            subscription_lists=_SUBSCRIPTION.get(row.text("addr_type") or ""),
            sender=None if scope in _SEVERAL_SENDERS else row.text("acct_address", "sender"),
            sender_scope=scope,
            sender_domain=row.text("acct_domain"),
            sender_name=row.text("sender_name"),
            reply_to=row.text("replyto"),
            limit=row.whole("send_qty"),
            planned=row.whole("send_qty_remak") if row.text("send_qty_remak") else row.whole("send_qty_remark"),
            sent=row.whole("send_count"),
            unsent=row.whole("error_count"),
            scheduled_at=row.moment("send_time"),
            started_at=row.moment("time_start"),
            ended_at=row.moment("time_end"),
            tracking=_TRACKING.get(row.text("track_status") or ""),
        )


def _refs(row: Reader, paths: tuple[str, ...], prefix: str) -> tuple[NamedRef, ...]:
    """Templates or lists: nested ones, else the flat one of list-task and V3.0."""
    nested = [item for path in paths for item in row.each(path)]
    found = ((item.identifier(f"{prefix}_id"), item.text(f"{prefix}_name")) for item in nested or [row])
    return tuple(NamedRef(identifier, name) for identifier, name in found if identifier)
