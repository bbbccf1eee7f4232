"""Schemas over the wire, and the demo's world: whatever a bot on duty writes down is as they say."""

import pytest

import jobs.scheduler
import providers.http
from bridge.events import EventType
from bridge.webhooks.schemas.published import data_page, schema
from providers.umail import UMail
from sandbox.mailing import Status
from store.tables import Event
from tests.bot.shift import NOON, shift_in
from tests.bridge.schemacheck import check


@pytest.fixture
def moment():
    return NOON


@pytest.fixture
async def shift(closed_office, tmp_path, monkeypatch):
    for name in ("duties", "outbox", "alive"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 0.02)
    monkeypatch.setattr(providers.http, "ATTEMPTS", 1)
    monkeypatch.setitem(UMail.__init__.__kwdefaults__, "clock", lambda: closed_office.clock.at)
    async with shift_in(tmp_path, closed_office).on() as shift:
        yield shift


async def test_everybody_is_given_the_schema_of_each_type(office, http):
    there = (await http.get(f"{office.url}/schemas")).json()["schemas"]
    assert [one["type"] for one in there] == [*EventType]
    for one in there:
        # As a proxy passes it on: nothing here is for the inside only.
        answer = await http.get(office.url + one["schema"], headers={"X-Forwarded-For": "203.0.113.7"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json; charset=utf-8")
        assert answer.json() == schema(EventType(one["type"]))
        answer = await http.get(f"{office.url}{one['schema']}/data")
        assert answer.json() == data_page(EventType(one["type"]))


async def test_what_somebody_has_already_is_not_sent_again(office, http):
    url = f"{office.url}/schemas/task.paused"
    first = await http.get(url)
    tag = first.headers["etag"]
    assert "max-age" in first.headers["cache-control"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await http.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await http.get(url, headers={"If-None-Match": '"other"'})).content == first.content
    assert (await http.head(url)).headers["etag"] == tag


@pytest.mark.parametrize("word", ["task.exploded", "TASK.PAUSED", "%3Cscript%3E", "task.paused.json"])
async def test_a_type_that_is_not_there_is_said_to_be_so_in_plain_words(office, http, word):
    answer = await http.get(f"{office.url}/schemas/{word}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert answer.text == "There is no such type of event. /schemas lists all of them.\n"


async def test_whatever_a_bot_on_duty_writes_down_is_as_its_schema_says(shift):
    lives = [Status.SENDING, Status.PAUSED, Status.SENDING, Status.FAILED]
    for status in lives:
        shift.enters(status)
        await shift.a_poll()
    shift.office.box.faults.inject("umail", "down")
    await shift.minutes(4)
    shift.office.box.faults.clear()
    # Failing polls had been put off, to five minutes and a little.
    await shift.minutes(12)
    told = check(*await shift.rows(Event))
    assert {"task.progressed", "task.paused", "task.resumed", "task.failed", "stats.counted"} <= told
    assert {"provider.unreachable", "provider.recovered", "alert.firing", "alert.resolved"} <= told
