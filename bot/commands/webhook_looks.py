"""`webhook ls|show|errors`: who is told by webhook, how the last attempts went, and what came in unreadable."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from cyclopts import Parameter
from sqlmodel import Session, col, select

from bot.arguments import ADDRESS, EndpointName, Page
from bot.command import Answer, RefusalError, command
from bot.commands.messages import masked
from bot.config import Role
from bot.context import Context, Ctx
from bot.exports import Format
from bridge.addresses import LEFT_OUT, plain_subject
from bridge.webhooks import endpoints
from bridge.webhooks.endpoints import Waiting
from store.tables import Attempt, EndpointState, Event, Misfit, Outcome, WebhookEndpoint

TRIES = 10
"""Attempts that are drawn."""
PAGE = 8
"""Misfits a page."""
COLUMNS = ("at", "source", "reason", "body")
BATCH = 500
"""Rows of a file that are read at once."""
EXCERPT = 300
"""Characters that are shown of what came."""
_SECRETS = {"secret", "secret_before"}


@dataclass(frozen=True, slots=True)
class Face:
    """An endpoint as people see it: without its secrets."""

    name: str
    url: str
    """As far as it may be read here: what follows the host is often a secret by itself."""
    host: str
    state: EndpointState
    shipped: bool
    types: Sequence[str]
    severity: str | None
    accounts: Sequence[str]
    addresses: bool
    created_by: str
    created_at: datetime
    failing_since: datetime | None
    ended_at: datetime | None
    why: str | None
    rotated_until: datetime | None
    """Until when the secret before signs as well; None once it does not."""
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt, and what it was about."""

    at: datetime
    event_id: str
    type: str | None
    """None for a test, and where the event is gone."""
    subject: str | None
    test: bool
    status: int | None
    milliseconds: int
    error: str | None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, as it is shown: without anybody's address."""

    at: datetime
    source: str
    reason: str
    excerpt: str


@command("webhook ls", role=Role.ADMIN, examples=("webhook ls",))
async def ls(*, ctx: Ctx) -> Answer:
    """Show who is told of events by webhook, and what waits for them."""
    judge_everywhere(ctx)

    def found(session: Session, now: datetime) -> list[tuple[WebhookEndpoint, Face]]:
        return [(one, face_of(session, now, one)) for one in endpoints.ls(session)]

    rows = await ctx.store.transact(found)
    return ctx.answer(
        "webhook/list",
        data={"endpoints": [facts_of(row, face) for row, face in rows]},
        endpoints=[face for _, face in rows],
    )


@command("webhook show", role=Role.ADMIN, usage="NAME", examples=("webhook show partner",))
async def show(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Show one endpoint: what it is told, what waits, and how the last attempts went."""
    judge_everywhere(ctx)
    whole = ctx.conversation is None or not ctx.conversation.shared

    def found(session: Session, now: datetime) -> tuple[WebhookEndpoint, Face, list[Try]]:
        row = named(session, name)
        tries = [_try_of(session, one) for one in endpoints.latest(session, row, TRIES)]
        return row, face_of(session, now, row, whole=whole), tries

    row, face, tries = await ctx.store.transact(found)
    return ctx.answer(
        "webhook/show",
        data={**facts_of(row, face), "attempts": tries},
        endpoint=face,
        tries=tries,
        again=_left(tries),
    )


@command(
    "webhook errors",
    role=Role.ADMIN,
    usage="[--source NAME] [--page N] | --export [--source NAME] [--format csv|xlsx]",
    examples=("webhook errors", "webhook errors --source itnio", "webhook errors --export"),
)
async def errors(
    *,
    source: Annotated[str | None, Parameter(name="--source")] = None,
    page: Page = 1,
    export: Annotated[bool, Parameter(name="--export", negative=())] = False,
    format: Annotated[Format | None, Parameter(name="--format")] = None,  # noqa: A002  # as people type it
    ctx: Ctx,
) -> Answer:
    """Show what arrived by webhook and could not be read; or all of it, as it came, in a file."""
    judge_everywhere(ctx)
    if export or format is not None:
        return await _errors_file(ctx, source, format or Format.CSV)
    rows = await _misfits(ctx, source, (page - 1) * PAGE, PAGE + 1)
    shown = [Unread(one.at, one.source, one.reason, _excerpt(one.body)) for one in rows[:PAGE]]
    return ctx.answer(
        "webhook/errors",
        data={"errors": shown, "page": page},
        found=shown,
        source=source,
        page=page,
        more=len(rows) > PAGE,
    )


async def _misfits(ctx: Context, source: str | None, offset: int, limit: int) -> Sequence[Misfit]:
    """The newest first."""

    def found(session: Session, _now: datetime) -> Sequence[Misfit]:
        rows = select(Misfit).order_by(col(Misfit.at).desc(), col(Misfit.id).desc())
        if source is not None:
            rows = rows.where(Misfit.source == source)
        return session.exec(rows.offset(offset).limit(limit)).all()

    return await ctx.store.transact(found)


async def _errors_file(ctx: Context, source: str | None, form: Format) -> Answer:
    """All of it with whole bodies, for the asker alone."""

    async def rows() -> AsyncIterator[Sequence[object]]:
        offset = 0
        while some := await _misfits(ctx, source, offset, BATCH):
            for one in some:
                yield one.at, one.source, one.reason, one.body
            offset += len(some)

    file = await ctx.export("webhook-errors" + (f"-{source}" if source else ""), COLUMNS, rows(), form)
    data = {"file": file.name, "rows": file.rows, "columns": COLUMNS}
    return ctx.answer(
        "webhook/errors_file",
        data=data,
        attachment=file,
        name=file.name,
        rows=file.rows,
        columns=COLUMNS,
        source=source,
    )


def judge_everywhere(ctx: Context) -> None:
    """Endpoints are told of all accounts: an admin of one alone does not do.

    Raises:
        RefusalError: `not_allowed`.
    """
    have = ctx.person.role("*")
    if have < Role.ADMIN:
        raise RefusalError("not_allowed", needs=Role.ADMIN, have=have, holders=ctx.config.roles.admin, account=None)


def named(session: Session, name: str) -> WebhookEndpoint:
    """The endpoint of this name.

    Raises:
        RefusalError: `webhook/bad`: there is none.
    """
    found = endpoints.find(session, name.lower())
    if found is None:
        known = [one.name for one in endpoints.ls(session)]
        raise RefusalError("webhook/bad", problem="unknown", word=name, known=known)
    return found


def looked(session: Session, now: datetime, name: str) -> tuple[WebhookEndpoint, Face]:
    """The endpoint of this name, and how it is shown.

    Raises:
        RefusalError: `webhook/bad`: there is none.
    """
    row = named(session, name)
    return row, face_of(session, now, row)


def face_of(session: Session, now: datetime, row: WebhookEndpoint, *, whole: bool = False) -> Face:
    """How an endpoint is shown; whole: with all of its URL but the query."""
    parts = urlsplit(row.url)
    path = parts.path if whole else "/…" if parts.path.strip("/") else parts.path
    until = row.rotated_until
    return Face(
        name=row.name or row.id,
        url=f"{parts.scheme}://{parts.netloc}{path}{'?…' if parts.query else ''}",
        host=parts.netloc,
        state=row.state,
        shipped=row.shipped,
        types=row.types,
        severity=row.severity,
        accounts=row.accounts,
        addresses=row.addresses,
        created_by=row.created_by,
        created_at=row.created_at,
        failing_since=row.failing_since,
        ended_at=row.ended_at,
        why=row.why,
        rotated_until=until if until is not None and now < until else None,
        waiting=endpoints.waiting(session, row),
    )


def facts_of(row: WebhookEndpoint, face: Face) -> dict[str, Any]:
    """What `--json` says of an endpoint: never its secrets."""
    return {**row.model_dump(exclude=_SECRETS), "waiting": face.waiting}


def unknown(problem: str, word: str = "", known: Sequence[str] = ()) -> RefusalError:
    """A line that cannot be carried out as it stands."""
    return RefusalError("webhook/bad", Outcome.NOT_UNDERSTOOD, problem=problem, word=word, known=known)


def _try_of(session: Session, one: Attempt) -> Try:
    event = session.get(Event, one.event_id)
    return Try(
        at=one.at,
        event_id=one.event_id,
        type=event.type if event else None,
        subject=plain_subject(event) if event else None,
        test=one.delivery_seq == 0,
        status=one.status,
        milliseconds=one.milliseconds,
        error=one.error,
    )


def _left(tries: Sequence[Try]) -> Sequence[Try]:
    """The events whose last attempt was not taken, each once."""
    last: dict[str, Try] = {}
    for one in tries:
        last.setdefault(one.event_id, one)
    return [one for one in last.values() if one.type is not None and not one.taken]


def _excerpt(body: str) -> str:
    text = " ".join(_HIDDEN.sub(LEFT_OUT, _ADDRESS.sub(lambda found: masked(found[0]), body)).split())
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


_HIDDEN = re.compile(r"[^\s\"'<>,;:=&?/\\]+(?:%40|\\u0040)[^\s\"'<>,;&?/\\]+", re.IGNORECASE)
"""An address in a link, and in JSON as some programs write it."""
_ADDRESS = re.compile(ADDRESS.replace(r"(?=.{4,253}$)", ""))
