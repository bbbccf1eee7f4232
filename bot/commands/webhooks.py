"""`webhook add|test|pause|resume|rotate|delete`: what admins do about those who are told by webhook.

A secret is shown once, in a modal or at a terminal, and is in no message, log or audit log.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import EndpointName
from bot.command import Answer, Once, RefusalError, command
from bot.commands.notifications import types_of
from bot.commands.webhook_looks import Face, face_of, facts_of, judge_everywhere, looked, named, unknown
from bot.config import Role
from bot.context import Context, Ctx
from bridge.alerts.rules import Severity
from bridge.receivers.webhook import WebhookReceiver
from bridge.webhooks import endpoints
from bridge.webhooks.deliveries import try_out
from bridge.webhooks.destinations import UnsafeError
from store.tables import EndpointState, Outcome, WebhookEndpoint

Changed = tuple[WebhookEndpoint, Face]


@command(
    "webhook add",
    role=Role.ADMIN,
    usage="NAME URL [--types TYPE,...] [--severity critical|warning|info] [--account NAME,...] [--addresses]"
    " [--allow-private]",
    examples=(
        "webhook add partner https://hooks.partner.example/edm",
        "webhook add oncall https://oncall.example/in --types alert.*,task.failed --severity warning",
    ),
    reveals=True,
)
async def add(
    name: EndpointName,
    url: str,
    *,
    types: Annotated[str, Parameter(name="--types")] = "*",
    severity: Severity | None = None,
    account: Annotated[str, Parameter(name="--account")] = "",
    addresses: Annotated[bool, Parameter(name="--addresses", negative=())] = False,
    allow_private: Annotated[bool, Parameter(name="--allow-private", negative=())] = False,
    ctx: Ctx,
) -> Answer:
    """Have another system told of what happens, by signed webhooks; its secret is shown once."""
    judge_everywhere(ctx)
    wanted, accounts = types_of(types) or ("*",), _accounts(ctx, account)
    _judge_modal(ctx)

    def added(session: Session, now: datetime) -> tuple[Changed, str]:
        row, secret = endpoints.add(
            session,
            now,
            name=name.lower(),
            url=url,
            user=ctx.person.id,
            types=wanted,
            severity=severity,
            accounts=accounts,
            addresses=addresses,
            allow_private=allow_private,
        )
        session.flush()
        return (row, face_of(session, now, row)), secret

    try:
        changed, secret = await ctx.store.transact(added)
    except UnsafeError as unsafe:
        raise unknown(unsafe.fault.value, name) from None
    except endpoints.NameTakenError:
        raise RefusalError("webhook/bad", problem="taken", word=name.lower(), known=()) from None
    return _revealed(ctx, "add", changed, secret)


@command("webhook test", role=Role.ADMIN, usage="NAME", examples=("webhook test partner",))
async def test(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Send one signed test event, and show what came back."""
    judge_everywhere(ctx)
    row, face = await ctx.store.transact(lambda session, now: looked(session, now, name))
    receiver = WebhookReceiver()
    try:
        tried = await try_out(ctx.store, receiver, row, ctx.config.endpoints, by=ctx.person.id)
    except LookupError:
        raise RefusalError("webhook/bad", problem="no_secret", word=face.name, known=()) from None
    finally:
        await receiver.close()
    taken = tried.status is not None and 200 <= tried.status < 300
    return ctx.answer(
        "webhook/tried",
        outcome=Outcome.DONE if taken else Outcome.FAILED,
        data=tried.model_dump(),
        endpoint=face,
        tried=tried,
        taken=taken,
        user=ctx.person.id,
    )


@command("webhook pause", role=Role.ADMIN, usage="NAME", examples=("webhook pause partner",))
async def pause(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Send an endpoint nothing for now; what happens meanwhile waits for it."""
    return await _switched(ctx, name, "pause", endpoints.pause)


@command("webhook resume", role=Role.ADMIN, usage="NAME", examples=("webhook resume partner",))
async def resume(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Send an endpoint events again, what waits first."""
    return await _switched(ctx, name, "resume", endpoints.resume)


@command("webhook rotate", role=Role.ADMIN, usage="NAME", examples=("webhook rotate partner",), reveals=True)
async def rotate(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Give an endpoint a new secret, shown once; the old one signs along for 24 hours."""
    judge_everywhere(ctx)
    _judge_modal(ctx)

    def rotated(session: Session, now: datetime) -> tuple[Changed, str | None]:
        row, face = looked(session, now, name)
        # The secret before last would stop at once, and with it whoever still has that one.
        if face.rotated_until is not None and not row.shipped and not ctx.confirmed:
            return (row, face), None
        row, secret = endpoints.rotate(session, now, row)
        return (row, face_of(session, now, row)), secret

    changed, secret = await _own(name, "rotate", ctx, rotated)
    if secret is None:
        return _asked(ctx, "rotate", changed)
    return _revealed(ctx, "rotate", changed, secret)


@command("webhook delete", role=Role.ADMIN, usage="NAME", examples=("webhook delete partner",))
async def delete(name: EndpointName, *, ctx: Ctx) -> Answer:
    """Tell an endpoint nothing more and forget it, after asking."""
    judge_everywhere(ctx)

    def deleted(session: Session, now: datetime) -> Changed:
        row, face = looked(session, now, name)
        if ctx.confirmed or row.shipped:
            endpoints.delete(session, now, row)
        return row, face

    changed = await _own(name, "delete", ctx, deleted)
    return _told(ctx, "delete", changed) if ctx.confirmed else _asked(ctx, "delete", changed)


async def _own(name: str, action: str, ctx: Context, work: Callable[[Session, datetime], Any]) -> Any:  # noqa: ANN401
    """What is done to an endpoint that does not stand in app.yaml."""
    try:
        return await ctx.store.transact(work)
    except endpoints.ShippedError:
        raise RefusalError("webhook/bad", problem=f"shipped_{action}", word=name.lower(), known=()) from None


async def _switched(
    ctx: Context, name: str, action: str, act: Callable[[Session, datetime, WebhookEndpoint], bool]
) -> Answer:
    judge_everywhere(ctx)

    def switched(session: Session, now: datetime) -> tuple[Changed, bool]:
        row = named(session, name)
        done = act(session, now, row)
        session.flush()
        return (row, face_of(session, now, row)), done

    changed, done = await ctx.store.transact(switched)
    if not done:
        row, face = changed
        return ctx.answer("webhook/unchanged", outcome=Outcome.REFUSED, data=facts_of(row, face), endpoint=face)
    return _told(ctx, action, changed)


def _told(ctx: Context, action: str, changed: Changed) -> Answer:
    row, face = changed
    about: dict[str, Any] = {"action": action, "endpoint": face, "user": ctx.person.id}
    return Answer(
        message=ctx.say("webhook/changed", **about),
        facts={**facts_of(row, face), "deleted": row.state is EndpointState.DELETED},
        announcement=ctx.announce("webhook/announcement", **about),
        wakes=True,
    )


def _revealed(ctx: Context, action: str, changed: Changed, secret: str) -> Answer:
    row, face = changed
    about: dict[str, Any] = {"action": action, "endpoint": face, "user": ctx.person.id}
    # What a terminal prints as JSON is kept nowhere either.
    shown = {"secret": secret} if ctx.conversation is None else {}
    return Answer(
        message=ctx.say("webhook/changed", **about),
        facts={**facts_of(row, face), **shown},
        announcement=ctx.announce("webhook/announcement", **about),
        once=Once(ctx.say("webhook/secret", **about, secret=secret), ctx.say("webhook/missed", **about)),
    )


def _asked(ctx: Context, action: str, changed: Changed) -> Answer:
    row, face = changed
    return ctx.answer(
        "webhook/confirm", outcome=Outcome.REFUSED, data=facts_of(row, face), action=action, endpoint=face
    )


def _judge_modal(ctx: Context) -> None:
    """A secret that could not be shown had better not be made.

    Raises:
        RefusalError: `webhook/bad`: Slack opened no modal.
    """
    if ctx.conversation is not None and not ctx.conversation.has_modal:
        raise RefusalError("webhook/bad", problem="no_modal", word="", known=())


def _accounts(ctx: Context, words: str) -> Sequence[str]:
    """Accounts, or what senders of webhooks are filed under.

    Raises:
        RefusalError: `no_account`.
    """
    known = {*ctx.config.accounts, *(source.account for source in ctx.config.sources.values())}
    found = [one for one in words.replace("，", ",").split(",") if one]
    for one in found:
        if one not in known:
            raise RefusalError("no_account", Outcome.NOT_UNDERSTOOD, name=one, known=sorted(known))
    return found
