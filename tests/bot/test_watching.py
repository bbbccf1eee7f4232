"""The whole way: a vendor's world changes, and the channel for alerts says so; who does what of several processes."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

import bot.app
import jobs.scheduler
from bot.app import Part, serve
from bot.appyaml import Purpose, load, shipped
from sandbox.mailing import Status
from store.jobs import jobs as rows
from store.tables import Job, Notice
from tests.bot.desk import on_the_wall, raised

ALERTS, ADMIN = "C0ALERTS", "U0MEI"


@pytest.fixture(autouse=True)
def _quick_duties(monkeypatch):
    monkeypatch.setitem(jobs.scheduler.EVERY, "duties", 0.05)
    monkeypatch.setitem(jobs.scheduler.EVERY, "outbox", 0.05)
    monkeypatch.setitem(jobs.scheduler.EVERY, "alive", 0.05)


def serving(office, part, **more):
    return serve(load(office.app_yaml, {**office.environ, **more}, purpose=Purpose.RUN), part)


async def has_polled(office, name="poll umail tasks"):
    async with asyncio.timeout(8):
        while not any(row.name == name and row.last_good for row in await rows(office.store)):
            await asyncio.sleep(0.02)


def later(office, seconds):
    """For everybody: the vendors, the workspace and the database."""
    office.box.clock.step(seconds)
    office.clock.step(seconds=seconds)
    office.later(seconds)


@asynccontextmanager
async def at_work(office, part=Part.ALL):
    office.part = part
    async with office.open():
        yield office


async def test_a_task_that_fails_is_told_in_the_channel_for_alerts(closed_office):
    async with at_work(closed_office) as office:
        await has_polled(office)
        office.box.world.task(19124).enter(Status.FAILED, office.box.clock.now())
        for _ in range(6):
            later(office, 61)
            await asyncio.sleep(0.4)
        told = await office.slack.wait(ADMIN, ALERTS, lambda message: "19124" in message.plain, timeout=8)
    assert "fail" in told.plain.lower()


async def test_after_a_gap_the_admins_are_told_and_the_vendors_asked_at_once(closed_office, monkeypatch):
    async with at_work(closed_office) as office:
        await has_polled(office, "poll umail domains")
    before = len(closed_office.box.requests)
    opening = bot.app.open_store

    @asynccontextmanager
    async def seventy_minutes_later(config):
        async with opening(config) as store:
            store.clock_offset += timedelta(minutes=70)
            yield store

    monkeypatch.setattr(bot.app, "open_store", seventy_minutes_later)
    async with at_work(closed_office) as office:
        asked = office.box.requests
        # Once in six hours otherwise.
        await office.until(lambda: any(one.call == "domain-list" for one in asked[before:]), seconds=8)
        told = await office.slack.wait(ADMIN, "D0MEI", lambda message: "不在线" in message.plain, timeout=8)
    assert told.plain.startswith("🟠")


async def test_admins_of_a_user_group_are_told_too(closed_office, tmp_path):
    closed_office.app_yaml = tmp_path / "app.yaml"
    text = shipped().read_text("utf-8").replace("admin: [U0MEI]", "admin: [U0MEI, S0EDMOPS]", 1)
    closed_office.app_yaml.write_text(text, "utf-8")
    async with at_work(closed_office) as office:
        await has_polled(office, "poll umail domains")
        later(office, 4_200)
        away = await office.slack.wait("U0OPS", "D0OPS", lambda message: "I was away" in message.plain, timeout=8)
        theirs = await office.slack.wait(ADMIN, "D0MEI", lambda message: "不在线" in message.plain, timeout=8)
    assert [one.plain[0] for one in (away, theirs)] == ["🟠", "🟠"]


async def test_what_a_click_changes_is_shown_without_waiting_for_the_clock(closed_office, monkeypatch):
    for job in ("outbox", "duties"):
        monkeypatch.setitem(jobs.scheduler.EVERY, job, 3_600.0)
    async with at_work(closed_office) as office:
        await raised(office)
        head = await on_the_wall(office, ADMIN, "Bounces at 6.3 %")
        await office.slack.click("U0OPS", head, "Acknowledge")
        seen = await office.slack.wait(ADMIN, ALERTS, lambda message: "Acknowledged by" in message.plain, timeout=8)
    assert seen.ts == head.ts


async def test_a_web_process_asks_no_vendor_by_itself_and_a_worker_hears_nothing_of_slack(closed_office, http):
    async with serving(closed_office, Part.WEB) as web:
        assert (await http.post(f"{web.url}/slack/events")).status_code != 404
        await asyncio.sleep(0.2)
        assert closed_office.box.requests == []
    async with serving(closed_office, Part.WORKER) as worker:
        assert (await http.post(f"{worker.url}/slack/events")).status_code == 404
        await has_polled(closed_office)


async def test_metrics_tell_of_alerts_notices_and_jobs(closed_office, http):
    async with at_work(closed_office) as office:
        await has_polled(office)
        lines = (await http.get(f"{office.url}/metrics")).text.splitlines()
    named = {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}
    assert {
        'edmbot_alerts{state="firing"}',
        "edmbot_notices_waiting",
        "edmbot_notices_oldest_seconds",
        'edmbot_job_lag_seconds{job="poll umail tasks"}',
        *(f'edmbot_deliveries_total{{outcome="{outcome}"}}' for outcome in ("shown", "later", "refused", "lost")),
    } <= named


async def test_metrics_tell_when_a_job_runs_next_and_what_it_failed_with_but_not_in_its_words(office, http):
    def failed(session, now):
        error = "ConnectError: kim@example.com at https://vendor.example"
        session.add(Job(name="digest", next_due=now + timedelta(hours=1), last_finished=now, last_error=error))

    await office.store.transact(failed)
    text = (await http.get(f"{office.url}/metrics")).text
    assert 'edmbot_job_last_error_info{error="ConnectError",job="digest"} 1.0' in text
    assert "example" not in text
    [again] = [line for line in text.splitlines() if line.startswith('edmbot_job_next_run_seconds{job="digest"}')]
    assert 3_500 < float(again.rpartition(" ")[2]) <= 3_600


PAGES = ("/metrics", "/healthz", "/readyz")


@pytest.mark.parametrize("page", PAGES)
async def test_what_comes_through_a_proxy_sees_no_inner_page(office, http, page):
    assert (await http.get(office.url + page)).status_code == 200
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert (await http.get(office.url + page, headers={header: "127.0.0.1"})).status_code == 403


@pytest.mark.parametrize("page", PAGES)
async def test_with_a_token_only_who_shows_it_sees_the_inner_pages(closed_office, http, page):
    async with serving(closed_office, Part.WEB, EDM_METRICS_TOKEN="let me in") as web:
        assert (await http.get(web.url + page)).status_code == 403
        wrong = httpx.Headers({"Authorization": "Bearer let me"})
        assert (await http.get(web.url + page, headers=wrong)).status_code == 403
        shown = {"Authorization": "Bearer let me in", "X-Forwarded-For": "192.0.2.1"}
        assert (await http.get(web.url + page, headers=shown)).status_code == 200


async def test_what_an_archived_channel_missed_is_said_when_it_is_back(closed_office):
    closed_office.slack.workspace.channels[ALERTS].archived = True
    async with at_work(closed_office) as office:
        await has_polled(office)
        office.box.world.task(19124).enter(Status.FAILED, office.box.clock.now())
        for _ in range(6):
            later(office, 61)
            await asyncio.sleep(0.4)

        async def parked():
            return await office.store.transact(lambda session, _now: session.exec(select(Notice.parked)).all())

        async with asyncio.timeout(8):
            while "is_archived" not in await parked():
                await asyncio.sleep(0.02)
        await office.slack.unarchive(ADMIN, ALERTS)
        told = await office.slack.wait(ADMIN, ALERTS, lambda message: "19124" in message.plain, timeout=8)
    assert "fail" in told.plain.lower()


async def test_what_could_not_be_said_for_want_of_an_invitation_is_said_after_it(closed_office):
    room = closed_office.slack.workspace.channels[ALERTS]
    room.members.discard("U0EDMBOT")
    async with at_work(closed_office) as office:
        await has_polled(office)
        office.box.world.task(19124).enter(Status.FAILED, office.box.clock.now())
        for _ in range(6):
            later(office, 61)
            await asyncio.sleep(0.4)
        await office.until(lambda: any(call.error == "not_in_channel" for call in office.slack.calls), seconds=8)
        await office.slack.invite(ADMIN, ALERTS, "U0EDMBOT")
        told = await office.slack.wait(ADMIN, ALERTS, lambda message: "19124" in message.plain, timeout=8)
    assert "fail" in told.plain.lower()
