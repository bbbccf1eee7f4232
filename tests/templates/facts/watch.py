"""A task that is followed."""

from dataclasses import replace

from providers.model import TaskStatus
from tests.templates.facts.shared import AT, NASTY, TASK, UNKNOWN_TASK

PROGRESS = {
    "account": "umail",
    "task_id": "19124",
    "receiver": "C0ALERTS",
    "by": "U0LIN",
    "stopped_by": None,
    "gone": False,
    "status": "sending",
    "sent": 41_200,
    "planned": 90_000,
    "unsent": 350,
    "share": 0.4617,
    "rate": 11_896,
    "left": 14_700.0,
    "bounced": 747,
    "observed_at": AT,
}
UNKNOWN = {**PROGRESS, **dict.fromkeys(("sent", "planned", "unsent", "share", "rate", "left", "bounced"))}

MESSAGES = {
    "watch/progress": [
        *({**PROGRESS, "status": status} for status in TaskStatus),
        *({**UNKNOWN, "status": status} for status in TaskStatus),
        *({**PROGRESS, "share": share, "bounced": 1, "unsent": 0} for share in (0.0, 0.001, 0.9999, 1.0)),
        {**PROGRESS, "stopped_by": "U0MEI"},
        {**PROGRESS, "status": "vanished", "gone": True},
        {**PROGRESS, "by": NASTY},
    ],
    "watch/begun": [
        {"account": "umail", "task": task, "receiver": receiver, "over": over, "new": new}
        for task in (replace(TASK, status=TaskStatus.SENT), UNKNOWN_TASK)
        for receiver in ("C0ALERTS", "U0LIN")
        for over, new in ((True, False), (False, True), (False, False))
    ],
    "watch/ended": [
        {"account": "umail", "task_id": "19124", "receiver": "C0ALERTS", "done": done} for done in (True, False)
    ],
    "unreachable_channel": [
        {"receiver": receiver, "problem": problem}
        for problem, receiver in (
            ("not_member", "C0RANDOM"),
            ("is_archived", "C0OLD"),
            ("channel_not_found", "C0SECRET"),
            ("no_receiver", None),
            ("no_channel", NASTY),
            ("not_yourself", None),
            ("unasked", "C0RANDOM"),
        )
    ],
}
