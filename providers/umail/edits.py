"""Changing sending tasks: add-task (000 5.1, 6.2; 001 5.1, 6.2), edit-task (6.3), del-task (6.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.base import Clock, Rate
from providers.call import Answer
from providers.errors import BadAnswerError, UnsupportedError
from providers.model import SendId, Task, TaskForm, TaskStatus, Tracking
from providers.umail.api import Api, Result, result

ADD_RATE = Rate(100, timedelta(hours=1))
"""000 5.1: "within 1 hour not more than 100 calls"; 001 states none."""
_AT_ONCE = timedelta(minutes=1)
"""add-task wants a time even with status 2, "not before now" (000 6.2), and the vendor's clock may be ahead."""


def _joined(values: tuple[str, ...]) -> str:
    return ",".join(values)


def _switch(value: bool) -> str:  # a converter takes its one value
    return str(int(value))


_TRACKED = {Tracking.NONE: "0", Tracking.OPENS: "1", Tracking.OPENS_AND_CLICKS: "2"}


@dataclass(frozen=True, slots=True)
class _Parameter:
    """How one field of a form is said."""

    name: str
    said: Callable[..., str] = str
    added: bool = True
    """Whether V3.0's add-task knows it; 000 knows all."""
    edited: bool = True
    """Whether V3.0's edit-task knows it."""


# In the order of 000 6.2. Status and time have different names in the two calls and stand apart.
_PARAMETERS: Mapping[str, _Parameter] = {
    "template_ids": _Parameter("tpl_id", _joined),
    "sender_domain": _Parameter("send_domain"),
    "sender": _Parameter("send_account"),
    "sender_name": _Parameter("send_fullname"),
    "list_ids": _Parameter("maillist_id", _joined),
    "first": _Parameter("send_qty_start", added=False, edited=False),
    "last": _Parameter("send_qty"),
    "unsubscribe_link": _Parameter("subs_link", _switch),
    "tracking": _Parameter("track_status", _TRACKED.__getitem__),
    "tracking_domain": _Parameter("track_domain"),
    # 001 has it in 6.3 only.
    "reply_to": _Parameter("send_replyto", added=False),
    "hourly_speed": _Parameter("hour_speed", added=False, edited=False),
    "read_receipt": _Parameter("is_need_receipt", _switch, added=False, edited=False),
}


class Edits:
    """The account's changes to its tasks. Each call goes out once."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def can_set(self, status: TaskStatus) -> bool:
        return status in self._api.dialect.edited_to

    async def add(self, form: TaskForm, *, status: TaskStatus) -> SendId:
        value = self._value(self._api.dialect.added_as, status, "add-task")
        at = form.scheduled_at
        if at is None and status is TaskStatus.SENDING:
            at = self._clock() + _AT_ONCE
        params = self._params(form, "add-task") | {"status": value, "time": self._time(at)}
        limit = (f"{self._api.wire.account}:add-task", ADD_RATE) if self._api.dialect.newer else None
        call = self._api.call("task.php", "add-task", params, limit=limit)
        added = await self._api.change(call, _added)
        return SendId(added.id or "")

    async def edit(self, task_id: SendId, form: TaskForm, *, status: TaskStatus) -> None:
        """Every field that is given goes along: 000 6.3 documents defaults for what an edit leaves out."""
        value = self._value(self._api.dialect.edited_to, status, "edit-task")
        params = {"id": task_id} | self._params(form, "edit-task")
        # `send_time` only: the sample URL's `time` is add-task's.
        params |= {"send_status": value, "send_time": self._time(form.scheduled_at)}
        await self._api.change(self._api.call("task.php", "edit-task", params), result)

    async def delete(self, task_id: SendId) -> None:
        await self._api.change(self._api.call("task.php", "del-task", {"id": task_id}), result)

    def _value(self, values: Mapping[TaskStatus, str], status: TaskStatus, do: str) -> str:
        if status not in values:
            raise self._unsupported(f"cannot make a task {status}", do)
        return values[status]

    def _params(self, form: TaskForm, do: str) -> dict[str, str | None]:
        params: dict[str, str | None] = {}
        for name, parameter in _PARAMETERS.items():
            value = getattr(form, name)
            if value is None:
                continue
            known = parameter.added if do == "add-task" else parameter.edited
            if not (known or self._api.dialect.newer):
                raise self._unsupported(f"does not know {parameter.name}", do)
            params[parameter.name] = parameter.said(value)
        # 001 5.1, 6.2, 6.3 name one list; several templates are theirs, too.
        if not self._api.dialect.newer and len(form.list_ids or ()) > 1:
            raise self._unsupported("takes one contact list", do)
        return params

    def _time(self, moment: datetime | None) -> str | None:
        return self._api.dialect.time(moment, self._api.zone) if moment else None

    def _unsupported(self, what: str, do: str) -> UnsupportedError:
        message = f"U-Mail {self._api.dialect.name} {what}"
        return UnsupportedError(message, account=self._api.wire.account, call=f"task.php?do={do}")


def _added(answer: Answer) -> Result:
    added = result(answer)
    if added.id is None:
        raise BadAnswerError("the answer names no new task", vendor_code=added.word, vendor_text=added.said)
    return added


def form_of(task: Task) -> TaskForm:
    """All that a fresh read knows. Not readable: first, unsubscribe link, tracking domain, speed, receipt."""
    domain, sender = _sender(task)
    return TaskForm(
        template_ids=tuple(ref.id for ref in task.templates) or None,
        list_ids=tuple(ref.id for ref in task.lists) or None,
        sender_domain=domain,
        sender=sender,
        sender_name=task.sender_name,
        reply_to=task.reply_to,
        last=task.limit,
        scheduled_at=task.scheduled_at,
        tracking=task.tracking,
    )


def _sender(task: Task) -> tuple[str | None, str | None]:
    """`send_domain` and `send_account` (000 5.1, remarks 2 to 4)."""
    if task.sender_scope == "all":
        return "all", "all"
    if task.sender_scope == "domain":
        return task.sender_domain, "all"
    # The domain need not be given with an address, but an edit fills it with `all` (000 6.3).
    return (task.sender.rpartition("@")[2] or None, task.sender) if task.sender else (None, None)
