"""EmailCar's door: its four calls (document 002).

Beyond the document: the limit of one call a second holds for every call and answers HTTP 429 with the usual envelope;
a message costs one e-mail point when it is accepted; both texts and shapes where the document contradicts itself are
set on `EmailCarAccount`.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import md5

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.messages import EmailCarAccount, Message, Stage, would_fail
from sandbox.wire import Call, VendorName
from sandbox.world import World

BASE = "/v1/"
MOST_RECIPIENTS = 50
LARGEST_PAGE = 40
STATUS = {Stage.QUEUED: "1", Stage.SENDING: "1", Stage.DELIVERED: "2", Stage.FAILED: "3"}

_ADDRESS = re.compile(r"[^@\s;]+@[^@\s;]+\.[^@\s;]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class RefusedError(Exception):
    """A call that EmailCar does not carry out; the text is all it says."""


def name(request: web.Request, query: Mapping[str, str]) -> tuple[VendorName, str]:  # noqa: ARG001
    """A call's name is its path, such as `mail/send`."""
    return "emailcar", request.match_info["path"].strip("/")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call whose caller is known."""

    account: EmailCarAccount
    form: Mapping[str, str]
    now: datetime


class EmailCar:
    """Answers EmailCar's calls from the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call) -> web.Response:
        handler = CALLS.get(call.name)
        if handler is None or call.method != "POST":
            return web.Response(status=404 if handler is None else 405, text="Not Found")
        account = self._world.emailcar
        if not self._in_time(account):
            return _json({"msg": "请求过于频繁，接口每秒钟只能提交1次", "status": "error"}, status=429)
        if not _knows(account, call.form):
            return _json({"msg": "用户名或密码错误", "status": "error"})
        try:
            return handler(Asked(account, call.form, self._world.advance()))
        except RefusedError as refusal:
            return _json({"msg": str(refusal), "status": "error"})

    def _in_time(self, account: EmailCarAccount) -> bool:
        now = self._world.clock.wire_seconds()
        if now - account.last_call < 1:
            return False
        account.last_call = now
        return True


def send(asked: Asked) -> web.Response:
    """/mail/send. All recipients are accepted, or none."""
    form, account = asked.form, asked.account
    for field in ("from", "fromname", "to", "subject", "html"):
        if not form.get(field, "").strip():
            raise RefusedError(f"{field}不能为空")
    if form["from"] not in account.senders:
        raise RefusedError("发件人不在事务性发件人平台中")
    recipients = _recipients(form["to"])
    if account.points_email < len(recipients):
        raise RefusedError("邮件点数不足")
    opens = 1 if _number(form, "open", 0, 0, 1) else 0
    _number(form, "click", 0, 0, 1)
    messages = [_accept(asked, to, opens) for to in recipients]
    if account.id_shape == "scalar":
        for message in messages:
            message.id = messages[0].id
    return _success({"return": {"id": _ids(account, messages)}}, "邮件发送成功")


def stats(asked: Asked) -> web.Response:
    """/mail/stats: totals of a send or of a range of days."""
    stages = [message.stage(asked.now) for message in _found(asked)]
    total = {
        "failure": stages.count(Stage.FAILED),
        "request": len(stages),
        "success": stages.count(Stage.DELIVERED),
    }
    return _success({"total": total}, "数据成功获取")


def lists(asked: Asked) -> web.Response:
    """/mail/lists: rows without recipient or id; a send id is echoed in a stray `return` among them."""
    page = _number(asked.form, "p", 1, 1, 10**9)
    size = _number(asked.form, "page_size", 20, 1, LARGEST_PAGE)
    found = _found(asked)[(page - 1) * size : page * size]
    if not found:
        raise RefusedError("没有找到数据")
    rows = [_row(message, asked.now) for message in found]
    if asked.account.rows_shape == "array":
        return _success(rows, "数据成功获取")
    data: dict[str, object] = {str(index): row for index, row in enumerate(rows)}
    if asked.form.get("send_id"):
        data["return"] = {"id": found[0].id}
    return _success(data, "数据成功获取")


def balance(asked: Asked) -> web.Response:
    """/user/balance; the document shows placeholders only, these are numbers in texts, as in PHP."""
    account = asked.account
    points = {"ad": str(account.points_ad), "email": str(account.points_email), "sms": str(account.points_sms)}
    return _success({"points": points}, "数据成功获取")


CALLS: dict[str, Callable[[Asked], web.Response]] = {
    "mail/send": send,
    "mail/stats": stats,
    "mail/lists": lists,
    "user/balance": balance,
}


def _knows(account: EmailCarAccount, form: Mapping[str, str]) -> bool:
    """Login name or e-mail, and the password in clear or its MD5, in either case."""
    given = form.get("api_pwd", "")
    digest = md5(account.password.encode(), usedforsecurity=False).hexdigest()
    fits = hmac.compare_digest(given.encode(), account.password.encode())
    fits |= hmac.compare_digest(given.lower().encode(), digest.encode())
    return fits and form.get("api_user") in (account.username, account.email)


def _recipients(text: str) -> list[str]:
    recipients = [one.strip() for one in text.split(";") if one.strip()]
    if len(recipients) > MOST_RECIPIENTS:
        raise RefusedError("一次最多提交50个收件人地址")
    if not recipients or not all(_ADDRESS.fullmatch(one) for one in recipients):
        raise RefusedError("收件人地址格式错误")
    return recipients


def _accept(asked: Asked, to: str, opens: int) -> Message:
    account, form = asked.account, asked.form
    message = Message(account.next_id, to, asked.now, would_fail(to), opens, form["subject"], form["from"])
    message.sender_name, message.replyto = form["fromname"], form.get("replyto") or form["from"]
    account.next_id += 1
    account.points_email -= 1
    account.messages.append(message)
    return message


def _ids(account: EmailCarAccount, messages: list[Message]) -> object:
    """The id of one recipient; of several, in the account's shape."""
    if len(messages) == 1 or account.id_shape == "scalar":
        return messages[0].id
    if account.id_shape == "list":
        return [message.id for message in messages]
    return {message.to: message.id for message in messages}


def _found(asked: Asked) -> list[Message]:
    form = asked.form
    send_id = _number(form, "send_id", 0, 1, 10**19) or None
    if send_id is not None:
        return asked.account.find(send_id, None, None)
    return asked.account.find(None, _day(form, "start_date"), _day(form, "end_date"))


def _row(message: Message, now: datetime) -> dict[str, str]:
    opens, stage = message.opened(now), message.stage(now)
    return {
        "failure_msg": "550 5.1.1 User unknown" if stage is Stage.FAILED else "",
        "from": message.sender,
        "fromname": message.sender_name,
        "guest_agent": "Mozilla/5.0" if opens else "",
        "guest_count": str(opens),
        "guest_ip": "192.0.2.7" if opens else "",
        "replyto": message.replyto,
        "send_time": vendor_time(message.sent_at),
        "status": STATUS[stage],
        "subject": message.subject,
    }


def _number(form: Mapping[str, str], field: str, default: int, low: int, high: int) -> int:
    text = form.get(field)
    if not text:
        return default
    if not re.fullmatch(r"\d{1,19}", text) or not low <= int(text) <= high:
        raise RefusedError(f"参数{field}错误")
    return int(text)


def _day(form: Mapping[str, str], field: str) -> date | None:
    text = form.get(field)
    if not text:
        return None
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise RefusedError(f"参数{field}错误，格式为1984-01-02") from None


def _success(data: object, msg: str) -> web.Response:
    return _json({"data": data, "msg": msg, "status": "success"})


def _json(body: object, status: int = 200) -> web.Response:
    headers = {"Retry-After": "1"} if status == 429 else None
    return web.json_response(
        body, status=status, headers=headers, dumps=lambda value: json.dumps(value, ensure_ascii=False)
    )
