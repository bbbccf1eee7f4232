"""The contract's rows for single messages (EmailCar 002, ITNIO 004, U-Mail's SMTP, 000 chapter 10) and the console."""

import json
from collections.abc import Awaitable
from typing import Any

from providers.base import (
    ChangesTasks,
    ListsMessages,
    LooksUpMessages,
    SendsMessages,
    TellsBalance,
    TellsDayStats,
)
from providers.capabilities import HasConsole
from providers.domains import ConsoleLogin
from providers.messages import Accepted, MessageRecord, MessageReport
from providers.model import Balance, SendStats, TaskForm, TaskStatus
from sandbox.messages import Message, Stage
from tests.providers.contract.place import Place
from tests.providers.contract.row import (
    EVERY_UMAIL,
    MANY,
    TODAY,
    UMAIL,
    How,
    Names,
    Over,
    Row,
    Said,
    done,
    single,
    told,
)

CAR = ("emailcar",)
ITNIO = ("itnio", "itnio-post")
NOTHING_FOUND = '{"msg": "没有找到数据", "status": "error"}'
RECIPIENTS = ["neu@mail.example", "bounce@mail.example"]


def envelope(data: object) -> str:
    return json.dumps({"data": data, "msg": "数据成功获取", "status": "success"}, ensure_ascii=False)


def keyed(count: int) -> dict[str, dict[str, str]]:
    return {str(index): {"subject": f"订单 {index}", "status": "2", "guest_count": "1"} for index in range(count)}


def report(rows: int) -> str:
    array = [
        {"emailId": f"22080311123410000{number:02}", "toAddress": "a@mail.example", "receiveTime": "", "status": "0"}
        for number in range(1, rows + 1)
    ]
    counts = {"success": str(rows), "fail": "0", "sending": "0", "nofound": "0"}
    return json.dumps({"status": "0", "reason": "success", **counts, "array": array}, ensure_ascii=False)


def stages(place: Place, *stages: Stage) -> list[Message]:
    of_today = place.box.world.emailcar.find(None, TODAY, TODAY)
    return [message for message in of_today if message.stage(place.now) in stages]


def send(client: Any, sender: str) -> Awaitable[object]:
    return client.send(
        sender=sender, sender_name="小店", recipients=RECIPIENTS, subject="订单 & more", html="<p>您好</p>"
    )


def last_letters(place: Place) -> list[str]:
    return [letter.recipient for letter in list(place.account.letters)[-2:]]


def login(place: Place) -> tuple[str, str, str]:
    name = place.section()["username"]
    return (f"{place.box.umail.origin}/sendstat/?module=base&action=login", name, place.section().get("user_type", ""))


async def at_once(found: object) -> object:
    """What needs no wire, as an awaitable like the rest."""
    return found


ROWS = (
    Row(
        endpoint="user/balance",
        capability=TellsBalance,
        method="balance",
        kinds=CAR,
        ask=lambda client, names: client.balance(),
        said=single(envelope({"points": {"ad": "0", "email": "12", "sms": 7}}), envelope({}), counted=told),
        proof=lambda found, place: (
            (found.emails_left, found.sms_left, found.ads_left),
            (place.box.world.emailcar.points_email, place.box.world.emailcar.points_sms, 0),
        ),
        found=(Balance,),
    ),
    Row(
        endpoint="mail/stats",
        capability=TellsDayStats,
        method="day_stats",
        kinds=CAR,
        ask=lambda client, names: client.day_stats(TODAY, TODAY),
        said=single(envelope({"total": {"failure": 84, "request": 436, "success": 352}}), envelope({}), counted=told),
        proof=lambda found, place: (
            (found.requested, found.delivered, found.failed),
            (len(stages(place, *Stage)), len(stages(place, Stage.DELIVERED)), len(stages(place, Stage.FAILED))),
        ),
        found=(SendStats,),
    ),
    Row(
        endpoint="mail/stats",
        capability=ListsMessages,
        method="message_stats",
        kinds=CAR,
        ask=lambda client, names: client.message_stats(names.messages[0]),
        said=single(envelope({"total": {"failure": 0, "request": 1, "success": 1}}), envelope({}), counted=told),
        proof=lambda found, place: (found.requested, 1),
        found=(SendStats,),
    ),
    Row(
        endpoint="mail/lists",
        capability=ListsMessages,
        method="messages",
        kinds=CAR,
        ask=lambda client, names: client.messages(first=TODAY, last=TODAY),
        said=Said(
            one=envelope(keyed(1)),
            many=envelope(keyed(MANY)),
            nothing=(NOTHING_FOUND, envelope([]), envelope({}), envelope(None)),
        ),
        proof=lambda found, place: (
            [one.subject for one in found],
            [message.subject for message in place.box.world.emailcar.find(None, TODAY, TODAY)[:40]],
        ),
        found=(MessageRecord,),
    ),
    Row(
        endpoint="mail/send",
        capability=SendsMessages,
        method="send",
        kinds=CAR,
        ask=lambda client, names: send(client, "support@shop.example"),
        said=done(envelope({"return": {"id": 873216184254383362}})),
        proof=lambda found, place: (
            found.message_ids,
            tuple(str(message.id) for message in place.box.world.emailcar.messages[-2:]),
        ),
        how=How.CHANGE,
        found=(Accepted,),
    ),
    Row(
        endpoint="getSendEmailRcd",
        capability=LooksUpMessages,
        method="look_up",
        kinds=ITNIO,
        ask=lambda client, names: client.look_up(names.messages),
        said=Said(
            one=report(1),
            many=report(MANY),
            nothing=(report(0), report(0).replace('"array": []', '"array": null'), report(0).replace("[]", '""')),
            counted=lambda found: len(found.records),
        ),
        proof=lambda found, place: (
            {one.id: one.recipient for one in found.records} | dict.fromkeys(found.missing),
            {
                key: None if (one := place.box.world.itnio.messages[key]).stage(place.now) is Stage.QUEUED else one.to
                for key in place.names.messages
            },
        ),
        found=(MessageReport,),
    ),
    Row(
        endpoint="smtp",
        capability=SendsMessages,
        method="send",
        kinds=UMAIL,
        ask=lambda client, names: send(client, names.mailbox),
        said=done(),
        proof=lambda found, place: ((last_letters(place), found.refused), (RECIPIENTS, ())),
        how=How.CHANGE,
        over=Over.SMTP,
        found=(Accepted,),
    ),
    Row(
        endpoint="sendstat/?module=base&action=login",
        capability=HasConsole,
        method="console_login",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: at_once(client.console_login()),
        said=done(),
        proof=lambda found, place: ((found.action, found.username, found.user_type), login(place)),
        over=Over.NOTHING,
        found=(ConsoleLogin,),
    ),
    Row(
        endpoint="",
        capability=ChangesTasks,
        method="can_set",
        ask=lambda client, names: at_once(client.can_set(TaskStatus.PAUSED)),
        said=done(),
        # 001 6.3: "-1 or 1".
        proof=lambda found, place: (found, place.dialect == "umail"),
        over=Over.NOTHING,
        found=(bool,),
    ),
)


async def form_of(client: Any, names: Names) -> TaskForm:
    return client.form_of(await client.task(names.task))


# It says what a fresh read knows, so it needs one.
ROWS += (
    Row(
        endpoint="",
        capability=ChangesTasks,
        method="form_of",
        ask=form_of,
        said=done(),
        proof=lambda found, place: (
            (found.template_ids, found.list_ids, found.sender),
            (
                tuple(map(str, place.task.settings.template_ids)),
                tuple(map(str, place.task.settings.list_ids)),
                place.task.settings.send_account,
            ),
        ),
        over=Over.NOTHING,
        found=(TaskForm,),
    ),
)
