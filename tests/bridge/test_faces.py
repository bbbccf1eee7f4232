"""What notices show, as people read it in Slack: the rows as they are."""

from datetime import timedelta

import pytest

from bridge.events import EventType
from bridge.notices.outbox import Outbox
from bridge.told import Told, revived
from store.tables import Alert, AlertState, Event, Notice, NoticeAlert, NoticeKind, Snapshot, new_id
from templates import render
from tests.bridge.posts import ALERTS, WHO, Clock, alert, board_of, english, opened, showing

LABELS = {"labels": {"account": "umail", "rule": "bounces"}, "severity": "warning", "mention": ["S0ONCALL"]}


@pytest.fixture
async def desk(lite):
    async with opened(lite, next_of=lambda _alert: ["S0EDMOPS"]) as desk:
        yield desk


def notice(desk, **more):
    now = desk.clock.now()
    fields = {"kind": NoticeKind.ALERTS, "receiver": ALERTS, "created_at": now, "due_at": now, "facts": LABELS}
    return Notice(**{"id": new_id(), **fields, **more})


async def shown(desk, *alerts):
    """A notice of these alerts, in Slack."""
    head = notice(desk)
    await desk.add(head, *alerts)
    links = showing(head, *alerts)
    for place, link in enumerate(links, 1):
        link.position = place
    await desk.add(*links)
    await desk.drain()
    return head


async def change(desk, alert_id, **fields):
    def work(session, now):
        row = session.get_one(Alert, alert_id)
        for name, value in fields.items():
            setattr(row, name, value)
        row.version += 1

    await desk.store.transact(work)


async def seen(desk, head, alert_id):
    link = await desk.store.transact(lambda session, now: session.get_one(NoticeAlert, (head.id, alert_id)))
    return link.seen_version


def read(desk, thread=None):
    return [message.plain for message in desk.slack.visible(WHO, ALERTS, thread)]


async def test_an_alert_says_what_is_wrong_and_what_helps(desk):
    one = alert(desk.clock.now(), due_at=desk.clock.now() + timedelta(minutes=15))
    head = await shown(desk, one)
    [message] = desk.slack.visible(WHO, ALERTS)
    assert message.plain.split("\n")[0] == "🟠 Bounces at 6.3 % on task 19124, usual is 1.1 %: 2,594 of 41,163"
    assert message.button("Acknowledge").value == f"alerts ack {head.id} --version 1"
    assert message.button("Pause task").value == "task pause 19124 --account umail"
    assert [option["value"] for option in message.blocks[1]["elements"][2]["options"]] == [
        f"alerts snooze {one.id} 1h",
        'silence "rule=bounce_rate" "account=umail" "subject=task/19124" 2h',
        "bounces --task 19124 --account umail",
        f"alerts show {one.id}",
        f"alerts assign {one.id}",
    ]
    assert message.pings == ["S0ONCALL"], "who is next is called when it is time"
    assert "next call at " in message.plain


async def test_the_message_follows_its_alert(desk):
    now = desk.clock.now()
    one = alert(now)
    head = await shown(desk, one)
    await change(desk, one.id, state=AlertState.ACKNOWLEDGED, acknowledged_by="U0MEI", acknowledged_at=now)
    await desk.want(head.id)
    await desk.drain()
    [text] = read(desk)
    assert "Acknowledged by @mei" in text
    assert "Acknowledge\n" not in text
    over = now + timedelta(minutes=22)
    await change(desk, one.id, state=AlertState.RESOLVED, resolved_at=over, did="paused")
    await desk.want(head.id)
    await desk.drain()
    [text] = read(desk)
    assert text.startswith("✅ Resolved after 22 min: Bounces at 6.3 % on task 19124")
    assert "peak 6.3 % · I paused the task" in text
    assert "[Resume task]" in text


async def test_buttons_cover_the_version_that_is_shown(desk):
    one = alert(desk.clock.now(), version=4)
    head = await shown(desk, one)
    assert await seen(desk, head, one.id) == 4
    await change(desk, one.id)
    await desk.want(head.id)
    desk.slack.faults.inject("http_500", "chat.update")
    desk.step(2)
    await desk.outbox.run_once()
    assert await seen(desk, head, one.id) == 4
    await desk.drain()
    assert await seen(desk, head, one.id) == 5
    [message] = desk.slack.visible(WHO, ALERTS)
    assert message.button("Acknowledge").value == f"alerts ack {head.id} --version 2"


async def test_a_group_counts_them_and_lists_the_worst_ten(desk):
    now = desk.clock.now()
    alerts = [alert(now, number) for number in range(23)]
    alerts[20].severity = "critical"
    alerts[0].state, alerts[0].resolved_at = AlertState.RESOLVED, now + timedelta(minutes=3)
    head = await shown(desk, *alerts)
    pages = [notice(desk, kind=NoticeKind.MEMBERS, parent_id=head.id, page=page, facts={}) for page in range(2)]
    await desk.add(*pages)
    await desk.drain()
    [text] = read(desk)
    first, second, third, *_ = text.split("\n")
    assert first == "🔴 22 of 23 alerts are firing"
    assert second == "1 critical, 21 warning · 1 resolved"
    assert "task 19144" in third
    assert "and 13 more, in the thread" in text
    assert f"alerts ack {head.id} --version 1" in {one.value for one in desk.slack.visible(WHO, ALERTS)[0].buttons}
    _, one, two = read(desk, (await desk.notice(head.id)).ts)
    assert [one.count("task 19"), two.count("task 19")] == [20, 3]
    assert "alerts 21 to 23" in two
    assert "over after 3 min" in one


async def test_the_thread_tells_who_did_what(desk):
    now = desk.clock.now()
    one = alert(now)
    head = await shown(desk, one)
    happened = [
        (EventType.ALERT_FIRING, {"reason": "above_usual"}),
        (EventType.ALERT_ESCALATED, {"step": 1}),
        (EventType.ALERT_ACKNOWLEDGED, {"by": "U0LIN"}),
        (EventType.ALERT_RESOLVED, {"reason": "well"}),
    ]
    for second, (kind, data) in enumerate(happened):
        at = now + timedelta(seconds=second)
        fields = {"account": "umail", "type": kind, "subject": f"alert/{one.id}", "time": at, "recorded_at": at}
        await desk.add(Event(id=new_id(), data=data, **fields))
    await desk.add(notice(desk, kind=NoticeKind.HISTORY, parent_id=head.id, facts={}))
    await desk.drain()
    _, story = read(desk, (await desk.notice(head.id)).ts)
    found = [line.split(" ", 1)[1].split(" ", 1)[-1] for line in story.split("\n")]
    words = ("fires", "step 1", "by U0LIN", "resolved")
    assert [word in line for word, line in zip(words, found, strict=True)] == [True] * 4


async def test_who_did_it_is_named_in_the_thread_and_not_called(desk):
    async def name_of(user):
        return {"U0LIN": "Lin *Weber*"}.get(user)

    now = desk.clock.now()
    one = alert(now)
    head = await shown(desk, one)
    fields = {"account": "umail", "subject": f"alert/{one.id}", "time": now, "recorded_at": now}
    given = {"by": "U0LIN", "who": "U0OPS"}
    await desk.add(
        Event(id=new_id(), type=EventType.ALERT_ASSIGNED, data=given, **fields),
        notice(desk, kind=NoticeKind.HISTORY, parent_id=head.id, facts={}),
    )
    outbox = Outbox(desk.store, board_of(desk.slack, desk.session), english, "/edm", name_of=name_of)
    desk.step(2)
    await outbox.run_once()
    _, story = desk.slack.visible(WHO, ALERTS, (await desk.notice(head.id)).ts)
    assert "assigned to U0OPS by Lin *Weber*" in story.plain
    assert story.pings == []


@pytest.mark.parametrize(
    ("due", "cut_off"),
    [(None, True), (timedelta(minutes=10), False)],
    ids=["while its provider is down", "once its provider is back"],
)
async def test_figures_are_the_last_known_ones_until_the_provider_is_back(desk, due, cut_off):
    now = desk.clock.now()
    await shown(desk, alert(now, held=True, due_at=now + due if due else None))
    [text] = read(desk)
    assert ("these figures are the last known ones" in text) is cut_off


@pytest.mark.parametrize("number", [1, 2])
async def test_a_rules_runbook_is_on_its_message(desk, number):
    page = "https://wiki.shop.example/bounces?a=1&b=2"
    runbooks = {"bounce_rate": page}
    desk.outbox = Outbox(desk.store, board_of(desk.slack, desk.session), english, "/edm", runbook_of=runbooks.get)
    await shown(desk, *(alert(desk.clock.now(), one) for one in range(number)))
    [message] = desk.slack.visible(WHO, ALERTS)
    assert f"What to do: {page}" in message.plain
    elements = [part for block in message.blocks for each in block["elements"] for part in each.get("elements", ())]
    assert [part["url"] for part in elements if part["type"] == "link"] == [page]


async def test_a_runbook_that_is_a_sentence_is_one(desk):
    sentence = "call the vendor, see https://wiki.shop.example"
    desk.outbox = Outbox(
        desk.store, board_of(desk.slack, desk.session), english, "/edm", runbook_of=lambda _rule: sentence
    )
    await shown(desk, alert(desk.clock.now()))
    assert f"What to do: {sentence}" in read(desk)[0]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", EventType)
def test_every_type_of_event_has_words_of_its_own(kind, language):
    about = {"of": kind.partition(".")[0], "subject": "7", "account": "umail", "at": Clock().now(), "type": kind.value}
    said = {"to": "sending", "rule": "bounces", "about": "task/7", "name": "spring", "by": "U0LIN", "who": "U0MEI"}
    said |= {"until": Clock().now(), "step": 1}

    def words(entry_type):
        entry = {**about, "type": entry_type, "data": Told(said)}
        return render("notice/events", language, entries=[entry], known_as={}).text.split(" · ")[0]

    assert kind.value not in words(kind.value)
    assert words(kind.value) not in {words(other.value) for other in EventType if other is not kind}
    # A family's first words are not yet its own.
    assert words(kind.value) != words(f"{about['of']}.nothing")


async def test_an_escalation_is_heard_by_everyone(desk):
    one = alert(desk.clock.now())
    head = await shown(desk, one)
    desk.step(900)
    facts = {"why": "step", "step": 1, "who": ["S0ONCALL"]}
    await desk.add(notice(desk, kind=NoticeKind.ESCALATION, parent_id=head.id, facts=facts))
    await desk.drain()
    [_, said] = desk.slack.visible(WHO, ALERTS)
    assert "Nobody has acknowledged this for 15 min: Bounces at 6.3 %" in said.plain
    assert (said.pings, said.thread_ts) == (["S0ONCALL"], (await desk.notice(head.id)).ts)
    assert said.button("Acknowledge").value == f"alerts ack {head.id} --version 1"


async def test_events_come_in_their_order(desk):
    now = desk.clock.now()
    data = {"planned": 90_000, "sent": 41_163, "to": "paused"}
    events = [
        Event(id=new_id(), account="umail", type=kind, subject="task/7", time=now, recorded_at=now, data=data)
        for kind in (EventType.TASK_RESUMED, EventType.TASK_PAUSED)
    ]
    ids = [event.id for event in reversed(events)]
    await desk.add(*events, notice(desk, kind=NoticeKind.EVENTS, facts={"events": [*ids, "long gone"]}))
    await desk.drain()
    [text] = read(desk)
    first, second = text.split("\n")
    assert first.startswith("⏸️ Task 7 was paused · 41,163 of 90,000 · umail")
    assert second.startswith("🟢 Task 7 was resumed")


async def test_a_watched_task_is_one_message(desk):
    now = desk.clock.now()
    facts = {"sent": 100, "planned": 1_000, "unsent": None, "observed_at": now.isoformat(), "status": "sending"}
    seen_then = {"account": "umail", "task_id": "7", "by": WHO, "seen": facts, "stopped_by": None}
    row = notice(desk, kind=NoticeKind.WATCH, facts=seen_then)
    times = {"first_seen": now, "observed_at": now, "changed_at": now}
    await desk.add(row)
    await desk.drain()
    snapshot = {"account": "umail", "kind": "task", "subject": "7", "version": 2, "state": "sending", **times}
    await desk.add(Snapshot(**snapshot, facts=facts | {"sent": 400}))
    await desk.want(row.id)
    await desk.drain()
    [text] = read(desk)
    assert "40.0 %" in text


async def test_the_other_language_is_the_receivers(desk):
    async def of(receiver):
        return {"C0DIGEST": "zh"}.get(receiver, "en")

    one = alert(desk.clock.now())
    both = [notice(desk), notice(desk, receiver="C0DIGEST")]
    await desk.add(one, *both)
    await desk.add(*(link for row in both for link in showing(row, one)))
    outbox = Outbox(desk.store, board_of(desk.slack, desk.session), of, "/edm")
    await outbox.run_once()
    assert "退信率" in desk.slack.visible(WHO, "C0DIGEST")[0].plain
    assert "Bounces" in read(desk)[0]


def test_times_in_facts_become_times():
    at = Clock().now()
    assert revived({"at": at.isoformat(), "in": [{"x": "2026-11-21"}], "n": 1}) == {
        "at": at,
        "in": [{"x": "2026-11-21"}],
        "n": 1,
    }
