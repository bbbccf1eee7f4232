"""Which change of a sending task makes sense in which state: pure, and tested as a table."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from providers.model import Task, TaskStatus


class Action(StrEnum):
    """What people ask for."""

    PAUSE = "pause"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    DELETE = "delete"
    EDIT = "edit"
    """Change what it says; it is held by that, whatever it was."""


class Verdict(StrEnum):
    """Why a change may go ahead, or why it makes no sense."""

    GO = "go"
    ALREADY = "already"
    """It is as wished."""
    FINISHED = "finished"
    """Sent completely, cancelled or stopped: nothing is left to change."""
    FAILED = "failed"
    NOT_EXPLAINED = "not_explained"
    """A status that no document explains; changing it would be a guess."""
    RUNNING = "running"
    """It must be paused or cancelled first."""
    NO_SUCH_CALL = "no_such_call"
    """This dialect cannot be asked for it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether, why, and what the task is to become (None for a deletion)."""

    verdict: Verdict
    action: Action
    wanted: TaskStatus | None = None


_WAITING = (TaskStatus.QUEUED, TaskStatus.SCHEDULED)
_CLOSED = {
    TaskStatus.SENT: Verdict.FINISHED,
    TaskStatus.CANCELLED: Verdict.FINISHED,
    TaskStatus.STOPPED: Verdict.FINISHED,
    TaskStatus.FAILED: Verdict.FAILED,
    TaskStatus.UNKNOWN: Verdict.NOT_EXPLAINED,
}
"""Why nothing can be changed about a task any more, but for deleting it."""
_ALREADY = {
    Action.PAUSE: (TaskStatus.PAUSED, TaskStatus.DRAFT),
    Action.HOLD: (TaskStatus.DRAFT,),
    Action.RESUME: (TaskStatus.SENDING, *_WAITING),
    Action.CANCEL: (TaskStatus.CANCELLED,),
    Action.DELETE: (),
    Action.EDIT: (),
}


def decide(action: Action, task: Task, can_set: Callable[[TaskStatus], bool]) -> Decision:
    """Whether `action` makes sense for a task as it was just read (PROVIDERS 1.7, pause / resume / cancel)."""
    if task.status in _ALREADY[action]:
        return Decision(Verdict.ALREADY, action)
    if task.status is TaskStatus.SENDING and action in (Action.DELETE, Action.EDIT):
        return Decision(Verdict.RUNNING, action)
    if action is Action.DELETE:
        return Decision(Verdict.GO, action)
    if task.status in _CLOSED:
        return Decision(_CLOSED[task.status], action)
    if action is Action.PAUSE and task.status in _WAITING:
        action = Action.HOLD
    wanted = _WANTED[action]
    if action is Action.PAUSE and not can_set(wanted):
        # V3.0 knows -2 as a state but accepts -1 and 1 only (001 6.3).
        wanted = TaskStatus.DRAFT
    return Decision(Verdict.GO if can_set(wanted) else Verdict.NO_SUCH_CALL, action, wanted)


_WANTED = {
    Action.PAUSE: TaskStatus.PAUSED,
    Action.HOLD: TaskStatus.DRAFT,
    Action.RESUME: TaskStatus.SCHEDULED,
    Action.CANCEL: TaskStatus.CANCELLED,
    Action.EDIT: TaskStatus.DRAFT,
}


def fulfilled(wanted: TaskStatus | None, task: Task | None) -> bool:
    """Whether a task as read now is what the change should have made of it."""
    if wanted is None or task is None:
        return wanted is None and task is None
    return task.status in _FULFILLED.get(wanted, (wanted,))


_FULFILLED = {
    # Once let go it may be anywhere on its way.
    TaskStatus.SCHEDULED: (*_WAITING, TaskStatus.SENDING, TaskStatus.SENT),
    # A V3.0 account that is told to hold may call it paused.
    TaskStatus.DRAFT: (TaskStatus.DRAFT, TaskStatus.PAUSED),
}
