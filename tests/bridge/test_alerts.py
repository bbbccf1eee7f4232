"""Alerts as rows, on either database."""

import asyncio
from datetime import timedelta

import pytest

from bridge.alerts.acts import Answer
from bridge.alerts.desk import AlertDesk
from bridge.alerts.verdicts import Reason
from store.engine import Store
from store.tables import AlertState, Event, NoticeKind
from tests.bridge.alerting import DOWN, FAILED, ROUTING, RULES, SLOW, Scene


@pytest.fixture
def scene(store):
    return Scene(store)


def types(events):
    return [kind.removeprefix("alert.") for kind, _ in events]


async def shown(scene, *subjects):
    """Alerts that people see."""
    await scene.fire(*subjects)
    scene.wait(1)
    assert await scene.post() >= 1


# ---- one at a time


async def test_a_subject_has_one_open_alert_of_a_rule_however_often_it_is_judged(scene):
    for share in (0.2, 0.3, 0.25):
        await scene.fire(share=share)
    (alert,) = await scene.alerts()
    assert (alert.state, alert.facts["share"], alert.peak["share"]) == (AlertState.FIRING, 0.25, 0.3)
    assert (alert.open_key, alert.severity) == ("bounces|umail|task/1", "critical")
    assert types(await scene.events()) == ["firing"]


async def test_two_processes_that_see_the_same_open_one_alert(scene, database):
    other = Store(database)
    await other.open()
    twin = Scene(other)
    subjects = [f"task/{n}" for n in range(8)]
    await asyncio.gather(*(one.fire(subject) for subject in subjects for one in (scene, twin)))
    await other.close()
    assert sorted(alert.subject for alert in await scene.alerts()) == subjects
    assert types(await scene.events()) == ["firing"] * 8
    assert len(await scene.notices()) == 1


async def test_an_alert_that_ended_and_comes_back_is_another_one(scene):
    await scene.fire()
    await scene.clear()
    await scene.fire()
    old, new = await scene.alerts()
    assert (old.state, old.open_key, new.state) == (AlertState.RESOLVED, None, AlertState.FIRING)
    assert types(await scene.events()) == ["firing", "resolved", "firing"]


async def test_every_change_of_state_is_an_event_that_says_by_whom_and_why(scene):
    await shown(scene)
    alert = await scene.alert()
    await scene.act("snooze", "U0LIN", alert.id, await scene.store.now() + timedelta(minutes=5))
    scene.wait(5)
    await scene.due()
    await scene.act("acknowledge", "U0MEI", alert_ids=[alert.id])
    await scene.clear()
    events = await scene.events()
    assert types(events) == ["firing", "snoozed", "firing", "acknowledged", "resolved"]
    assert [(data["from"], data["to"]) for _, data in events] == [
        ("pending", "firing"),
        ("firing", "snoozed"),
        ("snoozed", "firing"),
        ("firing", "acknowledged"),
        ("acknowledged", "resolved"),
    ]
    assert [data["by"] for _, data in events] == [None, "U0LIN", None, "U0MEI", None]
    assert [data["reason"] for _, data in events] == [
        "above_limit",
        "above_limit",
        "snooze_over",
        "above_limit",
        "well",
    ]


async def test_what_its_firing_means_is_an_event_of_the_subject_too(scene):
    await scene.fire()
    await scene.clear()
    others = [(row.type, row.subject) for row in await scene.all(Event) if not row.type.startswith("alert.")]
    assert others == [("stats.bounce_rate_raised", "task/1"), ("stats.bounce_rate_cleared", "task/1")]


# ---- for


async def test_a_blip_shorter_than_for_tells_nobody(scene):
    await scene.fire(rule=SLOW)
    scene.wait(4)
    await scene.due()
    await scene.clear(rule=SLOW)
    scene.wait(4)
    await scene.due()
    assert (await scene.alerts(), await scene.notices(), await scene.events()) == ([], [], [])


async def test_what_holds_for_as_long_as_for_says_fires_without_being_judged_again(scene):
    await scene.fire(rule=SLOW)
    scene.wait(5)
    assert await scene.due() == 1
    assert (await scene.alert(rule="slow")).state is AlertState.FIRING
    assert await scene.due() == 0


# ---- people


async def test_an_acknowledgement_never_opens_again_what_was_resolved(scene):
    await shown(scene)
    alert = await scene.alert()
    await scene.clear()
    outcomes = await scene.act("acknowledge", "U0LIN", alert_ids=[alert.id])
    assert [(one.answer, one.by) for one in outcomes] == [(Answer.RESOLVED, None)]
    assert (await scene.alert()).state is AlertState.RESOLVED
    assert types(await scene.events()) == ["firing", "resolved"]


async def test_an_acknowledgement_that_races_a_resolve_leaves_it_resolved(scene, database):
    other = Store(database)
    await other.open()
    twin = Scene(other)
    for n in range(6):
        subject = f"task/{n}"
        await scene.fire(subject)
        alert = await scene.alert(subject)
        await asyncio.gather(twin.act("acknowledge", "U0LIN", alert_ids=[alert.id]), scene.clear(subject))
        assert (await scene.alert(subject)).state is AlertState.RESOLVED
        assert types(await scene.events(subject))[-1] == "resolved"
    await other.close()


async def test_the_second_to_acknowledge_is_told_who_was_first(scene):
    await shown(scene)
    alert = await scene.alert()
    first = await scene.act("acknowledge", "U0LIN", alert_ids=[alert.id])
    second = await scene.act("acknowledge", "U0MEI", alert_ids=[alert.id])
    assert [one.answer for one in (*first, *second)] == [Answer.DONE, Answer.ALREADY]
    assert second[0].by == "U0LIN"
    assert (await scene.alert()).acknowledged_by == "U0LIN"


async def test_an_alert_that_is_not_there_is_missing(scene):
    (outcome,) = await scene.act("acknowledge", "U0LIN", alert_ids=["no-such"])
    assert (outcome.answer, outcome.alert) == (Answer.MISSING, None)
    assert await scene.act("acknowledge", "U0LIN", notice_id="no-such") == []


async def test_acknowledge_covers_what_was_visible_and_not_what_joined_since(scene):
    await shown(scene, "task/1", "task/2")
    (notice,) = await scene.notices()
    seen = notice.shown
    await scene.fire("task/3")
    await scene.act("acknowledge", "U0LIN", notice_id=notice.id, version=seen)
    states = {alert.subject: alert.state for alert in await scene.alerts()}
    assert states == {
        "task/1": AlertState.ACKNOWLEDGED,
        "task/2": AlertState.ACKNOWLEDGED,
        "task/3": AlertState.FIRING,
    }


async def test_what_joined_is_covered_once_it_was_shown(scene):
    await shown(scene, "task/1")
    await scene.fire("task/2")
    scene.wait(1)
    await scene.post()
    (notice,) = await scene.notices()
    outcomes = await scene.act("acknowledge", "U0LIN", notice_id=notice.id, version=notice.shown)
    assert [one.answer for one in outcomes] == [Answer.DONE, Answer.DONE]


async def test_of_a_group_only_what_is_still_open_is_answered_for(scene):
    await shown(scene, "task/1", "task/2")
    await scene.clear("task/1")
    (notice,) = await scene.notices()
    outcomes = await scene.act("acknowledge", "U0LIN", notice_id=notice.id, version=notice.shown)
    assert [(one.answer, one.alert.subject) for one in outcomes] == [(Answer.DONE, "task/2")]
    await scene.clear("task/2")
    outcomes = await scene.act("acknowledge", "U0LIN", notice_id=notice.id, version=notice.shown)
    assert {one.answer for one in outcomes} == {Answer.RESOLVED}


async def test_what_a_person_closed_stays_closed_until_it_was_clear(scene):
    await shown(scene)
    alert = await scene.alert()
    outcome = await scene.act("resolve", "U0LIN", alert.id)
    assert (outcome.answer, outcome.alert.resolved_by) == (Answer.DONE, "U0LIN")
    await scene.fire(share=0.4)
    assert len(await scene.alerts()) == 1
    await scene.clear()
    await scene.fire()
    assert [one.state for one in await scene.alerts()] == [AlertState.RESOLVED, AlertState.FIRING]


async def test_what_a_person_closed_is_raised_for_another_reason(scene):
    await shown(scene)
    await scene.act("resolve", "U0LIN", (await scene.alert()).id)
    await scene.fire(reason=Reason.ABOVE_USUAL)
    assert [one.state for one in await scene.alerts()] == [AlertState.RESOLVED, AlertState.FIRING]


# ---- escalation


async def test_nobody_acknowledging_escalates_at_the_configured_minutes_also_after_a_restart(scene, database):
    await scene.fire()
    told = []
    for minute in range(1, 41):
        scene.wait(1)
        # Each minute another process, which knows nothing but the rows.
        fresh = Store(database)
        await fresh.open()
        fresh.clock_offset = scene.store.clock_offset
        await fresh.transact(AlertDesk(RULES, ROUTING).due)
        await fresh.close()
        told += [minute] * (len(await scene.notices(NoticeKind.ESCALATION)) - len(told))
    assert told == [15, 30]
    first, second = await scene.notices(NoticeKind.ESCALATION)
    assert (first.facts["step"], first.facts["who"]) == (1, ["S0ONCALL"])
    assert (second.facts["step"], second.facts["who"]) == (2, ["S0BOSS", "U0MEI"])
    assert types(await scene.events()) == ["firing", "escalated", "escalated"]
    assert (await scene.alert()).due_at is None


async def test_the_message_can_say_who_is_next(scene):
    await scene.fire()
    assert scene.desk.next_step(await scene.alert()).who == ("S0ONCALL",)
    await scene.pass_by(15)
    assert scene.desk.next_step(await scene.alert()).who == ("S0BOSS", "U0MEI")
    await scene.pass_by(15)
    assert scene.desk.next_step(await scene.alert()) is None


async def test_an_acknowledgement_ends_the_escalation(scene):
    await shown(scene)
    await scene.act("acknowledge", "U0LIN", alert_ids=[(await scene.alert()).id])
    await scene.pass_by(40)
    assert await scene.notices(NoticeKind.ESCALATION) == []


# ---- while the provider is down


async def test_what_depends_on_a_provider_that_is_down_is_held_and_judged_again_after(scene):
    await scene.down()
    await scene.fire("task/1", "task/2")
    await scene.fire(account="emailcar")
    held = await scene.alerts(account="umail", rule="bounces")
    assert [(alert.state, alert.held) for alert in held] == [(AlertState.PENDING, True)] * 2
    assert (await scene.alerts(account="emailcar"))[0].state is AlertState.FIRING
    await scene.up()
    await scene.fire("task/1")
    await scene.clear("task/2")
    assert [alert.subject for alert in await scene.alerts(account="umail", rule="bounces")] == ["task/1"]
    assert (await scene.alert()).state is AlertState.FIRING
    assert [data["about"] for kind, data in await scene.events() if data["rule"] == "bounces"] == ["task/1"] * 2


async def test_what_nobody_has_seen_yet_is_taken_back_when_the_provider_goes_down(scene):
    await scene.fire("task/1")
    await scene.down()
    assert [await scene.members(notice) for notice in await scene.notices()] == [["provider"]]
    await scene.up()
    await scene.fire("task/1")
    scene.wait(1)
    await scene.post()
    shown_subjects = {subject for notice in await scene.notices() for subject in await scene.members(notice)}
    assert "task/1" in shown_subjects


async def test_what_is_judged_by_nobody_after_an_outage_is_told_all_the_same(scene):
    await scene.down()
    await scene.fire("task/1", rule=FAILED, reason=Reason.STATUS)
    await scene.up()
    await scene.pass_by(11)
    assert (await scene.alert(rule="task-failed")).state is AlertState.FIRING
    assert ["task/1"] in [await scene.members(notice) for notice in await scene.notices()]


async def test_an_outage_that_a_person_closed_holds_nothing_back(scene):
    await scene.down()
    await scene.fire("task/1")
    outage = await scene.alert("provider", DOWN.name)
    await scene.act("resolve", "U0LIN", outage.id)
    await scene.do(lambda session, now: scene.desk.age(session, now, ["umail"]))
    scene.wait(10)
    await scene.due()
    assert (await scene.alert()).state is AlertState.FIRING


async def test_a_rule_that_is_gone_ends_its_alerts(scene):
    await shown(scene)
    await scene.fire("task/2", rule=FAILED, reason=Reason.STATUS)
    fewer = AlertDesk([rule for rule in RULES if rule.name != "bounces"], ROUTING)
    assert await scene.do(fewer.retire) == 1
    assert (await scene.alert()).state is AlertState.RESOLVED
    assert (await scene.alert("task/2", "task-failed")).state is AlertState.FIRING
    assert (await scene.events("task/1"))[-1][1]["reason"] == "rule_removed"
