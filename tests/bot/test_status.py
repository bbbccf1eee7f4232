"""How things stand: the accounts, the clock's jobs, what waits, the versions."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot.appyaml import shipped
from jobs.scheduler import EVERY
from store.jobs import Firing, note
from store.tables import Change, ChangeState, CommandRun, Job
from tests.bot.desk import raised

LIN, VERA, MEI = "U0LIN", "U0VIEW", "U0MEI"


async def noted(office, error=None):
    for name in EVERY:
        await note(office.store, Firing(name, "here", timedelta(0), timedelta(seconds=11), error))


@pytest.fixture
async def still(closed_office, monkeypatch):
    """A bot whose clock does not fire by itself."""
    for name in EVERY:
        monkeypatch.setitem(EVERY, name, 1_000.0)
    async with closed_office.open():
        yield closed_office


async def test_a_viewer_reads_that_all_is_well(still):
    await noted(still)
    lines = (await still.ask(VERA, "status")).plain.splitlines()
    assert lines[0] == "✅ All is well · 3 of 3 accounts answer · nothing waits"
    assert lines[1].startswith("umail answers: 311,016 e-mails left · U-Mail, ")
    assert lines[3].startswith("itnio answers · ITNIO, ")
    assert "looking at what is due ran 0 s ago and took 0 ms" in lines
    assert "edmbot 0.1.0" in lines[-1]
    assert "SQLite 3." in lines[-1]
    assert "schema 0" in lines[-1]


async def test_an_account_that_does_not_answer_is_named_in_the_first_line(office):
    office.box.faults.inject("umail", "http_500", times=20)
    answer = (await office.ask(VERA, "status")).plain
    assert answer.splitlines()[0].startswith("🔴 1 thing is not well · umail · 2 of 3 accounts answer")
    assert "umail has a fault on its side" in answer


async def test_a_job_that_fails_is_shown_with_its_error(still):
    await noted(still, "ConnectionError: <!channel> hung up")
    answer = await still.ask(VERA, "status")
    assert "things are not well" in answer.plain
    assert re.search(r"failed \d s ago: ConnectionError: <!channel> hung up", answer.plain)
    assert answer.pings == []


async def test_a_job_of_a_bot_that_is_gone_is_late(still, edmbot):
    await noted(still)

    def long_ago(session, now):
        session.exec(update(Job).values(last_finished=now - timedelta(hours=3), next_due=now - timedelta(hours=3)))

    await still.store.transact(long_ago)
    answer = await edmbot("exec", "status", environ=still.environ)
    assert "ran 3 h ago and took" in answer.out
    assert "late by 3 h" in answer.out
    assert answer.status == 0


async def test_a_duty_that_never_ended_is_late_all_the_same(still):
    await noted(still)

    def claimed_long_ago(session, now):
        then = now - timedelta(hours=3)
        session.add(Job(name="poll umail tasks", last_started=then, next_due=then))
        session.add(Job(name="digest C0DIGEST 09:00", next_due=now + timedelta(hours=2, minutes=1)))

    await still.store.transact(claimed_long_ago)
    answer = (await still.ask(VERA, "status")).plain
    assert answer.startswith("🔴 1 thing is not well · asking for umail tasks")
    assert "asking for umail tasks has not run yet · late by 3 h" in answer
    assert "digest C0DIGEST 09:00 has not run yet · again in 2 h" in answer


async def test_what_waits_is_counted_with_its_age_and_without_the_question_itself(office):
    await office.ask(LIN, "help")

    def open_ones(session, now):
        run = session.exec(select(CommandRun)).first()
        session.exec(
            update(CommandRun)
            .where(col(CommandRun.id) == run.id)
            .values(outcome=None, received_at=now - timedelta(minutes=9), lease_until=now + timedelta(hours=1))
        )
        about = {"run_id": run.id, "account": "umail", "task_id": "1", "action": "pause", "before": {}}
        states = (ChangeState.UNKNOWN, ChangeState.INTENDED, ChangeState.DONE)
        session.add_all(Change(**about, state=state, created_at=now - timedelta(hours=3)) for state in states)

    await office.store.transact(open_ones)
    answer = (await office.ask(VERA, "status")).plain
    assert "1 request is at work, for 9 min · that is too long: is its process gone?" in answer
    assert "2 changes are being looked up, the oldest for 3 h" in answer
    assert "🔴 1 thing is not well" in answer


async def test_a_machine_reads_the_same(office, edmbot):
    facts = json.loads((await edmbot("exec", "--json", "status", environ=office.environ)).out)["facts"]
    assert [account["account"] for account in facts["accounts"]] == ["umail", "emailcar", "itnio"]
    assert facts["accounts"][0]["emails_left"] == 311_016
    assert {job["name"] for job in facts["jobs"]} == set(EVERY)
    assert facts["queue"]["runs"] == 0
    assert set(facts["versions"]) == {"edmbot", "Python", "SQLite", "slack-bolt", "schema"}


async def test_an_account_that_is_not_for_the_asker_is_left_out(closed_office, tmp_path):
    closed_office.app_yaml = tmp_path / "app.yaml"
    text = shipped().read_text("utf-8").replace("viewer: [everyone]", "viewer: []")
    own = "  emailcar:\n    roles: {viewer: [U0VIEW]}\n"
    closed_office.app_yaml.write_text(text.replace("  emailcar:\n", own, 1), "utf-8")
    async with closed_office.open() as office:
        assert "1 of 1 accounts answer" in (await office.ask(VERA, "status")).plain
        assert "3 个账户中 3 个有应答" in (await office.ask(MEI, "status")).plain


@pytest.mark.parametrize("line", ["status now", "status --account umail"])
async def test_it_takes_no_arguments(office, line):
    assert "/edm status" in (await office.ask(VERA, line)).plain


async def test_what_fires_is_named(office):
    alert = await raised(office)
    answer = await office.ask(VERA, "status")
    assert "1 alert is firing\n🟠 Bounces at 6.3 % on task 19124 · umail" in answer.plain
    await office.ask(LIN, f"alerts ack {alert}")
    assert "is firing" not in (await office.ask(VERA, "status")).plain
