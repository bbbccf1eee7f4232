"""A message that waits here and was approved is sent once; over real sockets, on both databases."""

import asyncio

import pytest

from bridge.approvals.handover import LEASE
from bridge.changes import drafts
from store.tables import ApprovalState, DraftState, Outcome
from tests.bridge.asking import LIN, MEI, opened

S = ApprovalState


@pytest.fixture
async def desk(store):
    async with opened(store) as desk:
        yield desk


async def test_an_approved_message_is_sent_once(desk):
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await asyncio.gather(*(desk.executor().run() for _ in range(3)))
    row, kept = await desk.row(approval_id), await drafts.find(desk.store, draft.id)
    assert (row.state, len(row.result["message_ids"]), kept.state) == (S.EXECUTED, 3, DraftState.SENT)
    assert len(desk.submissions) == 1


@pytest.mark.parametrize("step", ["claimed", "read", "counted", "compared"])
async def test_a_process_that_slept_past_its_lease_sends_no_message(desk, step):
    """While it slept, the one who voted lost the role: whoever takes it up next sees that."""
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)

    def sleep(name):
        if name == step and not desk.lost:
            desk.lost = (MEI,)
            desk.wait(LEASE.total_seconds() + 1)

    await desk.executor(crash=sleep).run()
    await desk.run()
    assert (await desk.state(approval_id), desk.submissions) == ((S.PENDING, None), [])
    assert (await drafts.find(desk.store, draft.id)).state is DraftState.OPEN


async def test_a_message_whose_answer_is_lost_stays_unknown(desk):
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    desk.box.faults.inject("emailcar", "lost_reply", call="mail/send")
    await desk.run()
    desk.wait(600)
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.due_at, len(desk.submissions)) == (S.UNKNOWN, None, 1)
    assert [run.outcome for run in await desk.runs()] == [Outcome.UNKNOWN]


async def test_a_message_that_was_thrown_away_is_not_sent(desk):
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await drafts.discard(desk.store, draft, by=LIN)
    await desk.run()
    assert (await desk.state(approval_id), desk.submissions) == ((S.VOIDED, "gone"), [])


async def test_a_message_that_the_vendor_refuses_has_failed(desk):
    desk.box.world.emailcar.senders.clear()
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    await desk.run()
    row = await desk.row(approval_id)
    assert (row.state, row.note) == (S.FAILED, "refused")


async def test_a_message_that_could_not_be_handed_over_stays_approved_and_goes_later(desk):
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    desk.box.world.emailcar.password, true = "another", desk.box.world.emailcar.password
    await desk.run()
    assert await desk.state(approval_id) == (S.APPROVED, "auth")
    desk.box.world.emailcar.password = true
    desk.wait(6)
    await desk.run()
    assert ((await desk.row(approval_id)).state, (await drafts.find(desk.store, draft.id)).state) == (
        S.EXECUTED,
        DraftState.SENT,
    )
