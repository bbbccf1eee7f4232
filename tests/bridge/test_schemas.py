"""Schemas: one for each type, right by themselves, and true of what is really written down; on both databases."""

import json
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator
from sqlmodel import select

from bridge.alerts.rules import BalanceLowRule, BounceRateRule, ComplaintsRule, TaskStalledRule
from bridge.alerts.verdicts import Reason
from bridge.events import EventType
from bridge.notices.subscriptions import BY_NAME
from bridge.receivers.webhook import WebhookReceiver
from bridge.record import Look, note, record, while_open
from bridge.sightings import Kind
from bridge.transitions import VANISHED, changes, vanished
from bridge.webhooks.adapters import ADAPTERS
from bridge.webhooks.arrivals import arrival, write
from bridge.webhooks.fates import SCHEDULE
from bridge.webhooks.schemas.data import DATA
from bridge.webhooks.schemas.published import GUIDES, data_page, data_schema, index, schema
from store.engine import Store
from store.tables import Event
from tests.bridge import senders
from tests.bridge.alerting import Scene
from tests.bridge.ballotbox import Desk
from tests.bridge.hooks import House, target
from tests.bridge.schemacheck import check, faults
from tests.bridge.test_transitions import AT, CHANGED, PAIRS, TABLE, S, known, message, task


@pytest.fixture
async def store(database):
    store = Store(database)
    await store.migrate()
    await store.open()
    yield store
    await store.close()


async def written(store):
    return await store.transact(lambda session, _now: list(session.exec(select(Event))))


# ---- by themselves


@pytest.mark.parametrize("type_", EventType)
def test_every_type_has_a_schema_and_an_example_that_is_as_it_says(type_):
    made = schema(type_)
    Draft202012Validator.check_schema(made)
    [example] = made["examples"]
    assert faults(example) == []
    assert (example["type"], made["$id"]) == (type_, f"/schemas/{type_}")
    assert example["dataschema"] == f"https://edmbot.example.com/schemas/{type_}/data"
    assert example["dataschema"].endswith(data_page(type_)["$id"])
    Draft202012Validator(data_page(type_)).validate(example["data"])
    assert check(GUIDES[type_].example(type_)) == {type_}


@pytest.mark.parametrize("type_", EventType)
def test_every_field_says_what_it_is(type_):
    said = data_schema(type_)
    assert all(one["description"] for one in said["properties"].values())
    assert said["description"]
    assert {"from", "to", "rule", "endpoint", "approval_id"} & {*said["required"]}


def test_examples_name_nobody():
    text = json.dumps([schema(one)["examples"] for one in EventType])
    words = [word.strip('",') for word in text.split() if "@" in word]
    assert {word.rpartition("@")[2] for word in words} == {"example.com", "mail.example.com"}


def test_the_index_lists_all_of_them_in_the_order_of_the_vocabulary():
    assert [one["type"] for one in index()["schemas"]] == [*EventType] == [*DATA]


def test_a_schema_refers_to_nothing_outside_itself():
    assert not any("$ref" in json.dumps(schema(one)) for one in EventType)


def test_what_stars_do_not_cover_is_said_to_be_so():
    assert {one for one in EventType if "does not cover it" in GUIDES[one].means} == {*BY_NAME}


def test_receivers_pass_over_what_they_do_not_know():
    example = schema(EventType.TASK_PAUSED)["examples"][0]
    newer = {**example, "edmhint": 1, "data": {**example["data"], "colour": "green"}}
    Draft202012Validator(schema(EventType.TASK_PAUSED)).validate(newer)
    assert faults(newer) != []


WRONG = [
    ({"to": "burnt"}, "to"),
    ({"planned": "many"}, "planned"),
    ({"sent": 1.5}, "sent"),
    ({"lists": [{"name": "VIP"}]}, "lists"),
    ({"changed": {"planned": {"from": 1}}}, "changed"),
    ({"changed": None}, "changed"),
    ({"to": None}, "to"),
]


@pytest.mark.parametrize(("more", "field"), WRONG)
def test_what_is_not_as_described_is_seen(more, field):
    example = schema(EventType.TASK_PAUSED)["examples"][0]
    [fault, *_] = faults({**example, "data": example["data"] | more})
    assert f"data.{field}" in fault


@pytest.mark.parametrize("name", data_schema(EventType.TASK_PAUSED)["required"])
def test_what_is_missing_is_seen(name):
    example = schema(EventType.TASK_PAUSED)["examples"][0]
    data = {one: value for one, value in example["data"].items() if one != name}
    [fault] = faults({**example, "data": data})
    assert f"'{name}' is a required property" in fault


# ---- what the code makes


def event(type_, data, subject="task/1"):
    id_ = "0" * 32
    return Event(id=id_, account="umail", type=type_, subject=subject, time=AT, recorded_at=AT, data=dict(data))


def test_every_transition_is_as_its_schema_says():
    pairs = [(task(before), task(now)) for before, now in TABLE]
    pairs += [(task(status), task(status, **more)) for status, more, _ in CHANGED]
    pairs += [(before, now) for before, now, _ in PAIRS] + [(None, task()), (task(), task(sent=250))]
    found = [one for before, now in pairs for one in changes(before and known(before), now, baseline=False)]
    found += vanished(Kind.TASK, known(task(S.SENDING)))
    found += changes(known(message("queued"), state=VANISHED), message("delivered"), baseline=False)
    told = check(*(event(one.type, one.data) for one in found))
    polled = {one for one in EventType if one.startswith(("task.", "template.", "domain.", "import.", "provider."))}
    assert polled - {"task.stalled"} <= told


RULED = (
    BounceRateRule(name="bounces", above=0.1),
    ComplaintsRule(name="complaints", above=0.01),
    TaskStalledRule(name="stalled"),
    BalanceLowRule(name="low", below=10),
)


async def test_what_is_recorded_and_what_rules_and_people_make_of_it_is_as_its_schema_says(store):
    scene = Scene(store, rules=RULED)
    seen = [task(S.SENDING), task(S.PAUSED), task(S.PAUSED, planned=5), task(S.SENT)]
    for number, now in enumerate(seen):
        noted = await note(store, "umail", Kind.TASK)
        await record(store, Look(noted=noted, sightings=[now] if number else []), scene.desk, while_open)
    for rule in RULED:
        await scene.fire(rule=rule, reason=Reason.STALLED)
        await scene.clear(rule=rule)
    await scene.fire("task/2", rule=RULED[0])
    await scene.post()
    alert = await scene.alert("task/2")
    await scene.act("snooze", "U0LIN", alert.id, await store.now() + timedelta(minutes=5))
    await scene.pass_by(30)
    await scene.act("assign", "U0LIN", alert.id, "U0MEI")
    await scene.act("acknowledge", "U0MEI", alert_ids=[alert.id])
    await scene.act("resolve", "U0MEI", alert.id)
    told = check(*await written(store))
    ruled = {word for rule in RULED for word in (rule.fires, rule.clears) if word}
    assert ruled | {one for one in EventType if one.startswith("alert.")} <= told


ENDS = {
    "executed": [{"status": "sending"}],
    "failed": [{"code": "refused"}, "refused"],
    "unknown": [{"code": "timeout"}, None],
    "late": [],
    "voided": ["gone"],
}
"""By how the process that carried a request out reports it, what it says besides."""


async def test_requests_are_as_their_schemas_say(store):
    desk = Desk(store)
    for end, reported in ENDS.items():
        row = await desk.ask(f"task/{end}", hours=None)
        await desk.vote(row)
        await desk.report(end, await desk.claim(), *reported)
    await desk.reject(await desk.ask("task/1"))
    row = await desk.ask("task/2")
    await desk.decide("withdraw", row, user="U0CHEN")
    await desk.find_one("task/3")
    desk.wait(hours=5)
    await desk.due()
    told = check(*await written(store))
    assert told == {one for one in EventType if one.startswith("approval.")}


async def test_what_arrives_is_as_its_schema_says(store):
    desk = Scene(store).desk
    for name, adapter in ADAPTERS.items():
        bodies = [senders.plain(senders.payload(file)) for file in senders.names(name)]
        found = [one for body in bodies for one in adapter.items(body)]
        one = arrival(name, name, found)
        await store.transact(
            lambda session, now, one=one: write(session, now, [one], judge=desk, pace=while_open, follows=())
        )
    told = check(*await written(store))
    words = {word for name in ("sendgrid", "mailgun", "postmark", "itnio") for word in ADAPTERS[name].TYPES.values()}
    assert words - told == set()


async def test_endpoints_in_trouble_are_as_their_schemas_say(store):
    receiver = WebhookReceiver()
    house = House(store, receiver)

    async def passes(turns, hours, *subjects):
        for number in range(turns):
            about = subjects if subjects and not number else [f"task/{turns}{number}"]
            await house.happens(*about, data=dict(GUIDES[EventType.TASK_PAUSED].data))
            await house.send()
            house.step(hours=hours)

    async with target() as crm, target() as gone:
        await house.endpoint(crm.url, types=["task.*"])
        await house.endpoint(gone.url, "gone", types=["task.*"])
        crm.answer, gone.answer = lambda _got: 500, lambda _got: 410
        await passes(9, 8)
        crm.answer = lambda got: 500 if got.event["subject"] == "task/1" else 200
        await passes(len(SCHEDULE) + 2, 30, "task/1")
    await receiver.close()
    told = check(*await written(store))
    assert {one for one in EventType if one.startswith(("endpoint.", "delivery."))} <= told
