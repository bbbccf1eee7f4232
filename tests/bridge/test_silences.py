"""Silences: what they hide, what they do not, and their end."""

from datetime import timedelta

import pytest

from bridge.alerts import silences
from bridge.alerts.routes import Labels, Route, Routing
from store.tables import AlertState, NoticeKind, Silence
from tests.bridge.alerting import FAILED, Scene

LABELS = Labels(
    account="umail",
    rule="bounces",
    kind="bounce_rate",
    severity="critical",
    subject="task/19124",
    names=("[双11] 50 % off?", "19124"),
)


@pytest.fixture
def scene(store):
    return Scene(store)


async def silence(scene, minutes=120, **matchers):
    until = await scene.store.now() + timedelta(minutes=minutes)
    matchers = matchers or {"rule": "bounces"}
    return await scene.do(lambda s, now: silences.add(s, now, matchers, until=until, user="U0LIN", comment="known"))


async def end(scene, one):
    return await scene.do(lambda s, now: silences.end(s, now, one.id, "U0MEI"))


async def shown(scene, *subjects, **more):
    await scene.fire(*subjects, **more)
    scene.wait(seconds=11)
    await scene.post()


@pytest.mark.parametrize(
    ("matchers", "wanted"),
    [
        ({"rule": "bounces"}, True),
        ({"rule": "bounce*", "account": "umail"}, True),
        ({"rule": "bounces", "account": "emailcar"}, False),
        ({"subject": "task/*"}, True),
        ({"subject": "task/1912"}, False),
        ({"name": "[双11]*"}, True),
        ({"name": "*OFF?"}, True),
        ({"name": "19124"}, True),
        ({"name": "?双11*"}, False),
        ({"severity": "warning"}, False),
        ({"kind": "*"}, True),
    ],
)
def test_all_matchers_must_match_and_stars_stand_for_anything(matchers, wanted):
    assert silences.matches(matchers, LABELS) is wanted


@pytest.mark.parametrize("matchers", [{}, {"colour": "red"}])
async def test_a_silence_over_everything_or_by_something_else_is_refused(scene, matchers):
    with pytest.raises(ValueError, match="account, rule"):
        await scene.do(lambda s, now: silences.add(s, now, matchers, until=now, user="U0LIN"))
    assert await scene.all(Silence) == []


async def test_a_preview_shows_what_it_would_hide_and_hides_nothing(scene):
    await scene.fire("task/1", "task/2")
    await scene.fire("task/3", rule=FAILED)
    await scene.clear("task/2")
    hidden = await scene.do(lambda s, _now: silences.preview(s, {"rule": "bounces"}))
    assert [alert.subject for alert in hidden] == ["task/1"]
    assert len(await scene.notices()) == 2


async def test_what_fires_in_a_silence_is_told_at_its_end_if_it_is_still_true(scene):
    await silence(scene, 30)
    await scene.fire("task/1", "task/2")
    await scene.pass_by(29)
    assert await scene.notices() == []
    await scene.clear("task/2")
    await scene.pass_by(2)
    (notice,) = await scene.notices()
    assert await scene.members(notice) == ["task/1"]
    assert [(row.state, row.subject) for row in await scene.alerts()] == [
        (AlertState.FIRING, "task/1"),
        (AlertState.RESOLVED, "task/2"),
    ]


async def test_what_nobody_has_seen_yet_waits_for_the_end_of_a_silence(scene):
    await scene.fire("task/1")
    await silence(scene, 30)
    assert await scene.notices() == []
    await scene.pass_by(31)
    assert [await scene.members(one) for one in await scene.notices()] == [["task/1"]]


async def test_what_was_shown_before_shows_the_silence_and_mentions_nobody(scene):
    await shown(scene)
    (before,) = await scene.notices()
    await silence(scene, 60)
    (after,) = await scene.notices()
    assert after.wanted == before.shown + 1
    await scene.pass_by(59)
    assert await scene.notices(NoticeKind.ESCALATION) == []
    await scene.pass_by(2)
    assert [one.facts["step"] for one in await scene.notices(NoticeKind.ESCALATION)] == [1]


async def test_a_short_silence_does_not_hurry_the_escalation(scene):
    await shown(scene)
    await silence(scene, 1)
    await scene.pass_by(14)
    assert await scene.notices(NoticeKind.ESCALATION) == []
    await scene.pass_by(1)
    assert len(await scene.notices(NoticeKind.ESCALATION)) == 1


async def test_without_anybody_on_call_its_end_is_heard_too(store):
    scene = Scene(store, Routing((Route(receivers=("C0ALERTS",)),)))
    await shown(scene)
    await silence(scene, 30)
    await scene.pass_by(31)
    assert [one.facts["why"] for one in await scene.notices(NoticeKind.ESCALATION)] == ["repeat"]


async def test_somebody_may_end_it_early_and_is_named(scene):
    one = await silence(scene, 600)
    await scene.fire("task/1")
    assert (await end(scene, one)).ended_by == "U0MEI"
    await scene.due()
    assert [await scene.members(notice) for notice in await scene.notices()] == [["task/1"]]
    assert await end(scene, one) is None, "it is not in force any more"
    assert await scene.do(silences.active) == []


async def test_the_longest_of_several_counts(scene):
    await silence(scene, 30)
    longer = await silence(scene, 60, account="umail")
    await scene.fire("task/1")
    await scene.pass_by(45)
    assert await scene.notices() == []
    assert silences.covering(await scene.do(silences.active), await scene.alert()).id == longer.id
    await scene.pass_by(16)
    assert len(await scene.notices()) == 1


async def test_a_silence_of_tomorrow_hides_nothing_today(scene):
    now = await scene.store.now()
    day = timedelta(days=1)
    planned = Silence(matchers={"rule": "*"}, starts_at=now + day, ends_at=now + 2 * day, created_by="U0LIN")
    await scene.do(lambda session, _now: session.add(planned))
    await scene.fire("task/1")
    assert len(await scene.notices()) == 1
    scene.wait(24 * 60)
    await scene.fire("task/2")
    assert [await scene.members(one) for one in await scene.notices()] == [["task/1"]]


async def test_who_did_it_and_until_when_is_known(scene):
    one = await silence(scene, 30)
    (listed,) = await scene.do(silences.active)
    assert (listed.created_by, listed.comment, listed.ends_at) == ("U0LIN", "known", one.ends_at)
