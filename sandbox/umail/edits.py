"""What edit-task and del-task do to a task: the transitions, which no document lists.

An edit that the task's state does not allow (pausing what is finished, starting what was cancelled, writing a status
that only the platform sets) is answered like any other and changes nothing at all.
"""

from datetime import datetime

from sandbox.mailing import ENDED, Settings, Status, Task
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.settings import given, planned

ASKED = {"basic": frozenset(range(-5, 5)), "md5": frozenset({-1, 1})}
"""What edit-task takes as `send_status`: all ten (000 6.3), or only -1 and 1 (001 6.3)."""

_WAITING = {Status.WAITING, Status.SENDING, Status.HELD, Status.PAUSED, Status.CANCELLED}
ALLOWED: dict[Status, set[Status]] = {
    Status.INGESTING: _WAITING,
    Status.QUEUED: _WAITING,
    Status.WAITING: _WAITING,
    Status.HELD: _WAITING,
    Status.SENDING: _WAITING | {Status.STOPPED},
    Status.PAUSED: _WAITING | {Status.STOPPED},
} | {ended: set() for ended in ENDED}


def change(call: UMailCall, task: Task) -> None:
    """Carry out an edit-task; `send_status` left out means 1 (000 6.3), and so puts a held task back on the road.

    `time`, which only the sample URL of 6.3 has, is not read.
    """
    settings = given(call, time="send_time", before=task.settings)
    status = Status(read.choice(call.params, "send_status", Status.WAITING, ASKED[call.account.dialect]))

    def apply(at: datetime) -> None:
        if status in ALLOWED[task.status]:
            _apply(task, settings, planned(call.account, settings), status, at)

    effect = call.wire.effect
    if effect is None:
        apply(call.now)
    elif effect.late is not None:
        call.world.later(effect.late, apply)


def remove(call: UMailCall, task: Task) -> None:
    """Carry out a del-task. What was sent stays in the statistics and stays paid."""

    def apply(at: datetime) -> None:  # noqa: ARG001
        if task.status is not Status.SENDING:
            task.deleted = True

    effect = call.wire.effect
    if effect is None:
        apply(call.now)
    elif effect.late is not None:
        call.world.later(effect.late, apply)


def _apply(task: Task, settings: Settings, size: int, status: Status, at: datetime) -> None:
    position = task.position(at)
    task.settings = settings
    task.enter(status, at)
    task.planned = max(size, position)
