"""Every sentence exists in both languages, and says the same things."""

import re
from datetime import date
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import templates
from bot.commands import COMMANDS
from bot.manifest import SCOPES
from templates.words import catalog, day, number, percent

FOLDER = Path(templates.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def sentences():
    """The msgids of the templates and of the commands' help."""
    options = {"extensions": "templates.tags.BlockTags", "newstyle_gettext": "true", "trimmed": "true"}
    found = extract_from_dir(FOLDER, [("**.j2", "jinja2.ext.babel_extract")], {"**.j2": options})
    messages = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    return messages | {command.summary for command in COMMANDS} | set(SCOPES.values())


def test_every_sentence_is_written_in_chinese():
    written = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalog("zh") if message.string
    }
    elsewhere = {" … (more was cut off)", "Close"}
    assert sentences() | elsewhere == written - {""}


def test_no_translation_waits_for_a_review():
    assert [message.id for message in catalog("zh") if message.fuzzy and message.id] == []


@pytest.mark.parametrize("message", [m for m in catalog("zh") if m.id], ids=lambda m: str(m.id)[:40])
def test_a_translation_names_the_same_facts(message):
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    assert all(set(PLACEHOLDER.findall(string)) == wanted for string in strings)


def test_numbers_are_grouped_and_days_are_written_out():
    assert [number(311016, "en"), number(9.25, "zh"), percent(747, 41163, "en"), percent(1, 0, "en")] == [
        "311,016",
        "9.2",
        "1.8 %",
        "—",
    ]
    assert [day(date(2026, 12, 31), "en"), day(date(2026, 12, 31), "zh")] == ["31 Dec 2026", "2026年12月31日"]
