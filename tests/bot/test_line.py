"""What people type is understood as they meant it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.line import read, write


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("task pause 19124", ["task", "pause", "19124"]),
        ("stats —task 5", ["stats", "--task", "5"]),
        ("stats ——task 5", ["stats", "--task", "5"]),
        ("stats –account umail", ["stats", "--account", "umail"]),
        ("stats －－task　５", ["stats", "--task", "5"]),
        ("task pause １９１２４", ["task", "pause", "19124"]),
        ("stats 2026－11－01..2026－11－07", ["stats", "2026-11-01..2026-11-07"]),
        ("stats 2026-11-01…2026-11-07", ["stats", "2026-11-01...2026-11-07"]),
        ("help “task pause”", ["help", "task pause"]),
        ("list show ‘VIP list’", ["list", "show", "VIP list"]),
        ("--account=“my account”", ["--account=my account"]),
        ("can't stop", ["can't", "stop"]),
        ('say "unclosed', ["say", '"unclosed']),
        ("contact find &lt;a&gt; &amp; b", ["contact", "find", "<a>", "&", "b"]),
        ("contact find <mailto:mei@example.com|mei@example.com>", ["contact", "find", "mei@example.com"]),
        ("audit --user <@U0MEI|mei>", ["audit", "--user", "U0MEI"]),
        ("subscribe <#C0ALERTS|alerts>", ["subscribe", "C0ALERTS"]),
        ("   ", []),
        ("stats -7", ["stats", "-7"]),
    ],
)
def test_a_line_is_read_as_it_was_meant(typed, words):
    assert read(typed) == words


@given(st.text())
def test_no_line_breaks_the_reader(text):
    assert all(isinstance(word, str) for word in read(text))


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1))
def test_what_a_button_carries_reads_back_as_the_same_words(words):
    assert read(write(words)) == words
