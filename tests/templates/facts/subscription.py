"""What channels and people want to be told."""

from store.tables import Subscription
from tests.templates.facts.shared import AT, NASTY


def asked(types, severity=None, account=None, by="U0LIN"):
    return Subscription(
        receiver="C0ALERTS", types=types, severity=severity, account=account, created_by=by, created_at=AT
    )


def told(one, new):
    return {"types": one.types, "severity": one.severity, "account": one.account, "new": new}


PLAIN = asked("task.failed")
EVERY = [PLAIN, *(asked("alert.*", severity, "umail", NASTY) for severity in ("critical", "warning", "info"))]
FAMILIES = ("task", "message", "stats", "balance")

MESSAGES = {
    "subscription/changed": [
        {"receiver": receiver, "user": "U0LIN", "added": [told(one, new) for one in asked_for]}
        for receiver in ("C0ALERTS", "U0LIN")
        for asked_for in ([PLAIN], EVERY)
        for new in (True, False)
    ]
    + [{"receiver": "C0ALERTS", "user": "terminal", "added": [told(PLAIN, new=True), told(EVERY[1], new=False)]}],
    "subscription/removed": [
        {"receiver": receiver, "user": "U0LIN", "types": types, "count": count}
        for receiver in ("C0ALERTS", "U0LIN")
        for types in ((), ("task.failed", "alert.*"))
        for count in (0, 1, 12)
    ],
    "subscription/list": [
        {"receivers": [("C0ALERTS", listed), ("U0LIN", listed)], "alerts_channel": alerts}
        for listed in ((), EVERY, EVERY * 8)
        for alerts in (None, "C0ALERTS")
    ],
    "subscription/bad_type": [
        {"word": NASTY, "near": near, "families": FAMILIES} for near in ([], ["task.failed", "task.stalled"])
    ],
}
