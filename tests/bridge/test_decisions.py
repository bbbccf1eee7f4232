"""Which change makes sense in which state, and when one is fulfilled."""

from datetime import UTC, datetime

import pytest

from bridge.changes.decisions import Action, Verdict, decide, fulfilled
from providers.model import SendId, Task, TaskStatus

S = TaskStatus
BASIC = {S.DRAFT, S.PAUSED, S.SCHEDULED, S.CANCELLED}
V3 = {S.DRAFT, S.SCHEDULED}
GO, ALREADY, FINISHED = Verdict.GO, Verdict.ALREADY, Verdict.FINISHED
FAILED, RUNNING, ODD, NO_CALL = Verdict.FAILED, Verdict.RUNNING, Verdict.NOT_EXPLAINED, Verdict.NO_SUCH_CALL


def task(status):
    return Task(
        account="umail",
        observed_at=datetime(2026, 11, 21, tzinfo=UTC),
        source="task.php?do=task-list",
        id=SendId("19124"),
        status=status,
        raw_status="?",
    )


# For each state: pause, resume, cancel, delete, edit.
TABLE = {
    S.DRAFT: (ALREADY, GO, GO, GO, GO),
    S.QUEUED: (GO, ALREADY, GO, GO, GO),
    S.SCHEDULED: (GO, ALREADY, GO, GO, GO),
    S.SENDING: (GO, ALREADY, GO, RUNNING, RUNNING),
    S.SENT: (FINISHED, FINISHED, FINISHED, GO, FINISHED),
    S.PAUSED: (ALREADY, GO, GO, GO, GO),
    S.CANCELLED: (FINISHED, FINISHED, ALREADY, GO, FINISHED),
    S.STOPPED: (FINISHED, FINISHED, FINISHED, GO, FINISHED),
    S.FAILED: (FAILED, FAILED, FAILED, GO, FAILED),
    S.UNKNOWN: (ODD, ODD, ODD, GO, ODD),
}


def test_the_table_covers_every_status():
    assert set(TABLE) == set(TaskStatus)


@pytest.mark.parametrize("status", TaskStatus)
def test_what_may_be_done_in_which_state(status):
    actions = (Action.PAUSE, Action.RESUME, Action.CANCEL, Action.DELETE, Action.EDIT)
    assert tuple(decide(action, task(status), BASIC.__contains__).verdict for action in actions) == TABLE[status]


def test_a_task_that_has_not_begun_is_held_instead_of_paused():
    decision = decide(Action.PAUSE, task(S.SCHEDULED), BASIC.__contains__)
    assert (decision.action, decision.wanted) == (Action.HOLD, S.DRAFT)


def test_v3_pauses_by_holding_because_it_accepts_nothing_else():
    decision = decide(Action.PAUSE, task(S.SENDING), V3.__contains__)
    assert (decision.verdict, decision.action, decision.wanted) == (GO, Action.PAUSE, S.DRAFT)


def test_v3_cannot_cancel():
    assert decide(Action.CANCEL, task(S.SENDING), V3.__contains__).verdict is NO_CALL


@pytest.mark.parametrize(
    ("wanted", "seen", "answer"),
    [
        (S.PAUSED, S.PAUSED, True),
        (S.PAUSED, S.SENDING, False),
        (S.DRAFT, S.PAUSED, True),
        (S.SCHEDULED, S.SENDING, True),
        (S.SCHEDULED, S.PAUSED, False),
        (S.CANCELLED, S.CANCELLED, True),
    ],
)
def test_a_change_is_fulfilled_by_what_is_observed(wanted, seen, answer):
    assert fulfilled(wanted, task(seen)) is answer


def test_a_deletion_is_fulfilled_when_the_task_is_gone():
    assert (fulfilled(None, None), fulfilled(None, task(S.DRAFT)), fulfilled(S.PAUSED, None)) == (True, False, False)
