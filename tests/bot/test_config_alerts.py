"""`rules:`, `routes:`, `oncall:` and `quiet_hours:` of app.yaml: what is worth an alert, and who hears of it."""

from datetime import UTC, datetime, time, timedelta

import pytest

from bridge.alerts.routes import Labels
from bridge.alerts.rules import DEFAULTS, Where
from tests.bot.configs import WHOLE, loaded, mistakes


def test_without_routes_everything_goes_to_the_channel_for_alerts(tmp_path):
    config = loaded(tmp_path, "routes:\noncall:\nquiet_hours:\nchannels: {alerts: C0ALERTS}\n" + WHOLE)
    assert (config.routes, dict(config.oncall), config.quiet_hours) == ((), {}, ())
    labels = Labels(account="umail", rule="bounces", kind="bounce_rate", severity="info", subject="task/1")
    assert [target.receiver for target in config.routing.targets(labels, datetime.now(UTC))] == ["C0ALERTS"]


def test_routes_on_call_steps_and_quiet_hours_are_read(tmp_path):
    text = """\
routes:
- {accounts: [umail], severities: [critical], rules: [bounces], receivers: [C0ONCALL], oncall: edm, continue: true}
- {lists: ["VIP*"], kinds: , group_by: [account], group_wait: 30s, repeat_interval: 1d, group_interval: }
oncall:
  edm: [{who: [S0ONCALL]}, {after: 15m, who: [S0ONCALL, U0MEI]}]
quiet_hours: [{from: 22:00, to: 8:00, receivers: [U0MEI]}]
"""
    config = loaded(tmp_path, text + WHOLE)
    first, second = config.routes
    assert (first.goes_on, first.oncall, first.receivers) == (True, "edm", ("C0ONCALL",))
    assert (second.group_by, second.group_wait, second.repeat_interval) == (
        ("account",),
        timedelta(seconds=30),
        timedelta(days=1),
    )
    assert second.group_interval == timedelta(minutes=5)
    assert [(one.delay, one.who) for one in config.oncall["edm"]] == [
        (timedelta(0), ("S0ONCALL",)),
        (timedelta(minutes=15), ("S0ONCALL", "U0MEI")),
    ]
    assert [(one.begin, one.end) for one in config.quiet_hours] == [(time(22), time(8))]


def test_without_rules_the_shipped_ones_are_there(tmp_path):
    assert loaded(tmp_path, "rules:\n" + WHOLE).rules == loaded(tmp_path, WHOLE).rules == DEFAULTS


def test_a_rule_changes_what_it_names_of_the_shipped_one_or_is_a_new_one(tmp_path):
    text = """\
rules:
- {name: bounces, above: 5 %, action: pause, where: {tasks: ["*VIP*"]}}
- {name: delivered, for: 1h, below: }
- {name: complaints, enabled: false}
- {name: vip-late, kind: task_late, severity: critical, after: 5m, where: {lists: ["VIP*"]}}
- {name: balance-low, kind: balance_short}
"""
    rules = {rule.name: rule for rule in loaded(tmp_path, text + WHOLE).rules}
    before = {rule.name: rule for rule in DEFAULTS}
    changed = {"above": 0.05, "action": "pause", "where": Where(tasks=("*VIP*",))}
    assert rules["bounces"] == before["bounces"].model_copy(update=changed)
    assert rules["delivered"] == before["delivered"].model_copy(update={"wait": timedelta(hours=1)})
    assert "complaints" not in rules
    assert rules["vip-late"].after == timedelta(minutes=5)
    assert rules["balance-low"].kind == "balance_short"
    assert len(rules) == len(before)


MISTAKES = [
    ("routes: x", "routes: must be a list; begin each item with - accounts:"),
    ("routes: [x]", "routes[0]: must be keys with values; begin with accounts:"),
    ("routes: [{receiver: [C0A]}]", "routes[0].receiver: is not a key here; did you mean receivers?"),
    ("routes: [{contine: true}]", "routes[0].contine: is not a key here; did you mean continue?"),
    ("routes: [{receivers: [alerts]}]", "routes[0].receivers[0]: is not the id of a channel or a person; write it as"),
    ("routes: [{group_wait: soon}]", "routes[0].group_wait: is no span of time; write it as in 90s"),
    ("routes: [{group_by: [color]}]", "routes[0].group_by[0]: must be "),
    ("routes: [{severities: [bad]}]", "routes[0].severities[0]: must be critical or warning or info"),
    ("routes: [{rules: [bounce]}]", "routes[0].rules[0]: is no rule; did you mean bounces?"),
    ("routes: [{oncall: edm}]", "routes[0].oncall: is no key of oncall:; add it there"),
    ("oncall: [x]", "oncall: must be keys with values; write each list of steps under a name"),
    ("oncall: {edm: {who: [U0A]}}", "oncall.edm: must be a list; begin each item with - after:"),
    ("oncall: {edm: [{after: 15m}]}", "oncall.edm[0].who: is missing; add it"),
    ("oncall: {edm: [{who: [C0A]}]}", "oncall.edm[0].who[0]: is not the id of a person or a user group; write it as"),
    (
        "oncall: {edm: [{after: 2m, who: [U0A]}, {after: 1m, who: [U0A]}]}",
        "oncall.edm: its steps are not in order; put the one with the shortest after: first",
    ),
    ("quiet_hours: [{from: late, to: 8:00}]", "quiet_hours[0].from: is no time of day; write it as in 09:00"),
    ("quiet_hours: [{from: '22:00+08:00', to: 8:00}]", "quiet_hours[0].from: is no time of day; write it as in 09:00"),
    ("quiet_hours: [{from: 22:00}]", "quiet_hours[0].to: is missing; add it"),
    ("rules: x", "rules: must be a list; begin each rule with - name:"),
    ("rules: [x]", "rules[0]: must be keys with values; begin with name:"),
    ("rules: [{kind: task_late}]", "rules[0].name: is missing; add it"),
    (
        "rules: [{name: bounce, above: 5%}]",
        "rules[0].kind: is missing, and no shipped rule has this name; add it; did you ",
    ),
    ("rules: [{name: x, kind: bounce}]", "rules[0].kind: is no kind of rule; did you mean bounce_rate?"),
    ("rules: [{name: x, kind: bounce_rate}]", "rules[0]: says neither above nor times; add one of them"),
    ("rules: [{name: x, kind: failure_category, above: 1%}]", "rules[0].categories: is missing; add it"),
    ("rules: [{name: bounces, above: 0.1}]", "rules[0].above: is no share; write it as in 10% or 0.5%"),
    ("rules: [{name: bounces, above: 110%}]", "rules[0].above: is no share; write it as in 10% or 0.5%"),
    ("rules: [{name: bounces, abov: 10%}]", "rules[0].abov: is not a key here; did you mean above?"),
    ("rules: [{name: bounces, for: soon}]", "rules[0].for: is no span of time; write it as in 90s, 5m, 1h30m or 400d"),
    ("rules: [{name: bounces, fro: 5m}]", "rules[0].fro: is not a key here; did you mean for?"),
    ("rules: [{name: bounces, where: {task: [x]}}]", "rules[0].where.task: is not a key here; did you mean tasks?"),
    ("rules: [{name: bounces, severity: bad}]", "rules[0].severity: must be critical or warning or info"),
    ("rules: [{name: balance-low, action: pause}]", "rules[0].action: is not a key here; "),
    (
        "rules: [{name: bounces}, {name: bounces}]",
        "rules[1].name: is the name of two rules; keep one, or call one otherwise",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_about_alerts_is_named(tmp_path, text, expected):
    (told,) = mistakes(tmp_path, f"{text}\n{WHOLE}")
    assert told.startswith(f"app.yaml:1: {expected}")
