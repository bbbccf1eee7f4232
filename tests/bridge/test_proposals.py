"""What a person is asked to approve: all of it read, hashed, compared; what could not be read is unknown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.approvals.gathering import is_approved_as_it_is
from bridge.approvals.proposals import Proposal, drift, has_grown, is_same_send, policy_facts
from bridge.changes.edits import Difference
from providers.errors import BadAnswerError, ProviderError
from store.tables import ApprovalKind
from tests.bridge.asking import Asking

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
FIELDS = {
    "task_id": "19124",
    "templates": [{"id": "17", "name": "十一月大促", "subject": "s", "content_hash": "c"}],
    "lists": [{"id": "5", "name": "VIP"}],
    "sender": "news@shop.example",
    "planned": 90_000,
    "scheduled_at": "2026-11-21T12:00:00+00:00",
}
CONTEXT = {
    "recipients": 90_000,
    "lists": [{"id": "5", "name": "VIP", "count": 90_000}],
    "credit": {"before": 300_000, "after": 210_000},
    "new_sender": False,
}
SHOWN = Proposal(fields=FIELDS, told={"hourly_speed": 12_000}, context=CONTEXT)


@pytest.fixture
def store(lite):
    return lite


@pytest.fixture
async def desk(store):
    desk = await Asking.open(store)
    yield desk
    await desk.close()


def other(**fields):
    return replace(SHOWN, fields={**FIELDS, **fields})


# ---- pure


def test_the_hash_is_of_the_fields_alone_in_whatever_order_they_come():
    same = Proposal(fields=dict(reversed(FIELDS.items())), told={}, context={})
    assert same.hash == SHOWN.hash
    assert Proposal.read(SHOWN.written()) == SHOWN


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_in_the_hash_and_is_drift(name):
    changed = other(**{name: "something else"})
    assert changed.hash != SHOWN.hash
    assert drift(SHOWN, changed) == [Difference(name, FIELDS[name], "something else")]


def test_what_was_told_and_what_helps_to_decide_is_no_drift():
    now = replace(SHOWN, told={}, context={**CONTEXT, "credit": None})
    assert (drift(SHOWN, now), now.hash) == ([], SHOWN.hash)


@pytest.mark.parametrize(
    ("before", "now", "grown"),
    [(90_000, 90_100, False), (90_000, 90_101, True), (1_000, 1_010, False), (1_000, 1_011, True), (90, 50, False)],
)
def test_a_list_has_grown_by_more_than_a_hundred_or_a_hundredth(before, now, grown):
    assert has_grown(before, now) is grown


def test_a_list_whose_size_is_unknown_has_not_grown():
    now = replace(SHOWN, context={**CONTEXT, "lists": [{"id": "5", "name": "VIP", "count": None}]})
    assert drift(SHOWN, now) == []


def test_a_send_is_the_same_whenever_it_goes():
    later = {**FIELDS, "scheduled_at": "2026-11-22T12:00:00+00:00"}
    assert is_same_send(FIELDS, later)
    assert not is_same_send(FIELDS, {**later, "sender": "other@shop.example"})
    assert not is_same_send(FIELDS, {**FIELDS, "planned": 95_000})


def test_policies_go_by_when_it_is_done_where_the_speed_is_known():
    facts = policy_facts(ApprovalKind.SCHEDULE, "umail", SHOWN, now=NOW)
    assert facts.starts_at == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert facts.ends_at == facts.starts_at + timedelta(hours=7.5)
    assert (facts.credit, facts.cost, facts.recipients, facts.credit_share) == (300_000, 90_000, 90_000, 0.3)
    slow = policy_facts(ApprovalKind.SCHEDULE, "umail", replace(SHOWN, told={}), now=NOW)
    assert slow.ends_at is None


def test_what_goes_as_soon_as_it_is_approved_starts_now():
    facts = policy_facts(ApprovalKind.RESUME, "umail", other(scheduled_at="2026-11-20T12:00:00+00:00"), now=NOW)
    assert facts.starts_at == NOW


# ---- read


async def test_everything_that_the_card_shows_is_read(desk):
    task_id = await desk.held()
    _, proposal = await desk.proposal(task_id)
    [template] = proposal.fields["templates"]
    assert (template["id"], template["name"], template["subject"]) == ("18", "新品上架通知", "本周新品")
    assert proposal.fields["lists"] == [{"id": "7", "name": "新品订阅"}]
    assert (proposal.fields["sender"], proposal.fields["tracking"]) == ("news@shop.example", "opens")
    assert proposal.told == {"unsubscribe_link": False, "hourly_speed": 12_000, "last": 0}
    context = proposal.context
    assert (context["recipients"], context["credit"]["before"] - context["credit"]["after"]) == (18_400, 18_400)
    assert context["checks"] == [{"id": "18", "state": "passed", "colour": "green"}]
    assert [one["task_id"] for one in context["recent"]][:1] == ["19127"]
    [mailing_list] = context["lists"]
    assert (mailing_list["count"], mailing_list["last_sent_at"]) == (18_400, context["recent"][0]["at"])
    assert (context["unread"], proposal.written()["name"]) == ({}, "新品上架通知")


@pytest.mark.parametrize(
    ("call", "what", "name"),
    [
        ("service-info", "credit", "credit"),
        ("maillist-detail", "lists", None),
        ("get-tpl-status", "checks", "checks"),
        ("list-task", "recent", "recent"),
    ],
)
async def test_what_helps_to_decide_and_cannot_be_read_is_unknown(desk, call, what, name):
    task_id = await desk.held()
    desk.box.faults.inject("umail", "truncated", call=call, times=9)
    _, proposal = await desk.proposal(task_id)
    assert list(proposal.context["unread"]) == [what]
    assert name is None or proposal.context[name] is None
    assert what != "lists" or [one["count"] for one in proposal.context["lists"]] == [None]


async def test_nobody_is_asked_about_a_template_that_cannot_be_read(desk):
    task_id = await desk.held()
    desk.box.faults.inject("umail", "truncated", call="list-tpl", times=9)
    with pytest.raises(ProviderError):
        await desk.proposal(task_id)


async def test_nobody_is_asked_about_a_template_that_is_not_there(desk):
    task_id = await desk.held()
    del desk.box.world.umail["demo-umail"].templates[18]
    with pytest.raises(BadAnswerError):
        await desk.proposal(task_id)


async def test_what_was_carried_out_needs_no_other_yes_while_it_is_the_same_send(desk):
    task_id, _ = await desk.approved()
    task = await desk.umail.task(task_id)
    assert not await is_approved_as_it_is(desk.store, desk.umail, task)
    await desk.run()
    assert await is_approved_as_it_is(desk.store, desk.umail, await desk.umail.task(task_id))
    desk.task(task_id).settings.fullname = "别人"
    assert not await is_approved_as_it_is(desk.store, desk.umail, await desk.umail.task(task_id))
