"""What we told a vendor of its tasks, because it cannot all be read back, and an edit resets what it leaves out.

U-Mail tells neither a task's speed, nor whether it adds an unsubscribe link, nor its range, its tracking domain or its
read receipt (000 6.1); 000 6.3 documents defaults for what an edit does not say. So every accepted add and edit is
remembered whole, and every edit is completed from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel

from providers.model import TaskForm, Tracking
from store.engine import insert_of
from store.tables import TaskLedger

UNREADABLE = ("first", "unsubscribe_link", "tracking_domain", "hourly_speed", "read_receipt")
"""What only the ledger knows."""
_MAY_BE_EMPTY = ("sender_name", "reply_to")
"""Nothing is a value of these: somebody has emptied it."""
_TABLE = SQLModel.metadata.tables[str(TaskLedger.__tablename__)]
_READ: Mapping[str, Callable[[Any], Any]] = {
    "template_ids": tuple,
    "list_ids": tuple,
    "scheduled_at": datetime.fromisoformat,
    "tracking": Tracking,
}
"""JSON knows lists, texts and numbers only."""


def remember(session: Session, now: datetime, *, account: str, task_id: str, form: TaskForm, by: str) -> None:
    """Write down what a vendor has accepted: all of it, so that what was left out is known no more.

    by: who asked for it.
    """
    row = {"form": written(form), "by": by, "at": now}
    # Two processes may write a task's first row at once.
    insert = insert_of[session.connection().dialect.name](_TABLE).values(account=account, task_id=task_id, **row)
    session.connection().execute(insert.on_conflict_do_update(index_elements=["account", "task_id"], set_=row))


def of(session: Session, account: str, task_id: str) -> TaskForm | None:
    """What was told of a task last; None for one that was made elsewhere."""
    row = session.get(TaskLedger, (account, task_id), populate_existing=True)
    return None if row is None else read(row.form)


def complete(fresh: TaskForm, told: TaskForm | None) -> TaskForm:
    """All that is known of a task: what was just read, and what was told where nothing could be read."""
    if told is None:
        return fresh
    known = {
        one.name: getattr(told, one.name)
        for one in fields(TaskForm)
        if getattr(fresh, one.name) is None and one.name not in _MAY_BE_EMPTY
    }
    return replace(fresh, **known)


def written(form: TaskForm) -> dict[str, Any]:
    """A form as JSON; what it leaves out is not there."""
    said = {one.name: getattr(form, one.name) for one in fields(TaskForm)}
    return {name: as_json(value) for name, value in said.items() if value is not None}


def read(form: Mapping[str, Any]) -> TaskForm:
    """What `written` wrote."""
    return TaskForm(**{name: _READ[name](value) if name in _READ else value for name, value in form.items()})


def as_json(value: object) -> object:
    """A form's value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Tracking) else value
