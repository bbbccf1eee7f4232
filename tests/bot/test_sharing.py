"""A shared answer is a new message for everyone: whom it tells of it names, and calls nobody."""

from datetime import timedelta

import pytest

from bot.appyaml import Purpose, load, shipped
from bot.watch import desk_of
from bridge.alerts import silences
from tests.bot.desk import raised

MEI, LIN, VERA = "U0MEI", "U0LIN", "U0VIEW"
HOUR = timedelta(hours=1)


@pytest.fixture
async def escalating(closed_office, tmp_path):
    """Mei reads English here; whoever is on call is called while nobody acknowledges."""
    text = shipped().read_text("utf-8").replace("\nlanguages: {}", "\nlanguages: {U0MEI: en}")
    text = text.replace("\nroutes: []", "\nroutes: [{oncall: edm}]")
    text = text.replace("\noncall: {}", "\noncall: {edm: [{after: 15m, who: [S0ONCALL]}]}")
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open():
        yield closed_office


async def shared(office, line):
    await office.type(MEI, f"{line} --share")
    return await office.slack.wait(VERA, "C0GENERAL", lambda message: message.ephemeral_for is None)


@pytest.mark.parametrize("line", ["alerts", "alerts show {alert}", "silence ls", "audit", "audit --user U0LIN"])
async def test_who_has_done_something_is_named_and_not_called(escalating, line):
    alert = (await raised(escalating))[-6:]
    await escalating.ask(LIN, f"alerts ack {alert}")
    await escalating.store.transact(
        lambda session, now: silences.add(session, now, {"account": "umail"}, until=now + HOUR, user=LIN, comment=None)
    )
    told = await shared(escalating, line.format(alert=alert))
    assert "@lin" in told.plain
    assert "U0LIN" not in told.plain
    assert told.pings == []


async def test_who_will_be_called_next_is_named_and_not_called_before_their_time(escalating):
    desk = desk_of(load(escalating.app_yaml, escalating.environ, purpose=Purpose.CHECK))
    alert = (await raised(escalating, desk=desk))[-6:]
    told = await shared(escalating, f"alerts show {alert}")
    assert "@edm-oncall" in told.plain.split("Called next")[1].split("\n")[0]
    assert told.pings == []


async def test_who_asks_for_themselves_reads_mentions_that_open_a_profile(escalating):
    alert = (await raised(escalating))[-6:]
    await escalating.ask(LIN, f"alerts ack {alert}")
    assert LIN in (await escalating.ask(MEI, f"alerts show {alert}")).pings
