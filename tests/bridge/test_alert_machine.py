"""Whatever happens to alerts, in whatever order: what must always be true of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlmodel import select

from bridge.alerts import silences
from bridge.alerts.acts import Answer
from bridge.alerts.routes import labels_of
from store.tables import Alert, AlertState, Event, Notice, NoticeAlert, NoticeKind
from tests.bridge.alerting import BOUNCES, DOWN, SLOW, Scene
from tests.bridge.machines import OnDatabase, explore

SUBJECTS = st.sampled_from(["task/1", "task/2", "task/3"])
SEVERAL = st.lists(SUBJECTS, min_size=1, max_size=3, unique=True)
ACCOUNT = "umail"
RULES = st.sampled_from([BOUNCES, BOUNCES, SLOW])
SHARES = st.sampled_from([0.2, 0.3, 0.4])
PICK = st.integers(0, 99)
MATCHERS = st.sampled_from([{"rule": "*"}, {"rule": "bounces"}, {"subject": "task/1"}])
OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
WHO = st.sampled_from(["U0LIN", "U0MEI"])


@dataclass
class World:
    """All rows at one moment."""

    now: datetime
    quiet: list
    alerts: dict
    notices: dict
    events: dict
    links: dict

    def is_silenced(self, alert):
        return silences.covering(self.quiet, alert) is not None

    def messages(self):
        return [row for row in self.notices.values() if row.kind is NoticeKind.ALERTS]

    def notes(self):
        return [row for row in self.notices.values() if row.kind is NoticeKind.NOTE]

    def story(self):
        """What happened to alerts, in order: at one moment, what begins comes first."""
        rows = [row for row in self.events.values() if row.type.startswith("alert.")]
        return sorted(rows, key=lambda row: (row.recorded_at, row.data["from"] != "pending"))


class Alerts(OnDatabase):
    """Verdicts, people, time and restarts; `post` is Slack."""

    @initialize()
    def begin(self):
        self.scene = Scene(self.opened())
        self.true_since = {}
        self.worst = {}
        self.down = set()
        self.over = set()
        self.shown = {}
        self.given_to = {}

    # ---- what happens

    @rule(subjects=SEVERAL, which=RULES, share=SHARES)
    def fire(self, subjects, which, share):
        for subject in subjects:
            key = (which.name, subject)
            self.true_since.setdefault(key, self.now())
            self.worst[key] = max(self.worst.get(key, 0), share)
        self.run(self.scene.fire(*subjects, rule=which, share=share))

    @rule(subjects=SEVERAL)
    def fire_and_be_seen(self, subjects):
        self.fire(subjects, BOUNCES, 0.2)
        self.scene.wait(seconds=11)
        self.fall_due()
        self.post()

    @rule(subjects=SEVERAL, which=RULES)
    def clear(self, subjects, which):
        for subject in subjects:
            self.true_since.pop((which.name, subject), None)
            self.worst.pop((which.name, subject), None)
        self.run(self.scene.clear(*subjects, rule=which))

    @rule()
    def the_provider_goes_or_comes(self):
        self.down ^= {ACCOUNT}
        self.run(self.scene.down() if self.down else self.scene.up())

    @precondition(lambda self: self.shown)
    @rule(pick=PICK, late=st.none() | SUBJECTS)
    def acknowledge_what_is_shown(self, pick, late):
        """A click; perhaps another alert joins between the look and the click."""
        notice_id, alerts = sorted(self.shown.items())[pick % len(self.shown)]
        version = self.look().notices[notice_id].shown
        if late:
            self.fire([late], BOUNCES, 0.2)
        before = self.look().alerts
        outcomes = self.run(self.scene.act("acknowledge", "U0LIN", notice_id=notice_id, version=version))
        assert {one.alert.id for one in outcomes} <= set(alerts), "it covers what was visible"
        for one in outcomes:
            assert (one.answer is Answer.DONE) == (
                before[one.alert.id].state in (AlertState.FIRING, AlertState.SNOOZED)
            )

    @rule(pick=PICK)
    def acknowledge(self, pick):
        if row := self.any_alert(pick):
            self.run(self.scene.act("acknowledge", "U0LIN", alert_ids=[row.id]))

    @rule(pick=PICK, minutes=st.sampled_from([1, 7, 45]))
    def snooze(self, pick, minutes):
        if row := self.any_alert(pick):
            self.run(self.scene.act("snooze", "U0LIN", row.id, self.now() + timedelta(minutes=minutes)))

    @rule(pick=PICK, who=WHO)
    def assign(self, pick, who):
        """U0LIN asks somebody, or herself, to look after it."""
        row = self.any_alert(pick)
        if row is None:
            return
        before = self.look()
        outcome = self.run(self.scene.act("assign", "U0LIN", row.id, who))
        after = self.look()
        if row.state not in OPEN:
            assert outcome.answer is Answer(row.state.value)
        else:
            assert outcome.answer is (Answer.ALREADY if row.assigned_to == who else Answer.DONE)
        notes = [one for one in after.notes() if one.id not in before.notices]
        told = [one.receiver for one in notes if one.facts["facts"]["alert_id"] == row.id]
        if outcome.answer is Answer.DONE:
            self.given_to[row.id] = who
        assert told == ([who] if outcome.answer is Answer.DONE and who != "U0LIN" else []), "told once, and not oneself"
        same = ("state", "held", "step", "due_at", "acknowledged_by", "snoozed_until", "resolved_by")
        now = after.alerts[row.id]
        assert [getattr(now, name) for name in same] == [getattr(row, name) for name in same], "all goes on as before"

    @rule(pick=PICK)
    def resolve(self, pick):
        row = self.any_alert(pick)
        if row and row.rule != DOWN.name:
            self.run(self.scene.act("resolve", "U0LIN", row.id))

    @rule(matchers=MATCHERS, minutes=st.sampled_from([7, 45]))
    def silence(self, matchers, minutes):
        until = self.now() + timedelta(minutes=minutes)
        self.run(self.scene.do(lambda s, now: silences.add(s, now, matchers, until=until, user="U0LIN")))

    @rule(pick=PICK)
    def end_a_silence(self, pick):
        known = self.read(silences.active)
        if known:
            one = known[pick % len(known)]
            self.run(self.scene.do(lambda s, now: silences.end(s, now, one.id, "U0LIN")))

    @rule()
    def restart(self):
        self.scene = Scene(self.restarted())

    @rule(minutes=st.sampled_from([1, 4, 16]), posting=st.booleans())
    def time_passes(self, minutes, posting):
        for _ in range(minutes):
            self.scene.wait(1)
            self.fall_due()
            if posting:
                self.post()

    @rule()
    def post(self):
        """Slack shows what is due; what is new there must not be what nobody wants to hear."""
        before = self.look()
        if not self.run(self.scene.post()):
            return
        after = self.look()
        for notice in after.messages():
            was = before.notices[notice.id]
            if notice.shown != was.shown:
                listed = [before.alerts[link.alert_id] for link in before.links.get(notice.id, ())]
                self.shown[notice.id] = {alert.id: alert.state for alert in listed}
                for alert in listed if was.ts is None else ():
                    if alert.state is not AlertState.RESOLVED:
                        assert not alert.held, "held back, not raised"
                        assert not before.is_silenced(alert), "silenced"

    def fall_due(self):
        before = self.look()
        while self.run(self.scene.due()):
            after = self.look()
            known = ((before.alerts[row.id], row) for row in after.alerts.values() if row.id in before.alerts)
            stepped = [row for was, row in known if row.step > was.step]
            for row in stepped:
                calls = self.judge_step(before, after, row)
                new = [one for one in calls if one.id not in before.notices]
                if stepped == [row] and row.assigned_to:
                    assert all(one.facts["who"][0] == row.assigned_to for one in new), "theirs, so they come first"
            before = after

    def judge_step(self, before, after, row):
        was = before.alerts[row.id]
        assert was.state is AlertState.FIRING, "nobody has acknowledged"
        assert not was.held
        assert not before.is_silenced(was)
        parents = {one for one, listed in after.links.items() if row.id in {link.alert_id for link in listed}}
        calls = [
            one
            for one in after.notices.values()
            if one.kind is NoticeKind.ESCALATION
            and one.parent_id in parents
            and one.facts["step"] == row.step
            # One that others of the group have called for, and that is not posted yet, will call for this one, too.
            and (one.ts is None or after.now - one.created_at <= timedelta(minutes=5))
        ]
        assert calls, "nobody was mentioned"
        return calls

    # ---- what must be true

    @invariant()
    def it_holds(self):
        if not hasattr(self, "scene"):
            return
        world = self.look()
        self.at_most_one_open_alert_a_key(world)
        self.what_is_resolved_stays_resolved(world)
        self.what_people_saw_fire_they_see_end(world)
        self.a_blip_tells_nobody_and_the_worst_is_kept(world)
        self.nothing_is_forgotten(world)
        self.what_depends_on_a_provider_that_is_down_is_held(world)
        self.groups_make_no_storm_of_messages(world)
        self.every_change_is_an_event(world)
        self.it_is_given_to_who_was_asked_last(world)

    def at_most_one_open_alert_a_key(self, world):
        keys = [
            (row.rule, row.account, row.subject)
            for row in world.alerts.values()
            if row.state is not AlertState.RESOLVED
        ]
        assert len(keys) == len(set(keys))
        held = [row.open_key for row in world.alerts.values() if row.open_key]
        assert all(row.open_key for row in world.alerts.values() if row.state is not AlertState.RESOLVED)
        assert len(held) == len(set(held))

    def what_is_resolved_stays_resolved(self, world):
        resolved = {row.id for row in world.alerts.values() if row.state is AlertState.RESOLVED}
        assert self.over <= resolved
        self.over = resolved

    def what_people_saw_fire_they_see_end(self, world):
        """Whatever is not shown as it is now is on its way: at once, where its state has changed."""
        for notice in world.messages():
            for alert_id, state in self.shown.get(notice.id, {}).items():
                if world.alerts[alert_id].state is not state:
                    assert notice.due_at is not None, "nobody would be told"
                    assert notice.due_at <= world.now
                    assert notice.wanted > notice.shown

    def a_blip_tells_nobody_and_the_worst_is_kept(self, world):
        for row in world.alerts.values():
            key = (row.rule, row.subject)
            if row.rule == SLOW.name and row.fired_at:
                assert row.fired_at - row.began_at >= SLOW.wait
            if row.state is not AlertState.RESOLVED and key in self.worst:
                assert row.began_at >= self.true_since[key]
                assert row.peak["weight"] >= row.facts["share"]
                if abs(row.began_at - self.true_since[key]) < timedelta(seconds=5):
                    assert row.peak["weight"] == self.worst[key]

    def nothing_is_forgotten(self, world):
        """What waits for time has a row that says when; what fires is on its way to everybody."""
        told = {link.alert_id for listed in world.links.values() for link in listed}
        for row in world.alerts.values():
            silenced = world.is_silenced(row)
            if row.state is AlertState.PENDING or (row.held and row.state in OPEN):
                assert row.due_at is not None or row.account in self.down
            if row.state is AlertState.SNOOZED and not row.held:
                assert row.due_at is not None
            if row.state is AlertState.FIRING and not row.held:
                left = row.step < len(self.scene.desk.routing.escalations(labels_of(row)))
                assert row.due_at is not None or (not left and row.id in told)
                assert row.id in told or silenced or row.due_at is not None
                if not silenced and row.due_at is not None and row.due_at > world.now + timedelta(minutes=31):
                    raise AssertionError("it would escalate too late")

    def what_depends_on_a_provider_that_is_down_is_held(self, world):
        for row in world.alerts.values():
            if row.account in self.down and row.rule != DOWN.name and row.state is not AlertState.RESOLVED:
                assert row.held

    def groups_make_no_storm_of_messages(self, world):
        groups = {}
        for notice in sorted(world.messages(), key=lambda one: one.created_at):
            key = (notice.receiver, str(notice.facts["labels"]), notice.facts["severity"])
            if key in groups:
                assert notice.created_at.isoformat() >= groups[key].facts["until"]
            groups[key] = notice

    def every_change_is_an_event(self, world):
        story = {}
        for row in world.story():
            chain = story.setdefault(row.subject.removeprefix("alert/"), ["pending"])
            assert row.data["from"] == chain[-1], f"{chain} and then {row.data}"
            chain.append(row.data["to"])
        for row in world.alerts.values():
            assert story.get(row.id, ["pending"])[-1] == row.state.value

    def it_is_given_to_who_was_asked_last(self, world):
        assert {row.id: row.assigned_to for row in world.alerts.values() if row.assigned_to} == self.given_to

    # ---- how it is read

    def read(self, work):
        return self.run(self.scene.store.transact(work))

    def look(self):
        def looked(session, now):
            rows = [
                {row.id: row for row in session.exec(select(table).order_by(table.id)).all()}
                for table in (Alert, Notice, Event)
            ]
            links = {}
            for link in session.exec(select(NoticeAlert)).all():
                links.setdefault(link.notice_id, []).append(link)
            return World(now, silences.active(session, now), *rows, links)

        return self.read(looked)

    def now(self):
        return self.run(self.scene.store.now())

    def any_alert(self, pick):
        known = list(self.look().alerts.values())
        return known[pick % len(known)] if known else None


@pytest.mark.hypothesis
def test_whatever_happens_to_alerts_nothing_is_lost_reopened_or_told_to_nobody(database):
    explore(Alerts, database, steps=30)
