"""statistic.php and stask.php (000 and 001, 2.2 and 2.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from sandbox.clock import day_start
from sandbox.mailing import Task, Traffic
from sandbox.outcomes import Failure, Tally
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import document, element, fields

_NOTHING = Tally()


def statistic(call: UMailCall) -> web.Response:
    """One Shanghai day, web and SMTP together. 001 ends with `actual_deduc`.

    `jujue_count` is what a receiving side refused: by its user, for its content, or outright.
    """
    day = read.required_day(call.params, "date")
    tasks = list(call.account.tasks.values())
    web_sent = sum((task.tally_on(day, call.now, settled=False) for task in tasks), _NOTHING)
    smtp = call.account.history[day].tally if day in call.account.history else _NOTHING
    counted = sum((task.tally_on(day, call.now) for task in tasks), _NOTHING) + smtp
    prepaid = sum(prepaid_on(task, day, call) for task in tasks) + smtp.sent
    newer = {
        "blacklist_count": counted.of(Failure.BLACKLIST),
        "refuse_count": counted.of(Failure.COMPLAINT),
        "email_not_exist": counted.of(Failure.NOT_EXIST),
        "jujue_count": counted.of(Failure.USER_REJECT, Failure.SPAM_CONTENT, Failure.REFUSED),
    }
    return document(
        element(
            "statistic",
            fields(
                date=day,
                ws_qty=sum(task.planned for task in tasks if task.day == day),
                ws_error=web_sent.not_sent,
                ws_count=web_sent.sent,
                invalid_addr=counted.of(Failure.INVALID_ADDR),
                format_error=counted.of(Failure.FORMAT_ERROR),
                send_count=web_sent.sent + smtp.sent,
                deduc_count=prepaid,
                actual_send=counted.sent,
                send_error=counted.failed,
                actual_deduc=counted.sent,
            ),
            "" if call.v3 else fields(**newer),
        )
    )


def stask(call: UMailCall) -> web.Response:
    """A day's batches, or one task's. `date` or `date_end` alone is that one day (000 2.4)."""
    read.one_of(call.params, "date", "ident", *(() if call.v3 else ("id", "date_end")))
    return document(element("data", *_rows(call)))


def _rows(call: UMailCall) -> Iterator[str]:
    first, last = read.day(call.params, "date"), None if call.v3 else read.day(call.params, "date_end")
    wanted = "" if call.v3 else call.params.get("id", "")
    ident = call.params.get("ident", "")
    if wanted or ident:
        for task in call.account.tasks.values():
            if task.day and str(task.id) == (wanted or str(task.id)) and task.sn == (ident or task.sn):
                yield _row(call, task.day, task, task.tally(call.now), task.prepaid(call.now))
        yield from (_smtp_row(call, day, one) for day, one in call.account.history.items() if one.ident == ident)
        return
    day, last = sorted((first or last or date.min, last or first or date.min))
    while day <= min(last, call.now.date() + timedelta(days=1)):
        for task in call.account.tasks.values():
            tally = task.tally_on(day, call.now)
            if tally.processed:
                yield _row(call, day, task, tally, prepaid_on(task, day, call))
        if day in call.account.history:
            yield _smtp_row(call, day, call.account.history[day])
        day += timedelta(days=1)


def prepaid_on(task: Task, day: date, call: UMailCall) -> int:
    """Points taken ahead on one Shanghai day."""

    def until(day: date) -> int:
        if task.opening_day is not None and day < task.opening_day:
            return 0
        return task.prepaid(min(day_start(day + timedelta(days=1)), call.now))

    return until(day) - until(day - timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One row of stask.php before it is printed."""

    day: date
    key: int
    ident: str
    totalsum: int
    tally: Tally
    invalid: int
    point: int
    rebate: int

    def row(self, call: UMailCall) -> str:
        values = self._values()
        return element("task", fields(**{name: values[name] for name in (_ORDER_V3 if call.v3 else _ORDER_2019)}))

    def _values(self) -> dict[str, object]:
        """`failed` contains the other failures; `actual` is before the rebate (000 2.4)."""
        tally = self.tally
        return {
            "task_id": self.key,
            "task_date": self.day,
            "task_ident": self.ident,
            "totalsum": self.totalsum,
            "total": tally.sent,
            "invalid": self.invalid,
            "failed": tally.failed,
            "send_failed": tally.send_failed,
            "success": tally.delivered,
            "email_not_exist": tally.of(Failure.NOT_EXIST),
            "spam_content": tally.of(Failure.SPAM_CONTENT),
            "connect_error": tally.of(Failure.CONNECTION),
            "actual": tally.sent,
            "over_quota": tally.of(Failure.OVER_QUOTA),
            "user_reject": tally.of(Failure.USER_REJECT),
            "rubbish": tally.of(Failure.REFUSED),
            "point": self.point,
            "rebate": self.rebate,
        }


_ORDER_2019 = (
    *("task_id", "task_date", "task_ident", "totalsum", "total", "invalid", "failed", "send_failed", "success"),
    *("email_not_exist", "spam_content", "connect_error", "actual", "over_quota", "user_reject", "rubbish"),
    *("point", "rebate"),
)
_ORDER_V3 = (
    *("task_id", "task_date", "task_ident", "total", "failed", "success", "actual", "email_not_exist"),
    *("over_quota", "user_reject"),
)


def _row(call: UMailCall, day: date, task: Task, tally: Tally, point: int) -> str:
    return Report(
        day=day,
        key=task.report_key,
        ident=task.sn,
        totalsum=task.planned,
        tally=tally,
        invalid=tally.not_sent,
        point=point,
        rebate=task.rebate(call.now),
    ).row(call)


def _smtp_row(call: UMailCall, day: date, one: Traffic) -> str:
    """SMTP's batches: `totalsum` leaves out what was not sent, and asked by batch `invalid` is 0 (000 2.4)."""
    return Report(
        day=day,
        key=one.report_key,
        ident=one.ident,
        totalsum=one.tally.sent,
        tally=one.tally,
        invalid=0 if call.params.get("ident") else one.tally.not_sent,
        point=one.tally.sent,
        rebate=one.tally.rebate,
    ).row(call)
