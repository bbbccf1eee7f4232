"""Whether a rule holds for a subject at a moment, and why. Pure; one function a kind.

`None` is the third answer: nothing can be said, because a figure is unknown, because there are too few of them, or
because the rule is about something else. An alert then stays as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.alerts.rules import Rule, RuleKind
from bridge.alerts.verdicts.account import balance_low, balance_short, provider_down, service_disabled, service_expiring
from bridge.alerts.verdicts.found import domain_unverified, import_failed, message_failed, template_rejected
from bridge.alerts.verdicts.rates import bounce_rate, complaints, delivered_rate, failure_category
from bridge.alerts.verdicts.tasks import task_late, task_stalled, task_status, unapproved_send
from bridge.alerts.verdicts.view import Clear, Firing, Reason, Verdict, View, names_of
from bridge.globs import any_fits
from bridge.sightings import Kind
from bridge.transitions import VANISHED

__all__ = ["Clear", "Firing", "Reason", "Verdict", "View", "judge"]


def judge(rule: Rule, view: View) -> Verdict:
    """What a rule says of a view; None where it is none of its business."""
    if rule.of is not view.kind or not _is_meant(rule, view):
        return None
    if view.row.state == VANISHED:
        return Clear(Reason.GONE)
    return _KINDS[rule.kind](rule, view)


def _is_meant(rule: Rule, view: View) -> bool:
    where = rule.where
    if where.accounts and not any_fits(where.accounts, [view.account]):
        return False
    if not (where.tasks or where.lists):
        return True
    task = view.row if view.kind is Kind.TASK else view.task
    facts = task.facts if task else {}
    what, _, number = view.subject.partition("/")
    named = [number, *names_of(facts, "templates")] if what == "task" else []
    return (not where.tasks or any_fits(where.tasks, named)) and (
        not where.lists or any_fits(where.lists, names_of(facts, "lists", "id", "name"))
    )


_KINDS: Mapping[RuleKind, Callable[[Any, View], Verdict]] = {
    RuleKind.TASK_STATUS: task_status,
    RuleKind.TASK_LATE: task_late,
    RuleKind.TASK_STALLED: task_stalled,
    RuleKind.BOUNCE_RATE: bounce_rate,
    RuleKind.FAILURE_CATEGORY: failure_category,
    RuleKind.DELIVERED_RATE: delivered_rate,
    RuleKind.COMPLAINTS: complaints,
    RuleKind.BALANCE_LOW: balance_low,
    RuleKind.BALANCE_SHORT: balance_short,
    RuleKind.SERVICE_EXPIRING: service_expiring,
    RuleKind.SERVICE_DISABLED: service_disabled,
    RuleKind.TEMPLATE_REJECTED: template_rejected,
    RuleKind.DOMAIN_UNVERIFIED: domain_unverified,
    RuleKind.IMPORT_FAILED: import_failed,
    RuleKind.MESSAGE_FAILED: message_failed,
    RuleKind.PROVIDER_DOWN: provider_down,
    RuleKind.UNAPPROVED_SEND: unapproved_send,
}
