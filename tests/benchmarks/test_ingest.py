"""The measurement of `make bench`, small: every acknowledged event is there, and the figures of all three come out."""

from benchmarks import ingest


async def test_events_by_webhook_are_measured_beside_two_that_remember_nothing(monkeypatch, capsys):
    monkeypatch.setattr(ingest, "MOST", {1: 20, 100: 2})
    monkeypatch.setattr(ingest, "CONNECTIONS", 4)
    await ingest.main(1.0)
    told = capsys.readouterr().out
    assert "each of 1,836 acknowledged events is in the database" in told
    assert told.count("anymail") == told.count("bare aiohttp") == 2
    assert told.count("(to reach:") == 2
