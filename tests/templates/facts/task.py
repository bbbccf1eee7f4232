"""Sending tasks."""

from datetime import date

from bridge.changes.decisions import Action, Verdict
from providers.model import (
    TaskStatus,
)
from tests.templates.facts.shared import (
    CHANGED,
    DIFFERENCES,
    ERRORS,
    NO_STATS,
    OF_TASK,
    STATS,
    TASK,
    TASKS,
    UNKNOWN_TASK,
)

MESSAGES = {
    "task/stats": [
        {"account": "umail", "title": "U-Mail", "task": task, "stats": found}
        for task in (TASK, UNKNOWN_TASK)
        for found in (None, STATS, NO_STATS)
    ],
    "task/show": [
        {**OF_TASK, "task": task, "stats": found, "rate": rate}
        for task in (*TASKS, UNKNOWN_TASK)
        for found, rate in ((None, None), (STATS, 11_896), (ERRORS[3], 1))
    ],
    "task/announcement": [
        {**CHANGED, "task": task, "user": user, "deleted": deleted}
        for task in TASKS
        for user in ("U0LIN", "terminal")
        for deleted in (True, False)
    ],
    "task/changed": [
        {**CHANGED, "task": task, "deleted": deleted, "differences": differences, "action": action}
        for task in (*TASKS, UNKNOWN_TASK)
        for deleted, differences, action in (
            (False, DIFFERENCES, Action.PAUSE),
            (False, (), Action.RESUME),
            (True, (), Action.DELETE),
        )
    ],
    "task/confirm": [
        {**OF_TASK, "action": action, "task": task}
        for action in (Action.CANCEL, Action.DELETE)
        for task in (*TASKS, UNKNOWN_TASK)
    ],
    "task/list": [
        {
            "account": "umail",
            "title": "U-Mail",
            "tasks": tasks,
            "page": page,
            "more": more,
            "status": status,
            "day": day,
        }
        for tasks, page, more, status, day in (
            ([], 1, False, None, None),
            (TASKS * 2, 1, True, TaskStatus.SENDING, date(2026, 11, 21)),
            ([UNKNOWN_TASK], 3, False, None, None),
        )
    ],
    "task/not_changed": [
        {"account": "umail", "title": "U-Mail", "action": action, "error": fault, "before": TASK, "after": after}
        for action in Action
        for fault, after in ((ERRORS[7], TASK), (ERRORS[7], None), (None, UNKNOWN_TASK))
    ],
    "task/unchanged": [
        {**OF_TASK, "task": task, "action": action, "verdict": verdict, "can_hold": can_hold}
        for task in (*TASKS, UNKNOWN_TASK)
        for action in (Action.PAUSE, Action.CANCEL)
        for verdict in Verdict
        if verdict is not Verdict.GO
        for can_hold in (True, False)
    ],
}
