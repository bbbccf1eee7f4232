"""What people do about alerts."""

from datetime import timedelta

from bridge.alerts.acts import Answer
from bridge.events import EventType
from store.tables import AlertState, Event, Silence
from tests.templates.facts.notice import EVERY, STATES, alert
from tests.templates.facts.shared import AT, NASTY

LATER = AT + timedelta(minutes=22)


def event(kind, **data):
    return Event(
        id="x", account="umail", type=kind, subject="alert/1", time=AT, recorded_at=AT, data={"reason": NASTY, **data}
    )


EACH = [alert(state=state, **about) for state, about in STATES.items()]
PENDING = alert(state=AlertState.PENDING, fired_at=None)
BY_ITSELF = alert(state=AlertState.RESOLVED, resolved_at=LATER)
HELD = alert(held=True)
SILENCE = Silence(
    matchers={"account": "umail", "name": NASTY}, starts_at=AT, ends_at=LATER, created_by="U0LIN", comment=NASTY
)
STORY = [event(kind, by=by) for kind in EventType if kind.startswith("alert.") for by in (None, "U0LIN", NASTY)]


def listed(alerts, firing, *, of=None, page=1, more=False, mine=True):
    return {
        "alerts": alerts,
        "mine": {one.id for one in alerts} if mine else set(),
        "counts": {"firing": firing, "acknowledged": firing // 2, "snoozed": firing // 3},
        "of": of,
        "only_firing": mine,
        "page": page,
        "more": more,
    }


def shown(one, story=(), silenced=None, *, may_change=True):
    return {"alert": one, "story": story, "silenced": silenced, "may_change": may_change}


def changed(action, *outcomes):
    return {
        "action": action,
        "outcomes": outcomes,
        "until": LATER,
        "now": LATER,
        "user": "U0OPS",
        "assigned_to": "U0LIN",
    }


def outcome(answer, one=None, by=None):
    return {"answer": answer.value, "alert": one, "by": by, "at": AT if one else None}


DONE = outcome(Answer.DONE, EACH[1])
REFUSED = [
    outcome(Answer.ALREADY, EACH[1], "U0LIN"),
    outcome(Answer.RESOLVED, BY_ITSELF),
    outcome(Answer.RESOLVED, EACH[3], "U0MEI"),
    outcome(Answer.PENDING, PENDING),
    outcome(Answer.MISSING),
]

MESSAGES = {
    "alert/list": [
        listed([], 0),
        listed(EACH, 1),
        listed([*EACH, HELD, BY_ITSELF], 7, of="umail", page=2, more=True, mine=False),
        *(listed(EVERY[start : start + 10], 12, more=True) for start in range(0, len(EVERY), 10)),
    ],
    "alert/show": [
        *(shown(one, STORY, may_change=may) for one in (*EACH, HELD, PENDING, BY_ITSELF) for may in (True, False)),
        *(shown(one) for one in EVERY),
        shown(HELD, STORY[:1], SILENCE),
    ],
    "alert/changed": [
        *(changed(action, one) for action in ("ack", "snooze", "assign", "resolve") for one in (DONE, *REFUSED)),
        changed("ack"),
        changed("ack", DONE, DONE),
        changed("ack", DONE, DONE, *REFUSED),
        changed("ack", *REFUSED),
    ],
    "alert/assign": [{"alert": one} for one in EVERY],
    "alert/unclear": [{"alert_id": "3f9c", "alerts": alerts} for alerts in ((), EACH, EVERY[:10])],
}
