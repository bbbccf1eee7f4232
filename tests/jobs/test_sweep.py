"""A step of the sweep that fails stands in no other's way, and is told."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.approvals import handover
from jobs.scheduler import Clockwork
from jobs.sweep import AT_ONCE, Sweep
from store.jobs import jobs
from store.runs import get
from store.tables import CommandRun, Outcome


def sweep_of(store, due):
    async def english(_user, _channel):
        return "en"

    return Sweep(store, {}, None, due, language_of=english, zone_of=lambda _: ZoneInfo("UTC"), slash="/edm")


async def lapsed(store, kind="exec"):
    def written(session, now):
        long_ago = now - timedelta(minutes=5)
        run = CommandRun(
            key="k",
            kind=kind,
            user_id="terminal",
            text="help",
            worker="w",
            received_at=long_ago,
            lease_until=long_ago,
        )
        session.add(run)
        return run.id

    return await store.transact(written)


async def test_a_step_that_fails_lets_the_others_be_done_and_is_written_down(store):
    def broken(_session, _now, _limit):
        raise OSError("disk full")

    run_id = await lapsed(store)
    sweep = sweep_of(store, broken)
    with pytest.raises(ExceptionGroup):
        await sweep.run()
    assert (await get(store, run_id)).outcome is Outcome.INTERRUPTED
    await Clockwork(store, {"sweep": sweep.run}).fire("sweep")
    [row] = await jobs(store)
    assert row.last_error == "OSError: disk full"


async def test_a_run_that_carries_out_a_request_is_closed_and_nobody_is_told(store):
    run_id = await lapsed(store, handover.KIND)
    # Without a way to answer: what is left to do stands in the request's row.
    await sweep_of(store, lambda *_: 0).run()
    assert (await get(store, run_id)).outcome is Outcome.INTERRUPTED


async def test_what_falls_due_at_once_is_done_in_several_bites(store):
    left = [AT_ONCE, AT_ONCE, 3, 0]
    await sweep_of(store, lambda _session, _now, _limit: left.pop(0)).run()
    assert left == [0]
