"""A process that carries out what was approved may die between any two steps. With real processes.

The send starts at most once, and never without enough votes; a restart finishes it, or says what came of it.
"""

import pytest

import bridge.changes.tasks
from bridge.approvals.execution import STEPS
from bridge.changes import drafts, posting
from sandbox.mailing import Status
from store.engine import Store
from store.runs import take_interrupted
from store.tables import ApprovalState, DraftState, Outcome
from tests.bridge import mortal
from tests.bridge.asking import MEI, Asking
from tests.bridge.mortal import KILLED

S = ApprovalState
BEFORE = STEPS[: STEPS.index("intended")]
"""Nothing is written down yet of what is to be asked for."""
POSTING = (*BEFORE, *posting.STEPS, "settled", "written")
LEASE = 121


class Mortal(Asking):
    """A scene in which processes die."""

    def __init__(self, *args):
        super().__init__(*args)
        self.url = ""

    async def dies_at(self, step):
        return await mortal.run(self.url, self.environ, self.store.clock_offset, step)

    async def restart(self, approval_id):
        """Start again and again, with time in between, until nothing is left to do."""
        for _ in range(4):
            self.wait(LEASE)
            await self.run()
        row = await self.row(approval_id)
        assert (row.lease_until, row.due_at is None or row.state is S.PENDING) == (None, True)
        return row


@pytest.fixture
async def desk(database, monkeypatch):
    monkeypatch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
    store = Store(database)
    await store.migrate()
    await store.open()
    desk = await Mortal.open(store)
    desk.url = database
    yield desk
    await desk.close()
    await store.close()


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_lets_it_go_at_most_once_and_a_restart_knows(desk, step):
    task_id, approval_id = await desk.approved()
    assert await desk.dies_at(step) == KILLED
    row = await desk.restart(approval_id)
    if step == "intended":
        # It may have been asked for, as far as anybody can tell afterwards: it is looked at, and not asked for again.
        assert (row.state, row.note, len(desk.starts), desk.task(task_id).status) == (
            S.FAILED,
            "not_done",
            0,
            Status.HELD,
        )
    else:
        assert (row.state, len(desk.starts), desk.task(task_id).status) == (S.EXECUTED, 1, Status.WAITING)
    assert len(await desk.ends()) == 1
    assert [run.outcome is not None for run in await desk.runs()] == [True]


@pytest.mark.parametrize("step", BEFORE)
async def test_killed_again_and_again_before_it_asks_it_still_lets_it_go_once(desk, step):
    _, approval_id = await desk.approved()
    for _ in range(3):
        assert await desk.dies_at(step) == KILLED
        desk.wait(LEASE)
    assert ((await desk.restart(approval_id)).state, len(desk.starts)) == (S.EXECUTED, 1)


@pytest.mark.parametrize("step", BEFORE)
async def test_a_role_that_is_taken_away_after_the_kill_stops_it(desk, step):
    _, approval_id = await desk.approved()
    assert await desk.dies_at(step) == KILLED
    desk.lost = (MEI,)
    assert ((await desk.restart(approval_id)).state, desk.edits) == (S.PENDING, [])


@pytest.mark.parametrize("step", BEFORE)
async def test_what_is_changed_after_the_kill_is_asked_anew(desk, step):
    task_id, approval_id = await desk.approved()
    assert await desk.dies_at(step) == KILLED
    desk.task(task_id).settings.fullname = "别人"
    assert ((await desk.restart(approval_id)).state, desk.edits) == (S.VOIDED, [])


@pytest.mark.parametrize("step", BEFORE)
async def test_a_restart_after_its_time_never_lets_it_go(desk, step):
    _, approval_id = await desk.approved(hours=1)
    assert await desk.dies_at(step) == KILLED
    desk.wait(3600)
    row = await desk.restart(approval_id)
    assert (row.state, row.note, desk.edits) == (S.EXPIRED, "late", [])


@pytest.mark.parametrize("fault", ["lost_reply", "http_500", "truncated", "late_apply"])
@pytest.mark.parametrize("step", ["asked", "read_back", "settled"])
async def test_a_kill_while_the_vendor_is_in_trouble_lets_it_go_at_most_once(desk, step, fault):
    task_id, approval_id = await desk.approved()
    desk.box.faults.inject("umail", fault, call="edit-task", seconds=30)
    assert await desk.dies_at(step) == KILLED
    row = await desk.restart(approval_id)
    carried_out = desk.task(task_id).status is Status.WAITING
    assert (row.state, len(desk.edits)) == (S.EXECUTED if carried_out else S.FAILED, 1)


async def test_a_run_that_was_taken_for_interrupted_ends_with_what_came_of_it(desk):
    _, approval_id = await desk.approved()
    assert await desk.dies_at("counted") == KILLED
    desk.wait(LEASE)
    assert (await take_interrupted(desk.store)).outcome is Outcome.INTERRUPTED
    await desk.restart(approval_id)
    assert [run.outcome for run in await desk.runs()] == [Outcome.DONE]


async def test_nothing_goes_without_enough_votes_whoever_dies(desk):
    task_id = await desk.held()
    approval_id = await desk.ask(task_id)
    assert await desk.dies_at("claimed") == 0
    assert ((await desk.restart(approval_id)).state, desk.edits) == (S.PENDING, [])


@pytest.mark.parametrize("step", POSTING)
async def test_a_kill_at_any_step_of_a_message_sends_it_at_most_once(desk, step):
    draft = await desk.written()
    approval_id = await desk.ask_letter(draft)
    await desk.say_yes(approval_id)
    assert await desk.dies_at(step) == KILLED
    row = await desk.restart(approval_id)
    kept = await drafts.find(desk.store, draft.id)
    if step in posting.STEPS:
        # Nothing at a vendor tells whether it went out: nobody sends it again.
        assert (row.state, kept.state) == (S.UNKNOWN, DraftState.UNKNOWN)
        assert len(desk.submissions) == posting.STEPS.index(step)
    else:
        assert (row.state, len(desk.submissions), kept.state) == (S.EXECUTED, 1, DraftState.SENT)
