"""`silence`: hear nothing of some alerts for a while. What it would hide is shown first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any

from cyclopts import Parameter
from sqlmodel import Session

from bot.arguments import LEAST, MOST, SilenceArg
from bot.command import Answer, RefusalError, command
from bot.commands.alerts import facts_of, meant
from bot.config import Role
from bot.context import Context, Ctx
from bot.line import write
from bridge.alerts import silences
from bridge.alerts.rules import RuleKind, Severity
from bridge.durations import span_of
from bridge.globs import fits
from bridge.notices.faces import alert_face
from store.tables import Alert, Outcome, Silence

KEYS = ("task", *silences.MATCHERS, "alert")
"""What people silence by; `task` and `alert` are short for what the others say."""
_LONGEST = 300
"""Characters of a comment."""


def _comment(_type: object, value: str | None) -> None:
    if value is not None and not 0 < len(value.strip()) <= _LONGEST:
        raise ValueError("comment")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was typed."""

    matchers: Mapping[str, str]
    span: timedelta
    words: str
    """The span as it was typed."""


@command(
    "silence",
    role=Role.OPERATOR,
    usage="WHAT... SPAN [--comment TEXT]",
    examples=("silence task=19124 2h", 'silence account=umail kind=bounce_rate 4h --comment "list is being cleaned"'),
)
async def silence(
    *words: str,
    comment: Annotated[str | None, Parameter(name="--comment", validator=_comment)] = None,
    ctx: Ctx,
) -> Answer:
    """Say nothing of some alerts for a while, after showing which."""
    wish = await _wish(ctx, words)
    for name in ctx.config.accounts:
        # It must hide nothing of accounts that are not the asker's business.
        if fits(wish.matchers.get("account", "*"), name):
            ctx.need(Role.OPERATOR, name)
    if not ctx.confirmed:
        return await _preview(ctx, wish, comment)

    def begun(session: Session, now: datetime) -> Silence:
        return silences.add(session, now, wish.matchers, until=now + wish.span, user=ctx.person.id, comment=comment)

    made = await ctx.store.transact(begun)
    return _changed(ctx, "begin", made)


@command("silence ls", role=Role.VIEWER, examples=("silence ls",))
async def ls(*, ctx: Ctx) -> Answer:
    """Show what is silenced, by whom and until when."""
    active = await ctx.store.transact(silences.active)
    return ctx.answer(
        "silence/list",
        data={"silences": [one.model_dump() for one in active]},
        silences=active,
        may_change=ctx.person.role() >= Role.OPERATOR,
    )


@command("silence end", role=Role.OPERATOR, usage="ID", examples=("silence end 3f9c2a",))
async def end(silence_id: SilenceArg, *, ctx: Ctx) -> Answer:
    """End a silence before its time."""
    active: Sequence[Silence] = await ctx.store.transact(silences.active)
    found = [one for one in active if one.id.endswith(silence_id.lower())]
    if len(found) > 1:
        raise _bad("ambiguous", silence_id)
    wanted = found[0].id if found else silence_id.lower()

    def ended(session: Session, now: datetime) -> tuple[str, Silence | None]:
        row = session.get(Silence, wanted)
        over = row is not None and row.ends_at <= now
        return ("over", row) if over else ("end", silences.end(session, now, wanted, ctx.person.id))

    action, row = await ctx.store.transact(ended)
    if row is None:
        raise _bad("unknown", silence_id)
    return _changed(ctx, action, row)


async def _preview(ctx: Context, wish: _Wish, comment: str | None) -> Answer:
    def looked(session: Session, now: datetime) -> tuple[Sequence[Alert], datetime]:
        return silences.preview(session, wish.matchers), now + wish.span

    hidden, until = await ctx.store.transact(looked)
    pairs = [f"{key}={value}" for key, value in wish.matchers.items()]
    return ctx.answer(
        "silence/confirm",
        outcome=Outcome.REFUSED,
        data={"matchers": wish.matchers, "until": until, "hides": [facts_of(alert) for alert in hidden]},
        matchers=wish.matchers,
        alerts=[alert_face(alert) for alert in hidden],
        until=until,
        line=write(["silence", *pairs, wish.words, *(["--comment", comment] if comment else [])]),
    )


def _changed(ctx: Context, action: str, row: Silence) -> Answer:
    about: dict[str, Any] = {"action": action, "silence": row, "user": ctx.person.id}
    return Answer(
        message=ctx.say("silence/changed", **about),
        outcome=Outcome.REFUSED if action == "over" else Outcome.DONE,
        facts=row.model_dump(),
        announcement=None if action == "over" else ctx.announce("silence/announcement", **about),
    )


async def _wish(ctx: Context, words: Sequence[str]) -> _Wish:
    spans = [word for word in words if "=" not in word]
    matchers: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        for name, pattern in (await _matchers(ctx, key.strip().lower(), value.strip())).items():
            if matchers.setdefault(name, pattern) != pattern:
                raise _bad("twice", name)
    if len(spans) > 1:
        raise _bad("several_spans", spans[0] if span_of(spans[0]) is None else spans[1])
    if not matchers:
        raise _bad("no_matcher")
    if not spans:
        raise _bad("no_span")
    if not any(pattern.strip("*") for pattern in matchers.values()):
        raise _bad("all")
    span = span_of(spans[0])
    if span is None or not LEAST <= span <= MOST:
        raise _bad("span", spans[0])
    return _Wish(matchers, span, spans[0])


async def _matchers(ctx: Context, key: str, value: str) -> Mapping[str, str]:
    """What one word says, in the keys that silences are kept by."""
    if key not in KEYS:
        raise _bad("key", key, get_close_matches(key, KEYS, n=3, cutoff=0.4) or KEYS)
    if not value:
        raise _bad("empty", f"{key}=")
    if key == "alert":
        alert = await meant(ctx, value, Role.OPERATOR)
        return {"account": alert.account, "rule": alert.rule, "subject": alert.subject}
    if key == "task":
        return {"subject": f"task/{value}"} if value.isdecimal() else {"name": value}
    known = {
        "account": list(ctx.config.accounts),
        "rule": [rule.name for rule in ctx.config.rules],
        "kind": [kind.value for kind in RuleKind],
        "severity": [severity.value for severity in Severity],
    }.get(key)
    if known and "*" not in value and value not in known:
        raise _bad("value", f"{key}={value}", get_close_matches(value, known, n=3, cutoff=0.4) or known)
    return {key: value}


def _bad(problem: str, word: str = "", known: Sequence[str] = ()) -> RefusalError:
    outcome = Outcome.REFUSED if problem in ("unknown", "ambiguous") else Outcome.NOT_UNDERSTOOD
    return RefusalError("silence/bad", outcome, problem=problem, word=word, known=list(known))
