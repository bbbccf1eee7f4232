"""How many people must say yes, and who: each policy by itself, and all of them together."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.approvals.policy import Hours, Needs, Policy, PolicyFacts, Reason, Settings, Step, Where, needs, reasons_of
from store.tables import ApprovalKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = datetime(2026, 11, 21, 6, tzinfo=UTC)
"""14:00 in Shanghai."""
FRIDAY = SATURDAY - timedelta(days=1)


def facts(**changed):
    plain = {
        "kind": ApprovalKind.SCHEDULE,
        "account": "umail",
        "recipients": 4_000,
        "new_sender": False,
        "starts_at": FRIDAY,
        "ends_at": FRIDAY + timedelta(hours=1),
        "credit": 300_000,
        "cost": 4_000,
    }
    return PolicyFacts(**{**plain, **changed})


def ask(settings=None, **changed):
    return needs(settings or Settings(), facts(**changed), SHANGHAI)


def outside(**said):
    return Where(outside=Hours.model_validate(said))


MATCHES = [
    (Where(), {}, True),
    (Where(recipients_over=50_000), {"recipients": 50_000}, False),
    (Where(recipients_over=50_000), {"recipients": 50_001}, True),
    (Where(recipients_over=50_000), {"recipients": None}, True),
    (Where(new_sender=True), {"new_sender": False}, False),
    (Where(new_sender=True), {"new_sender": True}, True),
    (Where(new_sender=True), {"new_sender": None}, True),
    (Where(new_sender=False), {"new_sender": True}, False),
    (Where(credit_share_over=0.25), {"credit": 400, "cost": 100}, False),
    (Where(credit_share_over=0.25), {"credit": 400, "cost": 101}, True),
    (Where(credit_share_over=0.25), {"credit": 0, "cost": 1}, True),
    (Where(credit_share_over=0.25), {"credit": None}, True),
    (Where(credit_share_over=0.25), {"cost": None}, True),
    (Where(accounts=("emailcar",)), {}, False),
    (Where(accounts=("emailcar", "umail")), {}, True),
    (Where(kinds=(ApprovalKind.DRAFT,)), {}, False),
    (Where(kinds=(ApprovalKind.DRAFT,)), {"kind": ApprovalKind.DRAFT}, True),
    (outside(), {}, False),
    (outside(), {"starts_at": SATURDAY}, True),
    (outside(), {"ends_at": None}, False),
    (outside(), {"ends_at": FRIDAY + timedelta(hours=7)}, True),
    (outside(), {"ends_at": FRIDAY + timedelta(hours=6, minutes=59)}, False),
    (outside(), {"starts_at": FRIDAY - timedelta(hours=5)}, False),
    (outside(), {"starts_at": FRIDAY - timedelta(hours=5, minutes=1)}, True),
    (outside(days=["sat"]), {"starts_at": SATURDAY, "ends_at": None}, False),
    (Where(recipients_over=1_000, accounts=("emailcar",)), {}, False),
    (Where(recipients_over=1_000, accounts=("umail",)), {}, True),
]


@pytest.mark.parametrize(("where", "changed", "expected"), MATCHES)
def test_a_policy_is_for_a_send_when_all_holds_that_it_says(where, changed, expected):
    assert (reasons_of(where, facts(**changed), SHANGHAI) is not None) is expected


NIGHT = Hours.model_validate({"from": "22:00", "to": "06:00", "days": ["fri"]})
NIGHTS = [
    ("2026-11-20T21:59", False),
    ("2026-11-20T22:00", True),
    ("2026-11-21T05:59", True),
    ("2026-11-21T06:00", False),
    ("2026-11-21T22:00", False),
    ("2026-11-20T05:00", False),
]


@pytest.mark.parametrize(("here", "expected"), NIGHTS)
def test_hours_that_end_before_they_begin_belong_to_the_day_on_which_they_began(here, expected):
    moment = datetime.fromisoformat(here).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert NIGHT.covers(moment, SHANGHAI) is expected


def test_a_send_that_no_policy_is_for_needs_what_app_yaml_says_of_all():
    assert ask() == Needs(count=1)
    assert ask(Settings(approvers=0)).count == 0
    assert ask(Settings(approvers=3, self_approval=True)) == Needs(count=3, self_approval=True)


def test_many_recipients_need_two_and_each_reason_is_told():
    # VOICE.md's example: 90,000 on a Friday at 20:00, done about 03:30.
    late = ask(
        recipients=90_000,
        starts_at=datetime(2026, 11, 20, 20, tzinfo=SHANGHAI),
        ends_at=datetime(2026, 11, 21, 3, 30, tzinfo=SHANGHAI),
    )
    assert late.count == 2
    assert late.policies == ("many", "off-hours")
    assert [(one.what, one.known) for one in late.reasons] == [("recipients_over", True), ("outside", True)]
    assert late.reasons[0].limit == 50_000
    assert late.reasons[1].limit == {
        "from": "09:00",
        "to": "21:00",
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "when": "ends",
    }


def test_the_largest_number_counts_and_the_people_whom_the_strictest_names():
    settings = Settings(
        policies=(
            Policy(name="all", approvers=1, who=("U0KAI",)),
            Policy(name="vip", approvers=2, who=("S0LEADS",), where=Where(accounts=("umail",))),
            Policy(name="many", approvers=3, where=Where(recipients_over=1_000)),
            Policy(name="other", approvers=5, where=Where(accounts=("emailcar",))),
        )
    )
    found = ask(settings)
    assert (found.count, found.who, found.policies) == (3, ("S0LEADS",), ("all", "vip", "many"))
    assert found.reasons == (Reason("accounts", "umail"), Reason("recipients_over", 1_000))


def test_no_policy_asks_for_fewer_than_app_yaml_says_of_all():
    small = (Policy(name="small", approvers=0, where=Where(new_sender=False)),)
    assert ask(Settings(approvers=2, policies=small)).count == 2
    assert ask(Settings(approvers=0, policies=small)).count == 0


def test_the_shipped_policies_do_not_weaken_a_stricter_rule_for_all():
    midnight = datetime(2026, 11, 21, 0, 30, tzinfo=SHANGHAI)
    found = ask(Settings(approvers=3), starts_at=midnight)
    assert (found.policies, found.count) == (("off-hours",), 3)


def test_two_policies_with_one_reason_tell_it_once():
    where = Where(recipients_over=1_000)
    settings = Settings(
        policies=(Policy(name="a", approvers=1, where=where), Policy(name="b", approvers=2, where=where))
    )
    assert ask(settings).reasons == (Reason("recipients_over", 1_000),)


def test_what_could_not_be_found_out_is_told_as_such():
    assert ask(recipients=None).reasons == (Reason("recipients_over", 50_000, known=False),)


def test_who_is_named_decides_alone_and_nobody_named_leaves_it_to_the_role():
    assert Needs(count=1, who=("U0LIN", "S0LEADS")).asks({"U0KAI", "S0LEADS"})
    assert not Needs(count=1, who=("U0LIN",)).asks({"U0KAI", "everyone"})
    assert Needs(count=1).asks({"U0KAI"})


@given(
    count=st.integers(0, 5),
    who=st.lists(st.sampled_from(["U0LIN", "S0LEADS"]), unique=True),
    minutes=st.lists(st.integers(1, 90), max_size=3),
    recipients=st.none() | st.integers(0, 10**6),
    hours=st.integers(0, 9_000),
)
def test_what_a_request_needs_survives_its_row(count, who, minutes, recipients, hours):
    steps = tuple(Step(after=timedelta(minutes=one), who=("S0LEADS",)) for one in sorted(minutes))
    settings = Settings(escalate=steps, policies=(Policy(name="x", approvers=count, who=who), *Settings().policies))
    found = ask(settings, recipients=recipients, starts_at=FRIDAY + timedelta(hours=hours))
    assert Needs.read(found.written()) == found
    assert found.count >= count
