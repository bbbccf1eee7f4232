"""A line becomes a command, or a sentence that helps; never a traceback, never the parser's own words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import grammar
from bot.arguments import period
from bot.command import RefusalError
from bot.commands import COMMANDS
from bot.commands.guide import topics
from bot.config import Role
from bot.line import read
from providers.model import TaskStatus
from templates import render

GRAMMAR = grammar()


def refusal_of(line):
    with pytest.raises(RefusalError) as raised:
        GRAMMAR.parse(read(line))
    return raised.value


def said_about(line, language="en"):
    refusal = refusal_of(line)
    return render(refusal.template, language, **refusal.facts).text


def test_an_empty_line_asks_for_help():
    assert GRAMMAR.parse([]).command.name == "help"


def test_arguments_arrive_typed():
    parsed = GRAMMAR.parse(read("task list --status sending --page 2 --account umail"))
    assert (parsed.command.name, parsed.kwargs) == (
        "task list",
        {"status": TaskStatus.SENDING, "page": 2, "account": "umail"},
    )


@pytest.mark.parametrize(
    ("line", "first_line"),
    [
        ("taks", "I don't know taks. Did you mean task?"),
        ("task paus 19124", "I don't know paus. Did you mean task pause?"),
        ("pause 19124", "I don't know pause. Did you mean task pause?"),
        ("xyzzy", "I don't know xyzzy. I know: help"),
        ("task", "task wants one word more:"),
        ("task pause", "Something is missing."),
        ("task pause abc", "abc is no task id: that is digits only."),
        ("task pause 0", "0 is no task id: that is digits only."),
        ("task pause -5", "-5 is no task id: that is digits only."),
        ("task pause 1 2", "This is too much: 2."),
        ("stats --tas 3", "I don't know the option --tas."),
        ("balance --account", "--account wants a value."),
        ("stats --account a --account b", "--account may stand only once."),
        ("task list --status sendin", "sendin is none of the choices:"),
        ("task list --page x", "x is no number."),
        ("alerts shwo 3f9c2a", "I don't know shwo. Did you mean alerts show?"),
        ("alerts nothing", "I don't know nothing. I know: show, ack, snooze, assign, resolve"),
        ("alerts --firng", "I don't know the option --firng."),
        ("alerts show", "Something is missing."),
        ("silence end", "Something is missing."),
    ],
)
def test_what_is_not_understood_is_named_with_what_would_be(line, first_line):
    assert said_about(line).startswith(first_line)


def test_a_noun_may_be_a_command_and_have_verbs():
    names = [GRAMMAR.parse(read(line)).command.name for line in ("alerts", "alerts --firing", "alerts show 3f9c2a")]
    assert names == ["alerts", "alerts", "alerts show"]
    assert GRAMMAR.parse(read("silence task=19124 2h")).args == ("task=19124", "2h")
    assert GRAMMAR.parse(read("silence ls")).command.name == "silence ls"


def test_help_names_every_noun_and_verb_in_a_line_each():
    text = render("help", "en", topics=topics(COMMANDS), hidden=0, role=Role.ADMIN)
    lines = {line.split(" ")[0]: line.split(" ") for line in text.text.splitlines()}
    for command in COMMANDS:
        noun, _, verb = command.name.partition(" ")
        assert noun in lines
        assert not verb or verb in lines[noun]
    assert len(text.blocks) <= 10


def test_the_usage_line_follows():
    assert "/edm task pause ID [--account NAME]" in said_about("task pause")


def test_parse_errors_are_told_in_chinese_too():
    assert said_about("taks", "zh").startswith("我不认识 taks。你是想说 task 吗？")


@given(st.text())
def test_any_text_becomes_a_command_or_a_refusal_that_can_be_shown(text):
    for refusal in refusals(text):
        assert render(refusal.template, "zh", **refusal.facts).text


def refusals(text):
    try:
        GRAMMAR.parse(read(text))
    except RefusalError as refusal:
        yield refusal


TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("昨天", date(2026, 11, 20), date(2026, 11, 20)),
        ("7d", date(2026, 11, 15), TODAY),
        ("2026-11-1", date(2026, 11, 1), date(2026, 11, 1)),
        ("2026-11-01..2026-11-07", date(2026, 11, 1), date(2026, 11, 7)),
        ("2026-11-01...2026-11-07", date(2026, 11, 1), date(2026, 11, 7)),
    ],
)
def test_a_period_has_both_its_ends(words, first, last):
    found = period(words, TODAY)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("tomorrow", "unknown"),
        ("2026-02-30", "date"),
        ("2026-11-07..2026-11-01", "backwards"),
        ("2026-11-22", "future"),
        ("2026-10-01..2026-11-07", "long"),
        ("90d", "long"),
        ("0d", "backwards"),
    ],
)
def test_a_period_that_makes_no_sense_says_why(words, problem):
    with pytest.raises(RefusalError) as raised:
        period(words, TODAY)
    assert raised.value.facts["problem"] == problem
