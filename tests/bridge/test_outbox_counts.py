"""How attempts to show something ended is counted, for /metrics."""

import pytest
from prometheus_client import REGISTRY

from bridge.notices.outbox import OUTCOMES
from tests.bridge.posts import ALERTS, note, opened


@pytest.fixture
async def desk(lite):
    async with opened(lite) as desk:
        yield desk


def counted():
    name = "edmbot_deliveries_total"
    return {outcome: REGISTRY.get_sample_value(name, {"outcome": outcome}) for outcome in OUTCOMES.values()}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(None, "shown"), ("http_429", "later"), ("http_500", "lost"), ("is_archived", "refused")],
)
async def test_each_attempt_counts_by_how_it_ended(desk, fault, outcome):
    before = counted()
    assert before.keys() == {"shown", "later", "refused", "lost"}
    if fault == "is_archived":
        desk.slack.workspace.channels[ALERTS].archived = True
    elif fault is not None:
        desk.slack.faults.inject(fault, "chat.postMessage")
    await desk.add(note(desk.clock.now()))
    await desk.outbox.run_once()
    assert {name: count - before[name] for name, count in counted().items() if count != before[name]} == {outcome: 1}
