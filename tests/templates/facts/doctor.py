"""What is wrong with the set-up."""

from bot.manifest import SCOPES
from bot.online import UNKNOWN, Finding, Topic
from tests.templates.facts.shared import AT, ERRORS, NASTY

URL = "http://127.0.0.1:3000/slack/events"
SLACK = Finding(Topic.SLACK, value="edmbot", title=NASTY)
SCOPE = [Finding(Topic.SCOPE, name, value=purpose) for name, purpose in SCOPES.items()]
MISSING = [Finding(Topic.SCOPE, name, "missing", purpose) for name, purpose in SCOPES.items()]
CHANNELS = [
    Finding(Topic.CHANNEL, "channels.alerts", problem, "is_on_fire", f"#{NASTY}")
    for problem in ("not_member", "is_archived", "channel_not_found", "missing_scope", "unreachable", "refused")
]
CHANNEL = Finding(Topic.CHANNEL, "channels.alerts", title="#edm-alerts")
NAMED = [
    Finding(Topic.PERSON, "roles.approver[0]", title="U0LIN"),
    Finding(Topic.GROUP, "roles.operator[0], oncall.edm[0].who[0]", title="S0ONCALL"),
]
ASTRAY = [
    Finding(topic, "oncall.edm[0].who[0]", problem, word, title)
    for topic, title in ((Topic.PERSON, "U0GONE"), (Topic.GROUP, "S0GONE"))
    for problem, word in (
        *(("deactivated", None), ("empty", None), ("nobody", "user_not_found")),
        *((UNKNOWN, "missing_scope"), (UNKNOWN, "is_on_fire"), (UNKNOWN, None)),
    )
]
ACCOUNTS = [
    Finding(Topic.ACCOUNT, "umail", None, 311_016, "U-Mail", AT),
    Finding(Topic.ACCOUNT, "itnio", None, None, "ITNIO", AT),
]
BROKEN = [Finding(Topic.ACCOUNT, "umail", error.code, error, "U-Mail", AT) for error in ERRORS]
CLICKS = [
    Finding(Topic.CLICK, value="arrived"),
    Finding(Topic.CLICK, problem=UNKNOWN),
    Finding(Topic.CLICK, problem="silent", title=URL),
    Finding(Topic.CLICK, problem="answered", value=401, title=URL),
    Finding(Topic.CLICK, value=200, title=URL),
]
CLOCKS = [
    Finding(Topic.CLOCK, value=0),
    Finding(Topic.CLOCK, problem=UNKNOWN),
    Finding(Topic.CLOCK, problem="skewed", value=-3_601),
]

MESSAGES = {
    "doctor/doctor": [
        {"findings": findings, "observed_at": AT}
        for findings in (
            [SLACK, CLOCKS[0], *SCOPE, CHANNEL, NAMED[0], CLICKS[0], *ACCOUNTS],
            [SLACK, CLOCKS[0], *SCOPE, CHANNEL, *NAMED, CLICKS[0], *ACCOUNTS],
            [SLACK, CLOCKS[0], *SCOPE, CHANNEL, *NAMED, *ASTRAY, CLICKS[0], *ACCOUNTS],
            [SLACK, CLOCKS[0], *SCOPE[:-1], MISSING[-1], CHANNEL, CLICKS[0], *ACCOUNTS],
            *([SLACK, clock, *MISSING, *CHANNELS, click, *BROKEN] for clock in CLOCKS for click in CLICKS),
            [SLACK, CLOCKS[1], Finding(Topic.SCOPE, problem=UNKNOWN), CLICKS[1], ACCOUNTS[0]],
            [Finding(Topic.SLACK, problem="no_section"), *ACCOUNTS],
            [Finding(Topic.SLACK, problem="refused", value="invalid_auth"), CLICKS[0]],
            [Finding(Topic.SLACK, problem="refused", value=None), CLICKS[2]],
            [Finding(Topic.SLACK, problem="unreachable", value="https://slack.com/api/"), CLICKS[3], *ACCOUNTS],
        )
    ]
    + [{"findings": [SLACK, *ACCOUNTS], "observed_at": AT, "terminal": True}],
    "doctor/click": [
        {"took": took, "received_at": AT if took else None, "pressed": pressed}
        for took in (None, 12)
        for pressed in (True, False)
    ],
}
