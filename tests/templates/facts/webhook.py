"""Those who are told by webhook, and what came from others."""

from dataclasses import replace

from bot.commands.webhook_looks import Face, Try, Unread
from bridge.webhooks.endpoints import Waiting
from store.tables import Attempt, EndpointState
from tests.templates.facts.shared import AT, NASTY

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" * 2
EVENT = "0f" * 16
NONE = Waiting(0, None, 0)
ENDPOINT = Face(
    name="partner",
    url="https://hooks.partner.example/…?…",
    host="hooks.partner.example",
    state=EndpointState.ACTIVE,
    shipped=False,
    types=["*"],
    severity=None,
    accounts=[],
    addresses=False,
    created_by="U0MEI",
    created_at=AT,
    failing_since=None,
    ended_at=None,
    why=None,
    rotated_until=None,
    waiting=NONE,
)
ROTATED = replace(ENDPOINT, rotated_until=AT)
PAUSED = replace(ENDPOINT, state=EndpointState.PAUSED, waiting=Waiting(1, AT, 1), severity="critical")
FAILING = replace(ENDPOINT, failing_since=AT, waiting=Waiting(41_163, AT, 12), types=["task.*", "alert.*"])
GONE = replace(ENDPOINT, state=EndpointState.DISABLED, ended_at=AT, why="gone", severity="info")
SHIPPED = replace(
    ENDPOINT,
    name="n" * 63,
    host="h" * 200 + ".example",
    state=EndpointState.DISABLED,
    shipped=True,
    types=["task.failed"] * 60,
    severity="warning",
    accounts=["umail", "emailcar"],
    addresses=True,
    ended_at=AT,
    failing_since=AT,
    why=NASTY,
)
ALL = (ENDPOINT, ROTATED, PAUSED, FAILING, GONE, SHIPPED)
DELETED = replace(ENDPOINT, state=EndpointState.DELETED)


def tried(status, error=None):
    return Attempt(
        endpoint_id="e", delivery_seq=0, event_id=EVENT, at=AT, status=status, milliseconds=1_204, error=error
    )


def a_try(status, error=None, **about):
    known = {"type": "task.paused", "subject": "task/19124", "test": False, **about}
    return Try(at=AT, event_id=EVENT, status=status, milliseconds=35, error=error, **known)


TRIES = [
    a_try(204),
    a_try(500, NASTY),
    a_try(None, "cannot be reached"),
    a_try(200, type=None, subject=None, test=True),
    a_try(200, type=None, subject=None),
    a_try(410, "Gone", type="message.bounced", subject="message/" + "9" * 180),
]
CHANGES = [
    {"action": action, "endpoint": one, "user": user}
    for action, one in (
        ("add", ENDPOINT),
        ("rotate", ROTATED),
        ("pause", PAUSED),
        ("resume", FAILING),
        ("resume", SHIPPED),
        ("delete", DELETED),
    )
    for user in ("U0MEI", "terminal")
]
SHOWN_ONCE = [one for one in CHANGES if one["action"] in ("add", "rotate")]
TIMES = ((None, AT, AT), (None, AT, None), (EVENT, None, None))

MESSAGES = {
    "webhook/announcement": CHANGES,
    "webhook/bad": [
        {"problem": problem, "word": word, "known": known}
        for problem in (
            *("unknown", "taken", "no_url", "not_https", "private", "odd_address", "shipped_rotate", "shipped_delete"),
            *("no_secret", "no_modal", "what", "both", "backwards", "no_event", "too_many"),
        )
        for word, known in (("partner", ["partner", "oncall"]), (NASTY, []))
    ],
    "webhook/changed": CHANGES,
    "webhook/confirm": [
        {"action": action, "endpoint": one}
        for action, one in (("delete", ENDPOINT), ("delete", FAILING), ("rotate", ROTATED))
    ],
    "webhook/errors": [
        {"found": [Unread(AT, "itnio", "emailId is missing", NASTY * 3)] * count, "page": page, "more": more, **of}
        for count, page, more in ((0, 1, False), (1, 1, False), (8, 2, True))
        for of in ({"source": None}, {"source": "itnio"})
    ],
    "webhook/errors_file": [
        {"name": "webhook-errors.csv", "rows": rows, "columns": ["at", "body"], "source": source, "terminal": terminal}
        for rows, source, terminal in ((0, None, True), (1, "itnio", False), (2_000, None, False))
    ],
    "webhook/list": [{"endpoints": some} for some in ((), (ENDPOINT,), ALL, ALL * 4)],
    "webhook/missed": SHOWN_ONCE,
    "webhook/replay": [
        {
            "endpoint": one,
            "count": count,
            "done": done,
            "asked": {"event_id": event_id, "since": since, "until": until},
            "line": "webhook replay partner --since 2026-11-20T14:30:00",
            "user": "U0MEI",
        }
        for one in (ENDPOINT, PAUSED, GONE)
        for count in (0, 1, 12)
        for done in (False, True)
        for event_id, since, until in TIMES
    ],
    "webhook/secret": [{**one, "secret": SECRET} for one in SHOWN_ONCE],
    "webhook/show": [
        {"endpoint": one, "tries": tries, "again": again}
        for one in ALL
        for tries, again in (((), ()), (TRIES, [TRIES[1], TRIES[-1]]))
    ],
    "webhook/tried": [
        {"endpoint": ENDPOINT, "tried": tried(status, error), "taken": status == 204, "user": "U0MEI"}
        for status, error in ((204, None), (401, NASTY), (302, "Found"), (None, "no answer in 15 s"), (500, None))
    ],
    "webhook/unchanged": [{"endpoint": one} for one in ALL],
}
