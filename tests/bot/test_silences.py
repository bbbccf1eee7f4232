"""Silences: what one would hide is shown first; then who set it and until when, and anybody may end it."""

import json

from sqlmodel import select

from bridge.alerts.rules import RuleKind
from store.tables import Silence
from tests.bot.desk import notices, raised, show

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
TYPED = [
    ("silence task=19124 2h", {"subject": "task/19124"}),
    ("silence 2h task＝19124", {"subject": "task/19124"}),
    ("silence “task=VIP list*” 2h", {"name": "VIP list*"}),
    ('silence name="VIP list" severity=warning 1d', {"name": "VIP list", "severity": "warning"}),
    ("silence rule=bounces account=* 30m", {"rule": "bounces", "account": "*"}),
    ("silence KIND=task_late 90m", {"kind": "task_late"}),
]
WRONG = [
    ("silence", "What? Say it as in /edm silence task=19124 2h"),
    ("silence 2h", "What? Say it as in"),
    ("silence task=19124", "For how long?"),
    ("silence task=19124 soon", "soon is no span of time."),
    ("silence task=19124 40d", "40d is no span of time."),
    ("silence task=19124 2h more", "more is one word too much."),
    ("silence acount=umail 2h", "I cannot silence by acount. I know: account"),
    ("silence account=umial 2h", "account=umial matches nothing that I know. I know: umail"),
    ("silence kind=bounces 2h", "kind=bounces matches nothing that I know. I know: bounce_rate"),
    ("silence rule=bounce 2h", "rule=bounce matches nothing that I know. I know: bounces"),
    ("silence severity=bad 2h", "severity=bad matches nothing that I know."),
    ("silence task= 2h", "task= wants a value."),
    ("silence task=1 task=2 2h", "subject may stand only once."),
    ("silence name=* 2h", "That would silence everything."),
    ("silence alert=00000000 2h", "There is no alert 00000000"),
    ('silence task=1 2h --comment ""', "A comment has 1 to 300 characters."),
]


async def silences(office):
    return await office.store.transact(lambda session, _now: session.exec(select(Silence)).all())


async def silenced(office, line, user=LIN):
    """Ask for a silence and say yes; the answer."""
    return await office.press(user, await office.ask(user, line), "Silence")


async def test_what_it_would_hide_is_shown_before_anything_happens(office):
    await raised(office)
    await raised(office, "task/7")
    answer = await office.ask(LIN, "silence task=19124 2h")
    assert answer.plain.startswith("🔕 Silence task=19124 until ")
    assert "It hides 1 alert that is open now:\n🟠 Bounces at 6.3 % on task 19124" in answer.plain
    assert "task 7" not in answer.plain
    assert await silences(office) == []


async def test_it_begins_when_it_is_confirmed_and_everyone_hears_who_did_it(office):
    answer = await silenced(office, 'silence account=umail kind=bounce_rate 4h --comment "list is being cleaned"')
    assert answer.plain.startswith("🔕 Silenced until ")
    assert "“list is being cleaned”" in answer.plain
    [row] = await silences(office)
    assert (row.matchers, row.created_by) == ({"account": "umail", "kind": "bounce_rate"}, LIN)
    assert 14_390 < (row.ends_at - await office.store.now()).total_seconds() <= 14_400
    said = await office.slack.wait(VERA, "C0GENERAL", lambda m: "silenced" in m.plain and not m.ephemeral_for)
    assert "🔕 @lin silenced account=umail, kind=bounce_rate until " in said.plain


async def test_what_is_silenced_is_not_told(office):
    await silenced(office, "silence task=19124 2h")
    await raised(office)
    await raised(office, "task/7")
    await show(office)
    said = [message.plain for message in office.slack.visible(LIN, "C0ALERTS")]
    assert [("task 19124" in words, "task 7" in words) for words in said] == [(False, True)]
    assert len(await notices(office)) == 1


async def test_what_people_type_is_understood(office):
    for line, _ in TYPED:
        await silenced(office, line)
    assert [row.matchers for row in await silences(office)] == [matchers for _, matchers in TYPED]


async def test_an_alert_stands_for_its_rule_its_account_and_its_subject(office):
    alert = await raised(office)
    shown = await office.ask(LIN, f"alerts show {alert}")
    await office.slack.click(LIN, shown, "Silence this for 2 hours")
    preview = await office.told(LIN, "It hides 1 alert")
    await office.press(LIN, preview, "Silence")
    assert [row.matchers for row in await silences(office)] == [
        {"account": "umail", "rule": "bounces", "subject": "task/19124"}
    ]


async def test_what_is_wrong_is_said_and_no_vendor_is_asked(office):
    for line, words in WRONG:
        assert words in (await office.ask(LIN, line)).plain
    assert await silences(office) == []
    assert office.box.requests == []


async def test_what_is_in_force_is_listed_with_who_and_until_when(office):
    assert "Nothing is silenced" in (await office.ask(VERA, "silence ls")).plain
    await silenced(office, "silence task=19124 2h --comment <!channel>")
    answer = await office.ask(VERA, "silence ls")
    assert answer.plain.startswith("🔕 1 silence")
    assert "task=19124 · until " in answer.plain
    assert "@lin “<!channel>”" in answer.plain
    assert (answer.pings, answer.buttons) == ([LIN], [])


async def test_it_ends_by_itself(office):
    await silenced(office, "silence task=19124 2h")
    office.later(7_201)
    assert "Nothing is silenced" in (await office.ask(VERA, "silence ls")).plain


async def test_another_operator_ends_it_and_everyone_hears(office):
    await silenced(office, "silence task=19124 2h")
    answer = await office.press(OPS, await office.ask(OPS, "silence ls"), "End silence")
    assert answer.plain.startswith("🔔 The silence has ended: task=19124")
    assert [row.ended_by for row in await silences(office)] == [OPS]
    await office.slack.wait(VERA, "C0GENERAL", lambda m: "@ops ended the silence of task=19124" in m.plain)


async def test_one_that_has_ended_or_is_unknown_is_said(office):
    await silenced(office, "silence task=19124 2h")
    [row] = await silences(office)
    office.later(7_201)
    assert "This silence ended " in (await office.ask(LIN, f"silence end {row.id}")).plain
    assert "There is no silence 00000000" in (await office.ask(LIN, "silence end 00000000")).plain
    assert "x is no silence's id" in (await office.ask(LIN, "silence end x")).plain


async def test_a_viewer_may_not_silence(office):
    assert "That needs the role operator" in (await office.ask(VERA, "silence task=1 2h")).plain


async def test_at_a_terminal_yes_is_said_beforehand(office, edmbot):
    asked = await edmbot("exec", "--json", "silence task=19124 2h", environ=office.environ)
    assert (asked.status, json.loads(asked.out)["facts"]["matchers"]) == (1, {"subject": "task/19124"})
    done = await edmbot("exec", "--yes", "--json", "silence task=19124 2h", environ=office.environ)
    assert (done.status, json.loads(done.out)["facts"]["created_by"]) == (0, "terminal")


async def test_it_is_said_in_chinese(office):
    await raised(office, kind=RuleKind.TASK_STATUS)
    answer = await office.ask(MEI, "silence task=19124 2h")
    assert "会隐藏目前未结束的 1 条告警：" in answer.plain
    assert "已静默到 " in (await office.press(MEI, answer, "静默")).plain
