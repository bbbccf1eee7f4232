"""Who hears of an alert: routes, on-call steps, quiet hours. Pure: labels and a moment in, targets out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from bridge.alerts.rulebase import RuleKind, Severity, rank
from bridge.durations import Span, TimeOfDay
from bridge.events import EventType
from bridge.globs import any_fits, fits
from bridge.ids import Mentioned, Receiver
from store.tables import Alert, Subscription

_UTC = ZoneInfo("UTC")
Label: TypeAlias = Literal["account", "rule", "kind", "subject", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What routes, silences and groups go by."""

    account: str
    rule: str
    kind: str
    severity: str
    subject: str
    names: tuple[str, ...] = ()
    """What people call it: a task's id, its templates' names."""
    lists: tuple[str, ...] = ()
    """Names of the lists that a task goes to."""

    @property
    def name(self) -> str:
        return self.names[0] if self.names else ""


def labels_of(alert: Alert) -> Labels:
    """An alert's; `names` and `lists` are what its facts say (`verdicts.of_task`)."""
    facts = alert.facts
    names = (*(facts.get("templates") or ()), facts.get("name"), facts.get("task"))
    return Labels(
        account=alert.account,
        rule=alert.rule,
        kind=alert.kind,
        severity=alert.severity,
        subject=alert.subject,
        names=tuple(str(name) for name in names if name),
        lists=tuple(str(name) for name in facts.get("lists") or ()),
    )


# ---- app.yaml


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Route(_Section):
    """Which alerts go where. What is not said matches everything."""

    accounts: tuple[str, ...] = ()
    kinds: tuple[RuleKind, ...] = ()
    severities: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    """Patterns of a task's id, or of its templates' names."""
    lists: tuple[str, ...] = ()
    """Patterns of a list's name."""
    receivers: tuple[Receiver, ...] = ()
    """Empty: channels.alerts."""
    group_by: tuple[Label, ...] = ("account", "rule")
    group_wait: Span = timedelta(seconds=10)
    group_interval: Span = timedelta(minutes=5)
    repeat_interval: Span = timedelta(hours=4)
    oncall: str | None = None
    """A key of `oncall:`."""
    goes_on: bool = Field(default=False, alias="continue")

    def matches(self, labels: Labels) -> bool:
        """Whether an alert with these labels takes this route."""
        return (
            (not self.accounts or labels.account in self.accounts)
            and (not self.kinds or labels.kind in self.kinds)
            and (not self.severities or labels.severity in self.severities)
            and (not self.rules or labels.rule in self.rules)
            and (not self.tasks or any_fits(self.tasks, labels.names))
            and (not self.lists or any_fits(self.lists, labels.lists))
        )


class OncallStep(_Section):
    """Whom to mention while nobody acknowledges."""

    after: Span | None = None
    """Counted from when people were told; None: in the first message."""
    who: tuple[Mentioned, ...] = Field(min_length=1)

    @property
    def delay(self) -> timedelta:
        return self.after or timedelta(0)


class QuietHours(_Section):
    """When only what is critical may disturb people; the rest is told at the end."""

    receivers: tuple[Receiver, ...] = ()
    """Empty: everywhere."""
    begin: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")

    def until(self, receiver: str, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When they end for `receiver`, in `zone`; None while they are not."""
        if self.receivers and receiver not in self.receivers:
            return None
        here = now.astimezone(zone)
        is_in = (
            self.begin <= here.time() < self.end
            if self.begin <= self.end
            else here.time() >= self.begin or here.time() < self.end
        )
        if not is_in:
            return None
        days = 1 if here.time() >= self.end else 0
        return datetime.combine(here.date() + timedelta(days=days), self.end, here.tzinfo).astimezone(UTC)


# ---- what comes of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One receiver of an alert, and how it is to be told there."""

    receiver: str
    group_key: str
    """Alerts of one key share a message. Its last part is the severity: nothing critical joins a message unheard. And
    it has whom the message names: what others must hear of joins none that does not call them."""
    labels: Mapping[str, str]
    """What the alerts of the group have in common."""
    wait: timedelta = timedelta(seconds=10)
    """How long the first message waits for others to join."""
    interval: timedelta = timedelta(minutes=5)
    """How long after it others still join; later ones make a message of their own, which is heard."""
    repeat: timedelta = timedelta(hours=4)
    mention: tuple[str, ...] = ()
    """Ids that the first message names."""
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """One step: whom to mention, and to which receivers."""

    after: timedelta
    who: tuple[str, ...]
    receivers: tuple[str, ...]


class Routing:
    """What app.yaml says about who hears of what."""

    def __init__(
        self,
        routes: Sequence[Route] = (),
        default: str | None = None,
        oncall: Mapping[str, Sequence[OncallStep]] = MappingProxyType({}),
        quiet: Sequence[QuietHours] = (),
        timezone: ZoneInfo = _UTC,
    ) -> None:
        self._routes = routes
        self._default = default
        self._oncall = oncall
        self._quiet = quiet
        self._zone = timezone

    def targets(self, labels: Labels, now: datetime, subscriptions: Iterable[Subscription] = ()) -> Sequence[Target]:
        """Who hears of it, each receiver once: by the routes in their order, then who has subscribed."""
        found: dict[str, Target] = {}
        taken = self._taken(labels)
        for route in taken:
            for receiver in self._receivers(route):
                mention = self._mentioned(receiver, taken)
                found.setdefault(receiver, self._target(receiver, route, labels, now, mention))
        for one in subscriptions:
            if wants(one, labels):
                found.setdefault(one.receiver, self._target(one.receiver, Route(), labels, now, ()))
        return tuple(found.values())

    def escalations(self, labels: Labels) -> Sequence[Escalation]:
        """The steps of all routes that the alert takes, the earliest first; those at one moment are one step."""
        steps: dict[timedelta, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        for route in self._taken(labels):
            for one in self._steps(route):
                if one.delay:
                    who, receivers = steps.get(one.delay, ((), ()))
                    steps[one.delay] = (
                        tuple(dict.fromkeys((*who, *one.who))),
                        tuple(dict.fromkeys((*receivers, *self._receivers(route)))),
                    )
        return tuple(Escalation(after, *steps[after]) for after in sorted(steps))

    def quiet_until(self, receiver: str, severity: str, now: datetime) -> datetime | None:
        """When `receiver` may be disturbed again; None: now."""
        if severity == Severity.CRITICAL:
            return None
        ends = (one.until(receiver, now, self._zone) for one in self._quiet)
        return max((end for end in ends if end is not None), default=None)

    def _taken(self, labels: Labels) -> Sequence[Route]:
        """The first route that matches, and further ones while they say `continue`; without any, the plain one."""
        taken = []
        for route in self._routes:
            if route.matches(labels):
                taken.append(route)
                if not route.goes_on:
                    break
        return taken or (Route(),)

    def _receivers(self, route: Route) -> tuple[str, ...]:
        return route.receivers or ((self._default,) if self._default else ())

    def _mentioned(self, receiver: str, taken: Sequence[Route]) -> tuple[str, ...]:
        """Whom the first message there names: the on-call of each route that leads there."""
        leading = [route for route in taken if receiver in self._receivers(route)]
        who = [who for route in leading for one in self._steps(route) if not one.delay for who in one.who]
        return tuple(dict.fromkeys(who))

    def _steps(self, route: Route) -> Sequence[OncallStep]:
        return self._oncall[route.oncall] if route.oncall else ()

    def _target(self, receiver: str, route: Route, labels: Labels, now: datetime, mention: tuple[str, ...]) -> Target:
        common: dict[str, str] = {label: str(getattr(labels, label)) for label in route.group_by}
        shared = [f"{key}={value}" for key, value in common.items()]
        if mention:
            shared.append(f"mention={','.join(mention)}")
        return Target(
            receiver=receiver,
            group_key="|".join((*shared, labels.severity)),
            labels=common,
            wait=route.group_wait,
            interval=route.group_interval,
            repeat=route.repeat_interval,
            mention=mention,
            quiet_until=self.quiet_until(receiver, labels.severity, now),
        )


def wants(subscription: Subscription, labels: Labels) -> bool:
    """Whether who subscribed is to see this alert."""
    return (
        fits(subscription.types, EventType.ALERT_FIRING)
        and subscription.account in (None, labels.account)
        and is_as_bad(labels.severity, subscription.severity)
    )


def is_as_bad(severity: str, least: str | None) -> bool:
    """Whether `severity` is at least as bad as `least`; None asks for nothing."""
    return least is None or rank(severity) <= rank(least)
