"""A span of time as people write it."""

from datetime import timedelta

import pytest

from bridge.durations import span_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("400d", 400 * 86400), ("2D", 2 * 86400), (" 1d1s ", 86401)],
)
def test_a_span_is_numbers_with_units(text, seconds):
    assert span_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "-5m", "5 m", "30m1h", "5m5m", "1.5h", "5w", "9999999d"])
def test_what_is_no_span_is_none(text):
    assert span_of(text) is None
