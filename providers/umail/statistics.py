"""Counters: statistic.php by day (000 2.2, 001 2.2), stask.php by task (000 2.4, 001 2.4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from datetime import date
from itertools import chain

from providers.errors import RefusedError
from providers.model import BatchNumber, ReportKey, SendId, SendStats, Task
from providers.umail.api import Api
from providers.umail.days import days, each_day
from providers.values import difference, total
from providers.xml import Reader

_COUNTERS = tuple(field.name for field in fields(SendStats) if field.type == int | None)
_Params = dict[str, str | None]


class Statistics:
    """The account's counters. `task_of` reads one task: V3.0's stask knows batches, not tasks."""

    def __init__(self, api: Api, task_of: Callable[[SendId], Awaitable[Task | None]]) -> None:
        self._api = api
        self._task_of = task_of

    async def by_day(self, first: date, last: date) -> SendStats:
        """Totals of a period; a counter that one of its days lacks is unknown."""
        asked = days(first, last, self._api.wire.account)
        return replace(_sum(await each_day(asked, self._day)), first_day=first, last_day=last)

    async def of_task(self, task_id: SendId) -> SendStats | None:
        rows = await (self._tasks({"id": task_id}) if self._api.dialect.newer else self._of_batch(task_id))
        return replace(_sum(rows), task_id=task_id) if rows else None

    async def of_tasks(self, first: date, last: date) -> Sequence[SendStats]:
        if self._api.dialect.newer:
            # Both, always: "if only one is given only that day is queried" (000 2.4).
            return tuple(await self._tasks({"date": first.isoformat(), "date_end": last.isoformat()}))
        asked = days(first, last, self._api.wire.account)
        found = await each_day(asked, lambda day: self._tasks({"date": day.isoformat()}))
        return tuple(chain.from_iterable(found))

    async def _of_batch(self, task_id: SendId) -> list[SendStats]:
        """V3.0's rows for one task, found by its batch number.

        Of 001 2.4's parameters only the credentials are called necessary, while its sample URL has date and batch.
        The batch alone also tells of a task that ran over midnight; the day is added where that tells nothing.
        """
        task = await self._task_of(task_id)
        if task is None or task.batch is None:
            return []
        batch: _Params = {"ident": task.batch}
        at = task.started_at or task.scheduled_at
        try:
            rows = await self._tasks(batch)
        except RefusedError:
            if at is None:
                raise
            rows = []
        if rows or at is None:
            return rows
        return await self._tasks({"date": at.astimezone(self._api.zone).date().isoformat(), **batch})

    async def _day(self, day: date) -> SendStats:
        call = self._api.call("statistic.php", None, {"date": day.isoformat()})
        return await self._api.read(call, "statistic", lambda row: self._day_stats(row, day, call.name))

    async def _tasks(self, params: _Params) -> list[SendStats]:
        call = self._api.call("stask.php", None, params)
        return await self._api.rows(call, "data", "task", lambda row: self._task_stats(row, call.name))

    def _day_stats(self, row: Reader, day: date, source: str) -> SendStats:
        """000 2.2; 001 has neither of the four counters that begin with blacklist_count."""
        sent, failed = row.whole("actual_send"), row.whole("send_error")
        invalid, malformed = row.whole("invalid_addr"), row.whole("format_error")
        # `refuse_count` counts complaint addresses, `jujue_count` refusals: the first name misleads.
        blacklisted, complained = row.whole("blacklist_count"), row.whole("refuse_count")
        delivered = difference(sent, failed)
        return SendStats(
            **self._api.about(source),
            raw=row.raw(),
            first_day=day,
            last_day=day,
            requested=row.whole("ws_qty"),
            sent=sent,
            delivered=delivered,
            delivered_is_derived=delivered is not None,
            failed=failed,
            bounced_hard=row.whole("email_not_exist"),
            delivery_refused=row.whole("jujue_count"),
            rejected=total(invalid, malformed, blacklisted, complained),
            invalid_address=invalid,
            invalid_format=malformed,
            suppressed=blacklisted,
            suppressed_complaint=complained,
            points_charged=row.whole("actual_deduc"),
        )

    def _task_stats(self, row: Reader, source: str) -> SendStats:
        """000 2.4; 001 lacks totalsum, invalid, spam_content, connect_error, rubbish and rebate.

        `send_failed` and `rubbish` are parts of `failed`; the real charge is `actual` minus `rebate`.
        """
        requested, sent, unsent = row.whole("totalsum"), row.whole("total"), row.whole("invalid")
        batch, report, day = row.text("task_ident"), row.identifier("task_id"), row.day("task_date")
        return SendStats(
            **self._api.about(source),
            raw=row.raw(),
            first_day=day,
            last_day=day,
            batch=BatchNumber(batch) if batch else None,
            report=ReportKey(report) if report else None,
            requested=requested,
            sent=sent,
            delivered=row.whole("success"),
            failed=row.whole("failed"),
            bounced_hard=row.whole("email_not_exist"),
            mailbox_full=row.whole("over_quota"),
            connection_error=row.whole("connect_error"),
            recipient_rejected=row.whole("user_reject"),
            spam_content=row.whole("spam_content"),
            judged_spam=row.whole("rubbish"),
            rejected=unsent,
            pending=difference(requested, unsent, sent),
            points_charged=row.whole("actual"),
            points_refunded=row.whole("rebate"),
        )


def _sum(parts: Sequence[SendStats]) -> SendStats:
    """Several rows as one: of several days, or of one task that ran over midnight."""
    if len(parts) == 1:
        return parts[0]
    sums = {name: _added([getattr(part, name) for part in parts]) for name in _COUNTERS}
    starts = [part.first_day for part in parts if part.first_day]
    ends = [part.last_day for part in parts if part.last_day]
    return replace(
        parts[-1],
        raw={"rows": [part.raw for part in parts]},
        first_day=min(starts, default=None),
        last_day=max(ends, default=None),
        report=None,
        delivered_is_derived=any(part.delivered_is_derived for part in parts),
        **sums,  # type: ignore[arg-type]  # all of them counters
    )


def _added(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
