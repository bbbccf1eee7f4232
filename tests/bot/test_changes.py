"""Pause, resume, cancel, delete: read first, asked for once with every known field, read back, never twice."""

import asyncio
from datetime import timedelta

import pytest

from bridge.changes.tasks import LOOK_AGAIN
from sandbox.clock import vendor_time
from sandbox.mailing import Status

LIN, MEI = "U0LIN", "U0MEI"


def status(office, task_id):
    return office.box.world.task(task_id).status


async def test_a_pause_repeats_every_known_field_in_one_edit_and_reads_back(office):
    answer = await office.ask(LIN, "task pause 19124")
    assert "Task 19124 is paused after 41,200 of 90,000" in answer.plain
    assert "asked by @lin · umail · U-Mail reports -2 at" in answer.plain
    assert "could not be checked: first address, unsubscribe link, tracking domain, speed, read receipt" in answer.plain
    [edit] = office.changes
    sent = dict(edit.params)
    assert sent == {
        "do": "edit-task",
        "id": "19124",
        "tpl_id": "16",
        "send_domain": "shop.example",
        "send_account": "news@shop.example",
        "send_fullname": "小店",
        "maillist_id": "5",
        "send_qty": "0",
        "track_status": "2",
        "send_replyto": "service@shop.example",
        "send_status": "-2",
        "send_time": vendor_time(office.box.world.task(19124).settings.send_time),
    }
    assert [r.call for r in office.box.requests] == ["task-list", "edit-task", "task-list"]
    assert status(office, 19124) is Status.PAUSED


async def test_the_channel_is_told_who_changed_what(office):
    await office.ask(LIN, "task pause 19124")
    said = await office.slack.wait("U0VIEW", "C0GENERAL", lambda m: "changed task" in m.plain)
    assert said.plain == "⏸️ @lin changed task 19124 (umail): it is now paused, 41,200 of 90,000"
    assert said.ephemeral_for is None


async def test_a_task_that_has_not_begun_is_held(office):
    answer = await office.ask(MEI, "task pause 19126")
    assert "任务 19126 暂不发送" in answer.plain
    assert [edit.params["send_status"] for edit in office.changes] == ["-1"]
    assert status(office, 19126) is Status.HELD


async def test_a_resume_goes_on_with_a_time_that_has_not_passed(unasked):
    answer = await unasked.ask(LIN, "task resume 19129")
    assert "Task 19129 is scheduled" in answer.plain
    [edit] = unasked.changes
    assert edit.params["send_status"] == "1"
    assert edit.params["send_time"] > vendor_time(unasked.clock())
    assert edit.params["maillist_id"] == "9"


async def test_the_time_of_a_resume_is_by_the_databases_clock(unasked):
    unasked.later(3_600)
    await unasked.ask(LIN, "task resume 19129")
    [edit] = unasked.changes
    soon = unasked.clock() + timedelta(hours=1, minutes=1)
    assert edit.params["send_time"] > vendor_time(soon)


async def test_the_button_of_an_answer_does_the_next_thing_in_its_place(unasked):
    paused = await unasked.ask(LIN, "task pause 19124")
    resumed = await unasked.press(LIN, paused, "Resume task")
    assert (resumed.ts, "Task 19124 is scheduled" in resumed.plain) == (paused.ts, True)
    assert [edit.params["send_status"] for edit in unasked.changes] == ["-2", "1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("task pause 19129", "Task 19129 is paused already; I changed nothing"),
        ("task resume 19124", "Task 19124 is sending already; I changed nothing"),
        ("task pause 19125", "Task 19125 was sent completely (90,000 of 90,000): there is nothing left to pause"),
        ("task resume 19119", "Task 19119 is cancelled: there is nothing left to resume"),
        ("task cancel 19119", "Task 19119 is cancelled already"),
        ("task pause 19120", "Task 19120 is stopped: there is nothing left to pause"),
        ("task resume 19127", "Task 19127 has failed after 2,081 of 18,400; the vendor documents no way to change it"),
        ("task delete 19124", "Task 19124 is sending. Pause or cancel it first, then delete it"),
        ("task pause 99999", "U-Mail knows no task 99999"),
    ],
)
async def test_what_the_state_forbids_is_refused_in_words_and_not_asked_for(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.changes == []


async def test_cancelling_asks_first_and_the_confirming_button_does_it_once(office):
    question = await office.ask(LIN, "task cancel 19124")
    assert "Cancel task 19124 for good?" in question.plain
    assert "nothing has been changed yet" in question.plain
    assert office.changes == []
    answer = await office.press(LIN, question, "Cancel task")
    assert "Task 19124 is cancelled after 41,200 of 90,000" in answer.plain
    assert [edit.params["send_status"] for edit in office.changes] == ["-3"]
    assert status(office, 19124) is Status.CANCELLED


async def test_deleting_asks_first_and_says_that_the_task_is_gone(office):
    question = await office.ask(MEI, "task delete 19119")
    assert "删除任务 19119" in question.plain
    assert office.changes == []
    answer = await office.press(MEI, question, "删除任务")
    assert "任务 19119 已删除" in answer.plain
    assert [(r.call, r.params["id"]) for r in office.changes] == [("del-task", "19119")]
    assert office.box.world.task(19119).deleted


async def test_what_changed_along_with_it_is_reported(office):
    office.box.faults.inject("umail", "slow", call="edit-task", seconds=0.1)
    asked = asyncio.create_task(office.ask(LIN, "task pause 19124"))
    await office.until(lambda: office.changes)
    office.box.faults.inject("umail", "slow", call="task-list", seconds=0.2)
    await office.until(lambda: status(office, 19124) is Status.PAUSED)
    office.box.world.task(19124).settings.replyto = "other@shop.example"
    answer = await asked
    assert "This changed along with it:" in answer.plain
    assert "reply address: service@shop.example → other@shop.example" in answer.plain


# V3.0, whose edit-task accepts -1 and 1 only


async def test_v3_pauses_by_holding_and_repeats_what_it_knows(two_dialects):
    answer = await two_dialects.ask(LIN, "task pause 7002 --account old")
    assert "Task 7002 is on hold after 3,4" in answer.plain
    [edit] = two_dialects.changes
    assert edit.vendor == "umail_v3"
    assert {name: edit.params[name] for name in ("send_status", "tpl_id", "maillist_id", "send_account")} == {
        "send_status": "-1",
        "tpl_id": "20",
        "maillist_id": "8",
        "send_account": "post@old.example",
    }
    assert not {"send_qty_start", "hour_speed", "is_need_receipt", "time"} & set(edit.params)


async def test_v3_resumes(two_dialects_unasked):
    answer = await two_dialects_unasked.ask(LIN, "task resume 7004 --account old")
    assert "Task 7004 is scheduled" in answer.plain
    assert [edit.params["send_status"] for edit in two_dialects_unasked.changes] == ["1"]


async def test_v3_cannot_cancel_and_offers_to_hold(two_dialects):
    offer = await two_dialects.ask(LIN, "task cancel 7002 --account old")
    assert "old cannot cancel a task: this version of the vendor's API (V3.0) only holds and releases" in offer.plain
    assert two_dialects.changes == []
    held = await two_dialects.press(LIN, offer, "Hold task")
    assert "Task 7002 is on hold" in held.plain
    assert [edit.params["send_status"] for edit in two_dialects.changes] == ["-1"]


async def test_v3_deletes_after_asking(two_dialects):
    question = await two_dialects.ask(LIN, "task delete 7006 --account old")
    answer = await two_dialects.press(LIN, question, "Delete task")
    assert "Task 7006 is deleted" in answer.plain
    assert [r.call for r in two_dialects.changes] == ["del-task"]


# Answers that never came


async def test_a_lost_reply_is_settled_by_reading_back(office):
    office.box.faults.inject("umail", "lost_reply", call="edit-task")
    answer = await office.ask(LIN, "task pause 19124")
    assert "Task 19124 is paused" in answer.plain
    assert len(office.changes) == 1


@pytest.mark.usefixtures("impatient")
async def test_a_time_out_is_an_unknown_outcome_that_is_looked_up_and_told(office):
    office.box.faults.inject("umail", "timeout", call="edit-task")
    answer = await office.ask(LIN, "task pause 19124")
    assert "I asked U-Mail to pause task 19124, and it still says sending. It may yet happen." in answer.plain
    assert "I will not ask for it a second time by myself" in answer.plain
    office.later(50)
    found = await office.told(LIN, "Found out")
    assert "Found out: U-Mail did not pause task 19124; it is sending, 41,200 of 90,000" in found.plain
    assert len(office.changes) == 1


async def test_an_outcome_that_cannot_be_read_back_is_unknown_until_it_can(office):
    office.box.faults.inject("umail", "slow", call="edit-task", seconds=0.1)
    asked = asyncio.create_task(office.ask(LIN, "task pause 19124"))
    await office.until(lambda: office.changes)
    office.box.faults.inject("umail", "html", call="task-list")
    answer = (await asked).plain
    assert "I asked U-Mail to pause task 19124" in answer
    assert "The outcome is unknown: it may or may not have happened." in answer
    office.later(3)
    assert "Found out: task 19124 is paused, 41,200 of 90,000" in (await office.told(LIN, "Found out")).plain
    assert len(office.changes) == 1


async def test_a_vendor_that_acts_late_is_waited_for(office):
    office.box.faults.inject("umail", "late_apply", call="edit-task", seconds=10)
    assert "it still says sending" in (await office.ask(LIN, "task pause 19124")).plain
    office.box.clock.step(11)
    office.later(3)
    assert "Found out: task 19124 is paused" in (await office.told(LIN, "Found out")).plain
    assert len(office.changes) == 1


async def test_a_vendor_that_says_yes_and_does_nothing_is_found_out(office):
    office.box.faults.inject("umail", "silent_accept", call="edit-task")
    assert "对方仍报告正在发送" in (await office.ask(MEI, "task pause 19124")).plain
    office.later(50)
    assert "没有暂停任务 19124" in (await office.told(MEI, "查清了")).plain
    assert len(office.changes) == 1


async def test_v3_tells_an_unknown_outcome_too(two_dialects):
    two_dialects.box.faults.inject("umail_v3", "reset", call="edit-task")
    answer = await two_dialects.ask(LIN, "task pause 7002 --account old")
    assert "it still says sending" in answer.plain
    two_dialects.later(50)
    assert "U-Mail did not pause task 7002" in (await two_dialects.told(LIN, "Found out")).plain
    assert len(two_dialects.changes) == 1


async def test_an_unknown_deletion_is_looked_up(office):
    office.box.faults.inject("umail", "late_apply", call="del-task", seconds=10)
    question = await office.ask(LIN, "task delete 19119")
    assert "it still says cancelled" in (await office.press(LIN, question, "Delete task")).plain
    office.box.clock.step(11)
    office.later(3)
    assert "Found out: task 19119 is deleted" in (await office.told(LIN, "Found out")).plain
    assert len(office.changes) == 1


async def test_an_outcome_that_cannot_be_found_out_is_given_to_a_person(office):
    office.box.faults.inject("umail", "reset", call="edit-task")
    await office.ask(LIN, "task pause 19124")
    office.box.faults.inject("umail", "html", call="task-list", times=100)
    for _ in LOOK_AGAIN:
        asked = len(office.box.requests)
        office.later(LOOK_AGAIN[-1].total_seconds() + 1)
        await office.until(lambda asked=asked: len(office.box.requests) > asked)
    told = await office.told(LIN, "I could not find out")
    assert "I could not find out whether U-Mail did pause task 19124. Please look in its console" in told.plain
    assert len(office.changes) == 1


async def test_a_second_wish_while_the_first_is_unknown_is_refused_and_names_who_asked(office):
    office.box.faults.inject("umail", "reset", call="edit-task")
    await office.ask(LIN, "task pause 19124")
    answer = await office.ask("U0OPS", "task pause 19124")
    assert "@lin asked to pause task 19124" in answer.plain
    assert "I ask for one thing at a time; I changed nothing" in answer.plain
    assert len(office.changes) == 1


async def test_a_settled_change_makes_way_for_the_next(office):
    office.box.faults.inject("umail", "reset", call="edit-task")
    await office.ask(LIN, "task pause 19124")
    office.later(50)
    await office.told(LIN, "Found out")
    assert "Task 19124 is paused" in (await office.ask(LIN, "task pause 19124")).plain
    assert len(office.changes) == 2


async def test_what_could_not_be_sent_is_plainly_not_done_and_not_looked_up(office):
    office.box.faults.inject("umail", "http_429", call="edit-task", seconds=7)
    answer = await office.ask(LIN, "task pause 19124")
    assert "U-Mail takes no more requests for the moment. It takes the next one in 7 seconds." in answer.plain
    assert len(office.changes) == 1
    assert "Task 19124 is paused" in (await office.ask(LIN, "task pause 19124")).plain
