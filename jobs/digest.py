"""The scheduled summary: how each account stands, from what was recorded; nobody is asked for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from bridge.alerts.rates import Portion, bounced, pooled
from bridge.alerts.rulebase import Severity, rank
from bridge.alerts.silences import active
from bridge.alerts.usual import balances, burn, usual
from bridge.approvals.requests import waiting
from bridge.globs import fits
from bridge.notices.telling import tell
from bridge.sightings import Kind, Link
from jobs.scheduler import Daily, Duty
from jobs.settings import Digest
from providers.model import TaskStatus
from store.alerts import OPEN
from store.engine import Store
from store.jobs import Claimed
from store.tables import Alert, NoticeKind, Snapshot, StatSample

FAMILY = "digest"
LISTED = 5
"""Tasks, and alerts, that are named; the rest is counted."""

Facts: TypeAlias = dict[str, Any]
"""JSON; times ISO 8601 with zone."""


class Digests:
    """Makes one duty a channel."""

    def __init__(
        self, store: Store, digest: Digest, accounts: Mapping[str, ZoneInfo], default: str | None, zone: ZoneInfo
    ) -> None:
        """accounts: each with what "today" means there; default: `channels.digest`; zone: where it is time."""
        self._store = store
        self._accounts = accounts
        self._zone = zone
        self._times: dict[str, time] = dict.fromkeys((*([default] if default else []), *digest.channels), digest.at)
        self._times |= digest.times

    def duties(self) -> Sequence[Duty]:
        """Each at its time of day; a time that is changed makes another duty of it."""
        return [
            Duty(f"{FAMILY} {channel} {at:%H:%M}", partial(self._run, channel), Daily(at, self._zone))
            for channel, at in self._times.items()
        ]

    async def _run(self, channel: str, claimed: Claimed) -> None:
        def told(session: Session, now: datetime) -> None:
            accounts = [summary(session, now, name, zone) for name, zone in self._accounts.items()]
            facts = {"accounts": accounts, "light": worst(accounts), "observed_at": now.isoformat()}
            whole = {"template": "digest/daily", "facts": facts}
            # Whoever takes it up from a process that died says it in the same message.
            tell(session, now, channel, NoticeKind.DIGEST, whole, key=claimed.due.isoformat(), priority=2)

        await self._store.transact(told)


def summary(session: Session, now: datetime, account: str, zone: ZoneInfo) -> Facts:
    """One account: its last whole day beside the seven before, what goes on, what is wrong, what is left."""
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    open_alerts = session.exec(select(Alert).where(Alert.account == account, col(Alert.state).in_(OPEN))).all()
    open_alerts = sorted(open_alerts, key=lambda alert: (rank(alert.severity), alert.began_at))
    running = _tasks(session, account, TaskStatus.SENDING)
    facts: Facts = {
        "account": account,
        "day": yesterday.isoformat(),
        **_figures(session, account, yesterday),
        "running": [_task(row) for row in running[:LISTED]],
        "running_count": len(running),
        "paused_count": _count(session, account, TaskStatus.PAUSED),
        "scheduled_count": _count(session, account, TaskStatus.SCHEDULED, TaskStatus.QUEUED),
        "waiting_count": len(waiting(session, (account,))),
        "alerts": [_alert(alert) for alert in open_alerts[:LISTED]],
        "alert_count": len(open_alerts),
        "silences": _silences(session, now, account),
        **_credit(session, account, now),
        "link": _state(session, account, Kind.PROVIDER),
        "service": _state(session, account, Kind.SERVICE),
    }
    return facts | {"light": light(facts, {alert.severity for alert in open_alerts})}


def light(facts: Mapping[str, Any], severities: set[str]) -> str:
    """`red`, `yellow` or `green`; never green while nobody knows."""
    if Severity.CRITICAL in severities or facts["link"] not in (Link.UP, None) or facts["service"] == "disabled":
        return "red"
    if Severity.WARNING in severities or facts["paused_count"] or facts["link"] is None:
        return "yellow"
    return "green"


def worst(accounts: Sequence[Mapping[str, Any]]) -> str:
    """The light of all of them together."""
    lights = {one["light"] for one in accounts}
    return next((one for one in ("red", "yellow") if one in lights), "green")


def _figures(session: Session, account: str, day: date) -> Facts:
    """What was sent that day, and what is usual; None: unknown."""
    sample = session.exec(
        select(StatSample)
        .where(StatSample.account == account, StatSample.subject == f"day/{day.isoformat()}")
        .order_by(col(StatSample.at).desc())
    ).first()
    counters: Mapping[str, int | None] = sample.counters if sample else {}
    days = usual(session, account, day).days.values()
    usual_bounced = pooled(bounced(one) for one in days)
    return {
        "sent": counters.get("sent"),
        "delivered": counters.get("delivered"),
        "bounced": _share(bounced(counters)),
        "usual_sent": _mean(days, "sent"),
        "usual_delivered": _mean(days, "delivered"),
        "usual_bounced": _share(usual_bounced),
    }


def _share(portion: Portion | None) -> float | None:
    return portion.value if portion is not None and portion.whole else None


def _mean(days: Any, name: str) -> int | None:  # noqa: ANN401  # the counters of some days
    known = [one[name] for one in days if one.get(name) is not None]
    return round(sum(known) / len(known)) if known else None


def _tasks(session: Session, account: str, *states: TaskStatus) -> Sequence[Snapshot]:
    tasks = select(Snapshot).where(*_are(account, *states))
    return session.exec(tasks.order_by(col(Snapshot.changed_at).desc())).all()


def _count(session: Session, account: str, *states: TaskStatus) -> int:
    return session.exec(select(func.count()).select_from(Snapshot).where(*_are(account, *states))).one()


def _are(account: str, *states: TaskStatus) -> Sequence[Any]:
    # Those that are over are out of the question, however many: the index knows who is still looked at.
    looked = col(Snapshot.look_at).is_not(None)
    return (Snapshot.account == account, Snapshot.kind == Kind.TASK, looked, col(Snapshot.state).in_(states))


def _task(row: Snapshot) -> Facts:
    names = [ref["name"] or ref["id"] for ref in row.facts.get("templates") or ()]
    return {"id": row.subject, "names": names, "sent": row.facts.get("sent"), "planned": row.facts.get("planned")}


def _alert(alert: Alert) -> Facts:
    of, _, subject = alert.subject.partition("/")
    told: Callable[[str], Any] = lambda name: getattr(alert, name)  # noqa: E731
    plain = ("rule", "kind", "severity", "account", "reason", "facts", "acknowledged_by", "snoozed_by")
    until = alert.snoozed_until.isoformat() if alert.snoozed_until else None
    return {name: told(name) for name in plain} | {
        "of": of,
        "subject": subject,
        "state": alert.state.value,
        "snoozed_until": until,
    }


def _silences(session: Session, now: datetime, account: str) -> Sequence[Facts]:
    """The ones that may hide something of this account."""
    ours = [one for one in active(session, now) if fits(one.matchers.get("account", account), account)]
    return [
        {"what": " ".join(f"{key}={value}" for key, value in one.matchers.items()), "until": one.ends_at.isoformat(),
         "by": one.created_by}
        for one in ours
    ]  # fmt: skip


def _credit(session: Session, account: str, now: datetime) -> Facts:
    row = session.get(Snapshot, (account, Kind.BALANCE, ""))
    left = row.facts.get("emails_left") if row else None
    a_day = burn(balances(session, account, now), now)
    return {
        "left": left,
        "for_today": row.facts.get("daily_allowance") if row else None,
        "runway": round(left / a_day, 1) if left is not None and a_day else None,
        "per_day": round(a_day) if a_day is not None else None,
    }


def _state(session: Session, account: str, kind: Kind) -> str | None:
    row = session.get(Snapshot, (account, kind, ""))
    return row.state if row else None
