"""The scheduled summary, and the note that nobody was there."""

from datetime import timedelta

from tests.templates.facts.shared import AT, NASTY

FINE = {
    "account": "umail",
    "light": "green",
    "day": "2026-11-20",
    "sent": 41_200,
    "delivered": 40_100,
    "bounced": 0.0267,
    "usual_sent": 39_000,
    "usual_delivered": 38_200,
    "usual_bounced": 0.021,
    "running": [{"id": "19124", "names": ["Autumn"], "sent": 41_200, "planned": 90_000}],
    "running_count": 1,
    "paused_count": 0,
    "scheduled_count": 2,
    "waiting_count": 3,
    "alerts": [],
    "alert_count": 0,
    "silences": [],
    "left": 311_016,
    "for_today": False,
    "runway": 7.5,
    "per_day": 41_000,
    "link": "up",
    "service": "enabled",
}
UNKNOWN = FINE | {
    "account": "itnio",
    "light": "yellow",
    **dict.fromkeys(("sent", "delivered", "bounced", "usual_sent", "usual_delivered", "usual_bounced")),
    "running": [],
    "running_count": 0,
    "waiting_count": 0,
    **dict.fromkeys(("left", "for_today", "runway", "per_day", "link", "service")),
}
NEVER_TOLD = UNKNOWN | {"link": "up"}
DAILY = FINE | {"for_today": True}


def alert(state, severity="critical", **more):
    return {
        "rule": "bounces",
        "kind": "bounce_rate",
        "severity": severity,
        "account": "umail",
        "reason": "above_limit",
        "facts": {"share": 0.112},
        "of": "task",
        "subject": "19124",
        "state": state,
        "acknowledged_by": None,
        "snoozed_by": None,
        "snoozed_until": None,
        **more,
    }


BAD = FINE | {
    "light": "red",
    "link": "unreachable",
    "service": "disabled",
    "running": [{"id": "1", "names": [NASTY], "sent": None, "planned": None}] * 5,
    "running_count": 12,
    "alerts": [
        alert("firing"),
        alert("firing", "warning"),
        alert("firing", "info", kind="provider_down", reason="unreachable"),
        alert("acknowledged", acknowledged_by="U0MEI"),
        alert("snoozed", snoozed_by="U0MEI", snoozed_until=AT + timedelta(hours=2)),
    ],
    "alert_count": 6,
    "silences": [{"what": f"account=umail name={NASTY}", "until": AT, "by": "U0LIN"}],
}

MESSAGES = {
    "digest/daily": [
        {"accounts": [FINE], "light": "green", "observed_at": AT},
        {"accounts": [DAILY, UNKNOWN, NEVER_TOLD], "light": "yellow", "observed_at": AT},
        {"accounts": [BAD, BAD | {"alert_count": 12}, UNKNOWN], "light": "red", "observed_at": AT},
        {"accounts": [], "light": "green", "observed_at": AT},
    ],
    "notice/away": [{"since": AT - timedelta(minutes=70), "until": AT}],
}
