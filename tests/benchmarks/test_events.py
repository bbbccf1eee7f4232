"""The measurement of `make bench`, small: every event comes in at the receiver, and its figures come out."""

from sqlmodel import col, func, select

from benchmarks import events
from benchmarks.history import account, remember
from benchmarks.polls import Idle
from store.tables import Alert, Event, Snapshot


async def test_events_are_measured_to_the_end_beside_alertmanager_where_it_is_installed(monkeypatch, capsys):
    for name, value in {"CHANNELS": 2, "RATE": 40, "SPAN": 1, "POLLS": 10}.items():
        monkeypatch.setattr(events, name, value)
    await events.main([100, 1_000], rounds=1, longer=2_000)
    told = capsys.readouterr().out
    assert "edmbot, 1,000 before" in told
    assert "Alertmanager, in memory" in told or "is not installed" in told
    assert told.count("(to reach:") == 4


async def test_the_past_is_that_of_the_accounts_that_are_measured(lite):
    await remember(lite, 4_000, 20, "umail")
    names = {"umail", *(account(number) for number in range(20))}
    for table, rows in ((Event, 4_000), (Snapshot, 200), (Alert, 200)):
        counted = select(table.account, func.count()).group_by(col(table.account))
        shares = dict(await lite.transact(lambda session, _now, asked=counted: session.exec(asked).all()))
        assert (shares.keys(), sum(shares.values())) == (names, rows)
        assert shares["umail"] == rows / 10


def test_medians_are_reported_and_a_missed_target_is_called_so(capsys):
    good = events.Figures([900.0, 5_000.0, 1_200.0], [1.0] * 3, [0.01] * 300, Idle(0.002, 0.001, 1.2))
    bad = events.Figures([900.0, 5_000.0, 600.0], [1.0] * 3, [0.01] * 300, Idle(0.002, 0.001, 1.3))
    events.report({1: good, 9: bad}, events.Figures(), "it is not installed")
    lines = capsys.readouterr().out.splitlines()
    assert "durable events: 1200/s (to reach: at least 1,000), 5000/s in the best round; 1.00 ms of CPU each" in lines
    assert ["missed" in line for line in lines if "to reach" in line] == [False, False, False, True]
