"""What a notice should show now: the rows as they are, for a template."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bridge.addresses import plain_subject
from bridge.alerts.rulebase import rank
from bridge.approvals.cardface import card_of
from bridge.notices import watch
from bridge.notices.telling import LISTED, PAGE
from bridge.told import Told, revived
from store.rows import read
from store.tables import Alert, AlertState, Approval, Event, Notice, NoticeAlert, NoticeKind

NextOf: TypeAlias = Callable[[Alert], Sequence[str]]
"""Whom the next step of an alert's escalation, at its `due_at`, will mention."""
RunbookOf: TypeAlias = Callable[[str], str | None]
"""What to do about the alerts of a rule of this name."""
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_OPEN = {state: place for place, state in enumerate(AlertState)}
"""What fires before what is acknowledged, what is over last."""


def nobody(_alert: Alert) -> Sequence[str]:
    """Where there is no escalation."""
    return ()


def no_runbook(_rule: str) -> str | None:
    """Where rules have none."""
    return None


@dataclass(frozen=True, slots=True)
class Face:
    """A template's name and its facts."""

    name: str
    facts: Mapping[str, Any] = field(repr=False)
    broadcast: bool = False
    """Whether a reply shows in the channel too."""
    named: Sequence[str] = ()
    """People who are told of and not spoken to: the template reads their names, by id, in `known_as`. A mention in a
    new message calls somebody, and who has just acknowledged an alert need not be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFace:
    """An alert, for the macros of `notice/kinds.j2`."""

    id: str
    rule: str
    kind: str
    severity: str
    account: str
    subject: str
    """Without its kind: `19124` of `task/19124`; empty where an account has only one."""
    of: str
    """The kind: `task`."""
    state: str
    held: bool
    """Its provider cannot be reached: what is shown is what was known last."""
    reason: str
    facts: Told
    peak: Told
    began_at: datetime
    fired_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    snoozed_by: str | None
    snoozed_until: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    assigned_to: str | None
    did: str | None
    next_at: datetime | None
    next_who: Sequence[str]
    runbook: str | None

    @property
    def lasted(self) -> float | None:
        """Seconds that it fired; None while it does."""
        return (self.resolved_at - self.fired_at).total_seconds() if self.resolved_at else None


_SAME = tuple(
    name
    for name in AlertFace.__dataclass_fields__
    if name not in {"subject", "of", "held", "facts", "peak", "fired_at", "next_at", "next_who", "runbook"}
)
"""What an `AlertFace` takes from its row as it is."""


def face(
    session: Session,
    now: datetime,
    notice: Notice,
    *,
    next_of: NextOf = nobody,
    runbook_of: RunbookOf = no_runbook,
    tests: bool = False,
) -> Face | None:
    """What `notice` should show now; None when there is nothing to show. Only reads.

    tests: whether some account can send a single message, by which what is asked for may be tried.
    """
    return _FACES[notice.kind](_Look(session, now, notice, next_of, runbook_of, tests))


def alert_face(alert: Alert, next_of: NextOf = nobody, runbook_of: RunbookOf = no_runbook) -> AlertFace:
    """A row as the words need it: times are times, and what is not known reads None."""
    of, _, subject = alert.subject.partition("/")
    same = {name: getattr(alert, name) for name in _SAME}
    who = next_of(alert) if alert.state is AlertState.FIRING and alert.due_at else ()
    return AlertFace(
        **same,
        of=of,
        subject=subject,
        facts=Told(alert.facts),
        peak=Told(alert.peak),
        fired_at=alert.fired_at or alert.began_at,
        next_at=alert.due_at if who else None,
        next_who=who,
        runbook=runbook_of(alert.rule),
        held=_is_cut_off(alert),
    )


def _is_cut_off(alert: Alert) -> bool:
    """Whether it is held by a provider that is still down; one that is back has set when it will be believed again."""
    return alert.held and alert.due_at in (None, alert.snoozed_until)


_LAST = 2**31 - 1
"""No notice shows so many."""
# Made once: each message asks for them, and making it takes longer than its answer.
_ITS_ALERTS = (
    select(Alert)
    .join(NoticeAlert, col(NoticeAlert.alert_id) == col(Alert.id))
    .where(
        NoticeAlert.notice_id == bindparam("notice"),
        col(NoticeAlert.position).between(bindparam("first"), bindparam("last")),
    )
    .order_by(col(NoticeAlert.position), col(Alert.id))
)


@dataclass(frozen=True, slots=True)
class _Look:
    session: Session
    now: datetime
    notice: Notice
    next_of: NextOf
    runbook_of: RunbookOf
    tests: bool

    @property
    def parent(self) -> Notice:
        """The notice whose thread it stands in."""
        return self.session.get_one(Notice, self.notice.parent_id)

    def alerts(self, notice_id: str | None, first: int = 1, last: int = _LAST) -> Sequence[Alert]:
        """A notice's alerts in the order in which they joined, from position `first` to `last`."""
        given = {"notice": notice_id, "first": first, "last": last}
        return read(self.session, _ITS_ALERTS, given)


def _alerts(look: _Look) -> Face | None:
    rows = look.alerts(look.notice.id)
    if not rows:
        return None
    labels = look.notice.facts["labels"]
    about = {
        "notice": look.notice.id,
        "version": look.notice.wanted,
        "labels": labels,
        "matchers": " ".join(f'"{name}={value}"' for name, value in labels.items()),
        "mention": look.notice.facts["mention"],
    }
    if len(rows) == 1:
        alert = alert_face(rows[0], look.next_of, look.runbook_of)
        # A message's first words would call those who are only next; an edit calls nobody.
        return Face("notice/alert", about | {"alert": alert if look.notice.ts else replace(alert, next_who=())})
    rules = {row.rule for row in rows}
    runbook = look.runbook_of(rows[0].rule) if len(rules) == 1 else None
    return Face("notice/alerts", about | _group(rows) | {"runbook": runbook})


def _group(rows: Sequence[Alert]) -> dict[str, Any]:
    """The head of a group: how many of what, and the first ten, what fires and is worst before the rest."""
    ordered = sorted(rows, key=lambda one: (_OPEN[one.state], rank(one.severity)))
    is_open = [one for one in rows if one.state is not AlertState.RESOLVED]
    began = min(one.fired_at or one.began_at for one in rows)
    over = None if is_open else max(one.resolved_at for one in rows if one.resolved_at)
    return {
        "alerts": [alert_face(one) for one in ordered[:LISTED]],
        "more": len(rows) - LISTED if len(rows) > LISTED else 0,
        "total": len(rows),
        "severities": sorted(Counter(one.severity for one in is_open).items(), key=lambda pair: rank(pair[0])),
        "states": Counter(one.state.value for one in rows),
        "acknowledged_by": sorted({one.acknowledged_by for one in is_open if one.acknowledged_by}),
        "since": began,
        "lasted": (over - began).total_seconds() if over else None,
    }


def _members(look: _Look) -> Face | None:
    first = look.notice.page * PAGE + 1
    rows = look.alerts(look.notice.parent_id, first, first + PAGE - 1)
    facts = {"first": first, "last": first + len(rows) - 1, "alerts": [alert_face(row) for row in rows]}
    # A page is a new message, and who has an alert in hand need not be called.
    named = tuple({one for row in rows if (one := row.acknowledged_by) and _PERSON.fullmatch(one)})
    return Face("notice/members", facts, named=named) if rows else None


def _history(look: _Look) -> Face | None:
    alerts = {f"alert/{row.id}": row for row in look.alerts(look.notice.parent_id)}
    happened = (
        select(Event)
        .where(col(Event.account).in_({row.account for row in alerts.values()}), col(Event.subject).in_(alerts))
        .order_by(col(Event.recorded_at), col(Event.id))
        .offset(look.notice.page * PAGE)
        .limit(PAGE)
    )
    entries = [
        {"at": event.time, "type": event.type, "data": Told(event.data), "alert": alert_face(found)}
        for event in look.session.exec(happened)
        if (found := alerts.get(event.subject))
    ]
    facts = {"entries": entries, "several": len(alerts) > 1}
    return Face("notice/history", facts, named=_named(entries)) if entries else None


def _named(entries: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """The people who did what happened, or to whom it was given."""
    ids = (entry["data"][name] for entry in entries for name in ("by", "who"))
    return tuple(dict.fromkeys(one for one in ids if isinstance(one, str) and _PERSON.fullmatch(one)))


def _escalation(look: _Look) -> Face | None:
    parent = look.parent
    firing = [row for row in look.alerts(parent.id) if row.state is AlertState.FIRING]
    rows = firing or look.alerts(parent.id)
    if not rows:
        return None
    worst = min(rows, key=lambda one: rank(one.severity))
    facts = {
        "why": look.notice.facts["why"],
        "who": look.notice.facts["who"],
        "alert": alert_face(worst),
        "firing": len(firing),
        "notice": parent.id,
        "version": parent.wanted,
        "said_at": look.notice.created_at,
    }
    return Face("notice/escalation", facts, broadcast=True)


def _events(look: _Look) -> Face | None:
    ids = look.notice.facts["events"]
    found = {event.id: event for event in look.session.exec(select(Event).where(col(Event.id).in_(ids)))}
    entries = [
        {
            "at": event.time,
            "type": event.type,
            "account": event.account,
            "subject": plain_subject(event).partition("/")[2],
            "of": plain_subject(event).partition("/")[0],
            "data": Told(event.data),
        }
        for event_id in ids
        if (event := found.get(event_id))
    ]
    return Face("notice/events", {"entries": entries}, named=_named(entries)) if entries else None


def _watch(look: _Look) -> Face:
    return Face("watch/progress", watch.facts_of(look.session, look.notice))


def _approval(look: _Look) -> Face | None:
    approval = look.session.get(Approval, look.notice.approval_id)
    if approval is None:
        return None
    facts = {"card": card_of(look.session, look.now, approval), "tests": look.tests}
    asker = approval.requested_by or ""
    return Face("approval/card", facts, named=(asker,) if _PERSON.fullmatch(asker) else ())


def _template(look: _Look) -> Face | None:
    """Notes and digests bring their words' name and facts along: `{"template": …, "facts": {…}}`.

    A note about an alert names its id, and shows it as it is.
    """
    facts = revived(look.notice.facts["facts"])
    if "alert_id" in facts:
        alert = look.session.get(Alert, facts["alert_id"])
        if alert is None:
            return None
        facts |= {"alert": alert_face(alert, runbook_of=look.runbook_of)}
    return Face(look.notice.facts["template"], facts)


_FACES: Mapping[NoticeKind, Callable[[_Look], Face | None]] = {
    NoticeKind.ALERTS: _alerts,
    NoticeKind.MEMBERS: _members,
    NoticeKind.HISTORY: _history,
    NoticeKind.ESCALATION: _escalation,
    NoticeKind.EVENTS: _events,
    NoticeKind.WATCH: _watch,
    NoticeKind.APPROVAL: _approval,
    NoticeKind.DIGEST: _template,
    NoticeKind.NOTE: _template,
}
