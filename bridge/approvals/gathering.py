"""Reading at the vendor what a person is asked to approve, and what helps to decide."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from bridge.approvals.proposals import Proposal, is_same_send, of_draft
from bridge.changes.ledger import UNREADABLE
from bridge.sightings import Kind
from providers.base import Provider, ReadsTasks, TellsBalance
from providers.capabilities import KeepsLists, KeepsTemplates
from providers.contacts import ContactList, ListId
from providers.errors import BadAnswerError, ProviderError, UnsupportedError
from providers.mailtemplates import TemplateId
from providers.model import Balance, NamedRef, Task
from store.engine import Store
from store.tables import Approval, ApprovalState, Draft, Snapshot

RECENT = timedelta(days=7)
"""How far back other sends to the same lists are told. V3.0 is asked day by day."""
MOST_RECENT = 5

T = TypeVar("T")


class NoTemplateError(BadAnswerError):
    """A task's template was deleted: there is nothing to send."""


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


async def read_fields(provider: Provider, task: Task) -> dict[str, Any]:
    """What is approved of a task, its templates read anew.

    Raises:
        NoTemplateError: a template is not there.
        ProviderError: a template cannot be read.
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
        raise NoTemplateError(f"the task's template {ref.id} is not there", account=provider.account)
    return {
        "id": ref.id,
        "name": template.name,
        "subject": " | ".join(template.subjects) or None,
        "content_hash": sha256((template.content or "").encode()).hexdigest(),
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
