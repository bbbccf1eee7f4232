"""Rules about an account: its balance, its service, whether its vendor answers."""

from collections.abc import Mapping
from datetime import date

from bridge.alerts.rules import BalanceLowRule, BalanceShortRule, ProviderDownRule, Rule, ServiceExpiringRule
from bridge.alerts.usual import burn
from bridge.alerts.verdicts.view import LONG_AGO, Clear, Firing, Reason, Verdict, View, time_of
from bridge.sightings import Link


def balance_low(rule: BalanceLowRule, view: View) -> Verdict:
    left = view.row.facts.get("emails_left")
    # What is left of a day's allowance says nothing about tomorrow.
    if left is None or view.row.facts.get("daily_allowance"):
        return None
    daily = burn(view.samples, view.at) if rule.days is not None else None
    days = left / daily if daily else None
    facts = {"left": left, "below": rule.below, "days": days, "per_day": daily, "within": rule.days}
    if rule.below is not None and left < rule.below:
        return Firing(Reason.FEW_LEFT, facts, -left)
    if rule.days is not None and days is not None and days < rule.days:
        return Firing(Reason.RUNS_OUT, facts, -left)
    return None if rule.days is not None and daily is None else Clear()


def balance_short(rule: BalanceShortRule, view: View) -> Verdict:
    left = view.row.facts.get("emails_left")
    if left is None or view.scheduled is None or view.row.facts.get("daily_allowance"):
        return None
    until = view.at + rule.within
    ahead = [
        task for task in view.scheduled if view.at - LONG_AGO < (time_of(task.facts, "scheduled_at") or view.at) < until
    ]
    planned = [task.facts.get("planned") for task in ahead]
    needed = sum(number for number in planned if number is not None)
    facts = {"left": left, "needed": needed, "missing": needed - left, "sends": len(ahead), "at_least": None in planned}
    if needed > left:
        return Firing(Reason.SHORT, facts, needed - left)
    return None if None in planned else Clear()


def service_expiring(rule: ServiceExpiringRule, view: View) -> Verdict:
    said = view.row.facts.get("service_until")
    if said is None:
        return None
    days = (date.fromisoformat(said) - view.at.date()).days
    if days > rule.within.days:
        return Clear()
    return Firing(Reason.EXPIRES if days >= 0 else Reason.EXPIRED, {"until": said, "days": days}, -days)


def service_disabled(_rule: Rule, view: View) -> Verdict:
    verdicts: Mapping[str, Verdict] = {"disabled": Firing(Reason.DISABLED), "enabled": Clear()}
    return verdicts.get(view.row.state)


def provider_down(rule: ProviderDownRule, view: View) -> Verdict:
    if view.row.state not in rule.states:
        return Clear()
    return Firing(_DOWN[Link(view.row.state)], view.row.facts)


_DOWN = {
    Link.UNREACHABLE: Reason.UNREACHABLE,
    Link.AUTH_FAILED: Reason.AUTH_FAILED,
    Link.RATE_LIMITED: Reason.RATE_LIMITED,
    Link.SCHEMA_CHANGED: Reason.SCHEMA_CHANGED,
    Link.REFUSED: Reason.REFUSED,
}
