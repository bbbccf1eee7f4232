"""ITNIO's door: getSendEmailRcd, by GET and by POST (document 004).

Beyond the document: a timestamp may be five minutes off, measured by the world's clock or by the real one; an error's
counts are "0" and its `array` is empty; an unknown `appId` is an authentication error.
"""

import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5

from aiohttp import web

from sandbox.clock import SHANGHAI
from sandbox.messages import ItnioAccount, Message, Stage
from sandbox.wire import Call, VendorName
from sandbox.world import World

BASE = "/email/"
MOST_IDS = 200
WINDOW = 300
"""Seconds that a timestamp may be off."""

REASONS = {
    "0": "success",
    "-1": "身份验证错误",
    "-4": "用户锁定",
    "-5": "字段为空或查询ID异常",
    "-6": "时间戳过期",
    "-28": "一次只能查询200个emailID,超过最大查询限制",
}
STATUS = {Stage.DELIVERED: "0", Stage.SENDING: "-1", Stage.FAILED: "1"}
"""A row's status: the same words as the answer's, with another meaning."""


def name(request: web.Request, query: Mapping[str, str]) -> tuple[VendorName, str]:  # noqa: ARG001
    return "itnio", request.match_info["path"]


class Itnio:
    """Answers ITNIO's one call from the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call) -> web.Response:
        if call.name != "getSendEmailRcd" or call.method not in ("GET", "POST"):
            return web.Response(status=404, text="Not Found")
        now = self._world.advance()
        account = self._world.itnio
        params = call.query if call.method == "GET" else call.form
        ids = params.get("emailId", "").split(",")
        status = _refusal(account, call, params, ids, now)
        found = account.sort(ids, now) if status == "0" else {stage: [] for stage in Stage}
        return _answer(status, found)


def _refusal(account: ItnioAccount, call: Call, params: Mapping[str, str], ids: list[str], now: datetime) -> str:
    """The status that the checks end in, the first that fails; 0 when none does."""
    timestamp = call.headers.get("Timestamp", "")
    known = call.headers.get("Api-Key") == account.api_key and _signed(account, call.headers.get("Sign", ""), timestamp)
    typed = call.headers.get("Content-Type", "").startswith("application/json")
    checks = (
        ("-1", known),
        ("-6", _fresh(timestamp, now)),
        ("-4", not account.locked),
        ("-5", typed and bool(params.get("appId")) and all(one.isdecimal() and len(one) == 19 for one in ids)),
        ("-28", len(ids) <= MOST_IDS),
        ("-1", params.get("appId") == account.app_id),
    )
    return next((status for status, fine in checks if not fine), "0")


def _signed(account: ItnioAccount, sign: str, timestamp: str) -> bool:
    """Lower-case hex MD5 of apiKey + apiSecret + timestamp."""
    text = f"{account.api_key}{account.api_secret}{timestamp}".encode()
    return hmac.compare_digest(md5(text, usedforsecurity=False).hexdigest().encode(), sign.encode())


def _fresh(timestamp: str, now: datetime) -> bool:
    """Unix seconds, by either clock: a client of a sped-up world still lives in real time."""
    if not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    return min(abs(int(timestamp) - now.timestamp()), abs(int(timestamp) - time.time())) <= WINDOW


def _answer(status: str, found: dict[Stage, list[Message]]) -> web.Response:
    body = {
        "status": status,
        "reason": REASONS[status],
        "success": str(len(found[Stage.DELIVERED])),
        "fail": str(len(found[Stage.FAILED])),
        "sending": str(len(found[Stage.SENDING])),
        "nofound": str(len(found[Stage.QUEUED])),
        "array": [_row(message, stage) for stage in STATUS for message in found[stage]],
    }
    return web.json_response(body, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def _row(message: Message, stage: Stage) -> dict[str, str]:
    """`receiveTime` is the time of sending; empty but for what was delivered, as in the sample's failed row."""
    sent = message.sent_at.astimezone(SHANGHAI).isoformat(timespec="seconds")
    return {
        "emailId": str(message.id),
        "toAddress": message.to,
        "receiveTime": sent if stage is Stage.DELIVERED else "",
        "status": STATUS[stage],
    }
