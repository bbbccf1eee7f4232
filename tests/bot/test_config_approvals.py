"""`approvals:` of app.yaml: who must say yes."""

from datetime import time, timedelta

import pytest

from bot.document import read
from bridge.approvals import policy
from tests.bot.configs import SHIPPED, WHOLE, loaded, mistakes


def test_without_anything_said_the_shipped_policies_are_there(tmp_path):
    config = loaded(tmp_path, "approvals:\n" + WHOLE)
    assert config.approvals == policy.Settings()
    shipped = read(SHIPPED, {}).data["approvals"]
    assert policy.Settings.model_validate(shipped) == policy.Settings()


def test_policies_and_steps_are_read(tmp_path):
    text = """\
approvals:
  approvers: 0
  self_approval: true
  policies:
  - {name: vip, where: {accounts: [umail], new_sender: true, outside: {from: 8:00, to: , days: [sat]}}, approvers: 2}
  - {name: dear, where: {credit_share_over: 25 %, kinds: [draft]}, approvers: 3, who: [S0LEADS], }
  escalate: [{after: 15m, who: [S0LEADS]}]
  expire_before: 5m
  unapproved_sends: hold
"""
    config = loaded(tmp_path, text + WHOLE)
    vip, dear = config.approvals.policies
    assert (vip.where.outside.begin, vip.where.outside.end, vip.where.outside.days) == (time(8), time(21), ("sat",))
    assert (dear.where.credit_share_over, dear.where.kinds, dear.who) == (0.25, ("draft",), ("S0LEADS",))
    assert [(one.after, one.who) for one in config.approvals.escalate] == [(timedelta(minutes=15), ("S0LEADS",))]
    assert (config.approvals.approvers, config.approvals.unapproved_sends) == (0, "hold")


MISTAKES = [
    ("{policy: []}", "policy: is not a key here; did you mean policies?"),
    ("{policies: x}", "policies: must be a list; put it between [ and ]"),
    ("{policies: [{name: a}]}", "policies[0].approvers: is missing; add it"),
    (
        "{policies: [{name: a, aprovers: 1, approvers: 1}]}",
        "policies[0].aprovers: is not a key here; did you mean appr",
    ),
    ("{policies: [{name: a, approvers: 6}]}", "policies[0].approvers: must be less than or equal to 5"),
    ("{policies: [{name: a, approvers: 1}, {name: a, approvers: 2}]}", "policies: has two policies of one name; call"),
    ("{policies: [{name: a, approvers: 1, who: [C0A]}]}", "policies[0].who[0]: is not the id of a person or a user"),
    (
        "{policies: [{name: a, approvers: 1, where: {recipients: 5}}]}",
        "policies[0].where.recipients: is not a key here; did you mean recipients_over?",
    ),
    (
        "{policies: [{name: a, approvers: 1, where: {outside: {frm: 8:00}}}]}",
        "policies[0].where.outside.frm: is not a key here; did you mean from?",
    ),
    (
        "{policies: [{name: a, approvers: 1, where: {accounts: [umial]}}]}",
        "policies[0].where.accounts[0]: is no account; did you mean umail?",
    ),
    ("{escalate: [{who: [S0A]}]}", "escalate[0].after: is missing; add it"),
    ("{escalate: [{after: 2m, who: [U0A]}, {after: 1m, who: [U0A]}]}", "escalate: its steps are not in order; put"),
    ("{unapproved_sends: block}", "unapproved_sends: must be announce or ignore or hold"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_about_approvals_is_named(tmp_path, text, expected):
    (told,) = mistakes(tmp_path, f"approvals: {text}\n{WHOLE}")
    assert told.startswith(f"app.yaml:1: approvals.{expected}")


def test_who_is_named_as_an_approver_is_asked_where_there_is_no_channel(tmp_path):
    text = "roles: {approver: [U0LIN, S0LEADS], admin: [U0MEI]}\n" + WHOLE
    desk = loaded(tmp_path, text).approval_desk
    assert desk.receivers("umail", policy.Needs(count=1)) == ["U0LIN"]
    assert desk.receivers("umail", policy.Needs(count=1, who=("U0KAI", "S0LEADS"))) == ["U0KAI"]
    assert loaded(tmp_path, "roles: {admin: [U0MEI]}\n" + WHOLE).approval_desk.receivers(
        "umail", policy.Needs(count=1)
    ) == ["U0MEI"]
    with_channel = loaded(tmp_path, "channels: {approvals: C0APPROVE}\n" + text).approval_desk
    assert with_channel.receivers("umail", policy.Needs(count=1)) == ("C0APPROVE",)
