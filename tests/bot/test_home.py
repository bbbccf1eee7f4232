"""App Home tells how things stand, to whom it may, and keeps telling it; its buttons answer where nobody else reads."""

import asyncio
import sqlite3

import pytest
from sqlmodel import select

import jobs.scheduler
from bot.appyaml import Purpose, load, shipped
from sandbox.mailing import Status
from sandbox.slack.reading import words_of
from store.tables import HomeTab
from tests.bot.desk import raised

LIN, MEI, OPS, VERA, EVE = "U0LIN", "U0MEI", "U0OPS", "U0VIEW", "U0EXT"
WORLD = "demo-umail"


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """What is due is looked for often; when something falls due stays as it is."""
    monkeypatch.setitem(jobs.scheduler.EVERY, "homes", 0.02)


def read(office, user):
    """What somebody reads on their home; nothing while there is none."""
    view = office.slack.home(user)
    return words_of("", view.blocks, [], office.slack.workspace.reader(user)).text if view else ""


async def reads(office, user, words):
    await office.until(lambda: words in read(office, user))
    return read(office, user)


async def filled(office, user=LIN):
    """Somebody's home, once all is read."""
    await office.slack.open_home(user)
    await office.until(lambda: office.slack.home(user) and "⏳" not in read(office, user))
    return read(office, user)


async def due(office):
    """Whose homes are to be published anew, now or soon."""
    rows = await office.store.transact(lambda session, _now: session.exec(select(HomeTab)).all())
    return [row.user_id for row in rows if row.due_at]


def drawn(message):
    """The charts of a message."""
    return [block for block in message.blocks if block["type"] == "data_visualization"]


def published(office):
    return sum(call.method == "views.publish" for call in office.slack.calls)


# What it tells


async def test_home_opens_at_once_and_is_then_filled(office):
    office.box.faults.inject("umail", "timeout", call="task-list")
    await office.slack.open_home(LIN)
    said = await reads(office, LIN, "⏳ Reading how things stand…")
    assert said.startswith("What would you like to know?")
    assert "[Show balance]" in said
    office.box.faults.clear()
    await reads(office, LIN, "Task 19124 sending")


async def test_home_is_there_at_once_with_what_is_known_when_it_is_opened_again(office):
    await filled(office)
    office.box.faults.inject("umail", "timeout", call="task-list")
    await filled(office, OPS)
    assert "Task 19124 sending" in read(office, OPS)
    office.box.faults.clear()


async def test_the_figures_are_the_vendors(office):
    said = await filled(office)
    tasks = office.box.world.umail[WORLD].tasks.values()
    running = [task for task in tasks if task.status in {Status.SENDING, Status.PAUSED}]
    waiting = [t for t in tasks if t.status in {Status.WAITING, Status.QUEUED, Status.INGESTING, Status.HELD}]
    assert said.splitlines()[0] == f"{len(running)} under way, {len(waiting)} to come"
    assert all(f"Task {task.id} " in said for task in (*running, *waiting))
    assert said.count("\n[Show task]") == len(running) + len(waiting)
    assert "🟢 Task 19124 sending · 41,200 of 90,000 · umail" in said
    assert "umail 311,016 left of 5,000,000" in said
    assert "emailcar 1,024 left" in said
    assert "itnio ITNIO has no balance to ask for" in said


async def test_a_vendor_that_cannot_be_reached_is_said_and_the_rest_shown(office):
    office.box.faults.inject("umail", "http_500", times=1_000)
    said = await filled(office)
    assert said.startswith("What is sending is unknown")
    assert "umail: its tasks are unknown, U-Mail has a fault on its side" in said
    assert "umail — (U-Mail has a fault on its side)" in said
    assert "emailcar 1,024 left" in said


async def test_an_old_dialect_tells_what_it_can(two_dialects):
    said = await filled(two_dialects)
    assert " · old" in said
    assert "unknown" not in said


async def test_home_speaks_chinese_to_who_reads_chinese(office):
    said = await filled(office, MEI)
    assert said.startswith("进行中 2 个，待发 5 个")
    assert "🟢 任务 19124 正在发送 · 41,200 / 90,000 封 · umail" in said


# To whom


async def test_who_may_only_look_has_no_button_that_changes(office):
    said = await filled(office, VERA)
    assert "[Show task]" in said
    assert "[Pause task]" not in said
    assert "[Pause task]" in await filled(office, LIN)
    assert "You are: approver" in read(office, LIN)


async def test_who_may_see_one_account_sees_that_one(closed_office, tmp_path):
    office = closed_office
    text = shipped().read_text(encoding="utf-8").replace("viewer: [everyone]", "viewer: []")
    text = text.replace("  emailcar:\n", f"  emailcar:\n    roles: {{viewer: [{VERA}]}}\n", 1)
    office.app_yaml = tmp_path / "app.yaml"
    office.app_yaml.write_text(text, encoding="utf-8")
    async with office.open():
        said = await filled(office, VERA)
        assert "emailcar 1,024 left" in said
        assert "umail" not in said
        assert "19124" not in said


async def test_a_stranger_learns_nothing(office):
    await office.slack.open_home(EVE)
    said = await reads(office, EVE, "You are: no role")
    await office.ask(LIN, "help")
    assert "19124" not in said + read(office, EVE)
    assert office.box.requests == []


# Refreshed


async def test_home_shows_what_somebody_else_has_just_changed(office):
    await filled(office, MEI)
    assert "⏸️ Task 19124 " in (await office.ask(LIN, "task pause 19124")).plain
    office.later(2)
    said = await reads(office, MEI, "⏸️ 任务 19124 已暂停")
    assert "[继续发送]" in said


async def test_a_change_that_is_no_task_refreshes_it_too(office):
    await filled(office)
    before = published(office)
    await office.ask(LIN, "list rename 5 VIP2")
    office.later(2)
    await office.until(lambda: published(office) > before)
    assert published(office) == before + 1


async def test_a_question_refreshes_nothing(office):
    await filled(office)
    await office.ask(LIN, "task list")
    assert await due(office) == []


async def test_a_home_opened_before_a_restart_is_refreshed_after_it(closed_office):
    office = closed_office
    async with office.open():
        await filled(office)
    async with office.open():
        await office.ask(OPS, "task pause 19124")
        office.later(2)
        assert "⏸️ Task 19124 paused" in await reads(office, LIN, "⏸️ Task 19124")


async def test_one_reading_serves_all_homes(office):
    for user in (LIN, MEI, OPS, VERA):
        await filled(office, user)
    # Each opening reads, and is over when the last has its own.
    await office.until(lambda: published(office) == 2 * 4)
    await office.ask(LIN, "task pause 19124")
    office.box.requests.clear()
    office.later(2)
    await reads(office, MEI, "任务 19124 已暂停")
    for user in (LIN, OPS, VERA):
        await reads(office, user, "Task 19124 paused")
    assert sum(request.call == "task-list" for request in office.box.requests) == 6


async def test_a_home_that_nobody_opened_for_a_week_is_left_alone(office):
    await filled(office)
    office.later(8 * 24 * 3600)
    await office.ask(OPS, "task pause 19124")
    assert await due(office) == []


async def test_a_home_that_cannot_be_published_is_not_tried_for_ever(office):
    await filled(office)
    before = published(office)
    office.slack.faults.inject("not_ok", "views.publish", times=1_000)
    await office.ask(OPS, "task pause 19124")
    office.later(2)
    await office.until(lambda: published(office) > before)
    while await due(office):
        await asyncio.sleep(0.01)
    assert published(office) == before + 1
    office.slack.faults.clear()
    await office.slack.open_home(LIN)
    await reads(office, LIN, "⏸️ Task 19124 paused")


async def test_a_refresh_that_died_with_its_process_is_done_by_another(office, monkeypatch):
    await filled(office)
    monkeypatch.setattr("bot.home.Home._read", _dies)
    await office.ask(OPS, "task pause 19124")
    office.later(2)
    await asyncio.sleep(0.1)
    assert "🟢 Task 19124" in read(office, LIN)
    monkeypatch.undo()
    office.later(60)
    await reads(office, LIN, "⏸️ Task 19124")


async def _dies(_home):
    raise RuntimeError


# Its buttons


async def test_a_button_of_home_answers_in_the_direct_messages(office):
    await filled(office)
    await office.slack.click(LIN, office.slack.home(LIN), "Show balance")
    answer = await office.slack.wait(LIN, "D0LIN", lambda m: "e-mails left" in m.plain, timeout=8)
    assert "umail 311,016 left" in answer.plain


async def test_a_task_paused_from_home_is_told_and_shown(office):
    await filled(office)
    await office.slack.click(LIN, office.slack.home(LIN), "Pause task")
    await office.slack.wait(LIN, "D0LIN", lambda m: "Task 19124 is paused" in m.plain, timeout=8)
    assert office.box.world.task(19124).status is Status.PAUSED
    office.later(2)
    await reads(office, LIN, "⏸️ Task 19124 paused")


async def test_a_chart_asked_for_where_there_is_no_channel_comes_by_direct_message(office):
    office.slack.faults.inject("http_500", "response_url", times=9)
    await office.type(LIN, "stats 2d --account umail", "D0LIN")
    told = await office.slack.wait(LIN, "D0LIN", lambda m: bool(drawn(m)), timeout=8)
    assert [chart["title"] for chart in drawn(told)] == ["Sent, delivered, failed by day · umail"]


# Without a database


async def test_a_database_that_cannot_be_written_is_said_and_nothing_is_done(office):
    with sqlite3.connect(office.folder / "edmbot.db") as database:
        database.execute("DROP TABLE command_run")
    reply = await office.type("U0LIN", "task pause 19124")
    assert (reply.status, reply.error) == (200, None)
    assert await office.told("U0LIN", "I cannot write to my database, so I did nothing.")
    assert office.box.requests == []


async def test_a_click_is_told_so_too(office):
    card = await office.ask("U0LIN", "task show 19124")
    office.box.requests.clear()
    with sqlite3.connect(office.folder / "edmbot.db") as database:
        database.execute("DROP TABLE command_run")
    assert "I cannot write to my database" in (await office.press("U0LIN", card, "Pause task")).plain
    assert office.box.requests == []


@pytest.mark.parametrize("name", ["/mail"])
async def test_a_command_with_another_name_is_named_so_everywhere(closed_office, tmp_path, name):
    office = closed_office
    text = shipped().read_text(encoding="utf-8").replace("command: /edm", f"command: {name}")
    office.app_yaml = tmp_path / "app.yaml"
    office.app_yaml.write_text(text, encoding="utf-8")
    assert load(office.app_yaml, office.environ, purpose=Purpose.RUN).slash == name
    async with office.open():
        await office.slack.slash("U0LIN", "C0GENERAL", name, "taks")
        answer = await office.told("U0LIN", "Did you mean")
    assert "/mail task list" in answer.plain
    assert "/edm" not in answer.plain


async def test_what_fires_stands_first_for_who_may_see_it(office):
    await raised(office)
    said = await filled(office, VERA)
    assert "1 alert is firing\n🟠 Bounces at 6.3 % on task 19124 · umail" in said
    assert said.index("alert is firing") < said.index("Task 19124 sending")


async def test_home_hears_at_once_of_what_begins_to_fire_and_of_who_looks_after_it(office):
    await filled(office)
    alert = await raised(office)
    office.later(2)
    assert "Bounces at 6.3 % on task 19124" in await reads(office, LIN, "1 alert is firing")
    await office.ask(LIN, f"alerts ack {alert}")
    office.later(2)
    await office.until(lambda: "alert is firing" not in read(office, LIN))
    assert "Bounces" not in read(office, LIN)
