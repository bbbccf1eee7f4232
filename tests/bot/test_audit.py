"""The audit log: admins read who asked for what, page by page."""

import pytest

MEI, LIN, VERA = "U0MEI", "U0LIN", "U0VIEW"


async def test_an_admin_reads_who_asked_for_what_and_how_it_ended(office):
    await office.ask(VERA, "task pause 19124")
    await office.ask(LIN, "taks")
    answer = (await office.ask(MEI, "audit")).plain.splitlines()
    # Newest first; the question itself is still under way.
    assert [line.split("  ")[-1].strip() for line in answer[2:5]] == ["⏳ 进行中", "💬 没看懂", "🚫 被拒绝"]
    assert "@vera" in answer[4]
    assert "task pause 19124" in answer[4]


async def test_the_log_can_be_of_one_person_and_of_a_while(office):
    await office.ask(VERA, "whoami")
    await office.ask(LIN, "whoami")
    assert "@lin" not in (await office.ask(MEI, "audit --user <@U0VIEW|vera> --since 2h")).plain
    office.later(3 * 3600)
    assert "没有请求" in (await office.ask(MEI, "audit --user U0VIEW --since 2h")).plain


async def test_a_long_log_has_pages(office):
    for _ in range(21):
        await office.ask(LIN, "help task pause")
    first = await office.ask(MEI, "audit --user U0LIN")
    assert first.plain.count("help task pause") == 20
    second = await office.press(MEI, first, "下一页")
    assert second.plain.count("help task pause") == 1


async def test_a_shared_log_names_people_and_calls_nobody(office):
    await office.ask(VERA, "whoami")
    await office.ask(LIN, "whoami")
    await office.type(MEI, "audit --user U0VIEW --share")
    said = await office.slack.wait(LIN, "C0GENERAL", lambda m: "1 个请求" in m.plain)
    assert said.plain.count("@vera") == 2
    assert said.pings == []


async def test_only_admins_read_it(office):
    assert "That needs the role admin; you are: approver." in (await office.ask(LIN, "audit")).plain


@pytest.mark.parametrize("words", ["yesteryear", "2026-13-01", "5x"])
async def test_a_time_that_is_none_is_named(office, words):
    answer = (await office.ask(MEI, f"audit --since {words}")).plain
    assert answer.startswith(f"看不懂时间 {words}。")
