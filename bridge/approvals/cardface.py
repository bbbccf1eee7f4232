"""What the card of a request shows: the row, its votes and its task, as they are now; and when they show something new.

A `Card` is the row, its votes and how far the task has come, with every name there and None where nothing is known:
`templates/approval/` is written against it. A proposal's own shape is told in `store.tables.Approval.proposal`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam
from sqlmodel import Session, col, select

from bridge.approvals.requests import counting, votes_of
from bridge.notices.telling import again
from bridge.sightings import Kind
from bridge.told import revived
from bridge.transitions import TASK_ENDS
from providers.model import TaskStatus
from store.rows import read
from store.tables import Approval, ApprovalKind, ApprovalState, Notice, NoticeKind, Snapshot

EVERY = timedelta(seconds=10)
"""From one edit that only shows progress to the next."""
ON_ITS_WAY = (TaskStatus.QUEUED, TaskStatus.SCHEDULED, TaskStatus.SENDING)
"""It can be stopped from the card, whatever became of the request."""
ENDED = (
    ApprovalState.EXECUTED,
    ApprovalState.FAILED,
    ApprovalState.REJECTED,
    ApprovalState.EXPIRED,
    ApprovalState.WITHDRAWN,
    ApprovalState.VOIDED,
)
"""Nothing more can happen to the request; `unknown` may still be settled."""
_STEPS = ((timedelta(hours=2), timedelta(hours=1)), (timedelta(minutes=20), timedelta(minutes=10)))
"""How finely the time that is left is told: by the hour above two hours, by ten minutes above twenty…"""
_FINEST = timedelta(minutes=5)
"""…and by five below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the task stands, as it was seen last."""

    status: str
    sent: int | None
    planned: int | None
    unsent: int | None
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A request in full, for words."""

    id: str
    kind: str
    account: str
    title: str
    """The vendor's name, or the account's where it is not known."""
    of: str
    """`task` or `draft`."""
    subject: str
    """Its id: `19124` of `task/19124`."""
    state: str
    version: int
    read: bool
    """False while the proposal still has to be read at the vendor."""
    requested_by: str | None
    reason: str | None
    channel_id: str | None
    send_at: datetime | None
    expires_at: datetime
    left: int
    """Seconds until it expires, cut to what the words tell; 0 when that is past."""
    created_at: datetime
    ended_at: datetime | None
    hash: str
    needed: int
    votes: Sequence[Mapping[str, Any]]
    """Those that count: `user`, `at`; in their order."""
    lost: Sequence[str]
    """Who had voted, and may not any more."""
    reasons: Sequence[Mapping[str, Any]]
    """Why so many: `what`, `limit`, `known`, as in `bridge.approvals.policy.Reason`."""
    who: Sequence[str]
    """Who may, where the policy names somebody."""
    self_approval: bool
    step: int
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    replaces: str | None
    replaced_by: str | None
    name: str | None
    """What is sent, as its asker knows it: the names of its templates, else its first subject."""
    subjects: Sequence[str]
    templates: Sequence[Mapping[str, Any]]
    """`id`, `name`, `subject`."""
    lists: Sequence[Mapping[str, Any]]
    """`id`, `name`, `count`, `last_sent_at`."""
    recipients: int | None
    sent: int | None
    """How many had it already when it was asked for."""
    sender: str | None
    """An address; `@` and a domain, or `all`, where the vendor takes turns with mailboxes."""
    sender_name: str | None
    reply_to: str | None
    tracking: str | None
    first: int | None
    last: int | None
    speed: int | None
    """Messages an hour."""
    done_at: datetime | None
    """When it will be through at that speed."""
    unsubscribe_link: bool | None
    read_receipt: bool | None
    tracking_domain: str | None
    credit_before: int | None
    credit_after: int | None
    checks: Sequence[Mapping[str, Any]]
    """`id`, `state`, `colour`."""
    recent: Sequence[Mapping[str, Any]]
    """Other sends to the same lists: `task_id`, `name`, `at`, `sent`."""
    unread: Mapping[str, str | None]
    """The error's code for what could not be read of `lists`, `credit`, `checks`, `recent`."""
    differences: Sequence[Mapping[str, Any]]
    """What changed since the request that this one replaces: `field`, `before`, `after`."""
    held: bool
    """A found one that was put on hold before anybody was asked."""
    hold_failed: bool
    """A found one that was to be put on hold first, and could not be."""
    reset: Sequence[str] | None
    """The fields that this hold may have reset; None: nobody knows which."""
    too_late: bool
    """A found one that was sending already."""
    result: Mapping[str, Any]
    """How it was carried out: `code`, `vendor_code`, `vendor_text`, `raw_status`, `at`, `differences`, `held`.

    `held` is what came of holding one that was rejected: `held`, `not_held`, `unknown`, `gone`, or a verdict.
    """
    progress: Progress | None

    @property
    def missing(self) -> int:
        """Votes that are still needed."""
        return max(self.needed - len(self.votes), 0)

    @property
    def sending(self) -> bool:
        """Whether the task is on its way right now."""
        return self.progress is not None and self.progress.status == TaskStatus.SENDING


def card_of(session: Session, now: datetime, approval: Approval) -> Card:
    """A request as it is now."""
    of, _, subject = approval.subject.partition("/")
    given = votes_of(session, approval.id)
    # JSON has no types; the names are those of `Card`, which says when one is missing.
    facts: dict[str, Any] = {name: getattr(approval, name) for name in _AS_THEY_ARE}
    facts |= _proposed(approval)
    facts |= {
        "of": of,
        "subject": subject,
        "read": bool(approval.proposal),
        "left": _left(now, approval.expires_at),
        "votes": [{"user": vote.user_id, "at": vote.at} for vote in counting(approval, given)],
        "lost": [vote.user_id for vote in given if vote.hash == approval.hash and vote.lost_at is not None],
        "reasons": approval.policy.get("reasons") or (),
        "who": approval.policy.get("who") or (),
        "self_approval": bool(approval.policy.get("self_approval")),
        "result": _result(approval),
        "progress": _progress(session, approval.account, subject) if of == Kind.TASK else None,
    }
    return Card(**facts)


def follow(session: Session, now: datetime, account: str, subjects: Iterable[str]) -> None:
    """These were recorded: part of the transaction that writes their snapshots.

    subjects: as `Touched.about`: `task/19124`, whether of the task or of its statistics.
    """
    found = set(subjects)
    shown = read(session, _SHOWN, {"of": account}) if found else ()
    ids = [approval.id for approval in shown if approval.subject in found]
    for notice, approval in session.exec(_CARDS_OF, params={"ids": ids}) if ids else ():
        if approval.state in ENDED and not _is_followed(session, approval):
            notice.open_key, notice.closed_at = None, now
            again(notice, now)
        else:
            _spaced(notice, now, _state(session, approval))


def count_down(session: Session, now: datetime) -> None:
    """Have cards rendered anew whose words about the time that is left have changed; once a minute is enough.

    The notices of requests that have ended, and whose task nobody follows, are closed.
    """
    for notice, approval in session.exec(_CARDS).all():
        left = _left(now, approval.expires_at)
        if approval.state in ENDED and not _is_followed(session, approval):
            notice.open_key, notice.closed_at = None, now
        elif approval.state is ApprovalState.PENDING and notice.facts.get("left") != left:
            if "left" in notice.facts:
                again(notice, now)
            notice.facts = {**notice.facts, "left": left}


def _is_followed(session: Session, approval: Approval) -> bool:
    """Whether the card goes on showing what its task does: it was let go, or it goes although nobody agreed."""
    if not approval.subject.startswith(f"{Kind.TASK}/"):
        return False
    state = _state(session, approval)
    goes = approval.state is ApprovalState.EXECUTED or approval.kind is ApprovalKind.FOUND
    return state in ON_ITS_WAY or (goes and state not in TASK_ENDS)


def _state(session: Session, approval: Approval) -> str | None:
    """What its subject was last seen to be."""
    kind, _, subject = approval.subject.partition("/")
    snapshot = session.get(Snapshot, (approval.account, kind, subject))
    return snapshot.state if snapshot else None


_AS_THEY_ARE = (
    *("id", "kind", "account", "state", "version", "requested_by", "reason", "channel_id", "send_at", "expires_at"),
    *("created_at", "ended_at", "hash", "needed", "step", "decided_by", "decided_at", "note", "replaces"),
    "replaced_by",
)
_RESULT = ("code", "vendor_code", "vendor_text", "raw_status", "status", "at", "sent", "planned", "held")
# Only what is open has a key.
_IS_SHOWN = (
    col(Approval.id) == col(Notice.approval_id),
    col(Notice.open_key).is_not(None),
    col(Notice.kind) == NoticeKind.APPROVAL,
)
_CARDS = select(Notice, Approval).where(*_IS_SHOWN)
_CARDS_OF = _CARDS.where(col(Approval.id).in_(bindparam("ids", expanding=True)))
# Made once: each recording asks it, and making it takes longer than its answer.
_SHOWN = select(Approval).join(Notice, and_(*_IS_SHOWN)).where(col(Approval.account) == bindparam("of"))


def _proposed(approval: Approval) -> dict[str, Any]:
    """What would be sent, and what else was read."""
    fields, told, context = (_part(approval.proposal, name) for name in ("fields", "told", "context"))
    credit = context.get("credit") or {}
    templates = [_row(one, "id", "name", "subject") for one in fields.get("templates") or ()]
    subjects = [str(one["subject"]) for one in templates if one["subject"]]
    if fields.get("subject"):
        subjects = [str(fields["subject"])]
    recipients, speed = _recipients(fields, context), told.get("hourly_speed")
    return {
        "title": context.get("title") or approval.account,
        "name": approval.proposal.get("name") or (subjects[0] if subjects else None),
        "subjects": subjects,
        "templates": templates,
        "lists": _lists(fields, context),
        "recipients": recipients,
        "sent": context.get("sent"),
        "sender": _sender(fields),
        **_row(fields, "sender_name", "reply_to", "tracking"),
        **_row(told, "first", "last", "unsubscribe_link", "read_receipt", "tracking_domain"),
        "speed": speed,
        "done_at": _done_at(approval.send_at, recipients, speed),
        "credit_before": credit.get("before"),
        "credit_after": credit.get("after"),
        "checks": [_row(one, "id", "state", "colour") for one in context.get("checks") or ()],
        "recent": [_row(one, "task_id", "name", "at", "sent") for one in context.get("recent") or ()],
        "unread": _row(context.get("unread") or {}, "lists", "credit", "checks", "recent"),
        "differences": [_row(one, "field", "before", "after") for one in context.get("differences") or ()],
        "held": bool(context.get("held")),
        "hold_failed": bool(context.get("hold_failed")),
        "reset": context.get("reset"),
        "too_late": bool(context.get("too_late")),
    }


def _part(proposal: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = revived(proposal.get(part) or {})
    return found


def _row(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given.get(name) for name in names}


def _lists(fields: Mapping[str, Any], context: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The lists as they were read, with what is known of them besides."""
    more = {one["id"]: one for one in context.get("lists") or ()}
    return [
        {**_row(one, "id", "name"), **_row(more.get(one["id"], {}), "count", "last_sent_at")}
        for one in fields.get("lists") or ()
    ]


def _sender(fields: Mapping[str, Any]) -> str | None:
    several = {"all": "all", "domain": f"@{fields.get('sender_domain')}"}
    return fields.get("sender") or several.get(fields.get("sender_scope") or "")


def _recipients(fields: Mapping[str, Any], context: Mapping[str, Any]) -> int | None:
    known = (context.get("recipients"), fields.get("recipients"), fields.get("planned"))
    return next((number for number in known if number is not None), None)


def _result(approval: Approval) -> Mapping[str, Any]:
    given: Mapping[str, Any] = revived(approval.result or {})
    differences = [_row(one, "field", "before", "after") for one in given.get("differences") or ()]
    return {**_row(given, *_RESULT), "differences": differences}


def _done_at(begins: datetime | None, recipients: int | None, speed: int | None) -> datetime | None:
    return begins + timedelta(hours=recipients / speed) if begins and recipients and speed else None


def _progress(session: Session, account: str, task_id: str) -> Progress | None:
    snapshot = session.get(Snapshot, (account, Kind.TASK, task_id))
    if snapshot is None:
        return None
    counted = {name: snapshot.facts.get(name) for name in ("sent", "planned", "unsent")}
    return Progress(status=snapshot.state, observed_at=snapshot.observed_at, **counted)


def _left(now: datetime, until: datetime) -> int:
    """Seconds, rounded up to what is told."""
    left = max(until - now, timedelta(0))
    step = next((step for above, step in _STEPS if left > above), _FINEST)
    return int(-(-left // step) * step.total_seconds())


def _spaced(notice: Notice, now: datetime, state: str | None) -> None:
    """Figures wait for their turn; that a task stopped, or went on, does not."""
    touched, shown = notice.facts.get("touched"), notice.facts.get("state")
    due = max(now, datetime.fromisoformat(touched) + EVERY) if touched and state == shown else now
    again(notice, due)
    notice.facts = {**notice.facts, "touched": (notice.due_at or due).isoformat(), "state": state}
