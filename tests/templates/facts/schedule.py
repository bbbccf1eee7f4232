"""Sends that are made, changed and asked for."""

from dataclasses import replace

from bot.commands.choices import Choices
from bot.commands.scheduleform import Entry, Offered, wrong
from providers.errors import RefusedError, UnsupportedError
from providers.model import Tracking
from store.tables import ApprovalKind, ApprovalState
from tests.templates.facts.shared import AT, ERRORS, NASTY, TASK, TASKS, UNKNOWN_TASK, error

ID = "0197d2a0-5c1e-7b3a-9f42-2f6a1c0d8e55"
ABOUT = {"account": "umail", "title": "U-Mail"}
PROBLEMS = [
    "blank",
    "checking",
    "rejected",
    "no_template",
    "no_list",
    "importing",
    "empty",
    "beyond",
    "credit",
    "past",
    "address",
    "number",
    "speed",
    "first",
    "last",
]
WRONG = {one: wrong(one, word=NASTY, count=90_000, least=12).facts for one in PROBLEMS}
OFFERED = [
    Offered(str(n), NASTY, state, n) for n, state in enumerate(("passed", "checking", "rejected", "importing", ""), 1)
]
FEW = Choices(OFFERED, [*OFFERED, Offered("9")], ["all", "@shop.example", "news@shop.example"])
MANY = Choices(
    [Offered(str(n), NASTY) for n in range(150)],
    [Offered(str(n), None, "", 1) for n in range(150)],
    [f"{n}@shop.example" for n in range(150)],
)
FULL = Entry(
    templates=[FEW.templates[0]],
    lists=[FEW.lists[0]],
    sender="@shop.example",
    sender_name=NASTY,
    reply_to="re@shop.example",
    at=AT,
    speed=12_000,
    tracking=Tracking.NONE,
    unsubscribe=False,
    first=2,
    last=500,
    reason=NASTY,
)
FIELDS = ("templates", "lists", "sender", "at", "speed", "first", "last", "reason", "reply_to", "sender_name")
FORM = {**ABOUT, "entry": Entry(), "choices": FEW, "task": None, "faults": {}, "error": None, "asks": True}
ASKED = {
    **ABOUT,
    "approval_id": ID,
    "needed": 2,
    "reasons": [],
    "name": NASTY,
    "recipients": 90_000,
    "send_at": AT,
    "expires_at": AT,
    "where": "C0APPROVE",
    "kind": ApprovalKind.SCHEDULE,
}

MESSAGES = {
    "schedule/wrong": [*WRONG.values()],
    "schedule/options": [
        {**ABOUT, "field": field, "options": options}
        for field in ("templates", "lists")
        for options in (FEW.templates, MANY.templates)
    ]
    + [{**ABOUT, "field": "sender", "options": [Offered(one) for one in FEW.senders]}],
    "schedule/form": [
        FORM,
        {**FORM, "asks": False, "choices": Choices((), (), ())},
        {**FORM, "entry": replace(FULL, templates=[MANY.templates[3]]), "choices": MANY, "task": TASK},
        *({**FORM, "entry": FULL, "faults": dict.fromkeys(FIELDS, fault)} for fault in WRONG.values()),
        *({**FORM, "entry": FULL, "error": fault} for fault in (*ERRORS, error(UnsupportedError), error(RefusedError))),
    ],
    "schedule/time": [{**ABOUT, "task": task, "at": at} for task, at in ((TASK, AT), (UNKNOWN_TASK, None))],
    "schedule/asked": [
        {**ASKED, "task": TASK, "subject": "task/19124"},
        {**ASKED, "task": UNKNOWN_TASK, "subject": "task/19124", "needed": 1, "recipients": None, "send_at": None},
        {**ASKED, "task": None, "subject": f"draft/{ID}", "recipients": 1, "where": None, "needed": 1},
    ],
    "schedule/held": [{**ABOUT, "task": task, "rate": None} for task in (TASK, UNKNOWN_TASK)],
    "schedule/not_asked": [{**ABOUT, "task_id": "19124", "error": fault} for fault in (*ERRORS, None)],
    "schedule/unknown": [
        {**ABOUT, "error": fault, "at": at} for fault, at in ((ERRORS[0], AT), (None, AT), (ERRORS[1], None))
    ],
    "schedule/fixed": [
        {**ABOUT, "task": task, "rate": None, "verdict": verdict}
        for task in (*TASKS, UNKNOWN_TASK)
        for verdict in ("running", "begun", "finished", "failed", "not_explained", "no_such_call")
    ],
    "schedule/no_time": [{"account": "emailcar", "subject": f"draft/{ID}"}],
    "schedule/open": [
        {"account": "umail", "approval_id": ID, "subject": "task/19124", "state": state, "user": user}
        for state, user in (
            (ApprovalState.PENDING, "U0LIN"),
            (ApprovalState.PENDING, None),
            (ApprovalState.APPROVED, "U0LIN"),
            (ApprovalState.EXECUTED, "terminal"),
        )
    ],
}
