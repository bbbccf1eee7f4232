"""The messages that belong to no noun."""

from dataclasses import replace
from datetime import date

from bot.commands import COMMANDS
from bot.commands.guide import topics
from bot.config import Role
from bridge.changes.decisions import Action
from providers.errors import (
    RateLimitedError,
)
from providers.model import (
    AccountInfo,
)
from store.tables import ChangeState, Outcome
from tests.templates.facts.shared import (
    ANY_COMMAND,
    AT,
    BALANCE,
    CHANGE,
    DENIED,
    ERRORS,
    NASTY,
    NO_BALANCE,
    NO_STATS,
    NOT_UNDERSTOOD,
    PERSON,
    STATS,
    TASK,
    UNKNOWN_TASK,
    Vendor,
    asked,
    balance,
    change,
    error,
    line,
    part,
    seen,
    stats,
)

MESSAGES = {
    "account": [
        {
            "account": "umail",
            "title": "U-Mail",
            "info": AccountInfo(**seen, id="7020", username="demo", company=NASTY, contact="林小姐"),
            "balance": BALANCE,
        },
        {"account": "umail", "title": "U-Mail", "info": AccountInfo(**seen), "balance": NO_BALANCE},
    ],
    "bad_period": [
        {"words": NASTY, "problem": problem, "longest": 31, "account": None}
        for problem in ("date", "backwards", "future", "long", "unknown")
    ],
    "balance": [
        balance([line(BALANCE, days=9.4), line(fault=ERRORS[0])], 311_016, 1, ["ITNIO"]),
        balance([line(BALANCE, days=0.4), line(NO_BALANCE)], 312_040, 2),
        balance([line(replace(BALANCE, enabled=True), days=1.2)] * 20, 312_040, 20),
        balance([line(NO_BALANCE), *(line(fault=fault) for fault in ERRORS)], None, 0),
    ],
    "at_it": [{"user": user, "at": AT, "line": NASTY} for user in ("U0LIN", "terminal")],
    "deed_unknown": [
        {"account": "umail", "title": "U-Mail", "error": fault, "line": NASTY, "check": check}
        for fault in (None, ERRORS[1])
        for check in ("", "list show 12")
    ],
    "export_progress": [{"name": "bounces-umail-2026-11-21", "rows": 90_000}],
    "file_not_sent": [{"name": "bounces.csv", "lost": lost} for lost in (True, False)],
    "file_refused": [{"problem": problem} for problem in ("too_large", "not_yours", "gone")],
    "form_again": [{"line": NASTY}],
    "form_loading": [{}],
    "only_in_slack": [{"command": ANY_COMMAND}],
    "busy": [{"change": CHANGE, "user": user, "account": "umail"} for user in ("U0LIN", "terminal", None)],
    "choose_account": [
        {"choices": [(f"account{n}", "U-Mail", f"task show 19124 --account account{n}") for n in range(count)]}
        for count in (2, 20)
    ],
    "help": [
        {"topics": topics(COMMANDS), "hidden": hidden, "role": role}
        for hidden, role in ((0, Role.ADMIN), (1, Role.VIEWER), (70, Role.VIEWER))
    ],
    "help_command": [
        {"commands": [command for command in COMMANDS if command.name.startswith("list ")], "role": Role.VIEWER},
        {"commands": [ANY_COMMAND], "role": Role.ADMIN},
    ],
    "interim": [{}],
    "interrupted": [
        {"text": NASTY, "change": found, "check": check}
        for found in (None, *map(change, ChangeState))
        for check in (None, "list show 12 --account umail")
    ],
    "no_account": [{"name": NASTY, "known": ["emailcar", "itnio", "umail"]}],
    "no_memory": [{}],
    "no_such_task": [{"account": "umail", "task_id": "9" * 20, "title": "U-Mail"}],
    "not_allowed": [
        {"needs": needs, "have": Role.NONE, "holders": holders, "account": account}
        for needs in (Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN)
        for holders in ((), ("S0EDMOPS", "U0LIN", "everyone"))
        for account in (None, "umail")
    ],
    "not_understood": [
        {**NOT_UNDERSTOOD, "problem": "unknown_word", "meant": "task pause", "command": ANY_COMMAND},
        {**NOT_UNDERSTOOD, "problem": "unknown_word", "known": [command.name for command in COMMANDS]},
        {**NOT_UNDERSTOOD, "problem": "noun_alone", "commands": COMMANDS},
        {**NOT_UNDERSTOOD, "problem": "missing", "word": "", "command": ANY_COMMAND},
        *(
            {**NOT_UNDERSTOOD, "problem": problem, "command": ANY_COMMAND}
            for problem in ("missing", "unknown_option", "wrong_value", "repeated", "too_many", "unclear")
        ),
        *(
            {**NOT_UNDERSTOOD, "problem": "wrong_value", "command": ANY_COMMAND, "kind": kind}
            for kind in (
                "task id",
                "list id",
                "contact id",
                "template id",
                "attachment",
                "message id",
                "address",
                "alert id",
                "silence id",
                "endpoint name",
                "event id",
                "person",
                "span",
                "comment",
            )
        ),
        *(
            {**NOT_UNDERSTOOD, "problem": "wrong_value", "command": ANY_COMMAND, "kind": kind, "choices": ["a", "b"]}
            for kind in ("domain", "page", "number", None)
        ),
    ],
    "outcome_unknown": [
        {"account": "umail", "title": "U-Mail", "action": action, "error": fault, "before": TASK, "after": after}
        for action in Action
        for fault, after in ((None, TASK), (ERRORS[-1], None), (ERRORS[1], TASK))
    ],
    "provider_error": [
        {"error": fault, "title": "U-Mail", "account": account} for fault in ERRORS for account in ("umail", "")
    ]
    + [{"error": error(RateLimitedError, retry_after=6.2), "title": "U-Mail", "account": "umail"}],
    "settled": [
        {"account": "umail", "change": CHANGE, "state": state, "task": task, "title": "U-Mail"}
        for state in (ChangeState.DONE, ChangeState.NOT_DONE, ChangeState.LOST)
        for task in (None, TASK, UNKNOWN_TASK)
    ],
    "stats": [
        stats([part(STATS, tasks=[STATS], before=[STATS])], "today"),
        stats([part(STATS), part(fault=ERRORS[1])], "7d", ["ITNIO"]),
        stats([part(NO_STATS), part(replace(STATS, first_day=date(2026, 11, 21)))], "yesterday"),
        stats([part(STATS, tasks=[NO_STATS], before=[NO_STATS])] * 10, "今天", ["ITNIO"]),
    ],
    "stranger": [{"stranger": stranger, "user": "U0EXT"} for stranger in (True, False)],
    "unexpected": [{"run": "0198"}],
    "unsupported": [
        {"account": account, "title": title, "able": able, "error": ERRORS[-2]}
        for account, title in (("itnio", "ITNIO"), (None, ""))
        for able in ([], [Vendor, Vendor])
    ],
    "audit": [
        {"runs": runs, "page": page, "more": more, "user": user, "since": since, "known_as": known_as}
        for runs, page, more, user, since, known_as in (
            ([], 1, False, None, None, {}),
            ([asked(outcome) for outcome in (*Outcome, None)] * 3, 2, True, "U0LIN", "2h", {}),
            ([asked(Outcome.DONE)], 1, False, "U0LIN", None, {"U0LIN": NASTY}),
        )
    ],
    "bad_since": [{"words": NASTY, "command": command} for command in ("audit", "webhook replay")],
    "whoami": [{"person": person, "accounts": {"umail": person.role("umail")}} for person in (PERSON, DENIED)],
}
