"""What several messages are about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.arguments import Period
from bot.commands import COMMANDS
from bot.commands.balance import Line
from bot.commands.stats import Part
from bot.config import Role
from bot.people import Person
from bridge.changes.decisions import Action
from bridge.changes.tasks import Difference
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
    Balance,
    BatchNumber,
    NamedRef,
    SendId,
    SendStats,
    Task,
    TaskStatus,
    Tracking,
)
from store.tables import Change, ChangeState, CommandRun

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
CHANGED = {**OF_TASK, "action": Action.PAUSE, "user": "U0LIN", "before": TASK, "deleted": False}
CHANGED |= {"differences": (), "unknown": ("first", "unsubscribe_link", "tracking_domain", "hourly_speed")}
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
NOT_UNDERSTOOD = {
    "word": NASTY,
    "meant": None,
    "command": None,
    "commands": (),
    "known": (),
    "kind": None,
    "choices": (),
}
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
