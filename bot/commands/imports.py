"""`list import` and `list imports`: files of addresses on their way into a list.

A file goes to the vendor as it is, which reads it in its own time; or, with `--rows`, we read it and add 500 contacts a
call (`bot.commands.rows`). Nothing is asked for twice.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from bot.arguments import AccountName, ListArg, Page
from bot.command import Answer, RefusalError, command
from bot.commands.facts import facts_of
from bot.commands.lists import again, known, lacking
from bot.commands.rows import add_rows
from bot.config import Role
from bot.contactfile import looks_like_the_vendors
from bot.context import Context, Ctx
from bot.forms import Form
from bridge.changes.deeds import Deed, Seen
from bridge.record import Look, note, record
from bridge.sightings import Kind, of_import
from providers.base import require
from providers.capabilities import ImportsContacts, KeepsContacts, KeepsLists
from providers.contacts import ContactList, ImportId, ImportRecord, ImportState, ImportStatus
from providers.errors import ProviderError
from store.engine import Store
from store.tables import Outcome

PAGE = 20
FOLLOW = (1.0, 2.0, 3.0, 5.0, *[10.0] * 5, *[20.0] * 27)
"""Seconds before each question whether a file has been read: ten minutes in all."""
LOG_AGAIN = FOLLOW[:6]
"""Seconds before each look into the import log for a file whose reply was lost."""

_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def check(form: Form) -> Mapping[str, RefusalError]:
    """What is wrong with the form of `list import`."""
    return {} if len(form.files("file")) == 1 else {"file": _bad("one_file")}


@command(
    "list import",
    role=Role.OPERATOR,
    usage="LIST [--rows] [--file PATH] [--account NAME]",
    examples=("list import 5", "list import 5 --rows"),
    form=check,
)
async def import_(
    list_id: ListArg,
    *,
    rows: Annotated[bool, Parameter(name="--rows", negative=())] = False,
    file: Annotated[str | None, Parameter(name="--file")] = None,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Import a file of addresses into a contact list."""
    if ctx.run.kind == "exec":
        path = _at_the_terminal(file)
    elif file is not None:
        raise _bad("terminal_only")
    provider = ctx.provider(ImportsContacts, account)
    target = await known(require(provider, KeepsLists), list_id)
    async with AsyncExitStack() as stack:
        if ctx.run.kind == "exec":
            name = path.name
        elif ctx.form is None:
            return ctx.ask("list/form", account=provider.account, title=provider.title, list=target, rows=rows)
        else:
            held = await stack.enter_async_context(ctx.download(ctx.form.files("file")[0]))
            path, name, rows = held.path, held.name, ctx.form.one("way") == "rows"
        if rows:
            return await add_rows(ctx, require(provider, KeepsContacts), target, path)
        return await _hand_over(ctx, provider, target, path, name)


@command(
    "list imports",
    role=Role.VIEWER,
    usage="[--page N] [--account NAME]",
    examples=("list imports", "list imports --page 2"),
)
async def imports(*, page: Page = 1, account: AccountName = None, ctx: Ctx) -> Answer:
    """Show the vendor's log of imported files."""
    provider = ctx.provider(ImportsContacts, account)
    if not provider.can_follow_imports():
        raise lacking(ctx, provider, lambda other: isinstance(other, ImportsContacts) and other.can_follow_imports())
    found = sorted(
        await provider.imports(), key=lambda one: (one.imported_at is not None, one.imported_at), reverse=True
    )
    shown = found[(page - 1) * PAGE : page * PAGE]
    return ctx.answer(
        "list/imports",
        account=provider.account,
        data={"imports": [facts_of(one) for one in shown], "total": len(found), "page": page},
        title=provider.title,
        records=shown,
        total=len(found),
        page=page,
        more=len(found) > page * PAGE,
    )


@dataclass(frozen=True, slots=True)
class _Followed:
    """What the vendor said of a file, as far as it did."""

    import_id: ImportId | None = None
    """None on V3.0, and when the reply was lost: nothing can be followed."""
    status: ImportStatus | None = None
    record: ImportRecord | None = None
    error: ProviderError | None = None

    @property
    def state(self) -> ImportState | None:
        if self.record is not None:
            return self.record.state
        return self.status.state if self.status else None


_OUTCOMES = {
    ImportState.DONE: Outcome.DONE,
    ImportState.FAILED: Outcome.FAILED,
    # It was taken in; what becomes of it is not known.
    None: Outcome.DONE,
}


def _at_the_terminal(file: str | None) -> Path:
    if file is None:
        raise _bad("no_path")
    path = Path(file).expanduser()
    if not path.is_file():
        raise _bad("not_there", name=file)
    return path


def _bad(problem: str, **facts: Any) -> RefusalError:  # noqa: ANN401
    about = {"name": None, "line": None, "rows": (), "count": 0, **facts}
    return RefusalError("list/bad_file", Outcome.REFUSED, problem=problem, **about)


def _look_at(path: Path) -> None:
    """Refuse a file in which the vendor would not find anything."""
    if path.stat().st_size == 0:
        raise _bad("empty")
    if not looks_like_the_vendors(path):
        raise _bad("not_the_vendors")


async def _hand_over(ctx: Context, provider: ImportsContacts, target: ContactList, path: Path, name: str) -> Answer:
    await asyncio.to_thread(_look_at, path)
    # The log knows a file by its name only (000 4.14), so that this one must be like no other.
    shown = f"{_NAME.sub('_', Path(name).stem)[:40]}-{ctx.run.id[-8:]}{Path(name).suffix[:8]}"
    check_with = f"list show {target.id} --account {provider.account}"
    deed: Deed[ImportId | None, None] = await ctx.carry_out(
        lambda: provider.import_contacts(target.id, path, file_name=shown), look=None, check=check_with
    )
    if deed.seen is Seen.DONE:
        followed = await _follow(ctx, provider, target, deed.value, shown)
        if followed.status is not None and followed.status.state is ImportState.PARSING:
            await _leave_to_polls(ctx.store, followed.status)
    else:
        record = await _looked_up(provider, shown)
        if record is None:
            return ctx.unknown(deed, title=provider.title, account=provider.account, check=check_with)
        followed = _Followed(record=record)
    return await _told(ctx, provider, target, followed)


async def _follow(
    ctx: Context, provider: ImportsContacts, target: ContactList, import_id: ImportId | None, shown: str
) -> _Followed:
    """Ask until the file has been read, ten minutes at most."""
    if import_id is None:
        return _Followed()
    status: ImportStatus | None = None
    waited = 0.0
    try:
        for pause in FOLLOW:
            await asyncio.sleep(pause)
            waited += pause
            status = await provider.import_status(import_id)
            if status.state is not ImportState.PARSING:
                break
            await ctx.progress("list/progress", account=provider.account, list=target, seconds=int(waited), added=None)
        record = await _logged(provider, shown) if status and status.state is not ImportState.PARSING else None
    except ProviderError as error:
        # The file was taken in all the same.
        return _Followed(import_id, status, None, error)
    return _Followed(import_id, status, record)


async def _leave_to_polls(store: Store, status: ImportStatus) -> None:
    """Nobody waits any longer: how it ends is an event, and a failure an alert."""
    noted = await note(store, status.account, Kind.IMPORT, [status.id])
    await record(store, Look(noted=noted, sightings=[of_import(status)]), _no_judge)


def _no_judge(*_: object, **__: object) -> None:
    """A file on its way is nothing to judge."""


async def _looked_up(provider: ImportsContacts, shown: str) -> ImportRecord | None:
    """The log's line of a file whose reply was lost, once it is there."""
    for pause in LOG_AGAIN if provider.can_follow_imports() else ():
        await asyncio.sleep(pause)
        try:
            record = await _logged(provider, shown)
        except ProviderError:
            # The next look may go better.
            continue
        if record is not None:
            return record
    return None


async def _logged(provider: ImportsContacts, shown: str) -> ImportRecord | None:
    return next((one for one in await provider.imports() if one.file_name == shown), None)


async def _told(ctx: Context, provider: ImportsContacts, before: ContactList, followed: _Followed) -> Answer:
    state, record = followed.state, followed.record
    after = await again(provider, before) if state is ImportState.DONE else None
    added = _difference(record)
    if added is None and after and after.contacts is not None and before.contacts is not None:
        added = after.contacts - before.contacts
    facts = {
        "import_id": followed.import_id,
        "state": state,
        "contacts": record.contacts if record else None,
        "invalid": record.invalid if record else None,
        "duplicates": record.duplicates if record else None,
        "added": added,
    }
    outcome = _OUTCOMES.get(state, Outcome.UNKNOWN)
    about: dict[str, Any] = {"title": provider.title, "user": ctx.person.id, "before": before, "added": added}
    message = ctx.say(
        "list/imported",
        account=provider.account,
        import_id=followed.import_id,
        state=state,
        record=record,
        status=followed.status,
        error=followed.error,
        after=after,
        **about,
    )
    announced = ctx.announce("list/announcement", account=provider.account, action="import", **about)
    return Answer(
        message=message,
        outcome=outcome,
        account=provider.account,
        facts=facts,
        error=None if outcome is Outcome.DONE else {"code": "import", "problem": str(state)},
        announcement=announced if outcome is Outcome.DONE else None,
    )


def _difference(record: ImportRecord | None) -> int | None:
    """How many of a file's addresses went in."""
    if record is None or record.contacts is None or record.invalid is None or record.duplicates is None:
        return None
    return record.contacts - record.invalid - record.duplicates
