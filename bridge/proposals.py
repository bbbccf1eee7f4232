"""What a person is asked to approve, as it was read at the vendor; and what has become of it since.

    fields     what was read and is approved: `Proposal.hash` is of these
    told       what we told the vendor and cannot read back: outside of the hash, and the card says so
    context    what helps to decide: list sizes, credit, checks, other sends to the same lists; None where it could not
               be read, with the error's code under `unread`

All three are JSON. A list that has grown by much is drift too, though its size is no field.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self, TypeVar

from sqlmodel import Session, col, select

from bridge.edits import Difference
from bridge.ledger import UNREADABLE
from bridge.letters import Letter
from bridge.policy import PolicyFacts
from bridge.requests import hash_of
from bridge.sightings import Kind
from providers.base import Provider, ReadsTasks, TellsBalance
from providers.capabilities import KeepsLists, KeepsTemplates
from providers.contacts import ContactList, ListId
from providers.errors import BadAnswerError, ProviderError, UnsupportedError
from providers.mailtemplates import TemplateId
from providers.model import Balance, NamedRef, Task
from store.engine import Store
from store.tables import Approval, ApprovalKind, ApprovalState, Draft, Snapshot

RECENT = timedelta(days=14)
"""How far back other sends to the same lists are told."""
GROWN, GROWN_SHARE = 100, 0.01
"""A list that has more than so many contacts, or this share of them, more than it had is not what was approved."""
MOST_RECENT = 5
_MOVES = ("scheduled_at", "planned")
"""What a pause and a resume move by themselves."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that a card shows of a send."""

    fields: Mapping[str, Any]
    """A task: task_id, templates [{id, name, subject, content_hash}], lists [{id, name}], subscription_lists, sender,
    sender_scope, sender_domain, sender_name, reply_to, limit, planned, scheduled_at (ISO 8601), tracking.
    A draft: draft_id, sender, sender_name, reply_to, subject, recipients (how many), tracking, letter (its hash)."""
    told: Mapping[str, Any]
    """Any of `bridge.ledger.UNREADABLE` and `last`; what is not there is unknown."""
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


async def is_approved_as_it_is(store: Store, provider: Provider, task: Task) -> bool:
    """Whether somebody has said yes here to this very send, so that it may go on without being asked for again.

    Raises:
        ProviderError: what would have to be compared cannot be read.
    """

    def carried_out(session: Session, _now: datetime) -> Sequence[Approval]:
        ours = (col(Approval.account) == task.account, col(Approval.subject) == f"task/{task.id}")
        return session.exec(select(Approval).where(*ours, col(Approval.state) == ApprovalState.EXECUTED)).all()

    approved = [row.proposal["fields"] for row in await store.transact(carried_out) if row.proposal]
    if not approved:
        return False
    fields = await read_fields(provider, task)
    return any(is_same_send(one, fields) for one in approved)


# ---- reading


async def gather(provider: Provider, task: Task, ledger: Mapping[str, Any], *, store: Store, now: datetime) -> Proposal:
    """Read all that the card of a task shows.

    ledger: `TaskLedger.form` of it, empty for a task that was made elsewhere.

    Raises:
        ProviderError: a field cannot be read; nobody is asked to approve what nobody has seen.
    """
    fields = await read_fields(provider, task)
    reading = _Reading(provider, task, store, now)
    return Proposal(
        fields=fields,
        told={name: ledger[name] for name in (*UNREADABLE, "last") if name in ledger},
        context=await reading.context(),
    )


async def read_fields(provider: Provider, task: Task) -> dict[str, Any]:
    """What is approved of a task, its templates read anew.

    Raises:
        ProviderError: a template cannot be read, or is not there.
    """
    return {
        "task_id": task.id,
        "templates": [await _template(provider, ref) for ref in task.templates],
        "lists": [{"id": ref.id, "name": ref.name} for ref in task.lists],
        "subscription_lists": task.subscription_lists,
        "sender": task.sender,
        "sender_scope": task.sender_scope,
        "sender_domain": task.sender_domain,
        "sender_name": task.sender_name,
        "reply_to": task.reply_to,
        "limit": task.limit,
        "planned": task.planned,
        "scheduled_at": task.scheduled_at.isoformat() if task.scheduled_at else None,
        "tracking": task.tracking.value if task.tracking else None,
    }


async def _template(provider: Provider, ref: NamedRef) -> dict[str, Any]:
    if not isinstance(provider, KeepsTemplates):
        return {"id": ref.id, "name": ref.name, "subject": None, "content_hash": None}
    template = await provider.mail_template(TemplateId(ref.id))
    if template is None:
        raise BadAnswerError(f"the task's template {ref.id} is not there", account=provider.account)
    return {
        "id": ref.id,
        "name": template.name,
        "subject": " | ".join(template.subjects) or None,
        "content_hash": sha256((template.content or "").encode()).hexdigest(),
    }


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


async def of_letter(provider: Provider, draft: Draft) -> Proposal:
    """All that the card of a message that waits here shows."""
    fields = of_draft(draft)
    unread: dict[str, str] = {}
    balance = await _tried("credit", unread, lambda: _balance(provider))
    context = {
        "title": provider.title,
        "recipients": fields["recipients"],
        "credit": _credit(balance, fields["recipients"]),
        "unread": unread,
    }
    return Proposal(fields=fields, told={}, context=context)


class _Reading:
    """What helps to decide about one task."""

    def __init__(self, provider: Provider, task: Task, store: Store, now: datetime) -> None:
        self._provider = provider
        self._task = task
        self._store = store
        self._now = now
        self._unread: dict[str, str] = {}

    async def context(self) -> dict[str, Any]:
        lists = await _tried("lists", self._unread, self._lists)
        balance = await _tried("credit", self._unread, lambda: _balance(self._provider))
        checks = await _tried("checks", self._unread, self._checks)
        known = await self._store.transact(lambda session, _now: _tasks(session, self._task.account, self._now))
        recent = await _tried("recent", self._unread, lambda: self._recent(known))
        recipients = self._recipients(lists)
        return {
            "title": self._provider.title,
            "status": self._task.status.value,
            "sent": self._task.sent,
            "recipients": recipients,
            "new_sender": _is_new(self._task, known),
            "lists": self._told_of(lists, recent),
            "recent": None if recent is None else recent[:MOST_RECENT],
            "credit": _credit(balance, recipients),
            "checks": checks,
            "unread": self._unread,
        }

    async def _lists(self) -> Mapping[str, ContactList | None]:
        if not isinstance(self._provider, KeepsLists):
            raise UnsupportedError("its lists cannot be read", account=self._provider.account)
        return {ref.id: await self._provider.contact_list(ListId(ref.id)) for ref in self._task.lists}

    async def _checks(self) -> Sequence[Mapping[str, Any]]:
        if not isinstance(self._provider, KeepsTemplates):
            raise UnsupportedError("its templates cannot be checked", account=self._provider.account)
        found = [await self._provider.check_template(TemplateId(ref.id)) for ref in self._task.templates]
        return [{"id": one.id, "state": one.state.value, "colour": one.colour} for one in found if one is not None]

    async def _recent(self, known: Sequence[Snapshot]) -> list[dict[str, Any]]:
        """Other sends to the same lists, newest first: of what was seen here, and of what the vendor tells."""
        ours = {ref.id for ref in self._task.lists}
        found = {row.subject: _seen(row) for row in known if ours & {one["id"] for one in row.facts.get("lists") or ()}}
        if isinstance(self._provider, ReadsTasks):
            first, last = (self._now - RECENT).date(), (self._now + timedelta(days=1)).date()
            for task in await self._provider.tasks_between(first, last):
                if ours & {ref.id for ref in task.lists}:
                    found[task.id] = _sent(task)
        found.pop(self._task.id, None)
        past = [one for one in found.values() if one["at"] and datetime.fromisoformat(one["at"]) <= self._now]
        return sorted(past, key=lambda one: str(one["at"]), reverse=True)

    def _recipients(self, lists: Mapping[str, ContactList | None] | None) -> int | None:
        """How many it goes to: what the vendor has planned, else as many as its lists hold."""
        if self._task.planned is not None:
            return self._task.planned
        counts = [one.contacts if one else None for one in (lists or {}).values()]
        return None if not counts or None in counts else sum(count or 0 for count in counts)

    def _told_of(
        self, lists: Mapping[str, ContactList | None] | None, recent: Sequence[Mapping[str, Any]] | None
    ) -> Sequence[Mapping[str, Any]]:
        found = lists or {}
        return [
            {
                "id": ref.id,
                "name": ref.name,
                "count": one.contacts if (one := found.get(ref.id)) else None,
                "importing": one.importing if one else None,
                "last_sent_at": next((sent["at"] for sent in recent or () if ref.id in sent["lists"]), None),
            }
            for ref in self._task.lists
        ]


async def _tried(what: str, unread: dict[str, str], read: Callable[[], Awaitable[T]]) -> T | None:
    """What helps to decide, or None and why it could not be read."""
    try:
        return await read()
    except ProviderError as error:
        unread[what] = error.code
        return None


async def _balance(provider: Provider) -> Balance:
    if not isinstance(provider, TellsBalance):
        raise UnsupportedError("its credit cannot be read", account=provider.account)
    return await provider.balance()


def _credit(balance: Balance | None, recipients: int | None) -> Mapping[str, Any] | None:
    if balance is None:
        return None
    left = balance.emails_left
    return {
        "before": left,
        "after": None if left is None or recipients is None else left - recipients,
        "daily": balance.daily_allowance,
        "enabled": balance.enabled,
        "until": balance.service_until.isoformat() if balance.service_until else None,
    }


def _tasks(session: Session, account: str, now: datetime) -> Sequence[Snapshot]:
    """The account's tasks of the last days, as they were seen here."""
    ours = (col(Snapshot.account) == account, col(Snapshot.kind) == Kind.TASK.value)
    return session.exec(select(Snapshot).where(*ours, col(Snapshot.changed_at) > now - RECENT)).all()


def _is_new(task: Task, known: Collection[Snapshot]) -> bool | None:
    """Whether no other task of the last days had its sender; None where none is known."""
    others = [row.facts for row in known if row.subject != task.id]
    if not others:
        return None
    ours = (task.sender, task.sender_scope, task.sender_domain)
    return all((one.get("sender"), one.get("sender_scope"), one.get("sender_domain")) != ours for one in others)


def _seen(row: Snapshot) -> dict[str, Any]:
    facts = row.facts
    names = [one["name"] for one in facts.get("templates") or () if one["name"]]
    return {
        "task_id": row.subject,
        "name": ", ".join(names) or None,
        "at": facts.get("started_at") or facts.get("scheduled_at"),
        "sent": facts.get("sent"),
        "lists": [one["id"] for one in facts.get("lists") or ()],
    }


def _sent(task: Task) -> dict[str, Any]:
    at = task.started_at or task.scheduled_at
    return {
        "task_id": task.id,
        "name": ", ".join(ref.name for ref in task.templates if ref.name) or None,
        "at": at.isoformat() if at else None,
        "sent": task.sent,
        "lists": [ref.id for ref in task.lists],
    }
