"""What events about a vendor's things mean, with an example each."""

from collections.abc import Mapping
from typing import Any

from bridge.events import EventType
from bridge.webhooks.schemas.guide import Guide


def _task(means: str, old: str | None, now: str, raw: str, changed: Mapping[str, Any] | None, **more: object) -> Guide:
    data = {
        "from": old,
        "to": now,
        "raw_status": raw,
        "detail": None,
        "templates": [{"id": "18", "name": "November sale"}],
        "lists": [{"id": "7", "name": "Members"}],
        "planned": 90000,
        "sent": 41200,
        "unsent": 35,
        "scheduled_at": "2026-11-21T09:30:00+08:00",
    }
    return Guide(means, data | more | ({} if changed is None else {"changed": changed}), "task/19124")


def _move(before: object, now: object) -> Mapping[str, object]:
    return {"from": before, "to": now}


_NOTHING_SENT = {"sent": 0, "unsent": 0}
_TASKS = {
    EventType.TASK_DISCOVERED: _task(
        "A task that was not known before was seen; it may be in any state already.",
        None,
        "scheduled",
        "1",
        None,
        **_NOTHING_SENT,
    ),
    EventType.TASK_SCHEDULED: _task(
        "A task that was held now waits for its time, or in the vendor's queue.",
        "draft",
        "scheduled",
        "1",
        {"scheduled_at": _move(None, "2026-11-21T09:30:00+08:00")},
        **_NOTHING_SENT,
    ),
    EventType.TASK_STARTED: _task("A task has begun to send.", "scheduled", "sending", "2", {}, **_NOTHING_SENT),
    EventType.TASK_PROGRESSED: _task(
        "A task that is sending has sent more. `task.*` does not cover it, so ask for it by name.",
        "sending",
        "sending",
        "2",
        {"sent": _move(40100, 41200)},
    ),
    EventType.TASK_PAUSED: _task("A task was stopped half-way and can be resumed.", "sending", "paused", "-2", {}),
    EventType.TASK_RESUMED: _task("A task that was paused or stopped goes on.", "paused", "sending", "2", {}),
    EventType.TASK_COMPLETED: _task(
        "A task has sent everything; what arrived, `stats.counted` tells.",
        "sending",
        "sent",
        "3",
        {"sent": _move(89100, 89965)},
        sent=89965,
    ),
    EventType.TASK_CANCELLED: _task("A task was cancelled for good.", "paused", "cancelled", "-3", {}),
    EventType.TASK_STOPPED: _task("The vendor ended a task.", "sending", "stopped", "4", {}),
    EventType.TASK_FAILED: _task("A task failed at the vendor.", "queued", "failed", "-4", {}, **_NOTHING_SENT),
    EventType.TASK_CHANGED: _task(
        "Something else about a task is other than it was, or its status took a way that no document explains.",
        "scheduled",
        "scheduled",
        "1",
        {"lists": _move([{"id": "7", "name": "Members"}], [{"id": "362", "name": "VIP"}])},
        lists=[{"id": "362", "name": "VIP"}],
        **_NOTHING_SENT,
    ),
    EventType.TASK_VANISHED: _task(
        "A task is gone: two look-ups by its id in a row found nothing.", "paused", "vanished", "-2", None
    ),
}


def _report(to: str, means: str, **more: object) -> Guide:
    data: dict[str, object] = {
        "from": None,
        "to": to,
        "raw_status": to,
        "message_id": "14c5d75ce93.dfd.64b469@mail.example.com",
        "recipient": "ann@example.com",
        "reject_reason": None,
        "description": None,
        "mta_response": None,
        "tags": ["receipt"],
        "metadata": {"order": "70031"},
        "click_url": None,
        "user_agent": None,
        "event_id": f"evt_{to}_01",
    }
    return Guide(means, data | more, f"message/{data['message_id']}", "receipts")


_BROWSER = {"user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"}
_MESSAGES = {
    EventType.MESSAGE_QUEUED: _report("queued", "The vendor has taken a message; that says nothing about delivery."),
    EventType.MESSAGE_SENT: _report("sent", "The vendor has sent a message on its way."),
    EventType.MESSAGE_REJECTED: _report(
        "rejected", "The vendor refused to send a message.", reject_reason="blocked", description="Suppressed"
    ),
    EventType.MESSAGE_FAILED: _report(
        "failed", "A message could not be sent.", description="The template has no such variable"
    ),
    EventType.MESSAGE_BOUNCED: _report(
        "bounced",
        "The recipient's server refused a message for good.",
        reject_reason="bounced",
        mta_response="550 5.1.1 The email account that you tried to reach does not exist",
    ),
    EventType.MESSAGE_DEFERRED: _report(
        "deferred", "The recipient's server put a message off; the vendor tries again.", mta_response="451 Try later"
    ),
    EventType.MESSAGE_DELIVERED: _report(
        "delivered", "The recipient's server has taken a message.", mta_response="250 OK"
    ),
    EventType.MESSAGE_AUTORESPONDED: _report("autoresponded", "A machine answered, such as a note of absence."),
    EventType.MESSAGE_OPENED: _report("opened", "A message was opened, as far as that can be known.", **_BROWSER),
    EventType.MESSAGE_CLICKED: _report(
        "clicked", "A link in a message was followed.", click_url="https://shop.example/november", **_BROWSER
    ),
    EventType.MESSAGE_COMPLAINED: _report("complained", "The recipient called a message spam.", reject_reason="spam"),
    EventType.MESSAGE_UNSUBSCRIBED: _report(
        "unsubscribed", "The recipient wants no more messages.", reject_reason="unsubscribed"
    ),
    EventType.MESSAGE_SUBSCRIBED: _report("subscribed", "The recipient wants messages, or wants them again."),
    EventType.MESSAGE_UNKNOWN: _report(
        "unknown", "The sender said something of a message that is in no table of ours.", raw_status="cooled down"
    ),
}


def _known(means: str, subject: str, changed: Mapping[str, Any]) -> Guide:
    return Guide(means, {"from": "known", "to": "known", "changed": changed}, subject)


def _provider(means: str, old: str, now: str, code: str | None = None, *said: str | None) -> Guide:
    call, vendor_code, vendor_text = said or (None, None, None)
    said_so = {"code": code, "call": call, "vendor_code": vendor_code, "vendor_text": vendor_text}
    return Guide(means, {"from": old, "to": now, **said_so}, "provider")


_LIST = "task.php?do=task-list"
_REST = {
    EventType.STATS_COUNTED: _known(
        "A task's or a day's counters moved. `stats.*` does not cover it, so ask for it by name.",
        "task/19124",
        {"delivered": _move(38110, 39420), "bounced_hard": _move(310, 322)},
    ),
    EventType.BALANCE_CHANGED: _known(
        "What is left to send with is another figure.", "balance", {"emails_left": _move(311016, 221016)}
    ),
    EventType.SERVICE_CHANGED: Guide(
        "The vendor's service was switched on or off, or its days are others.",
        {
            "from": "enabled",
            "to": "enabled",
            "changed": {"service_until": _move("2026-12-31", "2027-12-31")},
        },
        "service",
    ),
    EventType.TEMPLATE_CHECKED: Guide(
        "The vendor has passed or rejected a template.",
        {"from": "checking", "to": "passed", "name": "November sale", "subject": "Today only", "colour": "green"},
        "template/18",
    ),
    EventType.DOMAIN_CHECKED: Guide(
        "A look at a sender domain's DNS found something else than before.",
        {"from": "added", "to": "verified", "name": "shop.example", "said": "ok"},
        "domain/shop.example",
    ),
    EventType.IMPORT_FINISHED: Guide(
        "A file of contacts was read into a list, or was not.",
        {"from": "parsing", "to": "done", "raw_state": "1", "said": None},
        "import/5",
    ),
    EventType.PROVIDER_UNREACHABLE: _provider(
        "An account's vendor does not answer.", "up", "unreachable", "timeout", _LIST, None, None
    ),
    EventType.PROVIDER_AUTH_FAILED: _provider(
        "An account's vendor refuses the password, or lets us read nothing.",
        "up",
        "auth_failed",
        "auth",
        _LIST,
        "-1",
        "wrong password",
    ),
    EventType.PROVIDER_RATE_LIMITED: _provider(
        "An account's vendor says that it is asked too often.", "up", "rate_limited", "rate_limited", _LIST, "429", None
    ),
    EventType.PROVIDER_SCHEMA_CHANGED: _provider(
        "An account's vendor answers what cannot be read.", "up", "schema_changed", "bad_answer", _LIST, None, None
    ),
    EventType.PROVIDER_RECOVERED: _provider("An account's vendor answers again.", "unreachable", "up"),
}


SEEN: Mapping[EventType, Guide] = {**_TASKS, **_MESSAGES, **_REST}
