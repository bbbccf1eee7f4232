"""`list import --rows`: a file of contacts, read here and added 500 a call."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from bot.command import Answer, RefusalError
from bot.commands.lists import again
from bot.contactfile import ContactFile, Row, UnreadableFileError, opened
from bot.context import Context
from bridge.changes.deeds import Deed, Seen
from providers.capabilities import KeepsContacts
from providers.contacts import MOST_AT_ONCE, ContactList
from providers.errors import ProviderError
from store.tables import Outcome

SHOWN = 5
"""Lines that could not be read, shown with what is wrong."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Contacts of one call."""

    number: int
    """From 1."""
    rows: tuple[Row, ...]

    @property
    def first(self) -> int:
        """The line it begins at."""
        return self.rows[0].line

    @property
    def last(self) -> int:
        return self.rows[-1].line


@dataclass(slots=True)
class Tally:
    """How far it has come."""

    added: int = 0
    """Taken by the vendor for certain; those the list had already are among them, as it does not tell."""
    bad: int = 0
    shown: list[Row] = field(default_factory=list)
    """The first lines that could not be read."""
    stopped: Batch | None = None
    """The batch that did not go well."""
    unknown: bool = False
    """Whether that batch may have been added all the same."""
    error: ProviderError | None = None
    untried: int = 0
    """Contacts after that batch."""
    cut: int | None = None
    """The line from which the file cannot be read any more."""


async def add_rows(ctx: Context, provider: KeepsContacts, target: ContactList, path: Path) -> Answer:
    """Add the contacts of a file, batch after batch; the first one that does not go well ends it.

    Raises:
        RefusalError: nothing in the file can be used; nothing was sent.
    """
    tally = Tally()
    try:
        with opened(path) as file:
            await _add(ctx, provider, target, _good(file, tally), tally)
            about = {"headed": file.headed, "unread": file.unread, "ignored": file.ignored}
    except UnreadableFileError as error:
        raise _bad(error.problem, tally, line=error.line) from None
    if not tally.added and tally.stopped is None:
        raise _bad("nothing" if tally.bad else "empty", tally)
    return await _told(ctx, provider, target, tally, about)


async def _add(ctx: Context, provider: KeepsContacts, target: ContactList, rows: Iterator[Row], tally: Tally) -> None:
    number = 0
    while batch := tuple(islice(rows, MOST_AT_ONCE)):
        number += 1
        await _add_one(ctx, provider, target, Batch(number, batch), tally)
        if tally.stopped is not None:
            tally.untried = sum(1 for _ in rows)
            return
        await ctx.progress("list/progress", account=provider.account, list=target, seconds=None, added=tally.added)


async def _add_one(ctx: Context, provider: KeepsContacts, target: ContactList, batch: Batch, tally: Tally) -> None:
    forms = [row.form for row in batch.rows if row.form is not None]
    check = f"list show {target.id} --account {provider.account}"
    try:
        deed: Deed[None, None] = await ctx.carry_out(
            lambda: provider.add_contacts(target.id, forms), look=None, check=check
        )
    except ProviderError as error:
        tally.stopped, tally.error = batch, error
        return
    if deed.seen is Seen.UNKNOWN:
        tally.stopped, tally.error, tally.unknown = batch, deed.error, True
        return
    tally.added += len(forms)


def _good(file: ContactFile, tally: Tally) -> Iterator[Row]:
    """The lines that hold a contact; the others are counted."""
    try:
        for row in file.rows:
            if row.form is not None:
                yield row
                continue
            tally.bad += 1
            if len(tally.shown) < SHOWN:
                tally.shown.append(row)
    except UnreadableFileError as error:
        if not tally.added:
            raise
        tally.cut = error.line


def _bad(problem: str, tally: Tally, line: int | None = None) -> RefusalError:
    return RefusalError(
        "list/bad_file", problem=problem, name=None, line=line, rows=tuple(tally.shown), count=tally.bad
    )


async def _told(
    ctx: Context, provider: KeepsContacts, target: ContactList, tally: Tally, file: dict[str, Any]
) -> Answer:
    after = await again(provider, target)
    outcome = Outcome.DONE if tally.stopped is None else Outcome.UNKNOWN if tally.unknown else Outcome.FAILED
    about: dict[str, Any] = {"title": provider.title, "user": ctx.person.id, "before": target, "added": tally.added}
    stopped = tally.stopped
    facts = {
        "added": tally.added,
        "unreadable": tally.bad,
        "stopped_at_line": stopped.first if stopped else tally.cut,
        "unknown": len(stopped.rows) if stopped and tally.unknown else 0,
        "not_tried": tally.untried,
    }
    message = ctx.say("list/rows", account=provider.account, tally=tally, after=after, **file, **about)
    announced = ctx.announce("list/announcement", account=provider.account, action="import", **about)
    return Answer(
        message=message,
        outcome=outcome,
        account=provider.account,
        facts=facts,
        error=_error(tally),
        announcement=announced if tally.added else None,
    )


def _error(tally: Tally) -> dict[str, Any] | None:
    if tally.stopped is None or tally.error is None:
        return None
    error = tally.error
    return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
