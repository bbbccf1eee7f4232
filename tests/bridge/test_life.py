"""The life of an alert, as tables: what is so, what comes, what becomes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.alerts.life import (
    GRACE,
    Acknowledge,
    Assign,
    Clear,
    Fire,
    Hold,
    Life,
    Refusal,
    Release,
    Resolve,
    Snooze,
    Terms,
    Tick,
    outlived,
    step,
)
from bridge.events import EventType
from store.tables import AlertState

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIRE = Fire("above_limit", {"share": 0.1}, 0.1)
STEPS = Terms(steps=(15 * MINUTE, 30 * MINUTE))


def later(minutes):
    return NOW + minutes * MINUTE


def life(state=AlertState.FIRING, **more):
    known = {"reason": "above_limit", "facts": {"share": 0.1}, "peak": {"share": 0.1, "weight": 0.1}, "began_at": NOW}
    fired = {} if state is AlertState.PENDING else {"fired_at": NOW}
    return Life(state=state, **known | fired | more)


SNOOZED = life(AlertState.SNOOZED, snoozed_until=later(60), snoozed_by="U0LIN", due_at=later(60))
ACKNOWLEDGED = life(AlertState.ACKNOWLEDGED, acknowledged_by="U0LIN", acknowledged_at=NOW)
RESOLVED = life(AlertState.RESOLVED, resolved_at=NOW, claims=False)
CLOSED = life(AlertState.RESOLVED, resolved_at=NOW, resolved_by="U0LIN")
PENDING = life(AlertState.PENDING, due_at=later(5))
OPEN = [life(), ACKNOWLEDGED, SNOOZED]


# ---- raising


def test_without_a_for_it_fires_at_once():
    made = step(None, FIRE, NOW, STEPS)
    assert (made.life.state, made.life.fired_at, made.life.due_at) == (AlertState.FIRING, NOW, later(15))
    assert made.happened.type is EventType.ALERT_FIRING
    assert made.happened.data == {"from": "pending", "to": "firing", "reason": "above_limit"}


def test_it_fires_when_it_has_held_for_as_long_as_for_says():
    terms = Terms(wait=5 * MINUTE)
    made = step(None, FIRE, NOW, terms)
    assert (made.life.state, made.life.due_at, made.happened) == (AlertState.PENDING, later(5), None)
    assert step(made.life, FIRE, later(4), terms).happened is None
    assert step(made.life, Tick(), later(4), terms).life == made.life
    for given in (FIRE, Tick()):
        fired = step(made.life, given, later(5), terms)
        assert (fired.life.state, fired.life.began_at, fired.life.fired_at) == (AlertState.FIRING, NOW, later(5))


def test_a_blip_shorter_than_for_leaves_nothing_behind():
    made = step(PENDING, Clear("well"), later(4), Terms(wait=5 * MINUTE))
    assert (made.life, made.happened) == (None, None)


def test_what_there_is_none_of_is_not_cleared():
    for given in (Clear("well"), Tick(), Hold(), Release(), Acknowledge("U0LIN"), Resolve("U0LIN")):
        assert step(None, given, NOW, Terms()).life is None


def test_figures_follow_and_the_worst_are_kept():
    worse = step(life(), Fire("above_limit", {"share": 0.3}, 0.3), later(1), Terms()).life
    better = step(worse, Fire("above_limit", {"share": 0.2}, 0.2), later(2), Terms()).life
    assert better.facts == {"share": 0.2}
    assert better.peak == {"share": 0.3, "weight": 0.3, "at": later(1).isoformat()}


def test_the_same_again_changes_nothing():
    for known in OPEN:
        assert step(known, FIRE, later(1), STEPS).life == known


@pytest.mark.parametrize("known", OPEN)
def test_it_is_resolved_from_any_open_state(known):
    made = step(known, Clear("well"), later(9), STEPS)
    assert (made.life.state, made.life.resolved_at, made.life.due_at) == (AlertState.RESOLVED, later(9), None)
    assert made.life.claims is False
    assert made.happened.type is EventType.ALERT_RESOLVED
    assert made.happened.data["from"] == known.state.value


# ---- people


@pytest.mark.parametrize("known", [life(due_at=later(15)), SNOOZED])
def test_an_acknowledged_one_is_due_for_nothing(known):
    made = step(known, Acknowledge("U0MEI"), later(1), STEPS)
    assert (made.life.state, made.life.acknowledged_by) == (AlertState.ACKNOWLEDGED, "U0MEI")
    assert (made.life.acknowledged_at, made.life.due_at, made.life.snoozed_until) == (later(1), None, None)
    assert made.happened.data["by"] == "U0MEI"


@pytest.mark.parametrize(
    ("known", "given", "refused"),
    [
        (ACKNOWLEDGED, Acknowledge("U0MEI"), Refusal.ALREADY),
        (RESOLVED, Acknowledge("U0MEI"), Refusal.RESOLVED),
        (CLOSED, Acknowledge("U0MEI"), Refusal.RESOLVED),
        (RESOLVED, Snooze("U0MEI", later(60)), Refusal.RESOLVED),
        (RESOLVED, Resolve("U0MEI"), Refusal.RESOLVED),
        (PENDING, Acknowledge("U0MEI"), Refusal.PENDING),
        (PENDING, Snooze("U0MEI", later(60)), Refusal.PENDING),
        (PENDING, Resolve("U0MEI"), Refusal.PENDING),
        (RESOLVED, Assign("U0MEI", "U0LIN"), Refusal.RESOLVED),
        (PENDING, Assign("U0MEI", "U0LIN"), Refusal.PENDING),
        (life(assigned_to="U0LIN"), Assign("U0MEI", "U0LIN"), Refusal.ALREADY),
    ],
)
def test_what_is_over_or_has_not_begun_is_not_touched(known, given, refused):
    made = step(known, given, later(1), STEPS)
    assert (made.life, made.happened, made.refused) == (known, None, refused)


@pytest.mark.parametrize("known", [life(due_at=later(15)), ACKNOWLEDGED, SNOOZED])
def test_who_it_is_assigned_to_changes_nothing_else(known):
    made = step(known, Assign("U0MEI", "U0LIN"), later(1), STEPS)
    assert made.life == replace(known, assigned_to="U0LIN")
    assert made.happened.type is EventType.ALERT_ASSIGNED
    assert (made.happened.data["by"], made.happened.data["who"]) == ("U0MEI", "U0LIN")
    assert step(made.life, Assign("U0MEI", "U0OPS"), later(2), STEPS).life.assigned_to == "U0OPS"


@pytest.mark.parametrize("known", OPEN)
def test_a_snooze_ends_by_firing_again_and_escalates_from_the_beginning(known):
    snoozed = step(replace(known, step=2), Snooze("U0MEI", later(30)), NOW, STEPS).life
    assert (snoozed.state, snoozed.due_at, snoozed.acknowledged_by) == (AlertState.SNOOZED, later(30), None)
    assert step(snoozed, Tick(), later(29), STEPS).life == snoozed
    back = step(snoozed, Tick(), later(30), STEPS)
    assert (back.life.state, back.life.step, back.life.due_at) == (AlertState.FIRING, 0, later(45))
    assert back.life.fired_at == NOW
    assert back.happened.data == {"from": "snoozed", "to": "firing", "reason": "snooze_over"}


def test_what_a_person_closed_is_not_raised_again_until_it_was_clear():
    closed = step(life(), Resolve("U0MEI"), later(1), STEPS).life
    assert (closed.state, closed.resolved_by, closed.claims) == (AlertState.RESOLVED, "U0MEI", True)
    assert step(closed, FIRE, later(2), STEPS).life == closed
    freed = step(closed, Clear("well"), later(3), STEPS)
    assert (freed.life, freed.happened) == (replace(closed, claims=False), None)


@pytest.mark.parametrize(
    ("known", "fire", "wanted"),
    [
        (CLOSED, FIRE, False),
        (CLOSED, Fire("above_usual", {"share": 0.1}), True),
        (replace(CLOSED, facts={"status": "stopped"}), Fire("above_limit", {"status": "failed"}), True),
        (life(), Fire("above_usual", {}), False),
    ],
)
def test_what_a_person_closed_does_not_stand_in_the_way_of_something_else(known, fire, wanted):
    assert outlived(known, fire) is wanted


# ---- escalation


def test_steps_are_taken_one_after_the_other_while_nobody_acknowledges():
    known = step(None, FIRE, NOW, STEPS).life
    seen = []
    for minute in range(60):
        made = step(known, Tick(), later(minute), STEPS)
        known = made.life
        if made.happened:
            seen.append((minute, made.happened.type, made.happened.data["step"]))
    assert seen == [(15, EventType.ALERT_ESCALATED, 1), (30, EventType.ALERT_ESCALATED, 2)]
    assert known.due_at is None


def test_after_a_long_stop_one_step_is_taken_and_the_next_one_waits_its_time():
    known = life(due_at=later(15))
    made = step(known, Tick(), later(300), STEPS)
    assert (made.life.step, made.life.due_at) == (1, later(315))


@pytest.mark.parametrize("known", [ACKNOWLEDGED, SNOOZED, RESOLVED])
def test_nothing_but_what_fires_escalates(known):
    made = step(known, Tick(), later(59), STEPS)
    assert (made.life, made.happened) == (known, None)


def test_a_silence_postpones_a_step_until_it_is_over():
    until = later(90)
    known = life(due_at=later(15))
    made = step(known, Tick(), later(15), replace(STEPS, silenced_until=until))
    assert (made.life.step, made.life.due_at, made.happened) == (0, until, None)
    assert step(made.life, Tick(), until, STEPS).life.step == 1


def test_quiet_hours_postpone_a_step_until_the_morning():
    made = step(life(due_at=later(15)), Tick(), later(15), replace(STEPS, quiet_until=later(360)))
    assert (made.life.step, made.life.due_at) == (0, later(360))


def test_what_is_told_in_the_morning_escalates_from_then_on():
    made = step(None, FIRE, NOW, replace(STEPS, quiet_until=later(360)))
    assert made.life.due_at == later(375)


def test_what_fired_in_a_silence_falls_due_at_its_end_and_escalates_from_then_on():
    made = step(None, FIRE, NOW, replace(STEPS, silenced_until=later(90)))
    assert (made.life.state, made.life.due_at) == (AlertState.FIRING, later(90))
    told = step(made.life, Tick(), later(90), replace(STEPS, told=False))
    assert (told.life.step, told.life.due_at, told.happened) == (0, later(105), None)


# ---- while the provider is down

DOWN = replace(STEPS, down=True, wait=5 * MINUTE)
UP = replace(DOWN, down=False)


@pytest.mark.parametrize("minute", [0, 10])
def test_what_begins_while_the_provider_is_down_is_held_back(minute):
    made = step(None, FIRE, NOW, replace(DOWN, wait=timedelta(0)))
    assert (made.life.state, made.life.held, made.life.due_at) == (AlertState.PENDING, True, None)
    assert step(made.life, FIRE, later(minute), DOWN).happened is None


def test_what_is_pending_when_the_provider_goes_away_is_held_back_too():
    held = step(PENDING, Hold(), later(1), DOWN).life
    assert (held.held, held.due_at) == (True, None)
    assert step(PENDING, Tick(), later(5), DOWN).life == held


def test_judged_again_it_is_raised_or_forgotten():
    held = step(PENDING, Hold(), later(1), DOWN).life
    released = step(held, Release(), later(30), UP).life
    assert (released.held, released.due_at) == (True, later(30) + GRACE)
    assert step(released, Clear("well"), later(31), UP).life is None
    raised = step(released, FIRE, later(31), UP)
    assert (raised.life.state, raised.life.held, raised.life.due_at) == (AlertState.FIRING, False, later(46))


def test_judged_by_nobody_it_is_raised_as_it_was():
    released = step(step(PENDING, Hold(), later(1), DOWN).life, Release(), later(30), UP).life
    assert step(released, Tick(), later(39), UP).happened is None
    assert step(released, Tick(), later(40), UP).life.state is AlertState.FIRING


def test_what_fires_is_not_escalated_while_it_is_held_and_goes_on_afterwards():
    held = step(life(step=1, due_at=later(30)), Hold(), later(20), DOWN).life
    assert step(held, Tick(), later(90), DOWN).life == held
    released = step(held, Release(), later(90), UP).life
    for given, minute in ((FIRE, 91), (Tick(), 100)):
        back = step(released, given, later(minute), UP)
        assert (back.life.held, back.life.step, back.life.due_at) == (False, 1, later(minute + 15))
        assert back.happened is None


def test_a_snooze_that_ends_while_it_is_held_ends_when_the_provider_is_back():
    held = step(SNOOZED, Hold(), later(1), DOWN).life
    over = step(held, Tick(), later(60), DOWN).life
    assert (over.state, over.held, over.due_at) == (AlertState.SNOOZED, True, None)
    released = step(over, Release(), later(70), UP).life
    back = step(released, Tick(), later(80), UP)
    assert (back.life.state, back.life.held, back.happened.data["reason"]) == (AlertState.FIRING, False, "snooze_over")


def test_a_snooze_outlasts_an_outage():
    released = step(step(SNOOZED, Hold(), later(1), DOWN).life, Release(), later(2), UP).life
    assert step(released, Tick(), later(12), UP).life == SNOOZED
    assert step(released, FIRE, later(3), UP).life == SNOOZED


@pytest.mark.parametrize("known", [life(), SNOOZED])
def test_what_is_acknowledged_while_it_is_held_is_let_go_in_time(known):
    released = step(step(known, Hold(), later(1), DOWN).life, Release(), later(2), UP).life
    taken = step(released, Acknowledge("U0MEI"), later(3), UP).life
    assert step(taken, Tick(), later(12), UP).life == replace(taken, held=False, due_at=None)


@pytest.mark.parametrize("known", OPEN)
def test_what_is_held_can_be_resolved_and_acknowledged(known):
    held = step(known, Hold(), later(1), DOWN).life
    assert step(held, Clear("well"), later(2), DOWN).life.state is AlertState.RESOLVED
    assert step(held, Acknowledge("U0MEI"), later(2), DOWN).refused in (None, Refusal.ALREADY)
