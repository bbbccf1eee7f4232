"""Exports as tables: what becomes a file, without an object a row."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = tuple[object, ...]
"""A cell for each column: text, a number, an aware time, a word of our vocabulary, or None where nothing was said."""


@dataclass(frozen=True, slots=True)
class Table:
    """An export on its way; it can be read once."""

    columns: tuple[str, ...]
    """Named as in `providers.model`."""
    batches: AsyncGenerator[Sequence[Row], None]
    """The rows as they come. Raises at its end when some are missing."""
