"""What receivers should show: groups, threads, edits that coalesce, and ends that always follow."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.alerts import silences
from bridge.alerts.routes import QuietHours, Route, Routing
from bridge.alerts.verdicts import Clear
from bridge.alerts.wall import Wall
from bridge.notices import subscriptions
from bridge.notices import telling as notices
from store.tables import AlertState, Event, Notice, NoticeAlert, NoticeKind
from tests.bridge.alerting import FAILED, ONCALL, Scene


@pytest.fixture
def scene(store):
    return Scene(store)


async def shown(scene, *subjects, **more):
    await scene.fire(*subjects, **more)
    scene.wait(seconds=11)
    await scene.post()


# ---- one message for a group


async def test_a_message_waits_for_others_of_its_group_and_is_then_one(scene):
    await scene.fire("task/1")
    now = await scene.store.now()
    (notice,) = await scene.notices()
    assert timedelta(seconds=9) < notice.due_at - now <= timedelta(seconds=10)
    assert (notice.receiver, notice.priority, notice.facts["severity"]) == ("C0ALERTS", 0, "critical")
    assert notice.facts["labels"] == {"account": "umail", "rule": "bounces"}
    assert notice.facts["mention"] == ["S0ONCALL"]
    scene.wait(seconds=5)
    await scene.fire("task/2")
    assert await scene.post() == 0
    scene.wait(seconds=6)
    assert await scene.post() == 1
    assert await scene.members(notice) == ["task/1", "task/2"]


async def test_who_comes_later_joins_by_an_edit_and_much_later_makes_a_message_that_is_heard(scene):
    await shown(scene, "task/1")
    scene.wait(4)
    await scene.fire("task/2")
    assert [await scene.members(one) for one in await scene.notices()] == [["task/1", "task/2"]]
    scene.wait(2)
    await scene.post()
    await scene.fire("task/3")
    assert [await scene.members(one) for one in await scene.notices()] == [["task/1", "task/2"], ["task/3"]]
    old, new = await scene.notices()
    assert old.open_key is None
    assert new.open_key is not None


async def test_what_differs_in_account_rule_or_severity_is_another_message(scene):
    await scene.fire("task/1")
    await scene.fire("task/1", account="emailcar")
    await scene.fire("task/1", rule=FAILED)
    assert len(await scene.notices()) == 3


async def test_a_thousand_alerts_are_one_message_with_pages_in_its_thread(scene):
    subjects = [f"task/{n}" for n in range(1000)]

    await scene.fire(*subjects)
    (notice,) = await scene.notices()
    assert (notice.wanted, len(await scene.members(notice))) == (1, 1000)
    pages = await scene.notices(NoticeKind.MEMBERS)
    assert sorted(page.page for page in pages) == [*range(50)]
    assert {page.parent_id for page in pages} == {notice.id}
    scene.wait(1)
    assert await scene.post() == 51
    await scene.clear("task/45")
    due = [one.page for one in await scene.notices(NoticeKind.MEMBERS) if one.due_at]
    assert due == [2], "only the page that lists it"


async def test_up_to_ten_alerts_need_no_pages(scene):
    await shown(scene, *(f"task/{n}" for n in range(10)))
    assert await scene.notices(NoticeKind.MEMBERS) == []
    await scene.fire("task/10")
    (page,) = await scene.notices(NoticeKind.MEMBERS)
    assert page.page == 0


# ---- edits


async def test_edits_coalesce_whatever_happens_in_between(scene):
    await shown(scene)
    for share in (0.3, 0.4, 0.5):
        await scene.fire(share=share)
    (notice,) = await scene.notices()
    assert (notice.shown, notice.wanted) == (1, 4)
    assert await scene.post() == 0, "figures may wait a little"
    scene.wait(seconds=31)
    assert await scene.post() == 1


async def test_the_same_figures_again_touch_nothing(scene):
    await shown(scene)
    await scene.fire()
    (notice,) = await scene.notices()
    assert (notice.wanted, notice.due_at) == (notice.shown, None)


async def test_flapping_makes_edits_and_no_storm_of_messages(scene):
    sent = 0
    for _ in range(20):
        await scene.fire()
        scene.wait(seconds=30)
        sent += await scene.post()
        await scene.clear()
        scene.wait(seconds=30)
        sent += await scene.post()
    assert len(await scene.alerts()) == 20
    assert len(await scene.notices()) == 4, "one each five minutes"
    assert sent <= 40


async def test_a_blip_within_the_groups_wait_is_not_said(scene):
    await scene.fire("task/1", "task/2")
    scene.wait(seconds=5)
    await scene.clear("task/1")
    (notice,) = await scene.notices()
    assert await scene.members(notice) == ["task/2"]
    await scene.clear("task/2")
    assert await scene.notices() == []


async def test_what_waits_for_slack_is_said_even_when_it_is_over(scene):
    await scene.fire()
    scene.wait(3)
    await scene.clear()
    (notice,) = await scene.notices()
    assert await scene.members(notice) == ["task/1"]
    assert await scene.post() == 1


async def test_a_click_whose_notice_did_not_change_otherwise_is_seen_at_once(scene):
    await shown(scene)
    await scene.act("acknowledge", "U0LIN", alert_ids=[(await scene.alert()).id])
    (notice,) = await scene.notices()
    assert notice.wanted == notice.shown + 1
    assert notice.due_at <= await scene.store.now()


async def test_what_is_parked_stays_parked_and_knows_that_more_is_wanted(scene):
    await shown(scene)
    (notice,) = await scene.notices()

    def park(session, now):
        row = session.get(Notice, notice.id)
        row.parked, row.due_at = "is_archived", None

    await scene.do(park)
    await scene.clear()
    (notice,) = await scene.notices()
    assert (notice.due_at, notice.parked, notice.wanted) == (None, "is_archived", 2)


# ---- a resolve follows whenever its firing was shown


@pytest.mark.parametrize("how", ["plain", "silenced", "snoozed", "acknowledged", "held"])
async def test_a_resolve_follows_whenever_its_firing_was_shown(scene, how):
    await shown(scene)
    alert = await scene.alert()
    later = await scene.store.now() + timedelta(hours=2)
    match how:
        case "silenced":
            await scene.do(lambda s, now: silences.add(s, now, {"rule": "bounces"}, until=later, user="U0LIN"))
        case "snoozed":
            await scene.act("snooze", "U0LIN", alert.id, later)
        case "acknowledged":
            await scene.act("acknowledge", "U0LIN", alert_ids=[alert.id])
        case "held":
            await scene.down()
    scene.wait(1)
    await scene.post()
    await scene.clear()
    notice = (await scene.notices())[0]
    assert notice.wanted == notice.shown + 1
    assert notice.due_at <= await scene.store.now()
    assert (notice.closed_at is not None, notice.repeat_at) == (True, None)


# ---- threads


async def test_a_thread_tells_the_story_once_somebody_has_done_something(scene):
    await shown(scene)
    assert await scene.notices(NoticeKind.HISTORY) == []
    await scene.act("acknowledge", "U0LIN", alert_ids=[(await scene.alert()).id])
    (story,) = await scene.notices(NoticeKind.HISTORY)
    (notice,) = await scene.notices()
    assert (story.parent_id, story.receiver, story.page) == (notice.id, "C0ALERTS", 0)
    await scene.post()
    await scene.clear()
    (story,) = await scene.notices(NoticeKind.HISTORY)
    assert story.wanted == story.shown + 1


async def test_a_long_story_has_pages_and_an_end(scene):
    subjects = [f"task/{n}" for n in range(150)]
    await shown(scene, *subjects)
    (notice,) = await scene.notices()
    await scene.act("acknowledge", "U0LIN", notice_id=notice.id)
    pages = await scene.notices(NoticeKind.HISTORY)
    assert sorted(page.page for page in pages) == [*range(notices.HISTORY_PAGES)]


async def test_an_escalation_is_an_entry_of_the_thread_of_its_own(scene):
    await shown(scene, "task/1")
    scene.wait(15)
    await scene.due()
    (entry,) = await scene.notices(NoticeKind.ESCALATION)
    (notice,) = await scene.notices()
    assert (entry.parent_id, entry.priority) == (notice.id, 0)
    assert {key: entry.facts[key] for key in ("why", "step", "who")} == {"why": "step", "step": 1, "who": ["S0ONCALL"]}


async def test_a_group_that_escalates_is_one_entry(scene):
    for n in range(5):
        await scene.fire(f"task/{n}")
        scene.wait(seconds=20)
        await scene.post()
    for _ in range(30):
        scene.wait(1)
        await scene.due()
        await scene.post()
    entries = await scene.notices(NoticeKind.ESCALATION)
    assert [entry.facts["step"] for entry in entries] == [1, 2]
    assert {alert.step for alert in await scene.alerts()} == {2}


async def test_what_joined_after_an_acknowledgement_escalates_too(scene):
    await shown(scene, "task/1")
    scene.wait(4)
    await scene.fire("task/2")
    await scene.act("acknowledge", "U0LIN", alert_ids=[(await scene.alert("task/1")).id])
    await scene.pass_by(16)
    assert [entry.facts["step"] for entry in await scene.notices(NoticeKind.ESCALATION)] == [1]


async def test_an_escalation_that_nobody_has_seen_yet_is_dropped_when_somebody_acknowledges(scene):
    await shown(scene)
    scene.wait(15)
    await scene.due()
    await scene.act("acknowledge", "U0LIN", alert_ids=[(await scene.alert()).id])
    assert await scene.notices(NoticeKind.ESCALATION) == []


# ---- said again


async def test_a_snooze_ends_and_what_is_still_true_is_said_again(scene):
    await shown(scene)
    until = await scene.store.now() + timedelta(minutes=30)
    await scene.act("snooze", "U0LIN", (await scene.alert()).id, until)
    await scene.pass_by(31)
    (entry,) = await scene.notices(NoticeKind.ESCALATION)
    assert entry.facts["why"] == "snooze_over"
    assert (await scene.alert()).state is AlertState.FIRING


async def test_what_ended_during_a_snooze_is_not_said_again(scene):
    await shown(scene)
    until = await scene.store.now() + timedelta(minutes=30)
    await scene.act("snooze", "U0LIN", (await scene.alert()).id, until)
    await scene.clear()
    await scene.pass_by(31)
    assert await scene.notices(NoticeKind.ESCALATION) == []


@pytest.fixture
def patient(store):
    """Nobody is on call, so that only the repetition speaks."""
    return Scene(store, Routing((Route(receivers=("C0ALERTS",)),)))


async def test_what_nobody_acknowledges_is_said_again_at_intervals(patient):
    await shown(patient)
    for _ in range(9):
        patient.wait(60)
        await patient.due()
        await patient.post()
    entries = await patient.notices(NoticeKind.ESCALATION)
    assert [entry.facts["why"] for entry in entries] == ["repeat"] * 2


async def test_what_somebody_looks_after_is_not_said_again(patient):
    await shown(patient)
    await patient.act("acknowledge", "U0LIN", alert_ids=[(await patient.alert()).id])
    for _ in range(9):
        patient.wait(60)
        await patient.due()
    assert await patient.notices(NoticeKind.ESCALATION) == []


# ---- quiet hours


def quiet(now, begin, end):
    """Quiet from `begin` to `end` hours after now."""
    clock = [(now + timedelta(hours=hours)).strftime("%H:%M") for hours in (begin, end)]
    return (QuietHours.model_validate({"from": clock[0], "to": clock[1]}),)


async def test_quiet_hours_hold_a_warning_back_until_the_morning_and_let_what_is_critical_through(store):
    now = await store.now()
    scene = Scene(store, Routing((Route(receivers=("C0ALERTS",), oncall="edm"),), None, ONCALL, quiet(now, -1, 6)))
    await scene.fire("task/1", rule=FAILED)
    await scene.fire("task/2")
    warning, critical = await scene.notices()
    assert timedelta(hours=5, minutes=58) < warning.due_at - now < timedelta(hours=6, minutes=1)
    assert critical.due_at - now < timedelta(minutes=1)
    scene.wait(60)
    await scene.fire("task/3", rule=FAILED)
    await scene.clear("task/1", rule=FAILED)
    assert await scene.members(warning) == ["task/1", "task/3"], "what ended in the night is told in the morning"
    alert = await scene.alert("task/3", "task-failed")
    assert alert.due_at > warning.due_at, "it escalates from when people are told"


# ---- everything else


async def test_a_note_with_a_key_is_one_message_and_without_it_each_is_its_own(scene):
    def told(session, now):
        for text in ("a", "b"):
            facts = {"template": "note", "facts": {"text": text}}
            notices.tell(session, now, "U0MEI", NoticeKind.NOTE, facts)
            notices.tell(session, now, "C0DIGEST", NoticeKind.DIGEST, facts, key="2026-11-21")

    await scene.do(told)
    assert len(await scene.notices(NoticeKind.NOTE)) == 2
    (digest,) = await scene.notices(NoticeKind.DIGEST)
    assert (digest.facts["facts"]["text"], digest.wanted) == ("b", 2)


# ---- subscriptions


def event(number, type="task.failed", account="umail", **data):  # noqa: A002
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Event(
        id=f"{number}-{type}", account=account, type=type, subject="task/1", time=at, recorded_at=at, data=data
    )


async def subscribe(scene, receiver="C0TEAM", types="task.*", **more):
    return await scene.do(
        lambda s, now: subscriptions.add(s, now, receiver=receiver, types=types, user="U0LIN", **more)
    )


async def tell(scene, *events):
    await scene.do(lambda s, now: subscriptions.tell(s, now, events, subscriptions.everybody(s)))


@pytest.mark.parametrize(
    ("types", "severity", "account", "wanted"),
    [
        ("task.*", None, None, ["task.failed", "task.paused"]),
        ("task.failed", None, None, ["task.failed"]),
        ("task.*", "critical", None, ["task.failed"]),
        ("task.*", None, "emailcar", []),
        ("*", None, None, ["task.failed", "task.paused", "stats.bounce_rate_raised"]),
        ("task.progressed", None, None, ["task.progressed"]),
        ("alert.*", None, None, []),
        ("alert.resolved", "warning", None, ["alert.resolved"]),
        ("alert.resolved", "critical", None, []),
    ],
)
async def test_a_subscription_asks_for_types_a_severity_and_an_account(scene, types, severity, account, wanted):
    await subscribe(scene, types=types, severity=severity, account=account)
    seen = ["task.failed", "task.paused", "task.progressed", "stats.bounce_rate_raised"]
    events = [event(1, one) for one in seen] + [event(1, "alert.resolved", severity="warning")]
    if types == "*":
        events.pop()
    await tell(scene, *events)
    told = [one for notice in await scene.notices(NoticeKind.EVENTS) for one in notice.facts["events"]]
    assert told == [f"1-{one}" for one in wanted]


async def test_events_share_a_message_until_it_is_sent(scene):
    await subscribe(scene)
    await tell(scene, *(event(n) for n in range(20)))
    await tell(scene, *(event(n) for n in range(20, 45)))
    first, second = await scene.notices(NoticeKind.EVENTS)
    assert [len(one.facts["events"]) for one in (first, second)] == [subscriptions.MOST, 15]
    scene.wait(1)
    await scene.post()
    await tell(scene, event(99))
    assert [one.facts["events"] for one in await scene.notices(NoticeKind.EVENTS)][-1] == ["99-task.failed"]


async def test_who_subscribed_to_alerts_sees_them_as_alerts(scene):
    await subscribe(scene, types="alert.*", severity="critical")
    await scene.fire("task/1")
    await scene.fire("task/2", rule=FAILED)
    (theirs,) = await scene.notices(receiver="C0TEAM")
    assert await scene.members(theirs) == ["task/1"]
    assert theirs.facts["mention"] == []


async def test_the_same_subscription_again_is_the_same_and_another_severity_changes_it(scene):
    first, new = await subscribe(scene)
    again, fresh = await subscribe(scene)
    assert (again.id, new, fresh) == (first.id, True, False)
    changed, fresh = await subscribe(scene, severity="critical")
    assert (changed.id, changed.severity, fresh) == (first.id, "critical", True)
    await subscribe(scene, account="umail")
    assert await scene.do(lambda s, _now: subscriptions.remove(s, "C0TEAM", "task.*")) == 2
    assert await scene.do(lambda s, _now: subscriptions.of(s, "C0TEAM")) == []


async def test_what_no_event_is_called_is_refused(scene):
    with pytest.raises(ValueError, match="no event is called tsak"):
        await subscribe(scene, types="tsak.*")
    assert not subscriptions.known("tsak.*")


async def test_a_wall_that_nothing_was_put_on_writes_nothing(scene):
    await scene.do(lambda s, now: Wall(s, now).hang())
    assert (await scene.all(Notice), await scene.all(NoticeAlert)) == ([], [])
    await scene.verdict(Clear())
    assert await scene.alerts() == []
