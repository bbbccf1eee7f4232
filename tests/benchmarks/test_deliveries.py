"""The measurement of `make bench`, small: every event comes in at every endpoint once, and the figures come out."""

from benchmarks import deliveries


async def test_webhooks_are_measured_to_their_marks_beside_a_client_that_remembers_nothing(monkeypatch, capfd):
    for name, value in {"ENDPOINTS": 3, "SUBJECTS": 4, "TRICKLE": 3}.items():
        monkeypatch.setattr(deliveries, name, value)
    await deliveries.main(6, 1)
    told = capfd.readouterr().out
    assert "each of 13 events came in once at each of 3 endpoints" in told
    assert "bare aiohttp" in told
    assert "p99" in told
    assert "load" in told
