"""What Slack shows by itself: alerts, their threads, events, notes."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from bridge.alerts.rules import RuleKind, Severity
from bridge.events import EventType
from bridge.notices.faces import alert_face
from bridge.told import Told, revived
from store.tables import Alert, AlertState, new_id
from tests.templates.facts.shared import AT, NASTY

PARKED = [
    "is_archived",
    "not_in_channel",
    "channel_not_found",
    "token_revoked",
    "missing_scope",
    "restricted_action",
]
LATER = AT + timedelta(minutes=22)
OF_TASK: dict[str, Any] = {
    "task": "19124",
    "status": "sending",
    "templates": [NASTY, "十一月大促"],
    "lists": [NASTY],
    "raw_status": "2",
    "detail": None,
    "planned": 90_000,
    "sent": 41_163,
    "unsent": None,
    "scheduled_at": AT.isoformat(),
    "started_at": None,
}
RATE: dict[str, Any] = {
    "share": 0.063,
    "count": 2_594,
    "of": 41_163,
    "parts": [{"name": "mailbox_not_found", "count": 2_301, "of": 41_163}, {"name": "failed", "count": 1, "of": 2}],
    "limit": 0.033,
    "usual": 0.011,
    "mostly": {"category": "mailbox_not_found", "count": 2_301},
}
PLAIN = {"usual": None, "mostly": None}
FIRINGS: list[tuple[RuleKind, str, str, dict[str, Any]]] = [
    (RuleKind.TASK_STATUS, "task/19124", "status", OF_TASK | {"status": "failed"}),
    (RuleKind.TASK_STATUS, "task/19124", "status", OF_TASK | {"status": "stopped", "planned": None, "lists": []}),
    (RuleKind.TASK_LATE, "task/19124", "late", OF_TASK | {"status": "scheduled"}),
    (RuleKind.TASK_STALLED, "task/19124", "stalled", OF_TASK | {"moved_at": AT.isoformat()}),
    (RuleKind.BOUNCE_RATE, "task/19124", "above_usual", RATE | OF_TASK),
    (RuleKind.BOUNCE_RATE, "day/2026-11-21", "above_limit", RATE | PLAIN),
    (RuleKind.FAILURE_CATEGORY, "day/2026-11-21", "above_limit", RATE),
    (RuleKind.DELIVERED_RATE, "day/2026-11-21", "below_limit", RATE | {"share": 0.71}),
    (RuleKind.COMPLAINTS, "task/19124", "above_limit", RATE | OF_TASK),
    (RuleKind.BALANCE_LOW, "balance", "few_left", {"left": 1_024, "below": 2_000, "days": None, "per_day": None}),
    (RuleKind.BALANCE_LOW, "balance", "runs_out", {"left": 1_024, "below": None, "days": 1.2, "per_day": 853.3}),
    (RuleKind.BALANCE_SHORT, "balance", "short", {"left": 9, "needed": 20, "missing": 11, "at_least": True}),
    (RuleKind.BALANCE_SHORT, "balance", "short", {"left": 9, "needed": 20, "missing": 11, "at_least": False}),
    (RuleKind.SERVICE_EXPIRING, "service", "expires", {"until": "2026-12-01", "days": 9}),
    (RuleKind.SERVICE_EXPIRING, "service", "expires", {"until": "2026-11-22", "days": 1}),
    (RuleKind.SERVICE_EXPIRING, "service", "expired", {"until": "2026-11-20", "days": -1}),
    (RuleKind.SERVICE_DISABLED, "service", "disabled", {}),
    (RuleKind.TEMPLATE_REJECTED, "template/16", "rejected", {"name": NASTY, "subject": "x", "colour": "red"}),
    (RuleKind.DOMAIN_UNVERIFIED, "domain/shop.example", "unverified", {"name": "shop.example", "said": NASTY}),
    (RuleKind.IMPORT_FAILED, "import/8", "failed", {"raw_state": "-1", "said": None}),
    (RuleKind.MESSAGE_FAILED, "message/2611201004051000001", "failed", {"raw_status": "3", "reason": NASTY}),
    *(
        (RuleKind.PROVIDER_DOWN, "provider", reason, {"code": "x", "vendor_text": NASTY})
        for reason in ("unreachable", "auth_failed", "rate_limited", "schema_changed", "refused")
    ),
    (RuleKind.UNAPPROVED_SEND, "task/19124", "unapproved", OF_TASK | {"status": "scheduled"}),
]
RUNBOOKS = defaultdict(
    lambda: None, {"task/19124": "https://wiki.shop.example/bounces?a=1&b=2", "balance": f"ask {NASTY} to pay"}
)
"""By subject, for the variety."""
STATES: dict[AlertState, dict[str, Any]] = {
    AlertState.FIRING: {"due_at": LATER, "assigned_to": "U0LIN"},
    AlertState.ACKNOWLEDGED: {"acknowledged_by": "U0MEI", "acknowledged_at": LATER, "did": "paused"},
    AlertState.SNOOZED: {"snoozed_by": "U0MEI", "snoozed_until": LATER, "held": True},
    AlertState.RESOLVED: {"resolved_at": LATER, "resolved_by": "U0MEI", "did": "paused"},
}


def alert(kind=RuleKind.BOUNCE_RATE, subject="task/19124", reason="above_usual", facts=RATE, **more):
    told = {"severity": Severity.WARNING, "account": "umail", "state": AlertState.FIRING, "held": False}
    what = {"rule": kind.value, "kind": kind.value, "subject": subject, "reason": reason}
    when = {"id": new_id(), "began_at": AT, "fired_at": AT}
    row = Alert(**{**told, **what, **when, "facts": facts, "peak": facts, **more})
    return alert_face(row, lambda _alert: ["S0ONCALL"], lambda _rule: RUNBOOKS[subject])


EVERY = [alert(*firing, state=state, **more) for firing in FIRINGS for state, more in STATES.items()]
ON = {"notice": new_id(), "version": 3, "labels": {"account": "umail", "rule": "bounces"}}
SAID = {
    "to": "sending",
    "planned": 90_000,
    "sent": 41_163,
    "scheduled_at": AT.isoformat(),
    "reason": "x",
    "by": "U0LIN",
    "who": "U0MEI",
    "until": AT.isoformat(),
    "step": 1,
    "rule": "bounces",
    "about": NASTY,
    "name": NASTY,
    "recipients": 90_000,
}
KNOWN_AS = {"U0LIN": NASTY}
"""Of others Slack said no name."""
NAMED = {"known_as": KNOWN_AS}
SUBJECTS = {"task": "19124", "message": "87321", "template": "16", "domain": "shop.example", "import": "8"}
SUBJECTS |= {"approval": "01a1", "endpoint": "crm", "delivery": "crm"}
BARE = {"rule": "bounces", "about": "task/19124"}


def group(states, total, **more):
    shown = [alert(state=state, **STATES[state]) for state in states]
    counts = {state.value: states.count(state) for state in states}
    facts = {"alerts": shown, "more": max(0, total - 10), "total": total, "severities": [("warning", total)]}
    facts |= {"states": counts, "acknowledged_by": [], "since": AT, "lasted": None, "mention": ["S0ONCALL"]}
    facts |= {"runbook": "https://wiki.shop.example/bounces"}
    return {**ON, "matchers": '"account=umail" "rule=bounces"', **facts, **more}


def happened(kind, **data):
    of, subject = kind.partition(".")[0], ""
    return {
        "at": AT,
        "type": kind,
        "account": "umail",
        "of": of,
        "subject": SUBJECTS.get(of, subject),
        "alert": alert(),
        "data": Told(revived(data)),
    }


MOVED = {"changed": {"emails_left": {"from": 311_016, "to": 270_000}}}
HAPPENED = [happened(kind.value, **SAID, **MOVED) for kind in EventType]

MESSAGES = {
    "notice/alert": [
        {**ON, "matchers": "", "alert": one, "mention": mention} for one in EVERY for mention in ([], ["S0ONCALL"])
    ],
    "notice/alerts": [
        group([AlertState.FIRING] * 10, 200),
        group([AlertState.FIRING, AlertState.RESOLVED], 2),
        group([AlertState.ACKNOWLEDGED, AlertState.SNOOZED], 2, acknowledged_by=["U0MEI", "U0LIN"]),
        group([AlertState.RESOLVED] * 2, 2, severities=[], lasted=1_320.0, labels={}),
        group([AlertState.FIRING] * 2, 11, severities=[("critical", 1), ("info", 10)]),
    ],
    "notice/members": [
        {"first": 1, "last": 20, "alerts": EVERY[start : start + 20], **NAMED} for start in range(0, 80, 20)
    ],
    "notice/history": [
        {"entries": [one for one in HAPPENED if one["type"].startswith("alert.")], "several": several, **NAMED}
        for several in (True, False)
    ]
    + [
        {"entries": [happened("alert.firing", reason="snooze_over"), happened("alert.resolved")], "several": True}
        | NAMED
    ],
    "notice/escalation": [
        {**ON, "why": why, "who": ["S0ONCALL", "U0MEI"], "alert": alert(), "firing": firing, "said_at": LATER}
        for why in ("step", "repeat", "snooze_over")
        for firing in (0, 1, 3)
    ],
    "notice/events": [{"entries": HAPPENED[start : start + 30], **NAMED} for start in range(0, len(HAPPENED), 30)]
    + [{"entries": [happened("template.checked", to="passed"), happened("import.finished", to="done")], **NAMED}]
    + [
        {
            "entries": [happened(kind, **BARE) for kind in ("alert.resolved", "approval.expired", "delivery.dead")],
            **NAMED,
        }
    ],
    "notice/assigned": [{"alert": one, "by": "U0LIN", "alert_id": one.id} for one in EVERY],
    "notice/endpoint": [
        {"endpoint": "e1", "name": name, "what": what, "since": AT, "ends_at": LATER, "over": over} | more
        for name in ("crm", NASTY, None)
        for what, over in (("failing", False), ("failing", True), ("disabled", False), ("disabled", True))
        for more in (
            {"reason": "HTTP 500", "dead": None},
            {"reason": NASTY, "dead": 1},
            {"reason": "gone", "dead": 12_000, "since": None, "ends_at": None},
        )
    ],
    "notice/parked": [
        {"receiver": receiver, "scope": scope, "error": error, "since": AT, "over": over}
        for receiver in ("C0OLD", "U0GONE")
        for error in PARKED
        for scope, over in (("receiver", False), ("content", False), ("receiver", True))
    ],
}
