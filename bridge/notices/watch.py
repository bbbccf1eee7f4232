"""A task that somebody watches: one message that follows it until it ends.

The message is a notice of kind WATCH, one for each receiver and task. Whoever records a task touches it, and the outbox
then renders the rows as they are. Polls ask `watched` which tasks they should look at more often meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bridge.notices.telling import again, key_of
from bridge.sightings import Kind, about
from bridge.transitions import TASK_ENDS, VANISHED
from providers.model import TaskStatus
from store.rows import read
from store.tables import Notice, NoticeKind, Snapshot, StatSample

EVERY = timedelta(seconds=3)
"""From one edit of the message to the next."""
WINDOW = timedelta(minutes=10)
"""The rate is the one of this last while."""
_BOUNCES = ("bounced_hard", "mailbox_full")
# Only what is open has a key.
_OPEN = select(Notice).where(col(Notice.open_key).is_not(None), Notice.kind == NoticeKind.WATCH)


@dataclass(frozen=True, slots=True)
class Watched:
    """A task that is watched."""

    notice: Notice
    new: bool
    """False: it was watched there already."""


def watch(
    session: Session, now: datetime, *, receiver: str, account: str, task_id: str, user: str, facts: Mapping[str, Any]
) -> Watched:
    """Follow a task in one message to `receiver`, a channel or a person.

    facts: the task as it was just read (`bridge.sightings.of_task`), for as long as no poll has seen it.
    """
    key = _key(receiver, account, task_id)
    if found := session.exec(select(Notice).where(Notice.open_key == key)).first():
        return Watched(found, new=False)
    notice = Notice(
        open_key=key,
        kind=NoticeKind.WATCH,
        receiver=receiver,
        facts={"account": account, "task_id": task_id, "by": user, "seen": dict(facts), "stopped_by": None},
        created_at=now,
        due_at=now,
        priority=2,
    )
    session.add(notice)
    if snapshot := session.get(Snapshot, (account, Kind.TASK, task_id)):
        snapshot.look_at = now
    return Watched(notice, new=True)


def unwatch(session: Session, now: datetime, *, receiver: str, account: str, task_id: str, user: str) -> bool:
    """Follow it no longer there; False when nobody did."""
    key = _key(receiver, account, task_id)
    notice = session.exec(select(Notice).where(Notice.open_key == key)).first()
    if notice is None:
        return False
    notice.facts = {**notice.facts, "stopped_by": user}
    _close(notice, now)
    return True


def touch(session: Session, now: datetime, account: str, subjects: Iterable[str]) -> None:
    """These were recorded: part of the transaction that writes their snapshots.

    subjects: as `Touched.about`: `task/19124`, whether of the task or of its statistics.
    """
    found = set(subjects)
    for one in _open(session, account) if found else ():
        task_id = one.facts["task_id"]
        if about(Kind.TASK, task_id) not in found:
            continue
        notice = session.get_one(Notice, one.id)
        snapshot = session.get(Snapshot, (account, Kind.TASK, task_id))
        if snapshot is not None and snapshot.state in TASK_ENDS:
            _close(notice, now)
        else:
            _again(notice, now)


def watched(session: Session, account: str) -> set[str]:
    """The tasks of an account that somebody watches: a poll asks for them more often while they send."""
    return {str(notice.facts["task_id"]) for notice in _open(session, account)}


def facts_of(session: Session, notice: Notice) -> Mapping[str, Any]:
    """What `templates/watch/progress.j2` shows."""
    account, task_id = notice.facts["account"], notice.facts["task_id"]
    snapshot = session.get(Snapshot, (account, Kind.TASK, task_id))
    task = snapshot.facts if snapshot else notice.facts["seen"]
    status = snapshot.state if snapshot else task["status"]
    rate = hourly_rate(_samples(session, account, task_id)) if status == TaskStatus.SENDING else None
    done, planned = _done(task), task.get("planned")
    return {
        "account": account,
        "task_id": task_id,
        "receiver": notice.receiver,
        "by": notice.facts["by"],
        "stopped_by": notice.facts["stopped_by"],
        "gone": status == VANISHED,
        "status": status,
        "sent": task.get("sent"),
        "planned": planned,
        "unsent": task.get("unsent"),
        "share": min(done / planned, 1.0) if planned and done is not None else None,
        "rate": rate,
        "left": (planned - done) / rate * 3600 if rate and planned and done is not None and planned > done else None,
        "bounced": _bounced(session, account, task_id),
        "observed_at": snapshot.observed_at if snapshot else datetime.fromisoformat(task["observed_at"]),
    }


def hourly_rate(samples: Sequence[StatSample]) -> int | None:
    """Messages an hour over the last samples, oldest first; None while they are less than 20 s apart or stand still."""
    counted = [sample for sample in samples if sample.counters.get("sent") is not None]
    if len(counted) < 2:
        return None
    first, last = counted[0], counted[-1]
    seconds = (last.at - first.at).total_seconds()
    more = (last.counters["sent"] or 0) - (first.counters["sent"] or 0)
    return round(more / seconds * 3600) or None if seconds >= 20 and more > 0 else None


def _done(task: Mapping[str, Any]) -> int | None:
    """What needs no sending any more: sent, or never to be sent."""
    sent: int | None = task.get("sent")
    return None if sent is None else sent + (task.get("unsent") or 0)


def _samples(session: Session, account: str, task_id: str) -> Sequence[StatSample]:
    """The task's own counters of the last WINDOW, oldest first; statistics count otherwise and lag behind."""
    subject = about(Kind.TASK, task_id)
    of_task = (StatSample.account == account, StatSample.subject == subject)
    newest = session.exec(select(StatSample.at).where(*of_task).order_by(col(StatSample.at).desc()).limit(1)).first()
    if newest is None:
        return ()
    found = session.exec(
        select(StatSample).where(*of_task, col(StatSample.at) >= newest - WINDOW).order_by(col(StatSample.at))
    ).all()
    return [sample for sample in found if "planned" in sample.counters]


def _bounced(session: Session, account: str, task_id: str) -> int | None:
    snapshot = session.get(Snapshot, (account, Kind.STATS, about(Kind.TASK, task_id)))
    counted = [snapshot.facts.get(name) for name in _BOUNCES] if snapshot else []
    return sum(number for number in counted if number is not None) if any(n is not None for n in counted) else None


def _open(session: Session, account: str) -> Sequence[Notice]:
    return [notice for notice in read(session, _OPEN) if notice.facts["account"] == account]


def _key(receiver: str, account: str, task_id: str) -> str:
    return key_of(receiver, NoticeKind.WATCH, f"{account}|{task_id}")


def _close(notice: Notice, now: datetime) -> None:
    notice.open_key, notice.closed_at = None, now
    again(notice, now)


def _again(notice: Notice, now: datetime) -> None:
    touched = notice.facts.get("touched")
    due = max(now, datetime.fromisoformat(touched) + EVERY) if touched else now
    again(notice, due)
    notice.facts = {**notice.facts, "touched": (notice.due_at or due).isoformat()}
