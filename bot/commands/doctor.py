"""`doctor`: what is wrong with the set-up, and how to put it right."""

from typing import Annotated, Any

from cyclopts import Parameter

from bot.command import Answer, RefusalError, command
from bot.config import Role
from bot.context import Context, Ctx
from bot.online import Finding, Topic, try_online
from providers.errors import ProviderError
from store.runs import get


@command("doctor", role=Role.ADMIN, usage="[--click]", examples=("doctor", "doctor --click"))
async def doctor(*, click: Annotated[bool, Parameter(name="--click", negative=())] = False, ctx: Ctx) -> Answer:
    """Find out what is wrong with Slack, the permissions and the accounts."""
    if click:
        return await _clicked(ctx)
    allowed = [p for p in ctx.providers.values() if ctx.person.role(p.account) >= ctx.command.role]
    findings = await try_online(ctx.config, allowed, arrived=ctx.run.kind != "exec")
    now = await ctx.store.now()
    data = {"findings": [_fact(finding) for finding in findings], "observed_at": now}
    return ctx.answer("doctor/doctor", data=data, findings=findings, observed_at=now)


async def _clicked(ctx: Context) -> Answer:
    """A click, or a command, has come through; say how long it took from the door to here."""
    if ctx.run.kind == "exec":
        raise RefusalError("only_in_slack", command=ctx.command)
    row, now = await get(ctx.store, ctx.run.id), await ctx.store.now()
    received = row.received_at if row else None
    took = round((now - received).total_seconds() * 1000) if received else None
    pressed = ctx.run.kind == "click"
    data = {"milliseconds": took, "received_at": received, "observed_at": now}
    return ctx.answer("doctor/click", data=data, took=took, received_at=received, pressed=pressed)


def _fact(finding: Finding) -> dict[str, Any]:
    error = finding.value if isinstance(finding.value, ProviderError) else None
    return {
        "topic": finding.topic,
        "name": finding.name,
        "problem": finding.problem,
        "value": None if error or finding.topic is Topic.SCOPE else finding.value,
        "vendor_text": error.vendor_text if error else None,
    }
