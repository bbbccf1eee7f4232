"""`alerts`: what fires, and what people do about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import AccountName, AlertArg, Page, PersonArg, SpanArg
from bot.command import Answer, RefusalError, command
from bot.config import Role
from bot.context import Context, Ctx
from bot.forms import Form
from bot.watch import desk_of, next_of
from bridge.alerts import acts, silences
from bridge.durations import span_of
from bridge.notices.faces import alert_face
from store import alerts as kept
from store.tables import Alert, Outcome, Silence

PAGE = 10
STORY = 20
"""Things that happened to an alert, at most, that are shown with it."""

Version = Annotated[int | None, Parameter(name="--version")]


@command(
    "alerts",
    role=Role.VIEWER,
    usage="[--firing] [--page N] [--account NAME]",
    examples=("alerts", "alerts --firing", "alerts --account umail"),
)
async def alerts(
    *,
    firing: Annotated[bool, Parameter(name="--firing", negative=())] = False,
    page: Page = 1,
    account: AccountName = None,
    ctx: Ctx,
) -> Answer:
    """Show what is firing, what somebody has in hand, and what is over."""
    found = await kept.page(ctx.store, seen_by(ctx, account), firing=firing, size=PAGE, number=page)
    counts = {state.value: found.counts.get(state, 0) for state in kept.OPEN}
    return ctx.answer(
        "alert/list",
        account=account,
        data={"alerts": [facts_of(alert) for alert in found.alerts], "page": page, **counts},
        alerts=[alert_face(alert) for alert in found.alerts],
        mine={alert.id for alert in found.alerts if ctx.person.role(alert.account) >= Role.OPERATOR},
        counts=counts,
        of=account,
        only_firing=firing,
        page=page,
        more=found.more,
    )


@command("alerts show", role=Role.VIEWER, usage="ID", examples=("alerts show 3f9c2a",))
async def show(alert_id: AlertArg, *, ctx: Ctx) -> Answer:
    """Show one alert: its figures, who has it in hand, and what happened."""
    alert = await meant(ctx, alert_id, Role.VIEWER)
    story = await kept.story(ctx.store, alert, STORY)

    def covering(session: Session, now: datetime) -> Silence | None:
        return silences.covering(silences.active(session, now), alert)

    desk = desk_of(ctx.config)
    face = alert_face(alert, next_of(desk), desk.runbook)
    next_step = {"at": face.next_at, "who": list(face.next_who)} if face.next_at else None
    return ctx.answer(
        "alert/show",
        account=alert.account,
        data={
            **facts_of(alert),
            "next": next_step,
            "story": [{"at": one.time, "type": one.type, **one.data} for one in story],
        },
        alert=face,
        story=story,
        silenced=await ctx.store.transact(covering),
        may_change=ctx.person.role(alert.account) >= Role.OPERATOR,
    )


@command("alerts ack", role=Role.OPERATOR, usage="ID", examples=("alerts ack 3f9c2a",))
async def ack(alert_id: AlertArg, *, version: Version = None, ctx: Ctx) -> Answer:
    """Acknowledge an alert: you look after it, and nobody else is called."""
    listed = await kept.on_notice(ctx.store, alert_id.lower())
    if listed is None:
        alert = await meant(ctx, alert_id, Role.OPERATOR)
        return await _change(
            ctx, "ack", lambda session, now: acts.acknowledge(session, now, ctx.person.id, alert_ids=[alert.id])
        )
    # The button of a message: it covers what the message showed.
    for account in {alert.account for alert in listed}:
        ctx.need(Role.OPERATOR, account)
    return await _change(
        ctx,
        "ack",
        lambda session, now: acts.acknowledge(session, now, ctx.person.id, notice_id=alert_id.lower(), version=version),
        seen=True,
    )


@command("alerts snooze", role=Role.OPERATOR, usage="ID SPAN", examples=("alerts snooze 3f9c2a 1h",))
async def snooze(alert_id: AlertArg, span: SpanArg = "1h", *, ctx: Ctx) -> Answer:
    """Hear nothing of an alert for a while; then, if it still fires, again."""
    alert = await meant(ctx, alert_id, Role.OPERATOR)
    lasting = span_of(span)
    assert lasting is not None  # noqa: S101  # its validator saw to it
    until = await ctx.store.now() + lasting
    return await _change(
        ctx,
        "snooze",
        lambda session, now: [acts.snooze(session, now, ctx.person.id, alert.id, now + lasting)],
        until=until,
    )


def nothing_wrong(_form: Form) -> Mapping[str, RefusalError]:
    """Slack lets nobody choose a person who is none."""
    return {}


@command(
    "alerts assign",
    role=Role.OPERATOR,
    usage="ID [@PERSON]",
    examples=("alerts assign 3f9c2a @lin", "alerts assign 3f9c2a me"),
    form=nothing_wrong,
    unless="person",
)
async def assign(alert_id: AlertArg, person: PersonArg = None, *, ctx: Ctx) -> Answer:
    """Ask somebody to look after an alert: they are told, and called first while nobody acknowledges."""
    alert = await meant(ctx, alert_id, Role.OPERATOR)
    who = person or (ctx.form.person("person") if ctx.form else None)
    if who is None:
        return ctx.ask("alert/assign", account=alert.account, alert=alert_face(alert))
    who = who if who.isupper() and who.isascii() else ctx.person.id
    return await _change(
        ctx,
        "assign",
        lambda session, now: [acts.assign(session, now, ctx.person.id, alert.id, who)],
        assigned_to=who,
    )


@command("alerts resolve", role=Role.OPERATOR, usage="ID", examples=("alerts resolve 3f9c2a",))
async def resolve(alert_id: AlertArg, *, ctx: Ctx) -> Answer:
    """Call an alert over."""
    alert = await meant(ctx, alert_id, Role.OPERATOR)
    return await _change(ctx, "resolve", lambda session, now: [acts.resolve(session, now, ctx.person.id, alert.id)])


async def meant(ctx: Context, words: str, role: Role) -> Alert:
    """The alert that somebody means by its id or the end of it, and may see or change.

    Raises:
        RefusalError: `alert/unclear`: none, or several; `not_allowed`.
    """
    found = [one for one in await kept.meant(ctx.store, words.lower()) if ctx.person.role(one.account) >= Role.VIEWER]
    if len(found) != 1:
        raise RefusalError("alert/unclear", alert_id=words, alerts=[alert_face(one) for one in found])
    ctx.need(role, found[0].account)
    return found[0]


def seen_by(ctx: Context, account: str | None) -> Sequence[str]:
    """The accounts whose alerts the asker may see; the named one alone.

    Raises:
        RefusalError: `no_account`, `not_allowed`.
    """
    if account is None:
        return [name for name in ctx.config.accounts if ctx.person.role(name) >= Role.VIEWER]
    if account not in ctx.config.accounts:
        raise RefusalError("no_account", Outcome.NOT_UNDERSTOOD, name=account, known=sorted(ctx.config.accounts))
    ctx.need(Role.VIEWER, account)
    return [account]


def facts_of(alert: Alert) -> dict[str, Any]:
    """What `--json` says of an alert."""
    return alert.model_dump(exclude={"open_key", "due_at", "step"})


async def _change(
    ctx: Context,
    action: str,
    work: Callable[[Session, datetime], Sequence[acts.Outcome]],
    *,
    until: datetime | None = None,
    assigned_to: str | None = None,
    seen: bool = False,
) -> Answer:
    outcomes, now = await ctx.store.transact(lambda session, now: (work(session, now), now))
    done = [one.alert for one in outcomes if one.answer is acts.Answer.DONE]
    accounts = {one.alert.account for one in outcomes if one.alert}
    answer = ctx.answer(
        "alert/changed",
        outcome=Outcome.DONE if done else Outcome.REFUSED,
        account=accounts.pop() if len(accounts) == 1 else None,
        data={
            "alerts": [
                {"id": one.alert.id if one.alert else None, "answer": one.answer.value, "by": one.by, "at": one.at}
                for one in outcomes
            ]
        },
        seen=seen and bool(done),
        action=action,
        outcomes=[
            {
                "answer": one.answer.value,
                "by": one.by,
                "at": one.at,
                "alert": alert_face(one.alert) if one.alert else None,
            }
            for one in outcomes
        ],
        until=until,
        assigned_to=assigned_to,
        now=now,
        user=ctx.person.id,
    )
    return replace(answer, wakes=bool(done))
