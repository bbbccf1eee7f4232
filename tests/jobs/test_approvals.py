"""Requests as time passes: they expire by themselves, and their cards count down; on both databases."""

import pytest

from jobs import approvals
from jobs.approvals import ApprovalWork
from store.tables import ApprovalState, Notice, NoticeKind
from tests.bridge.asking import Asking


@pytest.fixture
async def desk(store):
    desk = await Asking.open(store)
    yield desk
    await desk.close()


def work_of(desk):
    return ApprovalWork(desk.store, desk.desk, desk.executor(), desk.inquiry(), desk._tell)


async def test_requests_expire_before_their_time_and_more_at_once_than_one_transaction_takes(desk, monkeypatch):
    monkeypatch.setattr(approvals, "AT_ONCE", 2)
    ids = [await desk.ask(await desk.held(hours=1)) for _ in range(5)]
    work = work_of(desk)
    await work.jobs()["approvals"]()
    assert {(await desk.row(one)).state for one in ids} == {ApprovalState.PENDING}
    desk.wait(46 * 60)
    await work.jobs()["approvals"]()
    assert {(await desk.row(one)).state for one in ids} == {ApprovalState.EXPIRED}
    assert desk.told == 3


async def test_an_approved_one_is_carried_out_by_the_job(desk):
    _, approval_id = await desk.approved()
    await work_of(desk).jobs()["executions"]()
    assert ((await desk.row(approval_id)).state, len(desk.starts)) == (ApprovalState.EXECUTED, 1)


async def test_a_card_counts_down(desk):
    await desk.ask(await desk.held(hours=2))
    duty = work_of(desk).duty()

    async def wanted():
        await duty.run(None)
        return [one.wanted for one in await desk.all(Notice) if one.kind is NoticeKind.APPROVAL]

    [before] = await wanted()
    desk.wait(70 * 60)
    [after] = await wanted()
    assert after > before
