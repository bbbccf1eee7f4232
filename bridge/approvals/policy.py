"""How many people must say yes to a send, and who: `approvals:` of app.yaml. Pure: facts and a moment in, needs out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bridge.alerts.rulebase import Share
from bridge.durations import Span, TimeOfDay
from bridge.ids import Mentioned
from store.tables import ApprovalKind

MOST = 5
"""So many approvals may be asked for."""


class Unapproved(StrEnum):
    """What is done about a send on its way that nobody has approved here."""

    ANNOUNCE = "announce"
    IGNORE = "ignore"
    HOLD = "hold"


class Day(StrEnum):
    """A day of the week; in the order of `datetime.weekday`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_DAYS = tuple(Day)


# ---- app.yaml


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Hours(_Section):
    """When people are at their desks, in the account's time zone."""

    begin: TimeOfDay = Field(default=time(9), alias="from")
    end: TimeOfDay = Field(default=time(21), alias="to")
    days: tuple[Day, ...] = Field(default=_DAYS[:5], min_length=1)

    def covers(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether `moment` is within them. What ends before it begins goes on past midnight, as the day's before."""
        here = moment.astimezone(zone)
        at, day = here.time(), here.weekday()
        if self.begin > self.end and at < self.end:
            day -= 1
        within = self.begin <= at < self.end if self.begin <= self.end else at >= self.begin or at < self.end
        return within and _DAYS[day] in self.days


class Where(_Section):
    """Which sends a policy is for: those for which all holds that is said."""

    recipients_over: int | None = Field(default=None, ge=0)
    new_sender: bool | None = None
    outside: Hours | None = None
    credit_share_over: Share | None = None
    accounts: tuple[str, ...] = ()
    kinds: tuple[ApprovalKind, ...] = ()


class Policy(_Section):
    """What a kind of send needs."""

    name: str = Field(min_length=1, max_length=60)
    where: Where = Where()
    approvers: int = Field(ge=0, le=MOST)
    who: tuple[Mentioned, ...] = ()


class Step(_Section):
    """Whom to ask while nobody decides."""

    after: Span
    who: tuple[Mentioned, ...] = Field(min_length=1)


def _apart(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    names = [policy.name for policy in policies]
    if len(names) != len(set(names)):
        raise ValueError("has two policies of one name; call one otherwise")
    return policies


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if [step.after for step in steps] != sorted(step.after for step in steps):
        raise ValueError("its steps are not in order; put the one with the shortest after: first")
    return steps


SHIPPED = (
    Policy(name="many", where=Where(recipients_over=50_000), approvers=2),
    Policy(name="off-hours", where=Where(outside=Hours()), approvers=1),
)
Policies: TypeAlias = Annotated[tuple[Policy, ...], AfterValidator(_apart)]
Steps: TypeAlias = Annotated[tuple[Step, ...], AfterValidator(_in_order)]


class Settings(_Section):
    """`approvals:` of app.yaml."""

    approvers: int = Field(default=1, ge=0, le=MOST)
    """Of every send; a policy may ask for more."""
    self_approval: bool = False
    policies: Policies = SHIPPED
    escalate: Steps = ()
    expire_before: Span = timedelta(minutes=15)
    """Before the time of sending."""
    drafts_expire: Span = timedelta(hours=24)
    """For what goes out once it is approved."""
    messages_over: int = Field(default=20, ge=0)
    unapproved_sends: Unapproved = Unapproved.ANNOUNCE


# ---- what comes of it


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """What policies go by. None: unknown, and then taken for risky."""

    kind: ApprovalKind
    account: str
    recipients: int | None
    new_sender: bool | None
    """Whether nothing was sent from this address before, as far as is known here."""
    starts_at: datetime
    """For what goes out once it is approved: now."""
    ends_at: datetime | None
    """About when it will be done; None where the speed is not known, and then only the beginning counts."""
    credit: int | None
    """What is left before it, in e-mails."""
    cost: int | None

    @property
    def credit_share(self) -> float | None:
        """How much of what is left it takes; all of it, where nothing is left."""
        if self.credit is None or self.cost is None:
            return None
        return self.cost / self.credit if self.credit > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a policy is for a send."""

    what: str
    """A field of `Where`."""
    limit: Any = None
    """What was said there, as JSON: 50000; 0.25; `{"from": "09:00", "to": "21:00", "days": […], "when": "starts"}`."""
    known: bool = True
    """False: it could not be found out, and counts as true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one request needs; kept in its row, whatever app.yaml says later."""

    count: int
    who: tuple[str, ...] = ()
    """Ids of people and user groups who may decide; empty: who has the role approver for the account."""
    reasons: tuple[Reason, ...] = ()
    """Without doubles, in the order of the policies."""
    policies: tuple[str, ...] = ()
    """The names of those that are for it."""
    steps: tuple[tuple[timedelta, tuple[str, ...]], ...] = ()
    """How long after the asking whom to ask as well."""
    self_approval: bool = False

    def asks(self, ids: Collection[str]) -> bool:
        """Whether who has these ids (a person's and her groups') is among those asked; the role is another matter."""
        return not self.who or not set(self.who).isdisjoint(ids)

    def written(self) -> dict[str, Any]:
        """For the row."""
        return {
            "count": self.count,
            "who": [*self.who],
            "reasons": [{"what": one.what, "limit": one.limit, "known": one.known} for one in self.reasons],
            "policies": [*self.policies],
            "steps": [{"after": after.total_seconds(), "who": [*who]} for after, who in self.steps],
            "self_approval": self.self_approval,
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Of the row."""
        return cls(
            count=row["count"],
            who=tuple(row["who"]),
            reasons=tuple(Reason(**one) for one in row["reasons"]),
            policies=tuple(row["policies"]),
            steps=tuple((timedelta(seconds=one["after"]), tuple(one["who"])) for one in row["steps"]),
            self_approval=row["self_approval"],
        )


def needs(settings: Settings, facts: PolicyFacts, zone: ZoneInfo) -> Needs:
    """What all policies together ask for: the largest number, and the people whom the strictest of them names.

    No policy asks for fewer than `settings.approvers`. The people whom a laxer policy names are not asked.

    zone: the account's; office hours are meant in it.
    """
    found = [(policy, reasons_of(policy.where, facts, zone)) for policy in settings.policies]
    matching = [(policy, reasons) for policy, reasons in found if reasons is not None]
    strictest = sorted((policy for policy, _ in matching), key=lambda policy: -policy.approvers)
    reasons = {repr(reason): reason for _, some in matching for reason in some}
    return Needs(
        count=max(settings.approvers, *(policy.approvers for policy in strictest), 0),
        who=next((policy.who for policy in strictest if policy.who), ()),
        reasons=tuple(reasons.values()),
        policies=tuple(policy.name for policy, _ in matching),
        steps=tuple((step.after, step.who) for step in settings.escalate),
        self_approval=settings.self_approval,
    )


def reasons_of(where: Where, facts: PolicyFacts, zone: ZoneInfo) -> Sequence[Reason] | None:
    """Why this is for such a send; None when it is not. Nothing said is for every send, for no reason."""
    found: list[Reason] = []
    judged = (
        _over("recipients_over", where.recipients_over, facts.recipients),
        _new(where.new_sender, facts.new_sender),
        _outside(where.outside, facts, zone),
        _over("credit_share_over", where.credit_share_over, facts.credit_share),
        _among("accounts", where.accounts, facts.account),
        _among("kinds", where.kinds, facts.kind),
    )
    for holds, reason in judged:
        if not holds:
            return None
        if reason is not None:
            found.append(reason)
    return found


_Judged: TypeAlias = tuple[bool, Reason | None]
_UNSAID: _Judged = (True, None)


def _over(what: str, limit: float | None, value: float | None) -> _Judged:
    if limit is None:
        return _UNSAID
    return value is None or value > limit, Reason(what, limit, value is not None)


def _new(wanted: bool | None, is_new: bool | None) -> _Judged:
    if wanted is None:
        return _UNSAID
    return is_new is None or is_new == wanted, Reason("new_sender", wanted, is_new is not None)


def _outside(hours: Hours | None, facts: PolicyFacts, zone: ZoneInfo) -> _Judged:
    if hours is None:
        return _UNSAID
    starts = not hours.covers(facts.starts_at, zone)
    ends = facts.ends_at is not None and not hours.covers(facts.ends_at, zone)
    limit = {
        "from": hours.begin.isoformat("minutes"),
        "to": hours.end.isoformat("minutes"),
        "days": [day.value for day in hours.days],
        "when": "starts" if starts else "ends",
    }
    return starts or ends, Reason("outside", limit)


def _among(what: str, wanted: Sequence[str], value: str) -> _Judged:
    return (value in wanted, Reason(what, value)) if wanted else _UNSAID
