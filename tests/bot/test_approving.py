"""The whole way of a request: asked for, approved by a click, carried out, followed, stopped; and each end is told."""

import pytest

import jobs.scheduler
from sandbox.mailing import Status
from store.tables import Approval, ApprovalState, Notice, NoticeKind
from tests.bot.shift import shift_in

LIN, MEI, OPS = "U0LIN", "U0MEI", "U0OPS"
APPROVE = "C0APPROVE"
TASK = 19129
"""Paused before it was through."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name in ("duties", "outbox", "approvals", "executions", "inquiries"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 0.05)


CHANNELS = {"alerts": "C0ALERTS", "digest": "C0DIGEST", "approvals": APPROVE}


@pytest.fixture
async def shift(closed_office, tmp_path):
    """One approval for everything; what was not asked for here is let alone."""
    made = shift_in(tmp_path, closed_office)
    made.configure(channels=CHANNELS, approvals={"policies": [], "unapproved_sends": "ignore"})
    async with made.on():
        yield made


@pytest.fixture
async def watchful(closed_office, tmp_path):
    """The same, and what was not asked for here is told."""
    made = shift_in(tmp_path, closed_office)
    made.configure(channels=CHANNELS, approvals={"policies": []})
    async with made.on():
        yield made


async def card(shift, words):
    return await shift.office.slack.wait(
        LIN, APPROVE, lambda message: words in message.plain and message.ephemeral_for is None, timeout=8.0
    )


async def direct(shift, user, words):
    channel = shift.office.slack.workspace.direct_id(user)
    return await shift.office.slack.wait(user, channel, lambda message: words in message.plain, timeout=8.0)


async def request(shift):
    [row] = await shift.rows(Approval)
    return row


async def asked(shift):
    """Ops wants task 19129 to go on; the card."""
    answer = await shift.office.ask(OPS, f"task resume {TASK}")
    assert "waits for 1 approval" in answer.plain
    return await card(shift, f"asks to let task {TASK} go on")


async def test_a_resume_is_asked_for_approved_carried_out_followed_and_stopped(shift):
    office = shift.office
    shown = await asked(shift)
    assert "were sent to before. The vendor lists them nowhere" in shown.plain
    assert shift.task(TASK).status is Status.PAUSED
    said = await office.press(LIN, shown, "Approve send", APPROVE)
    assert said.plain.startswith("✅ Approved, 1 of 1: I look once more whether")
    told = await direct(shift, OPS, "was approved and started")
    assert told.plain.startswith("✅")
    assert (await request(shift)).state is ApprovalState.EXECUTED
    assert len(office.changes) == 1

    await shift.a_poll()
    shift.enters(Status.SENDING, TASK)
    await shift.a_poll()
    shown = await card(shift, "Approved by @lin: sending")
    assert shown.plain.startswith("🟢 Approved by @lin: sending ")
    await office.slack.click(OPS, shown, "Pause task")
    await office.told(OPS, f"Task {TASK} is paused after", APPROVE)
    assert shift.task(TASK).status is Status.PAUSED
    shown = await card(shift, "paused, stopped at")
    assert "Resume task" in [button.text for button in shown.buttons]


async def test_the_card_loses_its_buttons_before_anything_is_asked_of_the_vendor(shift):
    shown = await asked(shift)
    shift.office.box.faults.inject("umail", "slow", call="task-list", seconds=1.0, times=3)
    await shift.office.slack.click(LIN, shown, "Approve send")
    working = await card(shift, "working…")
    assert shift.office.changes == []
    assert not {"Approve send", "Reject…"} & {button.text for button in working.buttons}


async def test_a_vendor_that_is_down_when_it_is_approved_is_told_on_the_card(shift):
    shown = await asked(shift)
    shift.office.box.faults.inject("umail", "down")
    await shift.office.slack.click(LIN, shown, "Approve send")
    await card(
        shift, "The vendor broke off before its answer was whole; I try again and start nothing before I have looked"
    )
    shift.office.box.faults.clear()
    await shift.goes_by(seconds=61)
    await card(shift, "Approved by @lin: ")
    assert (await request(shift)).state is ApprovalState.EXECUTED


async def test_nothing_is_done_when_nobody_decides_and_the_asker_is_told(shift):
    await asked(shift)
    shift.jump(hours=25)
    assert (await direct(shift, OPS, "has expired")).plain.startswith("⌛ Nobody decided in time:")
    shown = await card(shift, "This request expired")
    assert shown.buttons[0].text == "Ask for another time"
    assert shift.task(TASK).status is Status.PAUSED
    assert shift.office.changes == []


async def test_what_changed_meanwhile_voids_it_and_is_asked_anew(shift):
    shown = await asked(shift)
    shift.task(TASK).settings.replyto = "other@shop.example"
    await shift.office.slack.click(LIN, shown, "Approve send")
    anew = await card(shift, "Asked anew, because this has changed since:")
    assert "reply address: " in anew.plain
    assert "→ other@shop.example" in anew.plain
    assert (await card(shift, "this request is void")).ts == shown.ts
    assert "asked anew" in (await direct(shift, OPS, "asked anew")).plain
    assert shift.office.changes == []


async def test_a_card_counts_down_and_its_notice_is_closed_at_the_end(shift):
    shown = await asked(shift)
    assert "in about 24 h" in shown.plain
    await shift.goes_by(minutes=61)
    await shift.goes_by(minutes=61)
    assert "in about 22 h" in (await card(shift, "in about 22 h")).plain
    await shift.office.ask(OPS, f"approval withdraw {(await request(shift)).id}")
    await card(shift, "Withdrawn by @ops")
    for _ in range(3):
        await shift.goes_by(minutes=1)
    [notice] = [one for one in await shift.rows(Notice) if one.kind is NoticeKind.APPROVAL]
    assert (notice.open_key, notice.closed_at is not None) == (None, True)


async def test_a_send_that_nobody_approved_and_that_is_under_way_can_only_be_paused(watchful):
    await watchful.a_poll()
    watchful.enters(Status.SENDING, TASK)
    await watchful.a_poll()
    shown = await card(watchful, "nobody approved it here · it is too late to hold it")
    assert shown.plain.startswith(f"⚠️ Task {TASK} is sending")
    assert [button.text for button in shown.buttons][:2] == ["Let it send", "Pause task"]
    await watchful.office.slack.click(OPS, shown, "Pause task")
    await watchful.office.told(OPS, f"Task {TASK} is paused after", APPROVE)
    assert watchful.task(TASK).status is Status.PAUSED
