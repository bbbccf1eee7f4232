"""Requests to send as they are asked for, found, escalated and expire; on both databases."""

from datetime import timedelta

import pytest

from bridge.approvals import requests
from bridge.approvals.asking import BACKOFF, LEASE, OpenRequestError
from bridge.approvals.ballots import Answer
from bridge.approvals.handover import Duty
from bridge.approvals.policy import Settings
from store.tables import ApprovalKind, ApprovalState, Notice, NoticeKind, Subscription
from tests.bridge.ballotbox import CHANNEL, STEPS, Desk, proposal

SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(store):
    return Desk(store)


# ---- asking


async def test_a_request_is_shown_in_the_channel_and_told_as_an_event(desk):
    row = await desk.ask(count=2)
    assert (row.state, row.needed, row.version) == (ApprovalState.PENDING, 2, 2)
    (card,) = await desk.cards(row)
    assert (card.kind, card.receiver, card.priority) == (NoticeKind.APPROVAL, CHANNEL, 0)
    assert card.wanted > card.shown
    (event,) = await desk.event_rows(row)
    assert event.type == "approval.requested"
    assert event.data == {
        "approval_id": row.id,
        "kind": "schedule",
        "account": "umail",
        "subject": "task/19124",
        "name": "十一月大促",
        "recipients": 90_000,
        "by": "U0CHEN",
        "reason": "start of the November campaign",
        "hash": row.hash,
        "votes": [],
        "needed": 2,
        "result": None,
    }


async def test_who_asked_for_such_events_is_told(desk):
    about = {"receiver": "C0OPS", "types": "approval.*", "created_by": "U0MEI", "created_at": await desk.now()}
    await desk.do(lambda session, _now: session.add(Subscription(**about)))
    await desk.ask()
    assert [one.receiver for one in await desk.all(Notice) if one.kind is NoticeKind.EVENTS] == ["C0OPS"]


async def test_the_hash_is_of_what_was_read_alone(desk):
    first = await desk.ask("task/1")
    other = await desk.ask("task/2", proposal=proposal() | {"context": {}, "told": {}})
    third = await desk.ask("task/3", proposal=proposal(planned=90_001))
    assert first.hash == other.hash != third.hash
    assert requests.hash_of({"a": 1, "b": "信"}) == requests.hash_of({"b": "信", "a": 1})


async def test_without_a_channel_each_approver_is_shown_it(store):
    desk = Desk(store, channel=None)
    row = await desk.ask()
    assert {card.receiver for card in await desk.cards(row)} == {"U0LIN", "U0MEI"}
    other = await desk.ask("task/2", policy={"who": ("U0KAI", "S0LEADS")})
    assert [card.receiver for card in await desk.cards(other)] == ["U0KAI"]


async def test_without_a_channel_what_a_group_is_to_decide_the_approvers_are_shown(store):
    desk = Desk(store, channel=None)
    row = await desk.ask(policy={"who": ("S0LEADS",)})
    assert {card.receiver for card in await desk.cards(row)} == {"U0LIN", "U0MEI"}


EXPIRIES = [
    (4, timedelta(hours=3, minutes=45)),
    (0.5, timedelta(minutes=15)),
    (0.1, timedelta(minutes=3)),
    (None, timedelta(hours=24)),
]


@pytest.mark.parametrize(("hours", "expected"), EXPIRIES)
async def test_a_request_expires_before_its_time_and_half_of_what_is_left_is_for_people(desk, hours, expected):
    row = await desk.ask(hours=hours)
    assert row.expires_at - row.created_at == pytest.approx(expected, abs=SECOND)
    assert row.due_at == row.expires_at


async def test_a_request_whose_time_has_passed_before_it_was_asked_for_ends_at_once(desk):
    row = await desk.ask(hours=-1)
    assert row.expires_at == row.send_at
    assert await desk.due() == 1
    assert (await desk.row(row)).state is ApprovalState.EXPIRED
    assert [note["state"] for note in await desk.notes(receiver="U0CHEN")] == ["expired"]


async def test_what_was_found_after_its_time_is_asked_about_all_the_same(desk):
    row = await desk.read(await desk.find_one(hours=-1))
    assert row.expires_at - row.created_at == pytest.approx(timedelta(hours=24), abs=SECOND)
    assert (await desk.vote(row)).answer is Answer.DECIDED


async def test_what_needs_nobody_is_approved_at_once(desk):
    row = await desk.ask(count=0)
    assert (row.state, row.decided_by) == (ApprovalState.APPROVED, None)
    assert await desk.events(row) == ["approval.requested", "approval.approved"]
    assert (await desk.claim()).run.user_id == "edmbot"


async def test_the_same_person_asks_anew_and_the_request_before_gives_way(desk):
    first = await desk.ask()
    second = await desk.ask()
    before = await desk.row(first)
    assert (before.state, before.note, before.replaced_by) == (ApprovalState.VOIDED, "replaced", second.id)
    assert (second.replaces, second.state) == (first.id, ApprovalState.PENDING)
    assert await desk.notes() == []


async def test_somebody_else_who_asks_is_shown_the_one_that_is_open(desk):
    first = await desk.ask()
    with pytest.raises(OpenRequestError) as caught:
        await desk.ask(by="U0KAI")
    assert caught.value.approval.id == first.id
    assert (await desk.row(first)).state is ApprovalState.PENDING


async def test_a_reschedule_by_an_approver_replaces_it_and_its_asker_is_told(desk):
    first = await desk.ask()
    second = await desk.ask(by="U0LIN", replaces=first.id)
    assert (await desk.row(first)).replaced_by == second.id
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["note"], note["replaced_by"]) == ("voided", "replaced", second.id)


async def test_what_is_being_carried_out_does_not_give_way(desk):
    claim = await desk.claimed()
    with pytest.raises(OpenRequestError):
        await desk.ask()
    with pytest.raises(OpenRequestError):
        await desk.ask(replaces=claim.approval.id)


async def test_a_subject_may_be_asked_for_again_after_the_end(desk):
    first = await desk.ask()
    await desk.reject(first)
    assert (await desk.ask(by="U0KAI")).state is ApprovalState.PENDING


async def test_settings_say_how_long_people_have(store):
    desk = Desk(store, settings=Settings(expire_before=timedelta(minutes=1), drafts_expire=timedelta(hours=2)))
    assert (await desk.ask(hours=1)).expires_at == pytest.approx(await desk.now() + timedelta(minutes=59), abs=SECOND)
    row = await desk.ask("draft/1", hours=None)
    assert row.expires_at == pytest.approx(await desk.now() + timedelta(hours=2), abs=SECOND)


# ---- time


async def test_what_nobody_decides_expires_and_never_means_yes(desk):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0LIN")
    desk.wait(hours=3, minutes=44)
    assert await desk.due() == 0
    desk.wait(minutes=2)
    assert await desk.due() == 1
    assert (await desk.row(row)).state is ApprovalState.EXPIRED
    assert (await desk.vote(row, "U0MEI")).answer is Answer.GONE
    assert await desk.claim() is None
    assert [note["state"] for note in await desk.notes(receiver="U0CHEN")] == ["expired"]
    assert await desk.events(row) == ["approval.requested", "approval.expired"]


async def test_a_click_after_its_time_finds_it_expired_though_nobody_has_said_so_yet(desk):
    row = await desk.ask()
    desk.wait(hours=3, minutes=46)
    ruling = await desk.vote(row)
    assert (ruling.answer, ruling.approval.state) == (Answer.GONE, ApprovalState.EXPIRED)
    assert await desk.due() == 0
    assert len(await desk.notes(receiver="U0CHEN")) == 1


async def test_others_are_asked_step_by_step_while_nobody_decides(desk):
    row = await desk.ask(policy={"steps": STEPS})
    assert row.due_at == row.created_at + timedelta(minutes=15)
    desk.wait(15.1)
    assert await desk.due() == 1
    assert await desk.due() == 0
    assert [card.receiver for card in await desk.cards(row)] == [CHANNEL, "U0MEI"]
    below = [one for one in await desk.all(Notice) if one.kind is NoticeKind.NOTE]
    assert [(one.receiver, one.parent_id) for one in below] == [(CHANNEL, (await desk.cards(row))[0].id)]
    (said,) = await desk.notes("waiting_on")
    assert (said["who"], said["step"]) == (["S0LEADS", "U0MEI"], 1)
    desk.wait(15.1)
    await desk.due()
    assert [said["who"] for said in await desk.notes("waiting_on")][1:] == [["U0BOSS"]]
    now = await desk.row(row)
    assert (now.step, now.due_at) == (2, now.expires_at)


async def test_nobody_else_is_asked_once_it_is_decided(desk):
    row = await desk.ask(policy={"steps": STEPS})
    await desk.vote(row)
    desk.wait(16)
    assert await desk.due() == 0
    assert len(await desk.cards(row)) == 1


async def test_what_was_missed_meanwhile_is_made_up_for(desk):
    row = await desk.ask(policy={"steps": STEPS})
    desk.wait(40)
    while await desk.due():
        pass
    assert (await desk.row(row)).step == 2
    assert len(await desk.notes("waiting_on")) == 2


# ---- found


async def test_what_was_found_is_shown_once_it_was_read(desk):
    row = await desk.find_one(hours=4)
    assert await desk.find_one() is None
    assert await desk.cards(row) == []
    assert await desk.due() == 0
    unread = await desk.claim_unread()
    assert unread.id == row.id
    assert await desk.claim_unread() is None
    await desk.read(row)
    now = await desk.row(row)
    assert (now.requested_by, now.needed, now.hash != "") == (None, 1, True)
    assert len(await desk.cards(row)) == 1
    assert await desk.events(row) == ["approval.requested"]
    await desk.read(row, count=3)
    assert (await desk.row(row)).needed == 1


async def test_nobody_can_say_yes_to_what_was_not_read(desk):
    row = await desk.find_one()
    assert (await desk.vote(row)).answer is Answer.CHANGED


async def test_whoever_died_while_reading_leaves_it_to_the_next_one(desk):
    row = await desk.find_one()
    await desk.claim_unread()
    desk.wait(seconds=LEASE.total_seconds() + 1)
    assert (await desk.claim_unread()).id == row.id


async def test_what_cannot_be_read_is_tried_again_later_each_time_and_given_up_at_its_end(desk):
    row = await desk.find_one()
    waits = []
    for _ in range(6):
        await desk.claim_unread()
        before = await desk.now()
        await desk.do(lambda s, now: desk.approvals.unread(s, now, row.id))
        waits.append(((await desk.row(row)).due_at - before).total_seconds())
        desk.wait(seconds=61)
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60], abs=1)
    assert max(waits) <= BACKOFF[1].total_seconds() + 1
    desk.wait(hours=25)
    assert await desk.claim_unread() is None
    assert ((await desk.row(row)).state, (await desk.row(row)).note) == (ApprovalState.EXPIRED, "unread")


async def test_what_was_found_gives_way_to_whoever_asks_for_it(desk):
    row = await desk.read(await desk.find_one())
    second = await desk.ask(kind=ApprovalKind.RESUME, hours=None)
    assert (await desk.row(row)).replaced_by == second.id


async def test_what_was_found_and_rejected_is_held_and_only_then_over(desk):
    row = await desk.read(await desk.find_one())
    assert (await desk.reject(row)).answer is Answer.REJECTED
    assert await desk.find_one() is None, "it is being held"
    claim = await desk.claim()
    assert (claim.duty, claim.approval.state) == (Duty.HOLD, ApprovalState.REJECTED)
    why = claim.approval.note
    assert await desk.report("postponed", claim, "unreachable") is True
    assert ((await desk.row(row)).state, (await desk.row(row)).note) == (ApprovalState.REJECTED, why)
    desk.wait(seconds=6)
    claim = await desk.claim()
    assert await desk.report("held", claim, {"status": "draft"}) is True
    now = await desk.row(row)
    assert (now.state, now.result, now.due_at, now.open_key) == (
        ApprovalState.REJECTED,
        {"status": "draft"},
        None,
        None,
    )
    assert await desk.events(row) == ["approval.requested", "approval.rejected"]
    assert await desk.notes() == []
    assert await desk.find_one() is not None


async def test_what_was_found_and_approved_is_never_too_late(desk):
    row = await desk.read(await desk.find_one(hours=1))
    await desk.vote(row)
    desk.wait(hours=2)
    assert (await desk.claim()).duty is Duty.EXECUTE
