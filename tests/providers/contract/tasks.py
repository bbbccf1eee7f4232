"""The contract's rows for U-Mail's account, tasks, numbers and failures (000 and 001, chapters 1, 2, 5 and 6)."""

from providers.base import (
    ChangesTasks,
    ListsFailures,
    ReadsTasks,
    TellsAccount,
    TellsBalance,
    TellsDayStats,
    TellsTaskStats,
)
from providers.capabilities import ExplainsFailures, KeepsLog, TellsCharges
from providers.model import AccountInfo, Balance, FailureCategory, SendStats, Task, TaskForm, TaskStatus
from providers.tracking import Charge, LogEntry
from sandbox.mailing import Status
from sandbox.outcomes import Failure as Fate
from tests.providers.contract.place import Place
from tests.providers.contract.row import (
    DAY,
    LATER,
    NO_DATA,
    TODAY,
    How,
    Names,
    Row,
    Said,
    done,
    lines,
    several,
    single,
    tabled,
    told,
)

TASK = (
    "<task><id>#</id><sn>20261119100400-7020-#</sn><send_status>2</send_status>"
    "<send_time>2026-11-19 10:00:00</send_time></task>"
)
REPORT = (
    "<task><task_id>7#</task_id><task_date>2026-11-19</task_date><task_ident>b-#</task_ident><total>9</total></task>"
)
FAILED = "<recipient><email>a#@mail.example</email><type>1</type><task_id>1025694</task_id></recipient>"
REASON = (
    "<recipient><email>a#@mail.example</email><error_type>9</error_type>"
    "<error_type_dec>格式错误</error_type_dec></recipient>"
)
CHARGE = (
    "<list><date>2026-11-19</date><company>小店</company><deduction>Web群发</deduction>"
    "<send_num>#</send_num><total>#</total></list>"
)
EVERY_FATE = tuple(fate for fate in Fate if fate is not Fate.OTHER)


def one_task(number: str) -> str:
    return f"<task_list>{TASK.replace('#', number)}</task_list>"


def form(names: Names) -> TaskForm:
    return TaskForm(template_ids=(names.template,), list_ids=(names.list,), sender=names.sender, scheduled_at=LATER)


def failed(place: Place, *fates: Fate) -> int:
    """How many addresses failed on `DAY`, by tasks and by SMTP."""
    account = place.account
    tallies = [task.tally_on(DAY, place.now) for task in account.tasks.values()]
    return sum(tally.of(*fates) for tally in [*tallies, account.history[DAY].tally])


def sent(place: Place, day: object) -> int:
    account = place.account
    smtp = account.history[day].tally.sent if day in account.history else 0
    return smtp + sum(task.tally_on(day, place.now).sent for task in account.tasks.values())


def status_of(place: Place, task_id: str) -> Status:
    return place.box.world.task(int(task_id)).status


ROWS = (
    Row(
        endpoint="account.php?do=customer-info",
        capability=TellsAccount,
        method="account_info",
        ask=lambda client, names: client.account_info(),
        said=single("<customer><id>7020</id><username>demo</username></customer>", "<customer/>", counted=told),
        proof=lambda found, place: (
            (found.id, found.username),
            (str(place.account.customer_id), place.account.username),
        ),
        found=(AccountInfo,),
    ),
    Row(
        endpoint="account.php?do=service-info",
        capability=TellsBalance,
        method="balance",
        ask=lambda client, names: client.balance(),
        said=single("<service><qty_available>12</qty_available></service>", "<service/>", counted=told),
        proof=lambda found, place: (
            (found.emails_left, found.service_until, found.enabled),
            (place.account.balance(place.now), place.account.service_until, True),
        ),
        found=(Balance,),
    ),
    Row(
        endpoint="task.php?do=task-list",
        capability=ReadsTasks,
        method="task",
        ask=lambda client, names: client.task(names.task),
        said=single(one_task("19124"), "<task_list/>", NO_DATA, one_task("19125")),
        instead="task.php?do=list-task",
        proof=lambda found, place: (
            (found.id, found.batch, found.planned),
            (place.names.task, place.task.sn, place.task.planned),
        ),
        found=(Task,),
    ),
    Row(
        endpoint="task.php?do=task-list",
        capability=ReadsTasks,
        method="tasks",
        ask=lambda client, names: client.tasks(),
        said=several("task_list", TASK),
        proof=lambda found, place: ([task.id for task in found], [str(task.id) for task in place.account.visible()]),
        found=(Task,),
    ),
    Row(
        endpoint="task.php?do=list-task",
        capability=ReadsTasks,
        method="tasks_between",
        ask=lambda client, names: client.tasks_between(DAY, DAY),
        said=several("task_list", TASK.replace("send_status", "send_satus")),
        proof=lambda found, place: (
            {task.id for task in found},
            {str(task.id) for task in place.account.visible() if place.local_day(task.settings.send_time) == DAY},
        ),
        found=(Task,),
    ),
    Row(
        endpoint="task.php?do=add-task",
        capability=ChangesTasks,
        method="add_task",
        ask=lambda client, names: client.add_task(form(names), status=TaskStatus.DRAFT),
        said=done("<result><status>success</status><id>19140</id><data><![CDATA[添加群发任务成功！]]></data></result>"),
        proof=lambda found, place: (status_of(place, found), Status.HELD),
        how=How.CHANGE,
        found=(str,),
    ),
    Row(
        endpoint="task.php?do=edit-task",
        capability=ChangesTasks,
        method="edit_task",
        ask=lambda client, names: client.edit_task(names.waiting, form(names), status=TaskStatus.DRAFT),
        said=done(),
        proof=lambda found, place: (status_of(place, place.names.waiting), Status.HELD),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="task.php?do=del-task",
        capability=ChangesTasks,
        method="delete_task",
        ask=lambda client, names: client.delete_task(names.waiting),
        said=done(),
        proof=lambda found, place: (place.box.world.task(int(place.names.waiting)).deleted, True),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="statistic.php",
        capability=TellsDayStats,
        method="day_stats",
        ask=lambda client, names: client.day_stats(TODAY, TODAY),
        said=single("<statistic><actual_send>12</actual_send></statistic>", "<statistic/>", counted=told),
        proof=lambda found, place: ((found.sent, found.first_day), (sent(place, TODAY), TODAY)),
        found=(SendStats,),
    ),
    Row(
        endpoint="stask.php",
        capability=TellsTaskStats,
        method="task_stats",
        ask=lambda client, names: client.task_stats(names.task),
        said=single(f"<data>{REPORT.replace('#', '1')}</data>", "<data/>", "<data>\n...\n</data>", NO_DATA),
        proof=lambda found, place: (
            (found.task_id, found.batch, found.report, found.sent),
            (place.names.task, place.task.sn, str(place.task.report_key), place.task.tally(place.now).sent),
        ),
        before=(("task.php?do=task-list", one_task("19124")),),
        found=(SendStats,),
    ),
    Row(
        endpoint="stask.php",
        capability=TellsTaskStats,
        method="task_stats_between",
        ask=lambda client, names: client.task_stats_between(DAY, DAY),
        said=several("data", REPORT),
        proof=lambda found, place: (sum(row.sent for row in found), sent(place, DAY)),
        found=(SendStats,),
    ),
    Row(
        endpoint="failexportall.php",
        capability=ListsFailures,
        method="failure_table",
        kinds=("umail",),
        ask=lambda client, names: tabled(client.failure_table(DAY, DAY)),
        said=several("fail_recipient_list", FAILED),
        proof=lambda found, place: (
            (len(found), all(row["address"] for row in found)),
            (failed(place, *EVERY_FATE), True),
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="failexportall.php",
        capability=ExplainsFailures,
        method="task_failure_table",
        kinds=("umail",),
        ask=lambda client, names: tabled(client.task_failure_table(statistics_id=names.statistics)),
        said=several("fail_recipient_list", FAILED),
        proof=lambda found, place: (
            ({row["statistics_id"] for row in found}, len(found)),
            ({place.names.statistics}, place.task.tally(place.now).of(*EVERY_FATE)),
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="failexport.php",
        capability=ExplainsFailures,
        method="failure_reason_table",
        kinds=("umail",),
        ask=lambda client, names: tabled(client.failure_reason_table(DAY, DAY)),
        said=several("fail_recipient_list", REASON),
        proof=lambda found, place: (
            (len(found), all(row["reason"] for row in found)),
            (failed(place, *EVERY_FATE), True),
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="failexport.php",
        capability=ExplainsFailures,
        method="failure_reason_table",
        kinds=("umail-v3",),
        ask=lambda client, names: tabled(
            client.failure_reason_table(DAY, DAY, category=FailureCategory.INVALID_ADDRESS)
        ),
        said=lines("a#@mail.example"),
        proof=lambda found, place: (len(found), failed(place, Fate.INVALID_ADDR)),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="deduction.php",
        capability=TellsCharges,
        method="charges",
        ask=lambda client, names: client.charges(DAY, DAY),
        said=several("data", CHARGE),
        proof=lambda found, place: (
            [one.messages for one in found if one.kind == "SMTP群发"],
            [place.account.history[DAY].tally.sent],
        ),
        found=(Charge,),
    ),
    Row(
        endpoint="maillog.php",
        capability=KeepsLog,
        method="log",
        kinds=("umail",),
        ask=lambda client, names: client.log(DAY, names.address),
        said=Said(
            one='{"lists": [{"mail_to": "a@mail.example"}]}',
            many='{"lists": [' + ", ".join(['{"mail_to": "a@mail.example"}'] * 30) + "]}",
            nothing=('{"lists": []}', '{"status": "error", "msg": "没有数据"}', NO_DATA),
        ),
        proof=lambda found, place: ([one.raw["mail_to"] for one in found], [place.names.address]),
        found=(LogEntry,),
    ),
)
