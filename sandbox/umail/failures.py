"""failexport.php and failexportall.php: the addresses that failed (000 2.3.1 and 2.3.2; 001 2.3)."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from aiohttp import web

from sandbox.clock import vendor_day
from sandbox.mailing import Task
from sandbox.outcomes import Failure, Tally, address
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import element, fields, lines
from sandbox.umail.markup import rows as printed
from sandbox.wire import Streamed

WORDS = {
    "format_error": Failure.FORMAT_ERROR,
    "invalid_addr": Failure.INVALID_ADDR,
    "not_exist": Failure.NOT_EXIST,
    "over_quota": Failure.OVER_QUOTA,
    "user_reject": Failure.USER_REJECT,
}
"""The types that have a name beside their number; 001 knows only these."""
EVERY = frozenset({"all", "-1"})
NEEDS_TASK = frozenset({Failure.NOT_EXIST, Failure.OVER_QUOTA, Failure.USER_REJECT})
TEXTS = {
    Failure.NOT_EXIST: "邮箱不存在",
    Failure.OVER_QUOTA: "邮箱空间满",
    Failure.USER_REJECT: "用户拒收",
    Failure.SPAM_CONTENT: "垃圾内容邮件",
    Failure.REFUSED: "拒绝投递",
    Failure.BLACKLIST: "收件人黑名单",
    Failure.COMPLAINT: "投诉地址",
    Failure.INVALID_ADDR: "无效地址",
    Failure.FORMAT_ERROR: "格式错误",
    Failure.CONNECTION: "连接异常",
}


@dataclass(frozen=True, slots=True)
class Failed:
    """One address that failed."""

    email: str
    kind: Failure
    task_id: int
    """The statistics task id."""


def failexport(call: UMailCall) -> web.Response:
    """Addresses; JSON is an array of plain texts, only XML says why (000 2.3.1). 001 has text alone."""
    return _print(
        call,
        _failed(call),
        header=("email",),
        record=lambda row: (row.email,),
        value=lambda row: row.email,
        xml=lambda row: fields(email=row.email, error_type=row.kind.value, error_type_dec=TEXTS[row.kind]),
    )


def failexportall(call: UMailCall) -> web.Response:
    """Addresses with type and statistics task id (000 2.3.2). The CSV's columns are ours."""
    return _print(
        call,
        _failed(call),
        header=("email", "type", "task_id"),
        record=lambda row: (row.email, str(row.kind.value), str(row.task_id)),
        value=lambda row: {"email": row.email, "type": str(row.kind.value), "task_id": str(row.task_id)},
        xml=lambda row: fields(email=row.email, type=row.kind.value, task_id=row.task_id),
    )


def _print(
    call: UMailCall,
    rows: Iterator[Failed],
    *,
    header: tuple[str, ...],
    record: Callable[[Failed], tuple[str, ...]],
    value: Callable[[Failed], object],
    xml: Callable[[Failed], str],
) -> web.Response:
    """The four forms of `out_type`."""
    match "" if call.v3 else call.params.get("out_type", ""):
        case "":
            return lines(row.email for row in rows)
        case "file":
            attachment = {"Content-Disposition": 'attachment; filename="failexport.csv"'}
            return Streamed(_sheet(chain([header], map(record, rows))), "text/csv", attachment)
        case "json":
            return Streamed(_array(map(value, rows)), "application/json")
        case "xml":
            return printed("fail_recipient_list", (element("recipient", xml(row)) for row in rows))
        case _:
            raise read.refuse("out_type", "可取file，json，xml其中一个")


def _sheet(records: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for one in records:
        line = io.StringIO()
        csv.writer(line).writerow(one)
        yield line.getvalue()


def _array(values: Iterable[object]) -> Iterator[str]:
    yield "["
    for index, value in enumerate(values):
        yield f"{', ' * bool(index)}{json.dumps(value, ensure_ascii=False)}"
    yield "]"


def _failed(call: UMailCall) -> Iterator[Failed]:
    """What the parameters ask for, grouped by task and then by type. They are read before the first row is."""
    return _found(call, _kinds(call), *_days(call))


def _found(call: UMailCall, kinds: list[Failure], first: date | None, last: date) -> Iterator[Failed]:
    task_id, ident = call.params.get("task_id", ""), call.params.get("task_ident", "")
    for task in list(call.account.tasks.values()):
        if str(task.statistics_id) == (task_id or str(task.statistics_id)) and task.sn == (ident or task.sn):
            before = task.tally_until(first - timedelta(days=1), call.now) if first else Tally()
            yield from _addresses(task, kinds, before, task.tally_until(last, call.now))
    for day, one in list(call.account.history.items()):
        if not (task_id or ident) and first is not None and first <= day <= last:
            for kind in kinds:
                for index in range(one.tally.of(kind)):
                    yield Failed(address(one.ident, kind, index), kind, one.report_key)


def _addresses(task: Task, kinds: list[Failure], before: Tally, after: Tally) -> Iterator[Failed]:
    for kind in kinds:
        for index in range(before.of(kind), after.of(kind)):
            yield Failed(address(str(task.id), kind, index), kind, task.statistics_id)


def _kinds(call: UMailCall) -> list[Failure]:
    """`type`, by name or number; 1, 2 and 3 want a task or a batch, in spite of "one of date…" (000 2.3.1)."""
    text = read.required(call.params, "type")
    if text in EVERY and not call.v3:
        return list(TEXTS)
    kind = WORDS.get(text) or next((kind for kind in TEXTS if str(kind.value) == text), None)
    if kind is None or (call.v3 and kind not in WORDS.values()):
        raise read.refuse("type", "没有这个类型")
    if kind in NEEDS_TASK:
        read.one_of(call.params, "task_id", "task_ident")
    return [kind]


def _days(call: UMailCall) -> tuple[date | None, date]:
    """First and last day; of two dates, the one left out means today. A task without dates is taken whole."""
    today = vendor_day(call.now)
    if call.v3:
        day = read.required_day(call.params, "date")
        return day, day
    read.one_of(call.params, "date", "date_end", "task_id", "task_ident")
    first, last = read.day(call.params, "date"), read.day(call.params, "date_end")
    if first is None and last is None:
        return None, today
    first, last = sorted((first or today, last or today))
    return first, last
