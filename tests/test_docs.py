"""The pages that are made out of the code say what the code says."""

import re

import pytest

from bot.commands import COMMANDS
from docs.configuration import comments
from docs.features import KINDS, capabilities_of_all
from docs.generate import FOLDER, PAGES, page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fresh(name):
    assert (FOLDER / name).read_text("utf-8") == page(name), "run `make docs`"


def test_every_command_has_its_section():
    sections = re.findall(r"^##+ (.*)$", page("commands.md"), re.MULTILINE)
    assert {command.name for command in COMMANDS} <= set(sections)


def test_every_method_of_the_contract_has_its_row():
    rows = [line for line in page("features.md").splitlines() if line.startswith("| ") and "✓" in line]
    methods = [method for methods in capabilities_of_all().values() for method in methods]
    assert len(rows) + page("features.md").count("| partly |") >= len(methods) > 50
    assert all(line.count("|") == len(KINDS) + 2 for line in rows)


def test_the_matrix_tells_the_dialects_apart():
    text = page("features.md")
    assert "| Edit contact | — | ✓ | — | — |" in text
    assert "| Check template | ✓ | — | — | — |" in text
    assert "| Check domains | ✓ customers only | — | — | — |" in text
    assert "| Failure reasons | ✓ | partly | — | — |" in text
    assert "| Look up | — | — | — | ✓ |" in text
    assert "- Edit contact: U-Mail 2019 cannot edit a contact; delete it and add it again." in text


def test_a_key_is_explained_by_the_comment_above_it():
    text = "# One. Default: 1\none: 1\n\n# Two,\n# in two lines.\ntwo:\n  # Three.\n  three: 3\nfour: 4\n"
    wanted = {"one": "One. Default: 1", "two": "Two, in two lines.", "two.three": "Three.", "four": ""}
    assert comments(text) == wanted


def test_no_secret_and_no_variable_of_this_machine_is_in_a_page():
    for name in PAGES:
        assert "/work" not in page(name)
        assert "SecretStr" not in page(name)
