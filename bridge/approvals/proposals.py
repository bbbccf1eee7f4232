"""What a person is asked to approve, as it was read at the vendor; and what has become of it since.

    fields     what was read and is approved: `Proposal.hash` is of these
    told       what we told the vendor and cannot read back: outside of the hash, and the card says so
    context    what helps to decide: list sizes, credit, checks, other sends to the same lists; None where it could not
               be read, with the error's code under `unread`

All three are JSON. A list that has grown by much is drift too, though its size is no field. Pure; `gathering` reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from bridge.approvals.policy import PolicyFacts
from bridge.approvals.requests import hash_of
from bridge.changes.edits import Difference
from bridge.changes.letters import Letter
from store.tables import ApprovalKind, Draft

GROWN, GROWN_SHARE = 100, 0.01
"""A list that has more than so many contacts, or this share of them, more than it had is not what was approved."""
_MOVES = ("scheduled_at", "planned")
"""What a pause and a resume move by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that a card shows of a send."""

    fields: Mapping[str, Any]
    """A task: task_id, templates [{id, name, subject, content_hash}], lists [{id, name}], subscription_lists, sender,
    sender_scope, sender_domain, sender_name, reply_to, limit, planned, scheduled_at (ISO 8601), tracking.
    A draft: draft_id, sender, sender_name, reply_to, subject, recipients (how many), tracking, letter (its hash)."""
    told: Mapping[str, Any]
    """Any of `bridge.changes.ledger.UNREADABLE` and `last`; what is not there is unknown."""
    context: Mapping[str, Any]
    """title, status, recipients, new_sender, lists [{id, name, count, importing, last_sent_at}], recent
    [{task_id, name, at, sent}], credit {before, after, daily, enabled, until}, checks [{id, state, colour}],
    unread {what: code}; and what is added when it replaces another: differences [{field, before, after}]."""

    @property
    def hash(self) -> str:
        """The same for the same fields."""
        return hash_of(self.fields)

    @property
    def name(self) -> str | None:
        """What people call it: its template, or a message's subject."""
        names = [one["name"] or one["id"] for one in self.fields.get("templates") or ()]
        return ", ".join(names) or self.fields.get("subject")

    def written(self) -> dict[str, Any]:
        """For `Approval.proposal`; what events tell of it stands at the top."""
        about = {"name": self.name, "recipients": self.context.get("recipients")}
        return about | {"fields": dict(self.fields), "told": dict(self.told), "context": dict(self.context)}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """Of an approval's row."""
        return cls(fields=kept["fields"], told=kept["told"], context=kept["context"])


def policy_facts(kind: ApprovalKind, account: str, proposal: Proposal, *, now: datetime) -> PolicyFacts:
    """What the policies go by."""
    recipients = proposal.context.get("recipients")
    credit = proposal.context.get("credit") or {}
    starts_at = _time(proposal.fields.get("scheduled_at")) or now
    return PolicyFacts(
        kind=kind,
        account=account,
        recipients=recipients,
        new_sender=proposal.context.get("new_sender"),
        starts_at=max(starts_at, now),
        ends_at=_ends_at(max(starts_at, now), recipients, proposal.told.get("hourly_speed")),
        credit=credit.get("before"),
        cost=recipients,
    )


def _ends_at(starts_at: datetime, recipients: int | None, speed: int | None) -> datetime | None:
    return starts_at + timedelta(hours=recipients / speed) if recipients is not None and speed else None


def _time(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


# ---- what has changed


def drift(before: Proposal, now: Proposal) -> Sequence[Difference]:
    """What is not as it was shown: every field that differs, and a list that has grown."""
    differing = [
        Difference(name, before.fields.get(name), now.fields.get(name))
        for name in sorted({*before.fields, *now.fields})
        if before.fields.get(name) != now.fields.get(name)
    ]
    old, new = _counts(before), _counts(now)
    grown = [number for number, count in new.items() if number in old and has_grown(old[number], count)]
    return [*differing, *(Difference("list_size", old[number], new[number]) for number in grown)]


def has_grown(before: int, now: int) -> bool:
    """Whether so many are no longer those that somebody said yes to."""
    return now - before > min(GROWN, before * GROWN_SHARE)


def is_same_send(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two tasks' fields are one send, whenever it is to go: what a resume needs no new yes for."""
    if has_grown(before.get("planned") or 0, now.get("planned") or 0):
        return False
    return _still(before) == _still(now)


def _still(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in fields.items() if name not in _MOVES}


def _counts(proposal: Proposal) -> Mapping[str, int]:
    lists = proposal.context.get("lists") or ()
    return {one["id"]: one["count"] for one in lists if one["count"] is not None}


# ---- a message that waits here


def of_draft(draft: Draft) -> Mapping[str, Any]:
    """What is approved of a message that waits here, while its row still holds it."""
    letter = Letter.read(draft.content)
    tracks = {(False, False): "none", (True, False): "opens"}
    return {
        "draft_id": draft.id,
        "sender": letter.sender,
        "sender_name": letter.sender_name,
        "reply_to": letter.reply_to,
        "subject": letter.subject,
        "recipients": len(letter.recipients),
        "tracking": tracks.get((letter.track_opens, letter.track_clicks), "opens_and_clicks"),
        "letter": letter.hash,
    }
