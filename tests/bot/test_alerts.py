"""What people do about alerts: once each, where they see them, and never to what is over."""

import asyncio

import pytest

from bot.appyaml import shipped
from bridge.alerts.rules import RuleKind
from store.tables import Alert, AlertState, NoticeKind
from tests.bot.desk import ALERTS, cleared, notices, on_the_wall, raised, row, show

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"


@pytest.fixture
async def apart(closed_office, tmp_path):
    """An office in which Vera is an operator of emailcar alone, and may see nothing else."""
    text = shipped().read_text("utf-8").replace("viewer: [everyone]", "viewer: []")
    own = "  emailcar:\n    roles: {operator: [U0VIEW]}\n"
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text.replace("  emailcar:\n", own, 1), "utf-8")
    async with closed_office.open():
        yield closed_office


# Looking


async def test_nothing_fires(office):
    answer = await office.ask(VERA, "alerts")
    assert answer.plain.startswith("✅ Nothing is firing")
    assert answer.buttons == []


async def test_what_fires_comes_first_and_the_worst_before_the_rest(office):
    over = await raised(office, "task/1")
    await cleared(office, "task/1")
    mild = await raised(office, "task/2")
    bad = await raised(office, "task/3", kind=RuleKind.TASK_STATUS)
    taken = await raised(office, "task/4", kind=RuleKind.TASK_STATUS)
    await office.ask(LIN, f"alerts ack {taken[-6:]}")
    answer = (await office.ask(VERA, "alerts")).plain
    assert answer.startswith("🔴 2 alerts are firing · 1 acknowledged")
    places = [answer.index(one[-6:]) for one in (bad, mild, taken)]
    assert places == sorted(places)
    assert over[-6:] not in answer or answer.index(over[-6:]) > places[-1]


async def test_the_list_can_be_of_what_fires_and_of_one_account(office):
    await raised(office, "task/2")
    await raised(office, "task/3", account="emailcar")
    await office.ask(LIN, f"alerts ack {(await raised(office, 'task/4'))[-6:]}")
    firing = (await office.ask(VERA, "alerts --firing")).plain
    assert "task 2" in firing
    assert "task 4" not in firing
    assert "task 2" not in (await office.ask(VERA, "alerts --account emailcar")).plain
    assert "I don't know the account nobody" in (await office.ask(VERA, "alerts --account nobody")).plain


async def test_many_alerts_have_pages(office):
    for number in range(11):
        await raised(office, f"task/{100 + number}")
    first = await office.ask(VERA, "alerts")
    assert first.plain.count("Bounces at") == 10
    second = await office.press(VERA, first, "Next page")
    assert (second.plain.count("Bounces at"), "page 2" in second.plain) == (1, True)


async def test_an_alert_is_shown_with_its_figures_and_what_happened(office):
    alert = await raised(office)
    await office.ask(LIN, f"alerts ack {alert[-6:]}")
    answer = await office.ask(VERA, f"alerts show {alert[-6:].upper()}")
    assert answer.plain.startswith("👀 Bounces at 6.3 % on task 19124, usual is 1.1 %: 2,594 of 41,163")
    assert "acknowledged by @lin" in answer.plain
    assert "Rule  bounces" in answer.plain
    assert "acknowledged · @lin" in answer.plain
    assert set(answer.pings) == {LIN}
    assert [button.text for button in answer.buttons] == ["Show task"]


async def test_an_id_that_means_several_or_none_is_said(office):
    about = (await row(office, await raised(office))).model_dump(exclude={"id", "open_key"})
    alike = [Alert(id=f"0199aaaa-0000-7000-8000-0000000{digit}fabc", **about) for digit in "12"]
    await office.store.transact(lambda session, _now: session.add_all(alike))
    several = (await office.ask(LIN, "alerts ack fabc")).plain
    assert several.startswith("fabc may be any of these. Type one character more:")
    assert (several.count("00001fabc"), several.count("00002fabc")) == (1, 1)
    assert (await office.ask(LIN, "alerts ack 1fabc")).plain.startswith("👀 Acknowledged:")
    assert "There is no alert ffffffffff" in (await office.ask(LIN, "alerts show ffffffffff")).plain
    assert "xyz is no alert's id" in (await office.ask(LIN, "alerts ack xyz")).plain


# Acknowledging


async def test_an_operator_acknowledges_by_the_end_of_an_id(office):
    alert = await raised(office)
    answer = (await office.ask(LIN, f"alerts ack {alert[-6:]}")).plain
    assert answer.startswith("👀 Acknowledged: Bounces at 6.3 % on task 19124 · umail")
    found = await row(office, alert)
    assert (found.state, found.acknowledged_by) == (AlertState.ACKNOWLEDGED, LIN)


async def test_the_second_is_told_who_was_first(office):
    alert = await raised(office)
    await office.ask(LIN, f"alerts ack {alert}")
    answer = (await office.ask(OPS, f"alerts ack {alert}")).plain
    assert answer.startswith("Already acknowledged by @lin at ")
    assert (await row(office, alert)).acknowledged_by == LIN


async def test_what_is_over_is_not_opened_again(office):
    alert = await raised(office)
    await cleared(office)
    office.later(180)
    answer = (await office.ask(LIN, f"alerts ack {alert}")).plain
    assert answer.startswith("Resolved 3 min ago: Bounces at 6.3 % on task 19124")
    assert (await row(office, alert)).state is AlertState.RESOLVED


async def test_a_click_on_the_message_changes_the_message_and_says_nothing_else(office):
    alert = await raised(office)
    message = await on_the_wall(office, LIN, "Bounces at 6.3 %")
    before = office.shown(LIN, ALERTS)
    await office.slack.click(LIN, message, "Acknowledge")
    edited = await on_the_wall(office, LIN, "Acknowledged by @lin")
    assert edited.ts == message.ts
    assert (await row(office, alert)).acknowledged_by == LIN
    new = [one for one in office.slack.visible(LIN, ALERTS) if one.ephemeral_for and (one.ts, one.plain) not in before]
    assert new == []


async def test_a_click_that_comes_too_late_is_answered_to_who_clicked_alone(office):
    await raised(office)
    message = await on_the_wall(office, OPS, "Bounces at 6.3 %")
    await office.slack.click(LIN, message, "Acknowledge")
    await on_the_wall(office, LIN, "Acknowledged by @lin")
    answer = await office.press(OPS, message, "Acknowledge", ALERTS)
    assert answer.plain.startswith("Already acknowledged by @lin at ")
    assert answer.ephemeral_for == OPS


async def test_a_button_covers_what_its_message_showed(office):
    seen = await raised(office, "task/1")
    message = await on_the_wall(office, LIN, "task 1")
    later = await raised(office, "task/2")
    await office.slack.click(LIN, message, "Acknowledge")
    for _ in range(200):
        if (await row(office, seen)).state is AlertState.ACKNOWLEDGED:
            break
        await asyncio.sleep(0.01)
    assert (await row(office, seen)).acknowledged_by == LIN
    assert (await row(office, later)).state is AlertState.FIRING


async def test_two_who_press_at_once_are_one_that_did_and_one_that_is_told(office):
    alert = await raised(office)
    answers = await asyncio.gather(office.ask(LIN, f"alerts ack {alert}"), office.ask(OPS, f"alerts ack {alert}"))
    firsts = sorted(answer.plain.split(":")[0].split(" by ")[0] for answer in answers)
    assert firsts == ["Already acknowledged", "👀 Acknowledged"]


# Snoozing and closing


async def test_a_snooze_says_until_when(office):
    alert = await raised(office)
    answer = (await office.ask(LIN, f"alerts snooze {alert[-6:]} 1h30m")).plain
    assert answer.startswith("💤 Snoozed until ")
    found = await row(office, alert)
    assert (found.state, found.snoozed_by) == (AlertState.SNOOZED, LIN)
    assert 5_390 < (found.snoozed_until - await office.store.now()).total_seconds() <= 5_400


@pytest.mark.parametrize("span", ["soon", "0h", "30s", "32d"])
async def test_a_span_that_is_none_is_named_and_nothing_happens(office, span):
    alert = await raised(office)
    assert "is no span of time" in (await office.ask(LIN, f"alerts snooze {alert} {span}")).plain
    assert (await row(office, alert)).state is AlertState.FIRING


async def test_a_person_may_call_it_over(office):
    alert = await raised(office)
    answer = (await office.ask(LIN, f"alerts resolve {alert}")).plain
    assert answer.startswith("✅ Resolved: Bounces at 6.3 % on task 19124")
    found = await row(office, alert)
    assert (found.state, found.resolved_by) == (AlertState.RESOLVED, LIN)
    assert "Resolved 0 s ago by @lin" in (await office.ask(OPS, f"alerts resolve {alert}")).plain


# Who may


@pytest.mark.parametrize("verb", ["ack", "snooze", "resolve"])
async def test_a_viewer_may_look_and_not_touch(office, verb):
    alert = await raised(office)
    assert "That needs the role operator" in (await office.ask(VERA, f"alerts {verb} {alert}")).plain
    assert (await row(office, alert)).state is AlertState.FIRING
    assert "Acknowledge" not in [button.text for button in (await office.ask(VERA, "alerts")).buttons]


async def test_alerts_of_an_account_that_is_not_the_askers_are_not_there_for_them(apart):
    theirs, others = await raised(apart, "task/1", account="emailcar"), await raised(apart, "task/2")
    answer = (await apart.ask(VERA, "alerts")).plain
    assert ("task 1" in answer, "task 2" in answer) == (True, False)
    assert "There is no alert" in (await apart.ask(VERA, f"alerts show {others}")).plain
    assert "There is no alert" in (await apart.ask(VERA, f"alerts ack {others}")).plain
    assert "Acknowledged" in (await apart.ask(VERA, f"alerts ack {theirs}")).plain


async def test_a_click_by_who_may_not_changes_nothing(office):
    alert = await raised(office)
    message = await on_the_wall(office, VERA, "Bounces at 6.3 %")
    answer = await office.press(VERA, message, "Acknowledge", ALERTS)
    assert "That needs the role operator" in answer.plain
    assert (await row(office, alert)).state is AlertState.FIRING


# Machines and Chinese


async def test_a_terminal_reads_it_as_json(office, edmbot):
    alert = await raised(office)
    told = await edmbot("exec", "--json", "alerts --firing", environ=office.environ)
    assert f'"id": "{alert}"' in told.out
    assert '"firing": 1' in told.out
    assert (await edmbot("exec", f"alerts ack {alert}", environ=office.environ)).status == 0


async def test_it_is_said_in_chinese(office):
    alert = await raised(office)
    assert "1 条告警中" in (await office.ask(MEI, "alerts")).plain
    assert (await office.ask(MEI, f"alerts ack {alert}")).plain.startswith("👀 已接手：")


async def test_the_thread_tells_who_did_it(office):
    alert = await raised(office)
    await on_the_wall(office, LIN, "Bounces at 6.3 %")
    await office.ask(LIN, f"alerts ack {alert}")
    await show(office)
    assert len(await notices(office, NoticeKind.HISTORY)) == 1
