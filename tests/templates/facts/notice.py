"""What Slack shows by itself: alerts, their threads, events, notes."""

from tests.templates.facts.shared import AT

PARKED = [
    "is_archived",
    "not_in_channel",
    "channel_not_found",
    "token_revoked",
    "missing_scope",
    "restricted_action",
]

MESSAGES = {
    "notice/parked": [
        {"receiver": receiver, "scope": scope, "error": error, "since": AT, "over": over}
        for receiver in ("C0OLD", "U0GONE")
        for error in PARKED
        for scope, over in (("receiver", False), ("content", False), ("receiver", True))
    ],
}
