"""Subscriptions: what a channel or a person is told, and no more than they may see."""

import json

from sqlmodel import select

from bot.appyaml import shipped
from store.tables import Subscription
from tests.bot.desk import raised, show

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
WRONG = [
    ("subscribe task.faild", "I know no event task.faild. Near it are: task.failed"),
    ("subscribe failed", "I know no event failed. Near it are:"),
    ("subscribe nonsense.*", "A star takes all of a kind: task.*, message.*"),
    ("subscribe", "Something is missing."),
    ("subscribe task.failed --severity bad", "bad is none of the choices:"),
    ("subscribe task.failed --account nobody", "I don't know the account nobody"),
    ("subscribe task.failed --to #random", "I am not in #random. Type /invite @edmbot there"),
    ("subscribe task.failed --to @mei", "I tell people only what they asked for themselves."),
    ("unsubscribe", "I know no event"),
    ("unsubscribe task.faild", "Near it are: task.failed"),
]


async def kept(office):
    rows = await office.store.transact(lambda session, _now: session.exec(select(Subscription)).all())
    return [(row.receiver, row.types, row.severity, row.account) for row in rows]


async def test_an_operator_subscribes_the_channel(office):
    answer = (await office.ask(LIN, "subscribe task.failed")).plain
    assert answer.startswith("🔔 #general will hear of:\ntask.failed")
    assert await kept(office) == [("C0GENERAL", "task.failed", None, None)]


async def test_several_at_once_with_a_filter(office):
    await office.ask(LIN, "subscribe task.failed，task.paused alert.* --severity critical --account umail")
    assert await kept(office) == [
        ("C0GENERAL", types, "critical", "umail") for types in ("task.failed", "task.paused", "alert.*")
    ]


async def test_a_viewer_subscribes_alone(office):
    assert "@vera will hear of:" in (await office.ask(VERA, "subscribe task.*")).plain
    assert await kept(office) == [(VERA, "task.*", None, None)]
    answer = await office.ask(VERA, "subscribe task.* --to #edm-alerts")
    assert "That needs the role operator" in answer.plain
    assert len(await kept(office)) == 1


async def test_the_same_again_is_no_second_one(office):
    await office.ask(LIN, "subscribe task.failed")
    assert "#general hears of that already:" in (await office.ask(OPS, "subscribe task.failed")).plain
    assert len(await kept(office)) == 1


async def test_what_is_wrong_is_said_and_nothing_is_kept(office):
    for line, words in WRONG:
        assert words in (await office.ask(LIN, line)).plain
    assert await kept(office) == []
    assert office.box.requests == []


async def test_what_is_told_is_listed_for_the_channel_and_for_oneself(office):
    await office.ask(LIN, "subscribe task.failed")
    await office.ask(VERA, "subscribe alert.* --severity warning")
    answer = (await office.ask(VERA, "subscriptions")).plain
    assert "#general hears of:\ntask.failed · @lin" in answer
    assert "@vera hears of:\nalert.* · warnings and worse · @vera" in answer
    assert (
        "has subscribed to nothing\nAlerts come here in any case"
        in (await office.ask(LIN, "subscriptions --to #edm-alerts")).plain
    )


async def test_it_ends_by_type_or_all_at_once(office):
    for types in ("task.failed", "task.paused", "balance.low"):
        await office.ask(LIN, f"subscribe {types}")
    assert "1 subscription of #general has ended" in (await office.ask(OPS, "unsubscribe task.failed")).plain
    assert "#general has not subscribed to that" in (await office.ask(OPS, "unsubscribe task.failed")).plain
    assert "2 subscriptions of #general have ended" in (await office.ask(OPS, "unsubscribe --all")).plain
    assert await kept(office) == []


async def test_who_may_see_one_account_hears_of_that_one(closed_office, tmp_path):
    text = shipped().read_text("utf-8").replace("viewer: [everyone]", "viewer: []")
    own = "  emailcar:\n    roles: {operator: [U0VIEW]}\n"
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text.replace("  emailcar:\n", own, 1), "utf-8")
    async with closed_office.open() as office:
        await office.ask(VERA, "subscribe alert.*")
        assert await kept(office) == [("C0GENERAL", "alert.*", None, "emailcar")]
        assert "That needs the role" in (await office.ask(VERA, "subscribe alert.* --account umail")).plain


async def test_who_subscribed_to_alerts_gets_them_in_a_direct_message(office):
    await office.ask(VERA, "subscribe alert.* --severity warning")
    await raised(office)
    await show(office)
    told = [call.args["channel"] for call in office.slack.calls if call.method == "chat.postMessage"]
    assert (len(told), told[0] != told[1], "C0ALERTS" in told) == (2, True, True)


async def test_a_terminal_names_the_place(office, edmbot):
    assert "Where to?" in (await edmbot("exec", "subscribe task.failed", environ=office.environ)).out
    done = await edmbot("exec", "--json", "subscribe task.failed --to C0ALERTS", environ=office.environ)
    assert json.loads(done.out)["facts"]["receiver"] == "C0ALERTS"


async def test_it_is_said_in_chinese(office):
    assert "#general 将收到：" in (await office.ask(MEI, "subscribe task.failed")).plain
