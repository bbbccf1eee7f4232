"""A process that dies, or is told to stop: whoever asked is told, and nothing is asked for twice."""

import asyncio
import signal
from datetime import timedelta

import pytest
from sqlmodel import select

from store.tables import CommandRun

LIN, MEI = "U0LIN", "U0MEI"


async def killed_during(office, serving, line, *, call, user=LIN):
    """Ask, and kill the bot while the vendor holds this call."""
    assert (await office.type(user, line)).error is None
    await office.until(lambda: [request for request in office.box.requests if request.call == call])
    serving.send_signal(signal.SIGKILL)
    await serving.wait()


async def test_a_change_cut_short_is_told_looked_up_and_never_asked_for_again(closed_office, serving):
    closed_office.box.faults.inject("umail", "timeout", call="edit-task")
    await killed_during(closed_office, serving, "task pause 19124", call="edit-task")
    async with closed_office.open() as office:
        office.later(60)
        told = await office.told(LIN, "I was restarted in the middle of")
        assert "I was restarted in the middle of /edm task pause 19124. Whether it happened is unknown" in told.plain
        found = await office.told(LIN, "Found out")
        assert "Found out: U-Mail did not pause task 19124; it is sending" in found.plain
        assert len(office.changes) == 1


async def test_a_change_cut_short_that_the_vendor_made_is_found_out(closed_office, serving):
    office = closed_office
    office.box.faults.inject("umail", "slow", call="edit-task", seconds=0.2)
    await office.type(MEI, "task pause 19124")
    await office.until(lambda: office.changes)
    office.box.faults.inject("umail", "timeout", call="task-list")
    await office.until(lambda: office.box.requests[-1].call == "task-list" and office.changes)
    serving.send_signal(signal.SIGKILL)
    await serving.wait()
    async with office.open():
        office.later(60)
        assert "重启" in (await office.told(MEI, "task pause 19124")).plain
        assert "任务 19124 已暂停" in (await office.told(MEI, "查清了")).plain
        assert len(office.changes) == 1


async def test_a_question_cut_short_is_told_that_nothing_was_changed_and_can_be_asked_again(closed_office, serving):
    closed_office.box.faults.inject("umail", "timeout", call="task-list")
    await killed_during(closed_office, serving, "task list", call="task-list")
    closed_office.box.faults.clear()
    async with closed_office.open() as office:
        office.later(20)
        told = await office.told(LIN, "I was restarted before I could answer /edm task list")
        assert "Nothing was changed by it." in told.plain
        assert "14 tasks" in (await office.press(LIN, told, "Ask again")).plain


async def test_a_run_cut_short_is_told_once(closed_office, serving):
    closed_office.box.faults.inject("umail", "timeout", call="task-list")
    await killed_during(closed_office, serving, "task list", call="task-list")
    async with closed_office.open() as office:
        office.later(20)
        await office.told(LIN, "I was restarted")
    async with closed_office.open() as office:
        office.later(40)
        await office.ask(LIN, "help")
    told = [m for m in closed_office.slack.visible(LIN, "C0GENERAL") if "I was restarted" in m.plain]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("fault", "words"), [(None, "was done"), ("http_429", "was not done")], ids=["done", "not done"]
)
async def test_a_change_that_was_settled_but_not_told_is_told_as_it_is(office, fault, words):
    if fault:
        office.box.faults.inject("umail", fault, call="edit-task")
    await office.ask(LIN, "task pause 19124")

    def died_before_it_told(session, now):
        run = session.exec(select(CommandRun)).one()
        run.outcome, run.lease_until = None, now - timedelta(seconds=1)

    await office.store.transact(died_before_it_told)
    told = await office.told(LIN, "I was restarted")
    assert f"I was restarted before I could tell you: /edm task pause 19124 {words}" in told.plain
    assert "Task 19124 is" in (await office.press(LIN, told, "Look now")).plain
    assert len(office.changes) == 1


async def test_an_answer_that_comes_after_its_run_was_taken_for_dead_is_not_told_as_well(closed_office):
    closed_office.box.faults.inject("umail", "timeout", call="task-list")
    async with closed_office.open() as office:
        await office.type(LIN, "task list")
        await office.until(lambda: office.box.requests)
        office.later(20)
        await office.told(LIN, "I was restarted before I could answer")
        office.box.faults.clear()
    assert len(office.box.requests) == 2
    assert not [m for m in office.slack.visible(LIN, "C0GENERAL") if "14 tasks" in m.plain]


async def test_a_run_whose_process_lives_is_left_alone(closed_office, serving):
    closed_office.box.faults.inject("umail", "timeout", call="task-list")
    await closed_office.type(LIN, "task list")
    await closed_office.until(lambda: closed_office.box.requests)
    async with closed_office.open() as other:
        await asyncio.sleep(0.15)
        assert other.slack.visible(LIN, "C0GENERAL") == []


async def test_sigterm_lets_a_command_in_flight_answer_and_exits_well(closed_office, serving):
    closed_office.box.faults.inject("umail", "timeout", call="task-list")
    await closed_office.type(LIN, "task list")
    await closed_office.until(lambda: closed_office.box.requests)
    serving.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.1)
    # The held call breaks off; the bot asks again, as it does with every read.
    closed_office.box.faults.clear()
    await closed_office.told(LIN, "14 tasks")
    assert await asyncio.wait_for(serving.wait(), 5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_bot_stops_at_once(serving, number):
    serving.send_signal(number)
    assert await asyncio.wait_for(serving.wait(), 3) == 0
