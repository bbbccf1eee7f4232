"""track.php and trackexport.php (000 and 001, chapter 3).

Left open by the documents, and chosen here: ratios are percents with a `%`; a task of several templates shows all its
tracking ids in `track_id`, separated by commas, as trackexport takes them; a task that is not tracked is refused with
`track_error`; trackexport prints one address a line.
"""

from datetime import datetime

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.mailing import Task
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, element, fields, lines, rows
from sandbox.umail.readers import LINKS, Reader, Totals, readers, totals

MOST = 10**18
SYSTEMS = (("Chrome", "Windows 10"), ("Safari", "iOS"), ("QQ浏览器", "Windows 7"), ("Foxmail & 其他", "Mac OS X"))
PLACES = ("广东省广州市", "上海市", "北京市", "香港")


def overview(call: UMailCall) -> web.Response:
    """3.1, without a prolog; `send_id` is 000's. `<link>` lies within `<link>`."""
    task = _task(call)
    opens, clicks, links = totals(task, call.now)
    tally = task.tally(call.now)
    sent = max(tally.sent, 1)
    shown = [_link(task, index, links[index]) for index in _links(call, task)]
    return web.Response(
        text=element(
            "track",
            fields(track_id=",".join(map(str, _track_ids(task))), task_id=task.statistics_id, task_sn=task.sn),
            "" if call.v3 else fields(send_id=task.id),
            fields(send_count=tally.sent, real_send_count=tally.delivered, error_send_count=tally.failed),
            _counts(open=opens, click=clicks),
            fields(open_ratio=f"{opens.unique / sent:.2%}", click_ratio=f"{clicks.unique / sent:.2%}"),
            element("link_statistic", *shown),
        ),
        content_type="text/xml",
    )


def open_detail(call: UMailCall) -> web.Response:
    """3.2: all who opened, without pages; the two places are 000's."""
    task = _task(call)
    return rows("data", (_user(call, reader) for reader in readers(task, call.now)))


def click_detail(call: UMailCall) -> web.Response:
    """3.3: all who clicked, or only a link's."""
    task = _task(call)
    wanted = _links(call, task)
    found = (one for one in readers(task, call.now) if one.clicks and one.link in wanted)
    return rows("data", (_click(reader) for reader in found))


def link_stat(call: UMailCall) -> web.Response:
    """3.5."""
    task = _task(call)
    links = totals(task, call.now)[2]
    return rows("data", [_link(task, index, links[index]) for index in _links(call, task)])


def trackexport(call: UMailCall) -> web.Response:
    """3.4: addresses as text; several `track_id` in 000 only."""
    wanted = read.ids(call.params, "track_id", several=not call.v3)
    clicked = read.choice(call.params, "is_click", 0, frozenset({0, 1})) == 1
    link = read.whole(call.params, "link_id", 0, 1, MOST)
    person = read.whole(call.params, "email_id", 0, 1, MOST)
    tasks = [task for task in call.account.tasks.values() if set(_track_ids(task)) & set(wanted)]
    if not tasks:
        raise RefusedError("not_exist", "跟踪统计不存在！")

    def fits(task: Task, one: Reader) -> bool:
        of_link = not link or (one.clicks > 0 and _link_id(task, one.link) == link)
        return of_link and (one.clicks > 0 or not clicked) and person in (0, one.id)

    return lines(one.email for task in tasks for one in readers(task, call.now) if fits(task, one))


def _task(call: UMailCall) -> Task:
    """By `id` or `ident`; of both, `ident`."""
    read.one_of(call.wire.query, "id", "ident")
    ident, number = call.wire.query.get("ident"), read.whole(call.wire.query, "id", 0, 1, MOST)
    tasks = call.account.tasks.values()
    task = next((task for task in tasks if (task.sn == ident if ident else task.id == number)), None)
    if task is None:
        raise RefusedError("not_exist", "群发任务不存在！")
    if not task.settings.track_status:
        raise RefusedError("track_error", "群发任务未开启跟踪！")
    return task


def _track_ids(task: Task) -> list[int]:
    return [2_000_000 + task.id * 10 + index for index in range(len(task.settings.template_ids))]


def _links(call: UMailCall, task: Task) -> list[int]:
    """The links that clicks are counted for: of `link_id`, that one."""
    wanted = read.whole(call.wire.query, "link_id", 0, 1, MOST)
    counted = range(len(LINKS)) if task.settings.track_status == 2 else range(0)
    found = [index for index in counted if wanted in (0, _link_id(task, index))]
    if wanted and not found:
        raise RefusedError("not_exist", "链接不存在！")
    return found


def _link_id(task: Task, index: int) -> int:
    return task.id * 100 + index + 1


def _link(task: Task, index: int, clicks: Totals) -> str:
    return element("link", fields(link_id=_link_id(task, index), link=LINKS[index]), _counts(click=clicks))


def _counts(**totals: Totals) -> str:
    return "".join(
        fields(
            **{
                f"{name}_unique": one.unique,
                f"{name}_total": one.total,
                f"{name}_first": vendor_time(one.first),
                f"{name}_last": vendor_time(one.last),
            }
        )
        for name, one in totals.items()
    )


def _user(call: UMailCall, one: Reader) -> str:
    browser, system = SYSTEMS[one.index % len(SYSTEMS)]
    place = PLACES[one.index % len(PLACES)]
    ip = f"192.0.2.{one.index % 254 + 1}"
    clicked: tuple[datetime | None, datetime | None] = (one.first_click, one.last_click) if one.clicks else (None, None)
    return element(
        "user",
        fields(email_id=one.id, email=one.email, browser=browser, os=system),
        "" if call.v3 else fields(addr_first=place),
        fields(ip_first=ip, ip_last=ip),
        "" if call.v3 else fields(addr_last=place),
        fields(open_total=one.opens, click_total=one.clicks),
        fields(open_first=vendor_time(one.first), open_last=vendor_time(one.last)),
        fields(click_first=vendor_time(clicked[0]), click_last=vendor_time(clicked[1])),
    )


def _click(one: Reader) -> str:
    return element(
        "click",
        fields(
            click_id=one.id,
            email=one.email,
            link=LINKS[one.link],
            click_unique=1,
            click_total=one.clicks,
            click_first=vendor_time(one.first_click),
            click_last=vendor_time(one.last_click),
        ),
    )
