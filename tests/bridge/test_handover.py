"""Approved requests as they are claimed and reported on, one process at a time; on both databases."""

import asyncio
from datetime import timedelta

import pytest

from bridge.approvals import requests
from bridge.approvals.ballots import Answer
from bridge.approvals.handover import LEASE, Duty
from store.engine import Store
from store.tables import ApprovalState, Outcome
from tests.bridge.ballotbox import Desk, proposal, wish


@pytest.fixture
def desk(store):
    return Desk(store)


async def test_fifty_workers_claim_it_once(database):
    stores = [Store(database) for _ in range(2)]
    await stores[0].migrate()
    desks = [Desk(store) for store in stores]
    await desks[0].approved()
    claims = await asyncio.gather(*(desks[place % 2].claim() for place in range(50)))
    assert sum(claim is not None for claim in claims) == 1
    for store in stores:
        await store.close()


async def test_an_approved_request_is_carried_out_by_one_and_told(desk):
    row = await desk.approved()
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
    claim = await desk.claimed()
    await desk.report("failed", claim, {"vendor_code": "1203"}, "refused")
    (note,) = await desk.notes(receiver="U0CHEN")
    assert (note["state"], note["note"], note["result"]) == ("failed", "refused", {"vendor_code": "1203"})


async def test_a_process_that_died_half_way_leaves_it_to_be_looked_into(desk):
    claim = await desk.claimed()
    desk.wait(seconds=LEASE.total_seconds() + 1)
    again = await desk.claim()
    assert (again.duty, again.run.id) == (Duty.TAKE_UP, claim.run.id)
    assert await desk.report("executed", claim, {}) is False
    assert (await desk.row(claim.approval)).state is ApprovalState.EXECUTING
    assert await desk.report("executed", again, {}) is True
    assert len(await desk.runs()) == 1


async def test_nothing_is_written_by_whoever_lost_the_lease(desk):
    claim = await desk.claimed()
    desk.wait(seconds=LEASE.total_seconds() + 1)
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
    claim = await desk.claimed()
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
    claim = await desk.claimed()
    await desk.report("unknown", claim, {}, await desk.now())
    look = await desk.claim()
    await desk.report("unknown", look, {"code": "lost"}, None)
    row = await desk.row(claim.approval)
    assert (row.state, row.due_at, row.open_key) == (ApprovalState.UNKNOWN, None, None)
    assert [(note["state"], note["over"]) for note in await desk.notes()] == [("unknown", False), ("unknown", True)]
    assert (await desk.events(row))[-1] == "approval.unknown"
    assert (await desk.vote(row, "U0MEI")).answer is Answer.GONE


async def test_a_vendor_that_cannot_be_read_keeps_it_approved(desk):
    await desk.approved()
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
    claim = await desk.claimed()
    await desk.report("postponed", claim, "unreachable")
    (run,) = await desk.runs()
    assert run.lease_until > (await desk.row(claim.approval)).due_at
    await desk.do(lambda s, _now: setattr(s.get_one(type(run), run.id), "outcome", Outcome.INTERRUPTED))
    desk.wait(seconds=6)
    assert (await desk.claim()).run.id == run.id


async def test_what_could_not_be_carried_out_in_time_expires_and_is_not_sent_at_once(desk):
    claim = await desk.claimed(hours=0.5)
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
    claim = await desk.claimed()
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
    claim = await desk.claimed()
    assert await desk.report("voided", claim, "gone") is True
    assert [(note["state"], note["note"]) for note in await desk.notes()] == [("voided", "gone")]
