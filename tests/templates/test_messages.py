"""Every message, in both languages, with facts as they come: within Slack's limits, pinging nobody."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import templates
from bot.command import Period
from bot.commands import COMMANDS
from bot.commands.balance import Line
from bot.commands.stats import Part
from bot.config import Role
from bot.people import Person
from bridge.changes import Difference
from bridge.decisions import Action, Verdict
from providers.errors import (
    AnswerTimeoutError,
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    UnreachableError,
    UnsupportedError,
)
from providers.model import (
    AccountInfo,
    Balance,
    BatchNumber,
    NamedRef,
    SendId,
    SendStats,
    Task,
    TaskStatus,
    Tracking,
)
from sandbox.slack.blocks import problems
from store.tables import Change, ChangeState, CommandRun, Outcome
from templates import Message, render
from templates.words import LANGUAGES

FOLDER = Path(templates.__file__).parent
MACROS = {"words", "task_card"}
SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 21, 2, 4, tzinfo=UTC)
NASTY = "<!channel> *VIP* & _friends_ `now` <@U0MEI> " + "很长" * 40


def asked(outcome):
    """A request as the audit log keeps it."""
    who = {"user_id": "U0LIN", "worker": "w", "kind": "slash", "key": "k"}
    return CommandRun(**who, text=NASTY * 3, received_at=AT, lease_until=AT, outcome=outcome)


seen = {"account": "umail", "observed_at": AT, "source": "task.php?do=task-list"}
TASK = Task(
    **seen,
    id=SendId("19124"),
    batch=BatchNumber("20261121-7020-124"),
    status=TaskStatus.SENDING,
    raw_status="2",
    detail="ingesting",
    templates=(NamedRef("16", NASTY), NamedRef("17", None)),
    lists=(NamedRef("5", NASTY),),
    sender="news@shop.example",
    sender_name="小店",
    reply_to="service@shop.example",
    limit=0,
    planned=90_000,
    sent=41_200,
    unsent=350,
    scheduled_at=AT,
    started_at=AT,
    ended_at=AT,
    tracking=Tracking.OPENS,
)
UNKNOWN_TASK = Task(**seen, id=SendId("9" * 20), status=TaskStatus.UNKNOWN, raw_status="77")
STATS = SendStats(
    **seen,
    first_day=date(2026, 11, 20),
    last_day=date(2026, 11, 21),
    **dict.fromkeys(("requested", "sent", "delivered", "failed"), 41_163),
    **dict.fromkeys(("bounced_hard", "mailbox_full", "connection_error", "recipient_rejected"), 640),
    **dict.fromkeys(("spam_content", "judged_spam", "rejected", "invalid_address", "invalid_format"), 12),
    **dict.fromkeys(("suppressed", "suppressed_complaint", "pending", "points_charged", "points_refunded"), 3),
    delivered_is_derived=True,
)
NO_STATS = SendStats(**seen, first_day=date(2026, 11, 21), last_day=date(2026, 11, 21))
BALANCE = Balance(
    **seen,
    emails_left=311_016,
    emails_bought=5_000_000,
    sms_left=7,
    ads_left=0,
    enabled=False,
    service_from=date(2026, 1, 1),
    service_until=date(2026, 12, 31),
    daily_allowance=True,
)
NO_BALANCE = Balance(**seen)


def change(state):
    about = {"run_id": "r", "account": "umail", "task_id": "19124", "action": "pause", "wanted": "paused", "before": {}}
    return Change(**about, state=state, created_at=AT)


CHANGE = change(ChangeState.UNKNOWN)
PERSON = Person("U0LIN", "en", {"*": Role.APPROVER, "umail": Role.APPROVER}, ("U0LIN", "everyone"))
DENIED = Person("U0OPS", "en", {"*": Role.NONE, "umail": Role.NONE}, (), unread_groups=("S0EDMOPS",))


class Vendor:
    """What `unsupported` names."""

    account, title = "emailcar", "EmailCar"


def error(kind, **about):
    return kind(
        "it did not go well",
        account="umail",
        call="task.php?do=edit-task",
        vendor_code="1001",
        vendor_text=NASTY * 3,
        **about,
    )


ERRORS = [
    error(kind)
    for kind in (
        UnreachableError,
        AnswerTimeoutError,
        NoAnswerError,
        ServerFaultError,
        RateLimitedError,
        AuthenticationError,
        BadAnswerError,
        RefusedError,
        UnsupportedError,
        OutcomeUnknownError,
    )
]
OF_TASK = {"account": "umail", "title": "U-Mail", "task": TASK, "rate": 11_896}
TASKS = [replace(TASK, status=status) for status in TaskStatus]
CHANGED = {**OF_TASK, "action": Action.PAUSE, "user": "U0LIN", "before": TASK, "deleted": False, "differences": ()}
DIFFERENCES = (
    Difference("reply_to", "service@shop.example", NASTY),
    Difference("list_ids", ("5",), ("5", "7")),
    Difference("sender_name", None, "小店"),
    Difference("read_receipt", None, None),
    *(
        Difference(name, "1", "2")
        for name in (
            "template_ids",
            "sender_domain",
            "sender",
            "first",
            "last",
            "unsubscribe_link",
            "tracking",
            "tracking_domain",
            "hourly_speed",
        )
    ),
)
NOT_UNDERSTOOD = {"word": NASTY, "meant": None, "command": None, "commands": (), "known": ()}
ANY_COMMAND = COMMANDS[6]


def line(found=None, fault=None, days=None):
    return Line("umail", "U-Mail", found, fault, days)


def part(stats=None, fault=None, tasks=(), before=()):
    return Part("umail", "U-Mail", "Asia/Shanghai", stats, fault, tasks, before)


def period(words, *days):
    return Period(words, date(2026, 11, days[0]), date(2026, 11, days[-1]))


def balance(lines, left, counted, without=()):
    return {"account": None, "lines": lines, "left": left, "counted": counted, "without": without}


def stats(parts, words="today", without=()):
    return {"account": None, "parts": parts, "period": period(words, 20, 21), "without": without}


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
    "busy": [{"change": CHANGE, "user": user, "account": "umail"} for user in ("U0LIN", "terminal", None)],
    "choose_account": [
        {"choices": [(f"account{n}", "U-Mail", f"task show 19124 --account account{n}") for n in range(count)]}
        for count in (2, 20)
    ],
    "help": [{"commands": list(COMMANDS), "role": role} for role in (Role.VIEWER, Role.ADMIN)],
    "help_command": [
        {"commands": list(COMMANDS), "role": Role.VIEWER},
        {"commands": [ANY_COMMAND], "role": Role.ADMIN},
    ],
    "home": [{"person": person} for person in (PERSON, DENIED)],
    "interim": [{}],
    "interrupted": [{"text": NASTY, "change": found} for found in (None, *map(change, ChangeState))],
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
    "stats_task": [
        {"account": "umail", "title": "U-Mail", "task": task, "stats": found}
        for task in (TASK, UNKNOWN_TASK)
        for found in (None, STATS, NO_STATS)
    ],
    "stranger": [{"stranger": stranger, "user": "U0EXT"} for stranger in (True, False)],
    "task": [
        {**OF_TASK, "task": task, "stats": found, "rate": rate}
        for task in (*TASKS, UNKNOWN_TASK)
        for found, rate in ((None, None), (STATS, 11_896), (ERRORS[3], 1))
    ],
    "task_announcement": [
        {**CHANGED, "task": task, "user": user, "deleted": deleted}
        for task in TASKS
        for user in ("U0LIN", "terminal")
        for deleted in (True, False)
    ],
    "task_changed": [
        {**CHANGED, "task": task, "deleted": deleted, "differences": differences, "action": action}
        for task in (*TASKS, UNKNOWN_TASK)
        for deleted, differences, action in (
            (False, DIFFERENCES, Action.PAUSE),
            (False, (), Action.RESUME),
            (True, (), Action.DELETE),
        )
    ],
    "task_confirm": [
        {**OF_TASK, "action": action, "task": task}
        for action in (Action.CANCEL, Action.DELETE)
        for task in (*TASKS, UNKNOWN_TASK)
    ],
    "task_list": [
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
    "task_not_changed": [
        {"account": "umail", "title": "U-Mail", "action": action, "error": fault, "before": TASK, "after": after}
        for action in Action
        for fault, after in ((ERRORS[7], TASK), (ERRORS[7], None), (None, UNKNOWN_TASK))
    ],
    "task_unchanged": [
        {**OF_TASK, "task": task, "action": action, "verdict": verdict, "can_hold": can_hold}
        for task in (*TASKS, UNKNOWN_TASK)
        for action in (Action.PAUSE, Action.CANCEL)
        for verdict in Verdict
        if verdict is not Verdict.GO
        for can_hold in (True, False)
    ],
    "unexpected": [{"run": "0198"}],
    "unsupported": [
        {"account": account, "title": title, "able": able, "error": ERRORS[-2]}
        for account, title in (("itnio", "ITNIO"), (None, ""))
        for able in ([], [Vendor, Vendor])
    ],
    "audit": [
        {"runs": runs, "page": page, "more": more, "user": user, "since": since}
        for runs, page, more, user, since in (
            ([], 1, False, None, None),
            ([asked(outcome) for outcome in (*Outcome, None)] * 3, 2, True, "U0LIN", "2h"),
        )
    ],
    "bad_since": [{"words": NASTY}],
    "whoami": [{"person": person, "accounts": {"umail": person.role("umail")}} for person in (PERSON, DENIED)],
}
"""By template, facts as `bot` and `jobs` give them: the usual, the unknown, the long and the nasty."""


def messages(name: str, language: str) -> list[Message]:
    return [render(name, language, zone=SHANGHAI, **{"account": None, **facts}) for facts in MESSAGES[name]]


def mrkdwn(value: object) -> list[str]:
    """Every text that Slack would format."""
    if isinstance(value, list):
        return [text for item in value for text in mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [value["text"]]
    return [text for item in value.values() for text in mrkdwn(item)]


def test_every_template_stands_in_the_table():
    assert {file.stem for file in FOLDER.glob("*.j2")} - MACROS == set(MESSAGES)
    assert [name for name, cases in MESSAGES.items() if not cases] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_one_that_slack_takes(name, language):
    for message in messages(name, language):
        payload = message.payload()
        assert problems(payload["blocks"], "message") == []
        assert payload["blocks"]
        assert 0 < len(payload["text"]) <= 4_000


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_says_it_in_both_languages(name):
    for english, chinese in zip(messages(name, "en"), messages(name, "zh"), strict=True):
        assert english.text != chinese.text
        assert re.search(r"[\u4e00-\u9fff]", chinese.text)
        assert [block["type"] for block in english.blocks] == [block["type"] for block in chinese.blocks]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_what_others_wrote_is_not_formatted_and_pings_nobody(name, language):
    for message in messages(name, language):
        assert [text for text in mrkdwn(list(message.blocks)) if "VIP" in text or "<!channel" in text] == []
        assert "<!channel" not in message.payload()["text"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_figure_reads_as_a_dash_and_never_as_none(language):
    for name in MESSAGES:
        for message in messages(name, language):
            assert not re.search(r"\bNone\b(?! of the accounts)", message.text), name
            assert "Undefined" not in message.text, name
