"""Alerts as rows, on either database: which there are, which one is meant, what happened to it."""

from datetime import timedelta

from store import alerts
from store.tables import Alert, AlertState, Event, Notice, NoticeAlert, NoticeKind


def alert(now, name, state=AlertState.FIRING, *, severity="warning", account="umail"):
    about = {"rule": "r", "kind": "task_late", "severity": severity, "account": account, "subject": f"task/{name}"}
    return Alert(
        id=f"0199aaaa-0000-7000-8000-{name:>012}",
        **about,
        state=state,
        reason="late",
        facts={},
        peak={},
        began_at=now,
    )


async def kept(store, *made):
    await store.transact(lambda session, now: session.add_all([make(now) for make in made]))


def made(name, *state, **about):
    return lambda now: alert(now, name, *state, **about)


async def test_what_fires_comes_first_the_worst_before_the_newest_and_what_is_over_last(store):
    await kept(
        store,
        made("1", AlertState.RESOLVED, severity="critical"),
        made("2", AlertState.ACKNOWLEDGED, severity="critical"),
        made("3"),
        made("4", severity="critical"),
        made("5"),
        made("6", AlertState.RESOLVED, severity="info"),
        made("7", AlertState.SNOOZED),
        made("8", AlertState.PENDING),
        made("9", account="old"),
    )
    page = await alerts.page(store, ["umail"], size=5, number=1)
    assert [one.subject[5:] for one in page.alerts] == ["4", "5", "3", "2", "7"]
    assert (page.more, page.counts) == (
        True,
        {AlertState.FIRING: 3, AlertState.ACKNOWLEDGED: 1, AlertState.SNOOZED: 1},
    )
    rest = await alerts.page(store, ["umail"], size=5, number=2)
    assert ([one.subject[5:] for one in rest.alerts], rest.more) == (["6", "1"], False)
    firing = await alerts.page(store, ["umail", "old"], firing=True, size=5, number=1)
    assert [one.subject[5:] for one in firing.alerts] == ["4", "9", "5", "3"]


async def test_nobodys_accounts_have_no_alerts(store):
    await kept(store, made("1"))
    page = await alerts.page(store, [], size=5, number=1)
    assert (list(page.alerts), page.more, page.counts) == ([], False, {})


async def test_an_id_is_meant_by_its_end_and_the_open_one_before_those_that_are_over(store):
    await kept(
        store,
        made("1abc"),
        made("2abc", AlertState.RESOLVED),
        made("3def", AlertState.RESOLVED),
        made("4f0", AlertState.PENDING),
    )
    found = {
        words: [one.subject[5:] for one in await alerts.meant(store, words)] for words in ("abc", "def", "4f0", "%")
    }
    assert found == {"abc": ["1abc"], "def": ["3def"], "4f0": [], "%": []}
    exact = "0199aaaa-0000-7000-8000-000000003def"
    assert [one.id for one in await alerts.meant(store, exact)] == [exact]


async def test_a_message_names_its_alerts_in_their_order_and_so_does_its_thread(store):
    await kept(store, made("1"), made("2"))

    def shown(session, now):
        parent = Notice(id="n1", kind=NoticeKind.ALERTS, receiver="C1", created_at=now)
        session.add(parent)
        session.flush()
        session.add(Notice(id="n2", kind=NoticeKind.MEMBERS, receiver="C1", created_at=now, parent_id="n1"))
        for place, name in enumerate(("2", "1"), 1):
            alert_id = f"0199aaaa-0000-7000-8000-{name:>012}"
            session.add(NoticeAlert(notice_id="n1", alert_id=alert_id, added_at=now, position=place))

    await store.transact(shown)
    for notice_id in ("n1", "n2"):
        assert [one.subject for one in await alerts.on_notice(store, notice_id)] == ["task/2", "task/1"]
    assert await alerts.on_notice(store, "n3") is None


async def test_a_story_is_the_latest_of_what_happened_oldest_first(store):
    await kept(store, made("1"))
    [row] = await alerts.meant(store, "1")

    def happened(session, now):
        for number in range(5):
            at = now + timedelta(seconds=number)
            about = {"account": "umail", "type": f"alert.{number}", "subject": f"alert/{row.id}"}
            session.add(Event(id=str(number), **about, time=at, recorded_at=at, data={}))
        other = {"account": "umail", "type": "alert.9", "subject": "alert/x"}
        session.add(Event(id="9", **other, time=now, recorded_at=now, data={}))

    await store.transact(happened)
    assert [one.type for one in await alerts.story(store, row, 3)] == ["alert.2", "alert.3", "alert.4"]
