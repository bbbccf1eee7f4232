"""App Home greets in the reader's language, and its buttons answer where nobody else reads."""

import json
import sqlite3

import pytest

from bot.config import Purpose, load, shipped


def words(view):
    return json.dumps(view.blocks, ensure_ascii=False)


async def test_home_says_what_one_can_ask_and_as_whom(office):
    await office.slack.open_home("U0LIN")
    await office.until(lambda: office.slack.home("U0LIN"))
    said = words(office.slack.home("U0LIN"))
    assert "What would you like to know?" in said
    assert "You are: approver" in said


async def test_home_speaks_chinese_to_who_reads_chinese(office):
    await office.slack.open_home("U0MEI")
    await office.until(lambda: office.slack.home("U0MEI"))
    assert "想查点什么？" in words(office.slack.home("U0MEI"))


async def test_a_button_of_home_answers_in_the_direct_messages(office):
    await office.slack.open_home("U0LIN")
    await office.until(lambda: office.slack.home("U0LIN"))
    await office.slack.click("U0LIN", office.slack.home("U0LIN"), "Show balance")
    answer = await office.slack.wait("U0LIN", "D0LIN", lambda m: "e-mails left" in m.plain, timeout=8)
    assert "umail 311,016 left" in answer.plain


async def test_a_database_that_cannot_be_written_is_said_and_nothing_is_done(office, monkeypatch):
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
