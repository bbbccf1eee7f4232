"""Rules about counters: what share bounced, arrived, complained."""

from collections.abc import Callable
from datetime import date
from typing import TypeAlias, TypeVar

from bridge.alerts.rates import Portion, bounced, complained, delivered, failed_for, mostly, pooled
from bridge.alerts.rulebase import RaisedRule, RateRule
from bridge.alerts.rules import BounceRateRule, ComplaintsRule, DeliveredRateRule, FailureCategoryRule
from bridge.alerts.verdicts.view import LONG_AGO, Clear, Firing, Reason, Verdict, View, of_task, time_of
from bridge.sightings import Facts
from bridge.transitions import VANISHED
from providers.model import TaskStatus

_HALTED = (TaskStatus.PAUSED, TaskStatus.CANCELLED, TaskStatus.STOPPED, TaskStatus.DRAFT, VANISHED)
Count: TypeAlias = Callable[[Facts], Portion | None]
"""How a share is counted."""
R = TypeVar("R", bound=RateRule)


def bounce_rate(rule: BounceRateRule, view: View) -> Verdict:
    return _judged(rule, view, bounced, _raised)


def failure_category(rule: FailureCategoryRule, view: View) -> Verdict:
    return _judged(rule, view, lambda counters: failed_for(counters, rule.categories), _raised)


def complaints(rule: ComplaintsRule, view: View) -> Verdict:
    return _judged(rule, view, complained, _complained)


def delivered_rate(rule: DeliveredRateRule, view: View) -> Verdict:
    return _judged(rule, view, delivered, _delivered)


def _judged(rule: R, view: View, count: Count, say: Callable[[R, View, Portion, float | None], Verdict]) -> Verdict:
    """What `say` makes of the share and of the usual one, where there is anything to judge."""
    if not view.subject.startswith(f"{rule.per}/"):
        return None
    if ended := _ended(view):
        return Clear(ended)
    portion = count(view.row.facts)
    if view.baseline or portion is None or portion.of < rule.floor:
        return None
    days = pooled(count(day) for day in view.usual.days.values()) if view.usual else None
    return say(rule, view, portion, None if days is None or days.of < rule.floor else days.value)


def _ended(view: View) -> Reason | None:
    """Why its figures are nobody's alert any more."""
    what, _, name = view.subject.partition("/")
    if what == "day":
        return Reason.OVER if view.at.date() - date.fromisoformat(name) >= LONG_AGO else None
    if view.task is None:
        return None
    if view.task.state in _HALTED:
        return Reason.HALTED
    ended = time_of(view.task.facts, "ended_at")
    return Reason.OVER if ended is not None and view.at - ended >= LONG_AGO else None


def _raised(rule: RaisedRule, view: View, portion: Portion, usual: float | None) -> Verdict:
    """More than a share, or than some times the usual one."""
    against = usual * rule.times if usual and rule.times else None
    if rule.above is not None and portion.value > rule.above:
        return _rate(Reason.ABOVE_LIMIT, view, portion, rule.above, usual)
    if against is not None and portion.value > max(against, rule.least):
        return _rate(Reason.ABOVE_USUAL, view, portion, against, usual)
    known = portion.whole and (rule.above is not None or against is not None)
    return Clear() if known else None


def _complained(rule: ComplaintsRule, view: View, portion: Portion, usual: float | None) -> Verdict:
    if portion.value <= rule.above:
        return Clear()
    return _rate(Reason.ABOVE_LIMIT, view, portion, rule.above, usual)


def _delivered(rule: DeliveredRateRule, view: View, portion: Portion, usual: float | None) -> Verdict:
    if portion.value >= rule.below:
        return Clear()
    fired = _rate(Reason.BELOW_LIMIT, view, portion, rule.below, usual)
    return Firing(fired.reason, fired.facts, -portion.value)


def _rate(reason: Reason, view: View, portion: Portion, limit: float, usual: float | None) -> Firing:
    """Shares are fractions of 1."""
    common = mostly(view.row.facts)
    facts = {
        "share": portion.value,
        "count": portion.count,
        "of": portion.of,
        "parts": [{"name": part.name, "count": part.count, "of": part.of} for part in portion.parts],
        "limit": limit,
        "usual": usual,
        "mostly": {"category": common[0].value, "count": common[1]} if common else None,
    }
    return Firing(reason, facts | (of_task(view.task) if view.task else {}), portion.value)
