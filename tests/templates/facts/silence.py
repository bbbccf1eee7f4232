"""Silences."""

from datetime import timedelta

from store.tables import Silence
from tests.templates.facts.alert import EACH, EVERY, SILENCE
from tests.templates.facts.shared import AT, NASTY

PLAIN = Silence(matchers={"subject": "task/19124"}, starts_at=AT, ends_at=AT + timedelta(hours=2), created_by="U0MEI")

MESSAGES = {
    "silence/confirm": [
        {"matchers": one.matchers, "alerts": alerts, "until": AT, "line": "silence task=19124 2h"}
        for one in (PLAIN, SILENCE)
        for alerts in ((), EACH[:1], EVERY[:30])
    ],
    "silence/changed": [
        {"action": action, "silence": one, "user": "U0LIN"}
        for action in ("begin", "end", "over")
        for one in (PLAIN, SILENCE)
    ],
    "silence/announcement": [
        {"action": action, "silence": one, "user": "U0LIN"} for action in ("begin", "end") for one in (PLAIN, SILENCE)
    ],
    "silence/list": [
        {"silences": silences, "may_change": may}
        for silences in ((), (PLAIN,), (PLAIN, SILENCE) * 10)
        for may in (True, False)
    ],
    "silence/bad": [
        {"problem": problem, "word": NASTY, "known": ["task", "account", "name"]}
        for problem in (
            "no_span",
            "no_matcher",
            "span",
            "several_spans",
            "key",
            "value",
            "twice",
            "empty",
            "all",
            "unknown",
            "ambiguous",
        )
    ],
}
