"""Rules about sending tasks."""

from bridge.alerts.rules import Rule, TaskLateRule, TaskStalledRule, TaskStatusRule
from bridge.alerts.verdicts.view import LONG_AGO, Clear, Firing, Reason, Verdict, View, of_task, time_of, unless_over
from providers.model import TaskStatus

_WAITING = (TaskStatus.SCHEDULED, TaskStatus.QUEUED)


def task_status(rule: TaskStatusRule, view: View) -> Verdict:
    if view.row.state not in rule.statuses:
        return Clear(Reason.ELSEWHERE)
    if view.fresh:
        return Firing(Reason.STATUS, of_task(view.row))
    return unless_over(view)


def task_late(rule: TaskLateRule, view: View) -> Verdict:
    row = view.row
    if row.state not in _WAITING:
        return Clear(Reason.ELSEWHERE)
    if (due := time_of(row.facts, "scheduled_at")) is None:
        return None
    # By when the vendor last said that it waits: its silence is no task's fault.
    late = row.observed_at - due
    if late < rule.after:
        return Clear()
    return Clear(Reason.OVER) if late >= LONG_AGO else Firing(Reason.LATE, of_task(row), late.total_seconds())


def task_stalled(rule: TaskStalledRule, view: View) -> Verdict:
    row = view.row
    if row.state != TaskStatus.SENDING:
        return Clear(Reason.ELSEWHERE)
    sent, planned = row.facts.get("sent"), row.facts.get("planned")
    if sent is None or not view.samples:
        return None
    if planned is not None and sent >= planned:
        return Clear()
    moved = view.samples[-1].at
    still = row.observed_at - moved
    if still < rule.after:
        return Clear()
    return Firing(Reason.STALLED, of_task(row) | {"moved_at": moved.isoformat()}, still.total_seconds())


def unapproved_send(_rule: Rule, view: View) -> Verdict:
    if view.approved is None:
        return None
    if view.approved or view.row.state not in (*_WAITING, TaskStatus.SENDING):
        return Clear()
    return None if view.baseline else Firing(Reason.UNAPPROVED, of_task(view.row))
