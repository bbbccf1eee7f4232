"""What `--json` says of a vendor's figures: the fields of `providers.model`, without the raw answer."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from providers.model import Observation, SendStats


def facts_of(observation: Observation) -> dict[str, Any]:
    """An observation's fields, by their names."""
    return {field.name: getattr(observation, field.name) for field in fields(observation) if field.name != "raw"}


def total(rows: Iterable[SendStats], figure: str) -> int | None:
    """The sum of one figure; unknown as soon as one row does not know it."""
    values = [getattr(row, figure) for row in rows]
    return None if not values or any(value is None for value in values) else sum(values)
