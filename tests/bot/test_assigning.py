"""An alert is given to somebody: in a line or in a form; they are told, and called first."""

import json

import pytest

from bot.appyaml import Purpose, load, shipped
from bot.watch import desk_of
from store.tables import NoticeKind
from tests.bot.desk import ALERTS, notices, on_the_wall, raised, row, show

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"


async def form_of(office, user):
    """The modal, once it is filled."""
    await office.until(
        lambda: (view := office.slack.modal(user)) and any(block["type"] == "input" for block in view.blocks)
    )


async def test_an_operator_gives_an_alert_to_somebody_who_is_told(office):
    alert = await raised(office)
    head = await on_the_wall(office, OPS, "Bounces at 6.3 %")
    answer = await office.ask(OPS, f"alerts assign {alert[-6:]} @lin")
    assert answer.plain.startswith("👉 Assigned to @lin: Bounces at 6.3 % on task 19124 · umail")
    assert (await row(office, alert)).assigned_to == LIN
    edited = await on_the_wall(office, OPS, "Assigned to @lin")
    assert edited.ts == head.ts
    told = await office.slack.wait(LIN, "D0LIN", lambda message: "asks you to look after this" in message.plain)
    assert told.plain.startswith("🟠 @ops asks you to look after this: Bounces at 6.3 % on task 19124")
    assert told.pings == [OPS]
    assert "assigned → @lin · @ops" in (await office.ask(VERA, f"alerts show {alert}")).plain
    assert len(await notices(office, NoticeKind.HISTORY)) == 1


async def test_the_menu_of_a_message_asks_whom_in_a_form(office):
    alert = await raised(office)
    head = await on_the_wall(office, OPS, "Bounces at 6.3 %")
    await office.slack.click(OPS, head, "Assign to somebody")
    await form_of(office, OPS)
    before = office.shown(OPS, ALERTS)
    await office.slack.submit(OPS, {"person": MEI})
    assert (await office.answer(OPS, ALERTS, before)).plain.startswith("👉 Assigned to @mei:")
    assert (await row(office, alert)).assigned_to == MEI


async def test_who_takes_it_is_not_told_what_they_know(office):
    alert = await raised(office)
    assert (await office.ask(OPS, f"alerts assign {alert} me")).plain.startswith("👉 Assigned to @ops:")
    assert (await row(office, alert)).assigned_to == OPS
    assert await notices(office, NoticeKind.NOTE) == []
    assert (await office.ask(LIN, f"alerts assign {alert} {OPS}")).plain.startswith("Already assigned to @ops:")


async def test_a_word_that_names_nobody_is_said(office):
    alert = await raised(office)
    assert "I don't know who lin is: write @name" in (await office.ask(OPS, f"alerts assign {alert} lin")).plain
    assert (await row(office, alert)).assigned_to is None


async def test_a_viewer_may_not(office):
    alert = await raised(office)
    assert "That needs the role operator" in (await office.ask(VERA, f"alerts assign {alert} {LIN}")).plain


async def test_what_is_over_is_given_to_nobody(office):
    alert = await raised(office)
    await office.ask(OPS, f"alerts resolve {alert}")
    assert "Resolved 0 s ago by @ops" in (await office.ask(OPS, f"alerts assign {alert} {LIN}")).plain
    assert await notices(office, NoticeKind.NOTE) == []


@pytest.fixture
async def on_call(closed_office, tmp_path):
    """With people who are called after a quarter of an hour."""
    text = shipped().read_text("utf-8").replace("\nroutes: []", "\nroutes: [{oncall: edm}]", 1)
    text = text.replace("\noncall: {}", "\noncall: {edm: [{after: 15m, who: [S0ONCALL]}]}", 1)
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open():
        yield closed_office


async def test_the_next_step_is_shown_and_calls_first_whom_it_is_assigned_to(on_call):
    desk = desk_of(load(on_call.app_yaml, on_call.environ, purpose=Purpose.CHECK))
    alert = await raised(on_call, desk=desk)
    shown = (await on_call.ask(VERA, f"alerts show {alert}")).plain
    assert "Called next" in shown
    assert "@edm-oncall" in shown.split("Called next")[1].split("\n")[0]
    await on_call.ask(OPS, f"alerts assign {alert} {LIN}")
    shown = (await on_call.ask(VERA, f"alerts show {alert}")).plain
    assert "@lin @edm-oncall" in shown.split("Called next")[1].split("\n")[0]
    await show(on_call)
    on_call.later(900)
    await on_call.store.transact(desk.due)
    [step] = await notices(on_call, NoticeKind.ESCALATION)
    assert step.facts["who"] == [LIN, "S0ONCALL"]
    assert "Called next" not in (await on_call.ask(VERA, f"alerts show {alert}")).plain


async def test_a_terminal_reads_the_next_step_as_json(on_call, edmbot):
    desk = desk_of(load(on_call.app_yaml, on_call.environ, purpose=Purpose.CHECK))
    alert = await raised(on_call, desk=desk)
    at = (await row(on_call, alert)).due_at
    line = ("exec", "--config", str(on_call.app_yaml), "--json", f"alerts show {alert}")
    told = json.loads((await edmbot(*line, environ=on_call.environ)).out)
    assert told["facts"]["next"] == {"at": at.isoformat(), "who": ["S0ONCALL"]}
