"""No id can be passed for another: mypy says so, of a file that does it and of one that does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FILES = Path(__file__).parent / "identifiers"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def complaints() -> list[tuple[str, int]]:
    """File and line of each error, of both files in one run."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *FILES.glob("*.py")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert said.stderr == ""
    found = re.findall(r"^.*?(\w+)\.py:(\d+): error:.*$", said.stdout, re.MULTILINE)
    return sorted({(name, int(line)) for name, line in found})


def test_every_mistaken_id_is_an_error_and_no_right_one_is(complaints):
    lines = (FILES / "wrong.py").read_text(encoding="utf-8").splitlines()
    marked = [("wrong", number) for number, line in enumerate(lines, start=1) if line.endswith("# wrong")]
    assert len(marked) > 20
    assert complaints == marked
