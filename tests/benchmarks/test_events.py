"""The measurement of `make bench`, small: every event comes in at the receiver, and its figures come out."""

from benchmarks import events


async def test_events_are_measured_to_the_end_beside_alertmanager_where_it_is_installed(monkeypatch, capsys):
    for name, value in {"CHANNELS": 2, "RATE": 40, "SPAN": 1, "POLLS": 10}.items():
        monkeypatch.setattr(events, name, value)
    await events.main([100, 1_000], rounds=1, longer=2_000)
    told = capsys.readouterr().out
    assert "edmbot, 1,000 before" in told
    assert "Alertmanager, in memory" in told or "is not installed" in told
    assert told.count("(to reach:") == 4
