"""task.php: listing, adding, editing and deleting tasks (000 2.1, 5.1, 6.1-6.4; 001 the same chapters).

Where the documents say two things or nothing, this sandbox does the following: tasks come newest first; `limit` above
20 is refused; without `page` the first 100 come, but the whole list from task-list when `limit` is missing too;
add-task's `status` defaults to 1 (5.1, and 001) rather than 2 (6.2).
"""

from datetime import date

from aiohttp import web

from sandbox.clock import vendor_day, vendor_time
from sandbox.mailing import DISPATCH, Status, Task
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.edits import change, remove
from sandbox.umail.listing import list_row, task_row
from sandbox.umail.markup import RefusedError, document, element, result
from sandbox.umail.settings import START, given, planned

ADDS_AN_HOUR = 100
LARGEST_PAGE = 20
WITHOUT_PAGE = 100
STATES_2019 = frozenset(range(-5, 5))
STATES_V3 = frozenset({1, 2, 3, -1, -2, -3})


def list_task(call: UMailCall) -> web.Response:
    """000 2.1: by date, batch or id. 001 2.1: by date only."""
    if call.v3:
        wanted = read.required_day(call.params, "date")
        found = [task for task in call.account.visible() if _sent_on(task, wanted)]
        return document(element("task_list", *(list_row(call, task) for task in found)))
    read.one_of(call.params, "date_end", "date", "ident", "id")
    found = [task for task in _matching(call, "state") if _in_range(call, task)]
    return document(element("task_list", *(list_row(call, task) for task in _page(call, found, 10, whole=False))))


def task_list(call: UMailCall) -> web.Response:
    """000 and 001 6.1."""
    status_filter = "" if call.params.get("send_status") == "all" else "send_status"
    wanted = read.day(call.params, "date")
    found = [task for task in _matching(call, status_filter) if wanted is None or _sent_on(task, wanted)]
    rows = _page(call, found, 30 if call.v3 else 10, whole=True)
    return document(element("task_list", *(task_row(call, task) for task in rows)))


def add_task(call: UMailCall) -> web.Response:
    """000 5.1 and 6.2: at most 100 calls an hour, refused ones counted too."""
    _count_add(call)
    settings = given(call, time="time")
    status = Status(read.choice(call.params, "status", Status.WAITING, START[call.account.dialect]))
    if status is Status.SENDING and vendor_time(settings.send_time) < vendor_time(call.now):
        raise read.refuse("time", "立即发送时必须大于等于当前时间")
    number = call.account.next_task_id
    stamp = vendor_time(call.now).translate(str.maketrans("", "", "- :"))
    sn = f"{stamp}-{call.account.customer_id}-{number % 1000}"
    task = call.account.add(Task(number, sn, settings, planned(call.account, settings), status, call.now))
    if status is Status.SENDING:
        task.status, task.settings.send_time, task.entered_at = Status.WAITING, call.now, call.now - DISPATCH
    return result("success", "添加群发任务成功！", id=number)


def edit_task(call: UMailCall) -> web.Response:
    """000 and 001 6.3; the answer is not documented. See `sandbox.umail.edits` for what it does."""
    change(call, _existing(call))
    return result("success", "修改群发任务成功！")


def del_task(call: UMailCall) -> web.Response:
    """000 and 001 6.4; the answer is not documented. A task that is sending stays, behind the same answer."""
    remove(call, _existing(call))
    return result("success", "删除群发任务成功！")


def _existing(call: UMailCall) -> Task:
    read.required(call.params, "id")
    task = call.account.tasks.get(read.whole(call.params, "id", 0, 1, 10**18))
    if task is None or task.deleted:
        raise RefusedError("not_exist", "群发任务不存在！")
    return task


def _count_add(call: UMailCall) -> None:
    now, calls = call.world.clock.wire_seconds(), call.account.add_calls
    while calls and now - calls[0] >= 3600:
        calls.popleft()
    if len(calls) >= ADDS_AN_HOUR:
        raise RefusedError("limit_error", "1小时调用次数不能超过100次")
    calls.append(now)


def _matching(call: UMailCall, status_filter: str) -> list[Task]:
    """The visible tasks that fit `id`, and the status parameter of the given name."""
    tasks = call.account.visible()
    if call.params.get("id"):
        wanted = read.whole(call.params, "id", 0, 1, 10**18)
        tasks = [task for task in tasks if task.id == wanted]
    if call.params.get(status_filter):
        status = read.choice(call.params, status_filter, 0, STATES_V3 if call.v3 else STATES_2019)
        tasks = [task for task in tasks if task.status == status]
    return tasks


def _in_range(call: UMailCall, task: Task) -> bool:
    """`date` alone is that day; `date_end` reaches back without end, or to `date`; `ident` is a batch."""
    first, last = read.day(call.params, "date"), read.day(call.params, "date_end")
    if call.params.get("ident") and task.sn != call.params["ident"]:
        return False
    if last is None:
        return first is None or _sent_on(task, first)
    return (first or date.min) <= vendor_day(task.settings.send_time) <= last


def _sent_on(task: Task, wanted: date) -> bool:
    return vendor_day(task.settings.send_time) == wanted


def _page(call: UMailCall, tasks: list[Task], default: int, *, whole: bool) -> list[Task]:
    """One page. 001 states no upper limit."""
    limit = read.whole(call.params, "limit", default, 1, 10**6 if call.v3 else LARGEST_PAGE)
    if call.params.get("page"):
        first = (read.whole(call.params, "page", 1, 1, 10**9) - 1) * limit
        return tasks[first : first + limit]
    if call.params.get("limit"):
        return tasks[:limit]
    return tasks if whole else tasks[:WITHOUT_PAGE]
