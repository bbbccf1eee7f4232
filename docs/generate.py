"""`make docs`: writes the pages that are made out of the code. `tests/test_docs.py` fails while one is stale."""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.commands import commands
from docs.configuration import configuration
from docs.events import events
from docs.features import features

FOLDER = Path(__file__).parent
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "configuration.md": configuration,
    "events.md": events,
    "features.md": features,
}
_HEAD = "<!-- Made by `make docs`; do not edit. -->\n"


def page(name: str) -> str:
    """What stands in a page when it is fresh."""
    return f"{_HEAD}\n{PAGES[name]().rstrip()}\n"


def main() -> None:
    """Write them all."""
    for name in PAGES:
        (FOLDER / name).write_text(page(name), "utf-8")


if __name__ == "__main__":
    main()
