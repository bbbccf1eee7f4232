"""Which requests there are, and that their cards follow them; on both databases."""

import pytest

from bridge.approvals import cards, requests
from tests.bridge.ballotbox import STEPS, Desk


@pytest.fixture
def desk(store):
    return Desk(store)


async def test_a_request_is_named_by_its_id_or_the_end_of_it(desk):
    first = await desk.ask()
    second = await desk.ask("task/2")
    await desk.reject(second)
    find = requests.find
    assert [row.id for row in await desk.do(lambda s, _now: find(s, first.id))] == [first.id]
    assert [row.id for row in await desk.do(lambda s, _now: find(s, first.id[-6:]))] == [first.id]
    assert await desk.do(lambda s, _now: find(s, "%")) == []
    assert await desk.do(lambda s, _now: find(s, "0" * 36)) == []
    assert [row.id for row in await desk.do(lambda s, _now: find(s, second.id[-6:]))] == [second.id]
    same = await desk.do(lambda s, _now: find(s, ""))
    assert [row.id for row in same] == [first.id], "what is open comes first"


async def test_what_waits_is_listed_by_when_it_expires(desk):
    late = await desk.ask("task/1", hours=8)
    soon = await desk.ask("task/2", hours=2)
    await desk.find_one("task/3")
    await desk.reject(await desk.ask("task/4"))
    await desk.ask("task/5", account="emailcar")
    waiting = await desk.do(lambda s, _now: requests.waiting(s, ["umail"]))
    assert [row.id for row in waiting] == [soon.id, late.id]


async def test_touching_has_every_card_shown_again(desk):
    row = await desk.ask(policy={"steps": STEPS})
    desk.wait(16)
    await desk.due()
    await desk.show()
    await desk.do(lambda s, now: cards.touch(s, now, row))
    assert [card.wanted - card.shown for card in await desk.cards(row)] == [1, 1]
