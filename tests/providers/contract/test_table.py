"""The table is whole: every call of the documents, every method of the capabilities, in every dialect that has it."""

import inspect
from collections import Counter
from pathlib import Path

import pytest

from providers import base, capabilities
from providers.base import Provider
from providers.errors import UnsupportedError
from tests.providers.contract.row import DOCUMENT_OF, UMAIL, Names, Row
from tests.providers.contract.table import CASES, ROWS

DATA = Path(__file__).parent.parent.parent / "data"
NAMES = Names()
NO_API = ("smtp", "?module=base&action=login")


def documented() -> dict[str, set[str]]:
    """Endpoint -> the documents that describe it."""
    text = (DATA / "endpoints.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {endpoint: set(documents) for endpoint, *documents in lines}


def document_of(kind: str) -> str:
    return max((name, document) for name, document in DOCUMENT_OF.items() if kind.startswith(name))[1]


def declared() -> set[tuple[str, str]]:
    """Capability and method, of every Protocol that a client may claim."""
    found = [*inspect.getmembers(base, inspect.isclass), *inspect.getmembers(capabilities, inspect.isclass)]
    protocols = {kind for _, kind in found if Provider in kind.__mro__[1:]}
    return {
        (kind.__name__, name)
        for kind in protocols
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def test_every_documented_call_has_a_row_in_each_of_its_dialects_and_none_is_made_up():
    reached: dict[str, set[str]] = {}
    for case in CASES:
        if case.row.endpoint:
            reached.setdefault(case.row.endpoint, set()).add(document_of(case.kind))
    assert reached == documented()


def test_the_counts_are_the_catalogues():
    api = {
        endpoint: documents for endpoint, documents in documented().items() if not endpoint.startswith(("smtp", "send"))
    }
    counts = Counter(document for documents in api.values() for document in documents)
    assert counts == {"umail-000": 50, "umail-001": 44, "emailcar-002": 4, "itnio-004": 1}
    assert sum(any(name.startswith("umail") for name in documents) for documents in api.values()) == 52


def test_every_method_of_every_capability_stands_in_it_and_nothing_else():
    assert {(row.capability.__name__, row.method) for row in ROWS} == declared()


def lacking() -> list[object]:
    """The methods that a U-Mail dialect cannot carry out, with how another dialect is asked."""
    able = {(kind, row.method) for row in ROWS for kind in row.kinds}
    return [
        pytest.param(row, kind, id=row.name(kind))
        for kind in UMAIL
        for row in ROWS
        if set(row.kinds) & set(UMAIL) and (kind, row.method) not in able
    ]


@pytest.mark.parametrize(("row", "kind"), lacking())
async def test_what_a_dialect_lacks_is_refused_before_anything_is_sent(vendor, connect, row: Row, kind: str):
    with pytest.raises(UnsupportedError) as caught:
        await row.ask(connect(kind), NAMES)
    assert vendor.requests == []
    assert caught.value.account == kind
    assert caught.value.call
