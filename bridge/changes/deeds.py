"""A change at a vendor that is no sending task: a list, a contact, a template, a domain, a mailbox.

    the run's row says what is about to be changed -> one call, never repeated -> read back

What a lost answer leaves open is looked at once more here; after a crash the row tells whom to tell, and how to check.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from providers.errors import OutcomeUnknownError, ProviderError
from store.engine import Store
from store.runs import begin_change
from store.tables import CommandRun

READ_BACK = (0.0, 1.0, 2.0)
"""Seconds to wait before each look: the vendor answers before it acts."""

T = TypeVar("T")
F = TypeVar("F")


class OpenDeedError(Exception):
    """The same is being asked for by another run; nothing was asked for by this one."""

    def __init__(self, run: CommandRun) -> None:
        super().__init__(run.id)
        self.run = run


class Seen(StrEnum):
    """What is known of a change."""

    DONE = "done"
    NOT_DONE = "not_done"
    """The vendor did not object, and what was read back is as it was."""
    UNKNOWN = "unknown"
    """The vendor never answered, and what was read back does not prove that it was done."""


@dataclass(frozen=True, slots=True)
class Deed(Generic[T, F]):
    """What came of a change."""

    seen: Seen
    value: T | None = None
    """What the call returned."""
    found: F | None = None
    """What was read back last; None also when it could not be read."""
    error: ProviderError | None = None
    """Why the answer, or what was read back, is missing."""


async def carry_out(
    store: Store,
    run: CommandRun,
    call: Callable[[], Awaitable[T]],
    *,
    look: Callable[[], Awaitable[F]] | None,
    happened: Callable[[F], bool] = bool,
    check: str,
) -> Deed[T, F]:
    """Change something, once, and look at what came of it.

    look: reads it back; None where nothing identifies the result. happened: whether what was read proves it.
    check: the command that shows it to a person, should nobody be left to look.

    Raises:
        ProviderError: it was not done: refused, or nothing was asked for.
        OpenDeedError: somebody asks for the very same right now, as with a button pressed twice.
    """
    if (other := await begin_change(store, run, check)) is not None:
        raise OpenDeedError(other)
    value: T | None = None
    lost: ProviderError | None = None
    try:
        value = await call()
    except OutcomeUnknownError as error:
        # What went wrong on the way is what a person wants to hear.
        lost = error.__cause__ if isinstance(error.__cause__, ProviderError) else error
    if look is None:
        return Deed(Seen.UNKNOWN if lost else Seen.DONE, value, None, lost)
    found: F | None = None
    try:
        for wait in READ_BACK:
            await asyncio.sleep(wait)
            found = await look()
            if happened(found):
                return Deed(Seen.DONE, value, found, lost)
    except ProviderError as error:
        # The vendor said yes, and nothing says otherwise.
        return Deed(Seen.UNKNOWN if lost else Seen.DONE, value, None, lost or error)
    return Deed(Seen.UNKNOWN if lost else Seen.NOT_DONE, value, found, lost)
