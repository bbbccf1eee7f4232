"""What events about what happens here mean, with an example each."""

from collections.abc import Mapping

from bridge.events import EventType, event_id
from bridge.webhooks.schemas.guide import Guide

_ALERT, _APPROVAL = "0198f3a2-7c1e-7d53-9b64-2f1a5c0e8d11", "0198f3b0-1c22-7a4f-8e35-6b9d04c7f2a3"
_ENDPOINT = "0198e001-44aa-7c10-b2d9-90c4e1f7a6b8"


def _ruled(means: str, rule: str, subject: str, severity: str = "warning") -> Guide:
    return Guide(means, {"alert": _ALERT, "rule": rule, "severity": severity}, subject)


_RULED = {
    EventType.TASK_STALLED: _ruled("A task is sending and its counters stand still.", "task-stalled", "task/19124"),
    EventType.BOUNCE_RATE_RAISED: _ruled(
        "Too much of what was sent came back, a rule says.", "bounce-rate", "task/19124", "critical"
    ),
    EventType.BOUNCE_RATE_CLEARED: _ruled(
        "No longer does too much come back.", "bounce-rate", "task/19124", "critical"
    ),
    EventType.COMPLAINT_RATE_RAISED: _ruled("Too many recipients complained, a rule says.", "complaints", "task/19124"),
    EventType.COMPLAINT_RATE_CLEARED: _ruled("No longer do too many complain.", "complaints", "task/19124"),
    EventType.BALANCE_LOW: _ruled("Little is left to send with, a rule says.", "balance-low", "balance"),
    EventType.BALANCE_RECOVERED: _ruled("Enough is left to send with again.", "balance-low", "balance"),
}


def _endpoint(means: str, reason: str | None, since: str | None, dead: int | None = None) -> Guide:
    data = {"endpoint": _ENDPOINT, "name": "crm", "reason": reason, "since": since, "dead": dead}
    return Guide(means, data, f"endpoint/{_ENDPOINT}", "")


_OUT = {
    EventType.ENDPOINT_FAILING: _endpoint(
        "An endpoint has taken nothing for two and a half days. It is told of others, never of itself.",
        "HTTP 500",
        "2026-11-18T14:00:00+00:00",
    ),
    EventType.ENDPOINT_DISABLED: _endpoint(
        "An endpoint is sent nothing any more: it took nothing for five days, or said that it is gone.",
        "HTTP 500",
        "2026-11-16T02:00:00+00:00",
        412,
    ),
    EventType.ENDPOINT_RECOVERED: _endpoint(
        "An endpoint that was failing takes events again.", None, "2026-11-18T14:00:00+00:00"
    ),
    EventType.DELIVERY_DEAD: Guide(
        "An event was given up for one endpoint, after its last try; `/edm webhook replay` sends it again.",
        {
            "endpoint": _ENDPOINT,
            "name": "crm",
            "reason": "HTTP 500",
            "event": event_id("umail", "task/19124", EventType.TASK_PAUSED, 7),
            "type": EventType.TASK_PAUSED.value,
            "subject": "task/19124",
            "attempts": 10,
            "status": 500,
        },
        f"endpoint/{_ENDPOINT}",
    ),
}


def _alert(means: str, old: str, now: str, *, by: str | None = None, **more: object) -> Guide:
    data = {
        "rule": "bounce-rate",
        "kind": "bounce_rate",
        "severity": "critical",
        "about": "task/19124",
        "reason": "above_limit",
        "by": by,
        "from": old,
        "to": now,
    }
    return Guide(means, data | more, f"alert/{_ALERT}")


_ALERTS = {
    EventType.ALERT_FIRING: _alert("A rule holds, for as long as its `for` says.", "pending", "firing"),
    EventType.ALERT_ACKNOWLEDGED: _alert("Somebody looks after it.", "firing", "acknowledged", by="U0MEI"),
    EventType.ALERT_SNOOZED: _alert(
        "Somebody wants to hear of it later.", "firing", "snoozed", by="U0MEI", until="2026-11-21T03:00:00+00:00"
    ),
    EventType.ALERT_ASSIGNED: _alert(
        "Somebody was asked to look after it.", "firing", "firing", by="U0LIN", who="U0MEI"
    ),
    EventType.ALERT_ESCALATED: _alert("Nobody acknowledged in time: others were told.", "firing", "firing", step=1),
    EventType.ALERT_RESOLVED: _alert(
        "It is over: by itself, or because somebody says so.", "acknowledged", "resolved", reason="well"
    ),
}


def _approval(means: str, *, by: str | None = None, votes: tuple[str, ...] = (), **more: object) -> Guide:
    data = {
        "approval_id": _APPROVAL,
        "kind": "schedule",
        "account": "umail",
        "subject": "task/19124",
        "name": "November sale",
        "recipients": 90000,
        "by": by,
        "reason": None,
        "hash": "9f2c1b7a40de5386f1c2d7e8a90b43516e7f8091a2b3c4d5e6f708192a3b4c5d",
        "votes": [*votes],
        "needed": 1,
        "result": None,
    }
    return Guide(means, data | more, f"approval/{_APPROVAL}")


_READ = {"status": "scheduled", "raw_status": "1", "sent": 0, "planned": 90000, "at": "2026-11-21T02:00:00+00:00"}
_SAID_NO = {"code": "refused", "vendor_code": "-21", "vendor_text": "task has ended"}
_APPROVALS = {
    EventType.APPROVAL_REQUESTED: _approval(
        "Somebody asks for a yes to a send, or one was found that nobody approved.",
        by="U0CHEN",
        reason="start of the campaign",
    ),
    EventType.APPROVAL_APPROVED: _approval(
        "It has as many votes as it needs and is carried out in a moment.",
        by="U0LIN",
        votes=("U0LIN",),
        reason="start of the campaign",
    ),
    EventType.APPROVAL_REJECTED: _approval("Somebody said no.", by="U0LIN", reason="wrong list"),
    EventType.APPROVAL_EXPIRED: _approval(
        "Nobody decided in time, or it could not be carried out in time. It never means yes.", reason="late"
    ),
    EventType.APPROVAL_WITHDRAWN: _approval("The asker took it back.", by="U0CHEN"),
    EventType.APPROVAL_VOIDED: _approval("What was asked for is not what is there any more.", reason="drift"),
    EventType.APPROVAL_EXECUTED: _approval(
        "The vendor was told, and has done it.",
        votes=("U0LIN",),
        result={**_READ, "differences": [], "reset": []},
    ),
    EventType.APPROVAL_FAILED: _approval(
        "It was approved, and the vendor did not do it.", votes=("U0LIN",), reason="refused", result=_SAID_NO
    ),
    EventType.APPROVAL_UNKNOWN: _approval(
        "It was approved; whether the vendor did it nobody can find out.",
        votes=("U0LIN",),
        result={"code": "timeout", "vendor_code": None, "vendor_text": None},
    ),
}
OURS: Mapping[EventType, Guide] = {**_RULED, **_OUT, **_ALERTS, **_APPROVALS}
