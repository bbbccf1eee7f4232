"""Much that happens at once tells whoever must know now and then, and nothing that happened goes untold."""

import asyncio

from bridge.webhooks.bell import Bell


async def test_the_first_is_told_at_once_and_a_storm_of_others_once_in_a_gap():
    told = []
    bell = Bell(lambda: told.append(asyncio.get_running_loop().time()), 0.02)
    bell.ring()
    assert len(told) == 1
    for _ in range(1_000):
        bell.ring()
    assert len(told) == 1
    await asyncio.sleep(0.05)
    assert len(told) == 2
    assert told[1] - told[0] >= 0.02
    bell.ring()
    assert len(told) == 3


async def test_nothing_is_told_after_the_end():
    told = []
    bell = Bell(lambda: told.append(1), 0.01)
    bell.ring()
    bell.ring()
    bell.stop()
    await asyncio.sleep(0.03)
    assert told == [1]
