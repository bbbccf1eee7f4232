"""Who hears of an alert, as tables."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.alerts.routes import Escalation, Labels, OncallStep, QuietHours, Route, Routing, is_as_bad, labels_of
from bridge.globs import fits
from store.tables import Alert, AlertState, Subscription

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LABELS = Labels(
    account="umail",
    rule="bounces",
    kind="bounce_rate",
    severity="critical",
    subject="task/19124",
    names=("十一月大促", "19124"),
    lists=("VIP members",),
)
MINUTE = timedelta(minutes=1)
ONCALL = {
    "edm": (OncallStep(who=("S0EDM",)), OncallStep(after=15 * MINUTE, who=("S0EDM",))),
    "boss": (OncallStep(after=15 * MINUTE, who=("U0MEI",)), OncallStep(after=30 * MINUTE, who=("S0LEADS",))),
}


def receivers(*routes, default="C0ALERTS", labels=LABELS, subscriptions=()):
    return [target.receiver for target in Routing(routes, default).targets(labels, NOW, subscriptions)]


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ({}, True),
        ({"accounts": ["umail"]}, True),
        ({"accounts": ["emailcar"]}, False),
        ({"kinds": ["bounce_rate", "complaints"]}, True),
        ({"kinds": ["complaints"]}, False),
        ({"severities": ["warning"]}, False),
        ({"rules": ["bounces"]}, True),
        ({"rules": ["complaints"]}, False),
        ({"tasks": ["*大促"]}, True),
        ({"tasks": ["19124"]}, True),
        ({"tasks": ["大促"]}, False),
        ({"lists": ["vip*"]}, True),
        ({"lists": ["new*"]}, False),
        ({"accounts": ["umail"], "severities": ["warning"]}, False),
    ],
)
def test_a_route_matches_when_all_that_it_says_does(route, wanted):
    assert Route.model_validate(route).matches(LABELS) is wanted


def test_what_is_no_task_matches_no_route_for_tasks():
    balance = Labels(account="umail", rule="balance-low", kind="balance_low", severity="warning", subject="balance")
    assert not Route(tasks=("*",)).matches(balance)
    assert not Route(lists=("*",)).matches(balance)


def test_the_first_route_counts_and_further_ones_while_they_say_continue():
    first, second, third = (Route(receivers=(f"C{n}",)) for n in (1, 2, 3))
    assert receivers(first, second) == ["C1"]
    on = first.model_copy(update={"goes_on": True})
    assert receivers(on, second, third) == ["C1", "C2"]
    assert receivers(on, Route(accounts=("itnio",), receivers=("C2",)), third) == ["C1", "C3"]


def test_what_no_route_is_for_goes_to_the_channel_for_alerts():
    assert receivers() == ["C0ALERTS"]
    assert receivers(Route(accounts=("itnio",), receivers=("C1",))) == ["C0ALERTS"]
    assert receivers(Route()) == ["C0ALERTS"]
    assert receivers(default=None) == []


def test_a_receiver_hears_of_it_once_by_the_first_route_that_names_it():
    routes = (
        Route(receivers=("C1",), group_by=("account",), goes_on=True),
        Route(receivers=("C1", "C2")),
    )
    first, second = Routing(routes).targets(LABELS, NOW)
    assert (first.receiver, dict(first.labels)) == ("C1", {"account": "umail"})
    assert (second.receiver, dict(second.labels)) == ("C2", {"account": "umail", "rule": "bounces"})


def subscription(types="alert.*", severity=None, account=None, receiver="C0TEAM"):
    return Subscription(
        receiver=receiver, types=types, severity=severity, account=account, created_by="U0LIN", created_at=NOW
    )


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (subscription(), ["C0ALERTS", "C0TEAM"]),
        (subscription("alert.firing", "critical", "umail"), ["C0ALERTS", "C0TEAM"]),
        (subscription("*"), ["C0ALERTS", "C0TEAM"]),
        (subscription("alert.resolved"), ["C0ALERTS"]),
        (subscription("task.*"), ["C0ALERTS"]),
        (subscription(account="emailcar"), ["C0ALERTS"]),
        (subscription(receiver="C0ALERTS"), ["C0ALERTS"]),
    ],
)
def test_who_subscribed_to_alerts_hears_of_them_too(asked, wanted):
    assert receivers(subscriptions=[asked]) == wanted


@pytest.mark.parametrize(
    ("severity", "least", "wanted"),
    [
        ("critical", None, True),
        ("critical", "critical", True),
        ("critical", "info", True),
        ("warning", "critical", False),
        ("info", "info", True),
    ],
)
def test_a_severity_asks_for_this_one_and_worse(severity, least, wanted):
    assert is_as_bad(severity, least) is wanted


def test_alerts_of_another_severity_never_share_a_message():
    routing = Routing((Route(receivers=("C1",), group_by=()),))
    keys = set()
    for severity in ("critical", "warning"):
        labels = Labels(account="umail", rule="r", kind="k", severity=severity, subject="s")
        keys |= {target.group_key for target in routing.targets(labels, NOW)}
    assert len(keys) == 2


def test_alerts_that_call_different_people_never_share_a_message():
    oncall = {name: (OncallStep(who=(who,)),) for name, who in (("edm", "S0EDM"), ("boss", "U0MEI"))}
    routes = [Route(receivers=("C1",), tasks=(name,), oncall=name, group_by=()) for name in oncall]
    found = {}
    for name in oncall:
        labels = Labels(account="umail", rule="r", kind="k", severity="critical", subject="s", names=(name,))
        [target] = Routing(routes, None, oncall).targets(labels, NOW)
        found[target.group_key] = target.mention
    assert list(found.values()) == [("S0EDM",), ("U0MEI",)]


def test_two_routes_that_lead_to_one_receiver_call_the_people_of_both():
    oncall = {name: (OncallStep(who=(who, "S0ALL")),) for name, who in (("edm", "S0EDM"), ("boss", "U0MEI"))}
    routes = [Route(receivers=("C1",), oncall=name, goes_on=True) for name in oncall]
    [target] = Routing(routes, None, oncall).targets(LABELS, NOW)
    assert target.mention == ("S0EDM", "S0ALL", "U0MEI")


def test_the_first_message_mentions_who_has_no_delay_and_the_others_are_steps():
    routes = (
        Route(receivers=("C1",), oncall="edm", goes_on=True),
        Route(receivers=("C2",), oncall="boss"),
    )
    routing = Routing(routes, None, ONCALL)
    assert [target.mention for target in routing.targets(LABELS, NOW)] == [("S0EDM",), ()]
    assert routing.escalations(LABELS) == (
        Escalation(15 * MINUTE, ("S0EDM", "U0MEI"), ("C1", "C2")),
        Escalation(30 * MINUTE, ("S0LEADS",), ("C2",)),
    )


# ---- quiet hours


def quiet(**said):
    return QuietHours.model_validate({"from": "22:00", "to": "8:00"} | said)


@pytest.mark.parametrize(
    ("hour", "wanted"),
    [
        ("21:59", None),
        ("22:00", "2026-11-22 08:00"),
        ("23:59", "2026-11-22 08:00"),
        ("00:00", "2026-11-21 08:00"),
        ("07:59", "2026-11-21 08:00"),
        ("08:00", None),
    ],
)
def test_a_night_ends_in_the_morning_of_the_zone(hour, wanted):
    now = datetime.fromisoformat(f"2026-11-21 {hour}").replace(tzinfo=SHANGHAI)
    end = Routing(quiet=[quiet()], timezone=SHANGHAI).quiet_until("C1", "warning", now)
    assert (end and end.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")) == wanted


@pytest.mark.parametrize(("hour", "wanted"), [("11:59", None), ("12:00", True), ("13:59", True), ("14:00", None)])
def test_a_noon_is_quiet_on_its_day(hour, wanted):
    now = datetime.fromisoformat(f"2026-11-21 {hour}").replace(tzinfo=UTC)
    end = Routing(quiet=[quiet(**{"from": "12:00", "to": "14:00"})]).quiet_until("C1", "info", now)
    assert end == (now.replace(hour=14, minute=0) if wanted else None)


def test_what_is_critical_disturbs_people_at_any_time():
    night = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    routing = Routing(default="C1", quiet=[quiet()])
    assert routing.quiet_until("C1", "critical", night) is None
    assert [target.quiet_until for target in routing.targets(LABELS, night)] == [None]


def test_quiet_hours_hold_for_whom_they_name():
    night = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    routing = Routing(quiet=[quiet(receivers=["U0MEI"]), quiet(receivers=["U0MEI"], to="09:00")])
    assert routing.quiet_until("C1", "warning", night) is None
    assert routing.quiet_until("U0MEI", "warning", night) == datetime(2026, 11, 22, 9, 0, tzinfo=UTC), "the longest"


# ---- labels and patterns


def test_an_alert_goes_by_the_names_that_its_facts_say():
    facts = {"task": "19124", "templates": ["十一月大促"], "lists": ["VIP", "new"]}
    known = {"account": "umail", "rule": "r", "kind": "k", "severity": "info", "subject": "task/19124"}
    alert = Alert(**known, state=AlertState.FIRING, reason="x", facts=facts, peak={}, began_at=NOW)
    labels = labels_of(alert)
    assert (labels.names, labels.lists, labels.name) == (("十一月大促", "19124"), ("VIP", "new"), "十一月大促")
    bare = labels_of(alert.model_copy(update={"facts": {}}))
    assert (bare.names, bare.lists, bare.name) == ((), (), "")


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("vip", "VIP", True),
        ("vip", "VIPs", False),
        ("*", "", True),
        ("a*c", "abc", True),
        ("a*c", "abcd", False),
        ("[双11]*", "[双11] 50 % off?", True),
        ("?", "x", False),
        ("*.x", "axx", False),
        ("*", "two\nlines", True),
    ],
)
def test_only_a_star_is_special_in_a_pattern(pattern, text, wanted):
    assert fits(pattern, text) is wanted
