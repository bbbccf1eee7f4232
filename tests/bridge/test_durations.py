"""A span of time, and a time of day, as people write them."""

from datetime import time, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from bridge.durations import TimeOfDay, span_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("400d", 400 * 86400), ("2D", 2 * 86400), (" 1d1s ", 86401)],
)
def test_a_span_is_numbers_with_units(text, seconds):
    assert span_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "-5m", "5 m", "30m1h", "5m5m", "1.5h", "5w", "9999999d"])
def test_what_is_no_span_is_none(text):
    assert span_of(text) is None


@pytest.mark.parametrize(("text", "at"), [("09:00", time(9)), ("8:05", time(8, 5)), ("23:59", time(23, 59))])
def test_a_time_of_day_is_hours_and_minutes(text, at):
    assert TypeAdapter(TimeOfDay).validate_python(text) == at


@pytest.mark.parametrize("text", ["", "9", "24:00", "22:00+08:00", "22:00Z", "22:00:00", "T22:00", "9:5", 1320])
def test_what_names_another_zone_or_no_minute_is_no_time_of_day(text):
    with pytest.raises(ValidationError, match="is no time of day"):
        TypeAdapter(TimeOfDay).validate_python(text)
