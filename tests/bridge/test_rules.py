"""Every kind of rule, as one table: what it fires on, what it does not, what clears it, and when it says nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from bridge.alerts.rules import (
    DEFAULTS,
    MODELS,
    BalanceLowRule,
    BalanceShortRule,
    BounceRateRule,
    ComplaintsRule,
    DeliveredRateRule,
    DomainUnverifiedRule,
    FailureCategoryRule,
    ImportFailedRule,
    MessageFailedRule,
    ProviderDownRule,
    RuleKind,
    ServiceDisabledRule,
    ServiceExpiringRule,
    Severity,
    TaskLateRule,
    TaskStalledRule,
    TaskStatusRule,
    TemplateRejectedRule,
    UnapprovedSendRule,
    Where,
    merged,
)
from bridge.alerts.usual import Sample, Usual
from bridge.alerts.verdicts import Clear, Firing, View, judge
from bridge.sightings import Kind
from bridge.transitions import VANISHED, Known
from providers.model import FailureCategory

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def row(state, subject="19124", *, facts=None, seen=AT, changed=AT):
    times = {"first_seen": AT - DAY, "observed_at": seen, "changed_at": changed}
    return Known(subject=subject, version=2, state=state, facts=facts or {}, **times)


def task(state, *, seen=AT, changed=AT, subject="19124", **facts):
    lists = [{"id": "362", "name": "VIP 2026"}]
    facts = {"templates": [{"id": "16", "name": "十一月大促"}], "lists": lists, "sent": 100, "planned": 9000} | facts
    return row(state, subject, facts=facts, seen=seen, changed=changed)


def of_task(state, *, fresh=False, baseline=False, samples=(), approved=None, at=AT, **more):
    known = task(state, **more)
    about = {"fresh": fresh, "baseline": baseline, "samples": samples, "approved": approved}
    return View(account="umail", kind=Kind.TASK, row=known, at=at, **about)


def of_stats(subject="task/19124", *, task=None, usual=None, baseline=False, at=AT, **counters):
    known = row("known", subject, facts=counters)
    return View(account="umail", kind=Kind.STATS, row=known, at=at, task=task, usual=usual, baseline=baseline)


def of(kind, state, *, fresh=True, baseline=False, changed=AT, samples=(), scheduled=None, **facts):
    known = row(state, "", facts=facts, changed=changed)
    about = {"fresh": fresh, "baseline": baseline, "samples": samples, "scheduled": scheduled}
    return View(account="umail", kind=kind, row=known, at=AT, **about)


def moved(ago, sent=100):
    return [Sample(AT - ago, {"planned": 9000, "sent": sent})]


def lefts(*left, every=DAY):
    count = len(left)
    return [Sample(AT - every * (count - n), {"emails_left": one}) for n, one in enumerate(left)]


def days(**counters):
    return Usual({date(2026, 11, day): counters for day in range(14, 21)})


def balance(left=1000, **more):
    return of(Kind.BALANCE, "known", emails_left=left, **more)


STATUS = TaskStatusRule(name="x")
LATE = TaskLateRule(name="x", after=timedelta(minutes=15))
STALLED = TaskStalledRule(name="x", after=timedelta(minutes=20))
BOUNCES = BounceRateRule(name="x", above=0.1, times=3, floor=200)
USUAL = BounceRateRule(name="x", times=3, floor=200)
INVALID = FailureCategoryRule(
    name="x", categories=(FailureCategory.MAILBOX_NOT_FOUND, FailureCategory.INVALID_ADDRESS), above=0.1
)
SPAM = FailureCategoryRule(name="x", categories=(FailureCategory.SPAM_CONTENT,), above=0.08, times=3)
DELIVERED = DeliveredRateRule(name="x", per="day", below=0.75)
COMPLAINTS = ComplaintsRule(name="x", per="day", above=0.01)
FEW = BalanceLowRule(name="x", below=500)
RUNWAY = BalanceLowRule(name="x", days=3)
SHORT = BalanceShortRule(name="x")
EXPIRING = ServiceExpiringRule(name="x")
DISABLED = ServiceDisabledRule(name="x")
TEMPLATE = TemplateRejectedRule(name="x")
DOMAIN = DomainUnverifiedRule(name="x")
IMPORT = ImportFailedRule(name="x")
MESSAGE = MessageFailedRule(name="x")
DOWN = ProviderDownRule(name="x")
UNAPPROVED = UnapprovedSendRule(name="x")

TODAY = "day/2026-11-21"
DUE = (AT - HOUR).isoformat()
SOON = (AT + HOUR).isoformat()

TABLE = [
    # rule, view, what it says: a firing's reason, a clear's reason after a minus, or None
    ("status fires", STATUS, of_task("failed", fresh=True), "status"),
    ("status: one that it does not name", STATUS, of_task("paused", fresh=True), "-elsewhere"),
    ("status clears", STATUS, of_task("sending"), "-elsewhere"),
    ("status: known from the first poll", STATUS, of_task("failed", baseline=True), None),
    ("status: as it was", STATUS, of_task("failed", changed=AT - DAY), None),
    ("status: three days later", STATUS, of_task("failed", changed=AT - 3 * DAY), "-over"),
    ("status: gone", STATUS, of_task(VANISHED, fresh=True), "-gone"),
    ("late fires", LATE, of_task("scheduled", scheduled_at=DUE), "late"),
    ("late fires from the first poll on", LATE, of_task("queued", scheduled_at=DUE, baseline=True), "late"),
    ("late: not yet", LATE, of_task("scheduled", scheduled_at=(AT - HOUR / 5).isoformat()), "-well"),
    ("late clears", LATE, of_task("sending", scheduled_at=DUE), "-elsewhere"),
    ("late: held on purpose", LATE, of_task("draft", scheduled_at=DUE), "-elsewhere"),
    ("late: time unknown", LATE, of_task("scheduled", scheduled_at=None), None),
    ("late: the vendor was silent since", LATE, of_task("scheduled", scheduled_at=DUE, seen=AT - HOUR), "-well"),
    ("late: forgotten long ago", LATE, of_task("scheduled", scheduled_at=(AT - 9 * DAY).isoformat()), "-over"),
    ("stalled fires", STALLED, of_task("sending", samples=moved(HOUR)), "stalled"),
    ("stalled: moving", STALLED, of_task("sending", samples=moved(HOUR / 6)), "-well"),
    ("stalled clears", STALLED, of_task("paused", samples=moved(HOUR)), "-elsewhere"),
    ("stalled: all sent", STALLED, of_task("sending", sent=9000, samples=moved(HOUR)), "-well"),
    ("stalled: counts unknown", STALLED, of_task("sending", sent=None), None),
    ("stalled: never seen moving", STALLED, of_task("sending"), None),
    ("stalled: silent vendor", STALLED, of_task("sending", samples=moved(HOUR), seen=AT - HOUR), "-well"),
    ("bounces fire", BOUNCES, of_stats(sent=1000, failed=101), "above_limit"),
    ("bounces: at the limit", BOUNCES, of_stats(sent=1000, failed=100), "-well"),
    ("bounces: unknown failures", BOUNCES, of_stats(sent=1000, failed=None), None),
    ("bounces: unknown base", BOUNCES, of_stats(sent=None, delivered=None, failed=500), None),
    ("bounces: nothing sent", BOUNCES, of_stats(sent=0, failed=0), None),
    ("bounces: below the floor", BOUNCES, of_stats(sent=199, failed=199), None),
    ("bounces: EmailCar says no sent", BOUNCES, of_stats(requested=500, delivered=352, failed=84), "above_limit"),
    (
        "bounces against the usual",
        BOUNCES,
        of_stats(sent=1000, failed=63, usual=days(sent=900, failed=9)),
        "above_usual",
    ),
    ("bounces as usual", BOUNCES, of_stats(sent=1000, failed=63, usual=days(sent=900, failed=40)), "-well"),
    ("bounces: usual alone, unknown", USUAL, of_stats(sent=1000, failed=63), None),
    ("bounces: usual of a few", USUAL, of_stats(sent=1000, failed=63, usual=days(sent=20, failed=0)), None),
    ("bounces: usual of unknown", USUAL, of_stats(sent=1000, failed=63, usual=days(sent=900, failed=None)), None),
    (
        "bounces: a multiple of nearly none",
        USUAL,
        of_stats(sent=1000, failed=19, usual=days(sent=900, failed=1)),
        "-well",
    ),
    ("bounces: of a day", BOUNCES, of_stats(TODAY, sent=1000, failed=500), None),
    ("bounces: its task was paused", BOUNCES, of_stats(task=task("paused"), sent=1000, failed=500), "-halted"),
    (
        "bounces: its task has just ended",
        BOUNCES,
        of_stats(task=task("sent", ended_at=DUE), sent=1000, failed=500),
        "above_limit",
    ),
    (
        "bounces: its task ended long ago",
        BOUNCES,
        of_stats(task=task("sent", ended_at=(AT - 3 * DAY).isoformat()), sent=1000, failed=500),
        "-over",
    ),
    ("bounces: from the first poll", BOUNCES, of_stats(baseline=True, sent=1000, failed=500), None),
    ("invalid fires", INVALID, of_stats(sent=1000, bounced_hard=101, invalid_address=0, requested=1000), "above_limit"),
    (
        "invalid: both parts",
        INVALID,
        of_stats(sent=1000, bounced_hard=60, invalid_address=60, requested=1060),
        "above_limit",
    ),
    (
        "invalid: never sent counts of what was asked",
        INVALID,
        of_stats(sent=300, bounced_hard=0, invalid_address=500, rejected=500, requested=90_000),
        "-well",
    ),
    ("invalid clears", INVALID, of_stats(sent=1000, bounced_hard=20, invalid_address=20, requested=1020), "-well"),
    ("invalid: one part unknown, and low", INVALID, of_stats(sent=1000, bounced_hard=20, invalid_address=None), None),
    (
        "invalid: one part unknown, and high",
        INVALID,
        of_stats(sent=1000, bounced_hard=200, invalid_address=None),
        "above_limit",
    ),
    ("invalid: unknown", INVALID, of_stats(sent=1000, failed=900), None),
    ("invalid: below the floor", INVALID, of_stats(sent=100, bounced_hard=90, invalid_address=0, requested=100), None),
    ("spam: two names of one thing are not added", SPAM, of_stats(sent=1000, spam_content=50, judged_spam=50), "-well"),
    ("spam fires", SPAM, of_stats(sent=1000, judged_spam=90), "above_limit"),
    (
        "spam against the usual",
        SPAM,
        of_stats(sent=1000, spam_content=60, usual=days(sent=900, spam_content=9)),
        "above_usual",
    ),
    ("delivered fires", DELIVERED, of_stats(TODAY, delivered=700, failed=300), "below_limit"),
    ("delivered: at the limit", DELIVERED, of_stats(TODAY, delivered=750, failed=250), "-well"),
    (
        "delivered: on its way is not lost",
        DELIVERED,
        of_stats(TODAY, requested=9000, delivered=900, failed=10),
        "-well",
    ),
    ("delivered: unknown", DELIVERED, of_stats(TODAY, requested=9000, delivered=900, failed=None), None),
    ("delivered: below the floor", DELIVERED, of_stats(TODAY, delivered=0, failed=199), None),
    ("delivered: of a task", DELIVERED, of_stats(delivered=0, failed=900), None),
    ("delivered: the day is past", DELIVERED, of_stats("day/2026-11-18", delivered=0, failed=900), "-over"),
    ("complaints fire", COMPLAINTS, of_stats(TODAY, requested=1000, suppressed_complaint=11), "above_limit"),
    ("complaints clear", COMPLAINTS, of_stats(TODAY, requested=1000, suppressed_complaint=10), "-well"),
    ("complaints: unknown", COMPLAINTS, of_stats(TODAY, requested=1000), None),
    ("complaints: below the floor", COMPLAINTS, of_stats(TODAY, requested=100, suppressed_complaint=50), None),
    ("few left fires", FEW, balance(499), "few_left"),
    ("few left from the first poll on", FEW, balance(499, fresh=False, baseline=True), "few_left"),
    ("few left clears", FEW, balance(500), "-well"),
    ("few left: unknown", FEW, balance(None), None),
    ("few left: of a day's allowance", FEW, balance(1, daily_allowance=True), None),
    ("runs out fires", RUNWAY, balance(1000, samples=lefts(3000, 2500, 1500, 1000)), "runs_out"),
    ("runs out: enough", RUNWAY, balance(9000, samples=lefts(9300, 9200, 9100, 9000)), "-well"),
    ("runs out: what was bought is not burnt", RUNWAY, balance(9000, samples=lefts(100, 50, 9100, 9000)), "-well"),
    ("runs out: nothing burnt", RUNWAY, balance(5, samples=lefts(5)), "-well"),
    ("runs out: known for an hour", RUNWAY, balance(1000, samples=lefts(9000, 1000, every=HOUR)), None),
    ("runs out: no samples", RUNWAY, balance(1000), None),
    ("short fires", SHORT, balance(1000, scheduled=[task("scheduled", scheduled_at=SOON, planned=1001)]), "short"),
    (
        "short: together",
        SHORT,
        balance(1000, scheduled=[task("scheduled", scheduled_at=SOON, planned=600), task("queued", planned=600)]),
        "short",
    ),
    ("short: enough", SHORT, balance(1000, scheduled=[task("scheduled", scheduled_at=SOON, planned=1000)]), "-well"),
    (
        "short: far ahead",
        SHORT,
        balance(1000, scheduled=[task("scheduled", scheduled_at=(AT + 8 * DAY).isoformat())]),
        "-well",
    ),
    (
        "short: forgotten",
        SHORT,
        balance(1000, scheduled=[task("scheduled", scheduled_at=(AT - 9 * DAY).isoformat())]),
        "-well",
    ),
    (
        "short: one size unknown",
        SHORT,
        balance(1000, scheduled=[task("scheduled", scheduled_at=SOON, planned=None)]),
        None,
    ),
    (
        "short: one size unknown, the other too large",
        SHORT,
        balance(1000, scheduled=[task("queued", planned=None), task("queued")]),
        "short",
    ),
    ("short: nobody looked", SHORT, balance(1), None),
    ("short: balance unknown", SHORT, balance(None, scheduled=[task("queued")]), None),
    ("expiring fires", EXPIRING, of(Kind.SERVICE, "enabled", service_until="2026-12-05"), "expires"),
    ("expired", EXPIRING, of(Kind.SERVICE, "enabled", service_until="2026-11-20", baseline=True), "expired"),
    ("expiring clears", EXPIRING, of(Kind.SERVICE, "enabled", service_until="2026-12-06"), "-well"),
    ("expiring: unknown", EXPIRING, of(Kind.SERVICE, "enabled", service_until=None), None),
    ("disabled fires", DISABLED, of(Kind.SERVICE, "disabled"), "disabled"),
    ("disabled clears", DISABLED, of(Kind.SERVICE, "enabled"), "-well"),
    ("disabled: unknown", DISABLED, of(Kind.SERVICE, "unknown"), None),
    ("template fires", TEMPLATE, of(Kind.TEMPLATE, "rejected"), "rejected"),
    ("template: known from the first poll", TEMPLATE, of(Kind.TEMPLATE, "rejected", fresh=False), None),
    ("template clears", TEMPLATE, of(Kind.TEMPLATE, "checking"), "-well"),
    ("template: unknown", TEMPLATE, of(Kind.TEMPLATE, "unknown"), None),
    ("domain fires", DOMAIN, of(Kind.DOMAIN, "added"), "unverified"),
    ("domain: known from the first poll", DOMAIN, of(Kind.DOMAIN, "missing", fresh=False), None),
    ("domain clears", DOMAIN, of(Kind.DOMAIN, "verified"), "-well"),
    ("domain: unknown", DOMAIN, of(Kind.DOMAIN, "unknown"), None),
    ("import fires", IMPORT, of(Kind.IMPORT, "failed"), "failed"),
    ("import clears", IMPORT, of(Kind.IMPORT, "done"), "-well"),
    ("import: unknown", IMPORT, of(Kind.IMPORT, "not_found"), None),
    ("import: long ago", IMPORT, of(Kind.IMPORT, "failed", fresh=False, changed=AT - 3 * DAY), "-over"),
    ("message fires", MESSAGE, of(Kind.MESSAGE, "bounced"), "failed"),
    ("message clears", MESSAGE, of(Kind.MESSAGE, "delivered"), "-well"),
    ("message: unknown", MESSAGE, of(Kind.MESSAGE, "unknown"), None),
    ("down fires", DOWN, of(Kind.PROVIDER, "unreachable", fresh=False, code="timeout"), "unreachable"),
    ("down: refused", DOWN, of(Kind.PROVIDER, "refused"), "refused"),
    ("down: credentials", DOWN, of(Kind.PROVIDER, "auth_failed"), "auth_failed"),
    ("down: unreadable", DOWN, of(Kind.PROVIDER, "schema_changed"), "schema_changed"),
    ("down: slowed down is not down", DOWN, of(Kind.PROVIDER, "rate_limited"), "-well"),
    ("down clears", DOWN, of(Kind.PROVIDER, "up"), "-well"),
    ("unapproved fires", UNAPPROVED, of_task("scheduled", approved=False), "unapproved"),
    ("unapproved: approved", UNAPPROVED, of_task("scheduled", approved=True), "-well"),
    ("unapproved clears", UNAPPROVED, of_task("paused", approved=False), "-well"),
    ("unapproved: nobody can say", UNAPPROVED, of_task("scheduled"), None),
    ("unapproved: known from the first poll", UNAPPROVED, of_task("scheduled", approved=False, baseline=True), None),
]


def said(verdict):
    match verdict:
        case Firing(reason=reason):
            return reason.value
        case Clear(reason=reason):
            return f"-{reason.value}"
    return None


@pytest.mark.parametrize(("rule", "view", "expected"), [pytest.param(*one[1:], id=one[0]) for one in TABLE])
def test_a_rule_says(rule, view, expected):
    assert said(judge(rule, view)) == expected


def test_every_kind_has_a_model_and_a_table_row_that_fires_and_one_that_clears_or_says_nothing():
    fires = {rule.kind for _, rule, _, expected in TABLE if expected and not expected.startswith("-")}
    clears = {rule.kind for _, rule, _, expected in TABLE if (expected or "").startswith("-")}
    silent = {rule.kind for _, rule, _, expected in TABLE if expected is None}
    assert fires == clears == set(RuleKind) == set(MODELS)
    # A vendor's reachability is always known.
    assert silent == set(RuleKind) - {RuleKind.PROVIDER_DOWN}


WHERE = [
    (Where(), True),
    (Where(accounts=("umail",)), True),
    (Where(accounts=("emailcar", "u*")), True),
    (Where(accounts=("emailcar",)), False),
    (Where(tasks=("19124",)), True),
    (Where(tasks=("*大促*",)), True),
    (Where(tasks=("*VIP*",)), False),
    (Where(lists=("vip*",)), True),
    (Where(lists=("362",)), True),
    (Where(lists=("VIP",)), False),
    (Where(accounts=("umail",), lists=("vip*",), tasks=("1",)), False),
]


@pytest.mark.parametrize(("where", "meant"), WHERE)
def test_a_rule_is_only_for_what_it_is_for(where, meant):
    for rule, view in [
        (STATUS, of_task("failed", fresh=True)),
        (BOUNCES, of_stats(task=task("sending"), sent=1000, failed=500)),
    ]:
        assert (judge(rule.model_copy(update={"where": where}), view) is not None) is meant


def test_a_rule_about_tasks_says_nothing_of_an_account():
    assert judge(FEW.model_copy(update={"where": Where(tasks=("*",))}), balance(1)) is None
    assert judge(STATUS, balance(1)) is None


def test_a_firing_says_the_figures_that_its_words_need():
    view = of_stats(task=task("sending"), sent=41_163, failed=2594, bounced_hard=2301, usual=days(sent=900, failed=9))
    fired = judge(USUAL, view)
    facts = fired.facts
    assert (facts["share"], facts["count"], facts["of"]) == (2594 / 41_163, 2594, 41_163)
    assert (facts["usual"], facts["limit"]) == (0.01, 0.03)
    assert facts["mostly"] == {"category": "mailbox_not_found", "count": 2301}
    assert (facts["task"], facts["templates"], facts["lists"]) == ("19124", ["十一月大促"], ["VIP 2026"])
    worse = judge(USUAL, of_stats(sent=1000, failed=64, usual=days(sent=900, failed=9)))
    assert worse.weight > fired.weight


def test_a_shortage_says_by_how_much_and_what_it_does_not_know():
    facts = judge(SHORT, balance(1000, scheduled=[task("queued", planned=None), task("queued")])).facts
    assert facts == {"left": 1000, "needed": 9000, "missing": 8000, "sends": 2, "at_least": True}


def test_a_runway_says_how_many_days_are_left():
    facts = judge(RUNWAY, balance(1000, samples=lefts(3000, 2500, 1500, 1000))).facts
    assert (facts["per_day"], facts["days"]) == (500, 2)


# ---- what is shipped


def test_the_limits_that_emailcar_publishes_are_shipped():
    rules = {rule.name: rule for rule in DEFAULTS}
    assert rules["invalid-addresses"].above == 0.1
    assert rules["judged-spam"].above == 0.08
    assert rules["delivered"].below == 0.75
    assert {rules[name].severity for name in ("invalid-addresses", "judged-spam", "delivered")} == {Severity.CRITICAL}


def test_every_kind_is_shipped_under_a_name_of_its_own_but_the_one_that_a_card_tells_of():
    assert {rule.kind for rule in DEFAULTS} == set(RuleKind) - {RuleKind.UNAPPROVED_SEND}
    assert len({rule.name for rule in DEFAULTS}) == len(DEFAULTS)


def test_nothing_shipped_acts_by_itself_and_all_but_one_kind_waits_for_the_vendor():
    assert {getattr(rule, "action", None) for rule in DEFAULTS} == {None}
    assert {rule.kind for rule in DEFAULTS if not rule.depends} == {RuleKind.PROVIDER_DOWN}


def test_a_configured_rule_replaces_the_shipped_one_of_its_name_and_a_disabled_one_is_gone():
    mine = BounceRateRule(name="bounces", above=0.5)
    rules = {rule.name: rule for rule in merged([mine, ComplaintsRule(name="complaints", above=0.1, enabled=False)])}
    assert rules["bounces"] is mine
    assert "complaints" not in rules
    assert len(rules) == len(DEFAULTS) - 1


def test_a_rule_cannot_be_changed():
    with pytest.raises(ValidationError):
        BOUNCES.above = 0.2


def test_a_circuit_breaker_is_for_tasks_and_cools_down():
    breaker = BounceRateRule.model_validate({"name": "x", "above": "20%", "action": "pause", "cooldown": "2h"})
    assert (breaker.action, breaker.cooldown) == ("pause", 2 * HOUR)
    with pytest.raises(ValidationError):
        BalanceLowRule.model_validate({"name": "x", "below": "5", "action": "pause"})
