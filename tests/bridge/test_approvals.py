"""The life of a request to send, on both databases: what each person is told, and what is decided once only."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bridge.approvals import cards, requests
from bridge.approvals.asking import BACKOFF, LEASE, OpenRequestError
from bridge.approvals.ballots import Answer
from bridge.approvals.handover import LEASE as HANDS
from bridge.approvals.handover import Duty
from bridge.approvals.policy import Settings
from store.engine import Store
from store.tables import ApprovalKind, ApprovalState, Notice, NoticeKind, Outcome, Subscription
from tests.bridge.ballotbox import CHANNEL, STEPS, Desk, proposal, wish

SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(store):
    return Desk(store)


async def approved(desk, **more):
    row = await desk.ask(**more)
    return (await desk.vote(row)).approval


async def claimed(desk, **more):
    await approved(desk, **more)
    return await desk.claim()


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
    claim = await claimed(desk)
    with pytest.raises(OpenRequestError):
        await desk.ask()
    with pytest.raises(OpenRequestError):
        await desk.ask(replaces=claim.approval.id)


async def test_a_subject_may_be_asked_for_again_after_the_end(desk):
    first = await desk.ask()
    await desk.reject(first)
    assert (await desk.ask(by="U0KAI")).state is ApprovalState.PENDING


# ---- deciding


async def test_the_last_vote_that_is_needed_decides(desk):
    row = await desk.ask(count=2)
    first = await desk.vote(row, "U0LIN")
    assert (first.answer, first.missing) == (Answer.VOTED, 1)
    assert (first.approval.state, first.approval.decided_by) == (ApprovalState.PENDING, None)
    second = await desk.vote(row, "U0MEI")
    assert (second.answer, second.missing) == (Answer.DECIDED, 0)
    now = await desk.row(row)
    assert (now.state, now.decided_by) == (ApprovalState.APPROVED, "U0MEI")
    assert now.due_at == now.decided_at
    *_, event = await desk.event_rows(row)
    assert (event.type, event.data["by"], event.data["votes"]) == ("approval.approved", "U0MEI", ["U0LIN", "U0MEI"])


async def test_each_change_is_shown_again(desk):
    row = await desk.ask(count=2)
    await desk.show()
    await desk.vote(row)
    (card,) = await desk.cards(row)
    assert card.wanted == card.shown + 1
    assert card.due_at is not None


async def test_a_click_on_an_older_card_counts_because_it_showed_the_same(desk):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0LIN")
    assert (await desk.vote(row, "U0MEI", version=row.version)).answer is Answer.DECIDED


REFUSALS = [
    ({"may": False}, Answer.NOT_ASKED),
    ({"user": "U0CHEN"}, Answer.OWN),
    ({"user": "U0CHEN", "may": False}, Answer.OWN),
    ({"user": "U0EVA"}, Answer.ALREADY_VOTED),
    ({"version": 99}, Answer.CHANGED),
]


@pytest.mark.parametrize(("click", "expected"), REFUSALS)
async def test_a_click_that_does_not_count_is_told_so_and_changes_nothing(desk, click, expected):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0EVA")
    before = await desk.row(row)
    ruling = await desk.vote(row, **click)
    assert ruling.answer is expected
    after = await desk.row(row)
    assert (after.version, after.state) == (before.version, ApprovalState.PENDING)
    assert [vote.user_id for vote in await desk.votes(row)] == ["U0EVA"]


async def test_an_asker_may_say_yes_where_app_yaml_lets_them(desk):
    row = await desk.ask(policy={"self_approval": True})
    assert (await desk.vote(row, "U0CHEN")).answer is Answer.DECIDED


async def test_whoever_comes_second_is_told_who_decided(desk):
    row = await desk.ask()
    await desk.vote(row, "U0LIN")
    late = await desk.vote(row, "U0MEI")
    assert (late.answer, late.approval.decided_by) == (Answer.UNDER_WAY, "U0LIN")
    assert (await desk.reject(row, "U0MEI")).answer is Answer.UNDER_WAY
    assert (await desk.vote(row, "U0LIN")).answer is Answer.ALREADY_VOTED
    await desk.claim()
    assert (await desk.vote(row, "U0MEI")).answer is Answer.UNDER_WAY
    assert (await desk.decide("withdraw", row, user="U0CHEN")).answer is Answer.UNDER_WAY
    assert await desk.decide("void", row, why="edited") is False


async def test_one_no_is_enough_and_the_asker_reads_why(desk):
    row = await desk.ask(count=3)
    await desk.vote(row, "U0MEI")
    ruling = await desk.reject(row, note="the *wrong* list")
    assert (ruling.answer, ruling.approval.state) == (Answer.REJECTED, ApprovalState.REJECTED)
    assert (await desk.vote(row, "U0KAI")).answer is Answer.GONE
    assert (await desk.reject(row, "U0KAI")).answer is Answer.GONE
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["by"], note["note"]) == ("rejected", "U0LIN", "the *wrong* list")
    assert await desk.events(row) == ["approval.requested", "approval.rejected"]
    assert (await desk.row(row)).result is None


async def test_changes_that_are_asked_for_are_a_no_that_says_what_to_do(desk):
    row = await desk.ask()
    await desk.decide("request_changes", row, user="U0LIN", note="after 21:00, please")
    now = await desk.row(row)
    assert (now.state, now.note, now.result) == (ApprovalState.REJECTED, "after 21:00, please", {"changes": True})


async def test_an_asker_may_withdraw_until_it_is_carried_out(desk):
    row = await approved(desk)
    ruling = await desk.decide("withdraw", row, user="U0CHEN")
    assert (ruling.answer, ruling.approval.state) == (Answer.WITHDRAWN, ApprovalState.WITHDRAWN)
    assert await desk.claim() is None
    assert await desk.notes() == []
    assert (await desk.decide("withdraw", row, user="U0CHEN")).answer is Answer.GONE


async def test_what_an_approver_withdraws_its_asker_is_told(desk):
    row = await desk.ask()
    await desk.decide("withdraw", row, user="U0LIN")
    assert [note["state"] for note in await desk.notes(receiver="U0CHEN")] == ["withdrawn"]


async def test_a_draft_that_was_edited_voids_its_request(desk):
    row = await desk.ask("draft/1", kind=ApprovalKind.DRAFT, hours=None)
    assert await desk.decide("void", row, why="edited") is True
    assert (await desk.row(row)).note == "edited"
    assert await desk.decide("void", row, why="edited") is False


async def test_who_asked_at_a_terminal_is_told_where_it_was_asked_for(desk):
    row = await desk.ask(by="terminal")
    other = await desk.ask("task/2", by="terminal", channel_id=None)
    await desk.reject(row)
    await desk.reject(other)
    assert [one["subject"] for one in await desk.notes(receiver="C0MARKET")] == ["task/19124"]
    assert len(await desk.notes()) == 1


async def test_a_vote_of_somebody_who_lost_the_role_counts_no_longer(desk):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0KAI")
    second = await desk.vote(row, "U0LIN", lost=["U0KAI"])
    assert (second.answer, second.missing) == (Answer.VOTED, 1)
    assert {vote.user_id: vote.lost_at is None for vote in await desk.votes(row)} == {"U0KAI": False, "U0LIN": True}
    again = await desk.vote(row, "U0KAI")
    assert again.answer is Answer.DECIDED
    assert [vote.user_id for vote in again.votes] == ["U0LIN", "U0KAI"]


async def test_a_lost_vote_is_shown_also_when_the_click_that_found_it_does_not_count(desk):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0KAI")
    await desk.show()
    assert (await desk.vote(row, "U0EVA", may=False, lost=["U0KAI"])).answer is Answer.NOT_ASKED
    (card,) = await desk.cards(row)
    assert card.wanted > card.shown


@pytest.mark.parametrize("voters", [[f"U{number:02}" for number in range(50)], ["U0LIN"] * 50])
async def test_fifty_clicks_at_once_decide_once(database, voters):
    stores = [Store(database) for _ in range(2)]
    await stores[0].migrate()
    desks = [Desk(store) for store in stores]
    row = await desks[0].ask(count=1 if len(set(voters)) > 1 else 2)
    rulings = await asyncio.gather(*(desks[place % 2].vote(row, user) for place, user in enumerate(voters)))
    answers = Counter(one.answer for one in rulings)
    if len(set(voters)) > 1:
        assert answers == {Answer.DECIDED: 1, Answer.UNDER_WAY: 49}
        assert {one.approval.decided_by for one in rulings} == {(await desks[0].row(row)).decided_by}
        assert (await desks[0].events(row)).count("approval.approved") == 1
    else:
        assert answers == {Answer.VOTED: 1, Answer.ALREADY_VOTED: 49}
    assert len(await desks[0].votes(row)) == 1
    for store in stores:
        await store.close()


async def test_fifty_workers_claim_it_once(database):
    stores = [Store(database) for _ in range(2)]
    await stores[0].migrate()
    desks = [Desk(store) for store in stores]
    await approved(desks[0])
    claims = await asyncio.gather(*(desks[place % 2].claim() for place in range(50)))
    assert sum(claim is not None for claim in claims) == 1
    for store in stores:
        await store.close()


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


# ---- carrying out


async def test_an_approved_request_is_carried_out_by_one_and_told(desk):
    row = await approved(desk)
    claim = await desk.claim()
    assert (claim.duty, claim.approval.state) == (Duty.EXECUTE, ApprovalState.EXECUTING)
    assert (claim.run.kind, claim.run.user_id) == ("approval", "U0LIN")
    assert claim.run.key.startswith(f"approval/{row.id}/")
    assert await desk.claim() is None
    assert await desk.report("executed", claim, {"status": "scheduled"}) is True
    now = await desk.row(row)
    assert (now.state, now.result, now.run_id) == (ApprovalState.EXECUTED, {"status": "scheduled"}, claim.run.id)
    assert (now.open_key, now.due_at, now.ended_at is not None) == (None, None, True)
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["over"], note["result"]) == ("executed", True, {"status": "scheduled"})
    assert await desk.events(row) == ["approval.requested", "approval.approved", "approval.executed"]


async def test_what_the_vendor_refused_is_told_with_its_code(desk):
    claim = await claimed(desk)
    await desk.report("failed", claim, {"vendor_code": "1203"}, "refused")
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["note"], note["result"]) == ("failed", "refused", {"vendor_code": "1203"})


async def test_a_process_that_died_half_way_leaves_it_to_be_looked_into(desk):
    claim = await claimed(desk)
    desk.wait(seconds=HANDS.total_seconds() + 1)
    again = await desk.claim()
    assert (again.duty, again.run.id) == (Duty.TAKE_UP, claim.run.id)
    assert await desk.report("executed", claim, {}) is False
    assert (await desk.row(claim.approval)).state is ApprovalState.EXECUTING
    assert await desk.report("executed", again, {}) is True
    assert len(await desk.runs()) == 1


async def test_nothing_is_written_by_whoever_lost_the_lease(desk):
    claim = await claimed(desk)
    desk.wait(seconds=HANDS.total_seconds() + 1)
    await desk.claim()
    before = await desk.row(claim.approval)
    reports = [
        ("executed", {}),
        ("failed", {}, "refused"),
        ("unknown", {}, None),
        ("unknown", {}, await desk.now()),
        ("postponed", "unreachable"),
        ("voided", "gone"),
        ("held", {}),
        ("recount", ["U0LIN"]),
    ]
    for name, *what in reports:
        assert await desk.report(name, claim, *what) is False
    anew = wish(await desk.now(), replaces=claim.approval.id)
    assert await desk.report("asked_anew", claim, desk.approvals, anew) is None
    assert (await desk.row(claim.approval)).version == before.version


async def test_an_outcome_that_is_unknown_is_told_looked_up_and_told_again(desk):
    claim = await claimed(desk)
    await desk.report("unknown", claim, {}, await desk.now() + timedelta(seconds=30))
    row = await desk.row(claim.approval)
    assert (row.state, row.ended_at, row.open_key is not None) == (ApprovalState.UNKNOWN, None, True)
    assert (await desk.vote(row, "U0MEI")).answer is Answer.UNDER_WAY
    assert await desk.claim() is None
    desk.wait(seconds=31)
    look = await desk.claim()
    assert (look.duty, look.approval.state) == (Duty.LOOK_UP, ApprovalState.UNKNOWN)
    await desk.report("postponed", look, "unreachable")
    desk.wait(seconds=61)
    look = await desk.claim()
    assert look.duty is Duty.LOOK_UP
    await desk.report("unknown", look, {}, await desk.now())
    look = await desk.claim()
    await desk.report("executed", look, {"status": "scheduled"})
    assert [(note["state"], note["over"]) for note in await desk.notes()] == [("unknown", False), ("executed", True)]
    assert await desk.events(row) == ["approval.requested", "approval.approved", "approval.executed"]


async def test_an_outcome_that_nobody_can_find_out_is_an_end(desk):
    claim = await claimed(desk)
    await desk.report("unknown", claim, {}, await desk.now())
    look = await desk.claim()
    await desk.report("unknown", look, {"code": "lost"}, None)
    row = await desk.row(claim.approval)
    assert (row.state, row.due_at, row.open_key) == (ApprovalState.UNKNOWN, None, None)
    assert [(note["state"], note["over"]) for note in await desk.notes()] == [("unknown", False), ("unknown", True)]
    assert (await desk.events(row))[-1] == "approval.unknown"
    assert (await desk.vote(row, "U0MEI")).answer is Answer.GONE


async def test_a_vendor_that_cannot_be_read_keeps_it_approved(desk):
    await approved(desk)
    waits = []
    for _ in range(6):
        claim = await desk.claim()
        assert claim.duty is Duty.EXECUTE
        before = await desk.now()
        await desk.report("postponed", claim, "unreachable")
        row = await desk.row(claim.approval)
        assert (row.state, row.note) == (ApprovalState.APPROVED, "unreachable")
        waits.append((row.due_at - before).total_seconds())
        desk.wait(seconds=waits[-1])
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60], abs=1)
    assert [run.outcome for run in await desk.runs()] == [None], "one run, however often it is tried"


async def test_the_run_of_a_request_that_waits_is_not_taken_for_interrupted(desk):
    claim = await claimed(desk)
    await desk.report("postponed", claim, "unreachable")
    (run,) = await desk.runs()
    assert run.lease_until > (await desk.row(claim.approval)).due_at
    await desk.do(lambda s, _now: setattr(s.get_one(type(run), run.id), "outcome", Outcome.INTERRUPTED))
    desk.wait(seconds=6)
    assert (await desk.claim()).run.id == run.id


async def test_what_could_not_be_carried_out_in_time_expires_and_is_not_sent_at_once(desk):
    claim = await claimed(desk, hours=0.5)
    await desk.report("postponed", claim, "unreachable")
    desk.wait(31)
    assert await desk.claim() is None
    row = await desk.row(claim.approval)
    assert (row.state, row.note) == (ApprovalState.EXPIRED, "late")
    assert [(note["state"], note["note"]) for note in await desk.notes()] == [("expired", "late")]


async def test_votes_are_counted_again_before_anything_is_asked_for(desk):
    row = await desk.ask(count=2)
    await desk.vote(row, "U0LIN")
    await desk.vote(row, "U0MEI")
    claim = await desk.claim()
    await desk.show()
    assert await desk.report("recount", claim, ["U0KAI"]) is True
    assert await desk.report("recount", claim, ["U0LIN"]) is False
    now = await desk.row(row)
    assert (now.state, now.decided_by, now.due_at) == (ApprovalState.PENDING, None, now.expires_at)
    (card,) = await desk.cards(row)
    assert card.wanted > card.shown
    assert await desk.report("executed", claim, {}) is False
    assert (await desk.vote(row, "U0KAI")).answer is Answer.DECIDED


async def test_a_lost_vote_too_many_does_not_stop_it_and_is_shown(desk):
    row = await desk.ask(count=1)
    await desk.vote(row, "U0LIN")
    claim = await desk.claim()
    row_of = claim.approval
    await desk.do(lambda s, now: requests.change(s, now, requests.locked(s, row_of.id), needed=0))
    await desk.show()
    assert await desk.report("recount", claim, ["U0LIN"]) is True
    (card,) = await desk.cards(row)
    assert card.wanted > card.shown
    assert await desk.report("executed", claim, {}) is True


async def test_drift_voids_it_and_asks_anew_in_one_step(desk):
    claim = await claimed(desk)
    before = claim.approval
    anew = wish(await desk.now(), count=2, proposal=proposal(planned=120_000), replaces=before.id)
    after = await desk.report("asked_anew", claim, desk.approvals, anew)
    old = await desk.row(before)
    assert (old.state, old.note, old.replaced_by) == (ApprovalState.VOIDED, "drift", after.id)
    assert (after.state, after.replaces, after.needed) == (ApprovalState.PENDING, before.id, 2)
    assert after.hash != old.hash
    assert await desk.votes(after) == []
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["note"], note["replaced_by"]) == ("voided", "drift", after.id)


async def test_what_is_gone_is_voided(desk):
    claim = await claimed(desk)
    assert await desk.report("voided", claim, "gone") is True
    assert [(note["state"], note["note"]) for note in await desk.notes()] == [("voided", "gone")]


# ---- which there are


async def test_a_request_is_named_by_its_id_or_the_end_of_it(desk):
    first = await desk.ask()
    second = await desk.ask("task/2")
    await desk.reject(second)
    find = requests.find
    assert [row.id for row in await desk.do(lambda s, _now: find(s, first.id))] == [first.id]
    assert [row.id for row in await desk.do(lambda s, _now: find(s, first.id[-6:]))] == [first.id]
    assert await desk.do(lambda s, _now: find(s, "%")) == []
    assert await desk.do(lambda s, _now: find(s, "0" * 36)) == []
    assert [row.id for row in await desk.do(lambda s, _now: find(s, second.id[-6:]))] == [second.id]
    same = await desk.do(lambda s, _now: find(s, ""))
    assert [row.id for row in same] == [first.id], "what is open comes first"


async def test_what_waits_is_listed_by_when_it_expires(desk):
    late = await desk.ask("task/1", hours=8)
    soon = await desk.ask("task/2", hours=2)
    await desk.find_one("task/3")
    await desk.reject(await desk.ask("task/4"))
    await desk.ask("task/5", account="emailcar")
    waiting = await desk.do(lambda s, _now: requests.waiting(s, ["umail"]))
    assert [row.id for row in waiting] == [soon.id, late.id]


async def test_touching_has_every_card_shown_again(desk):
    row = await desk.ask(policy={"steps": STEPS})
    desk.wait(16)
    await desk.due()
    await desk.show()
    await desk.do(lambda s, now: cards.touch(s, now, row))
    assert [card.wanted - card.shown for card in await desk.cards(row)] == [1, 1]


async def test_settings_say_how_long_people_have(store):
    desk = Desk(store, settings=Settings(expire_before=timedelta(minutes=1), drafts_expire=timedelta(hours=2)))
    assert (await desk.ask(hours=1)).expires_at == pytest.approx(await desk.now() + timedelta(minutes=59), abs=SECOND)
    row = await desk.ask("draft/1", hours=None)
    assert row.expires_at == pytest.approx(await desk.now() + timedelta(hours=2), abs=SECOND)
