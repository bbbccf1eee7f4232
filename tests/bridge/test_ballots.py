"""A yes, a no, never mind: what each person is told, and what is decided once only; on both databases."""

import asyncio
from collections import Counter

import pytest

from bridge.approvals.ballots import Answer
from store.engine import Store
from store.tables import ApprovalKind, ApprovalState
from tests.bridge.ballotbox import Desk


@pytest.fixture
def desk(store):
    return Desk(store)


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
    row = await desk.approved()
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
