"""`webhook replay`: events that are sent once more, under the ids that they had."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import EndpointName, EventArg, moment
from bot.command import Answer, RefusalError, command
from bot.commands.webhook_looks import Face, face_of, judge_everywhere, named, unknown
from bot.config import Role
from bot.context import Context, Ctx
from bot.line import write
from bridge.webhooks import endpoints
from store.tables import Outcome


@command(
    "webhook replay",
    role=Role.ADMIN,
    usage="NAME EVENT_ID | NAME --since TIME [--until TIME]",
    examples=("webhook replay partner --since 2h", "webhook replay partner --since 2026-11-20 --until 2026-11-20"),
)
async def replay(
    name: EndpointName,
    event_id: EventArg = None,
    *,
    since: Annotated[str | None, Parameter(name="--since")] = None,
    until: Annotated[str | None, Parameter(name="--until")] = None,
    ctx: Ctx,
) -> Answer:
    """Send events once more, one or all of some time, after showing how many."""
    judge_everywhere(ctx)
    asked = await _asked_for(ctx, event_id, since, until)

    def replayed(session: Session, now: datetime) -> tuple[Face, int]:
        row = named(session, name)
        count = endpoints.replay(session, now, row, by=ctx.person.id, dry=not ctx.confirmed, **asked)
        session.flush()
        return face_of(session, now, row), count

    try:
        face, count = await ctx.store.transact(replayed)
    except LookupError:
        raise RefusalError("webhook/bad", problem="no_event", word=event_id or "", known=()) from None
    except endpoints.TooManyError:
        raise RefusalError("webhook/bad", problem="too_many", word=f"{endpoints.MOST:,}", known=()) from None
    words = [event_id] if event_id else [*_option("--since", asked["since"]), *_option("--until", asked["until"])]
    return ctx.answer(
        "webhook/replay",
        outcome=Outcome.DONE if ctx.confirmed and count else Outcome.REFUSED,
        data={"endpoint": face.name, "count": count, **asked},
        endpoint=face,
        count=count,
        asked=asked,
        done=ctx.confirmed,
        line=write(["webhook", "replay", face.name, *words]),
        user=ctx.person.id,
        wakes=ctx.confirmed,
    )


async def _asked_for(ctx: Context, event_id: str | None, since: str | None, until: str | None) -> Mapping[str, Any]:
    """What is to be replayed, as `endpoints.replay` takes it; whole seconds, so that a button says the same."""
    if (event_id is None) == (since is None):
        raise unknown("what" if event_id is None else "both")
    now, zone = await ctx.store.now(), ctx.zone()
    first = moment(since, now, zone, "webhook replay") if since else None
    last = moment(until, now, zone, "webhook replay", end=True) if until else None
    if first is not None and last is not None and last <= first:
        raise unknown("backwards", until or "")
    return {
        "event_id": event_id,
        "since": first and first.astimezone(zone).replace(microsecond=0),
        # Nothing of the last second is left out.
        "until": last and (last + timedelta(seconds=bool(last.microsecond))).astimezone(zone).replace(microsecond=0),
    }


def _option(name: str, at: datetime | None) -> Sequence[str]:
    return [name, at.replace(tzinfo=None).isoformat()] if at else ()
