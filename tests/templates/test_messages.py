"""Every message, in both languages, with facts as they come: within Slack's limits, pinging nobody."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import templates
from sandbox.slack.blocks import problems
from templates import Message, render
from templates.words import LANGUAGES
from tests.templates.facts.shared import SHANGHAI

FOLDER = Path(templates.__file__).parent
FACTS = sorted(file.stem for file in (Path(__file__).parent / "facts").glob("*.py"))
MESSAGES = {
    name: cases
    for noun in FACTS
    for name, cases in getattr(import_module(f"tests.templates.facts.{noun}"), "MESSAGES", {}).items()
}
"""By template, facts as `bot` and `jobs` give them: the usual, the unknown, the long and the nasty."""


def messages(name: str, language: str) -> list[Message]:
    return [
        render(name, language, zone=SHANGHAI, **{"account": None, "terminal": False, **facts})
        for facts in MESSAGES[name]
    ]


def mrkdwn(value: object) -> list[str]:
    """Every text that Slack would format."""
    if isinstance(value, list):
        return [text for item in value for text in mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [value["text"]]
    return [text for item in value.values() for text in mrkdwn(item)]


def has_only_macros(file: Path) -> bool:
    left = re.sub(r"{#.*?#}|{% macro .*?{% endmacro %}|{% from .*?%}", "", file.read_text("utf-8"), flags=re.DOTALL)
    return not left.strip()


def test_every_template_stands_in_the_table():
    files = {str(file.relative_to(FOLDER).with_suffix("")): file for file in FOLDER.rglob("*.j2")}
    assert {name for name, file in files.items() if not has_only_macros(file)} == set(MESSAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_one_that_slack_takes(name, language):
    for message in messages(name, language):
        payload = message.payload()
        assert problems(payload["blocks"], "modal" if message.submit else "message") == []
        assert payload["blocks"]
        assert 0 < len(payload["text"]) <= 4_000


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_says_it_in_both_languages(name):
    for english, chinese in zip(messages(name, "en"), messages(name, "zh"), strict=True):
        assert english.text != chinese.text
        assert re.search(r"[\u4e00-\u9fff]", chinese.text)
        assert [block["type"] for block in english.blocks] == [block["type"] for block in chinese.blocks]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_what_others_wrote_is_not_formatted_and_pings_nobody(name, language):
    for message in messages(name, language):
        assert [text for text in mrkdwn(list(message.blocks)) if "VIP" in text or "<!channel" in text] == []
        assert "<!channel" not in message.payload()["text"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_figure_reads_as_a_dash_and_never_as_none(language):
    for name in MESSAGES:
        for message in messages(name, language):
            assert not re.search(r"\bNone\b(?! of the accounts)", message.text), name
            assert "Undefined" not in message.text, name
