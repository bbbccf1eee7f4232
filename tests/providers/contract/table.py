"""The whole table, and the cases it makes: a row for each kind of account that can make the call."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.providers.contract import contacts, lists, material, messages, tasks, tracking
from tests.providers.contract.row import How, Over, Row

ROWS: tuple[Row, ...] = (
    *tasks.ROWS,
    *tracking.ROWS,
    *lists.ROWS,
    *contacts.ROWS,
    *material.ROWS,
    *messages.ROWS,
)


@dataclass(frozen=True)
class Case:
    """One row for one kind of account."""

    row: Row
    kind: str

    def __str__(self) -> str:
        return self.row.name(self.kind)


CASES = tuple(Case(row, kind) for row in ROWS for kind in row.kinds)


def cases(wanted: Callable[[Row], bool]) -> pytest.MarkDecorator:
    """Parametrise a test with the cases of the rows that are wanted."""
    chosen = [case for case in CASES if wanted(case.row)]
    return pytest.mark.parametrize("case", chosen, ids=str)


def over_http(row: Row) -> bool:
    return row.over is Over.HTTP


def reads(row: Row) -> bool:
    return over_http(row) and row.how is How.READ


def streams(row: Row) -> bool:
    return over_http(row) and row.how is How.STREAM


def changes(row: Row) -> bool:
    return over_http(row) and row.how is How.CHANGE
