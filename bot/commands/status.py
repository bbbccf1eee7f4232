"""`status`: how the accounts, the clock's jobs and the queue are, and which versions run."""

import asyncio
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from bot.command import Answer, command
from bot.commands.alerts import facts_of, seen_by
from bot.config import Role
from bot.context import Ctx
from bot.online import Finding, try_account
from bridge.notices.faces import alert_face
from jobs.scheduler import EVERY
from store import alerts
from store.jobs import jobs
from store.state import Database, Queue, database, queue
from store.tables import AlertState, Job

LATE = timedelta(seconds=30)
"""A job is late by more than this only when something is wrong: one look at a vendor may take 20 s."""
ALERTS_SHOWN = 5
OLD = timedelta(minutes=2)
"""A request that is at work for longer is stuck."""


@dataclass(frozen=True, slots=True)
class JobLine:
    """One of the clock's jobs."""

    name: str
    ago: float | None
    """Seconds since it ended last; None when it never ran."""
    took: float | None
    """Seconds."""
    late: float | None
    """Seconds that it is overdue; None while it is not."""
    error: str | None
    again: float | None = None
    """Seconds until its next run, where that is the row's to say: it is done once for all processes."""

    @property
    def wrong(self) -> bool:
        return self.error is not None or self.late is not None


@command("status", role=Role.VIEWER, examples=("status",))
async def status(*, ctx: Ctx) -> Answer:
    """Show how the accounts and the bot are doing."""
    allowed = [p for p in ctx.providers.values() if ctx.person.role(p.account) >= ctx.command.role]
    accounts, fired, rows, waiting, kept, now = await asyncio.gather(
        asyncio.gather(*(try_account(provider) for provider in allowed)),
        alerts.page(ctx.store, seen_by(ctx, None), firing=True, size=ALERTS_SHOWN, number=1),
        jobs(ctx.store),
        queue(ctx.store, but=ctx.run.id),
        database(ctx.store),
        ctx.store.now(),
    )
    lines = job_lines(rows, now)
    stuck = waiting.oldest_run is not None and now - waiting.oldest_run > OLD
    return ctx.answer(
        "status/status",
        data={**_data(accounts, lines, waiting, kept, now), "firing": [facts_of(alert) for alert in fired.alerts]},
        accounts=accounts,
        firing=fired.counts.get(AlertState.FIRING, 0),
        alerts=[alert_face(alert) for alert in fired.alerts],
        jobs=lines,
        queue=waiting,
        oldest_run=_age(now, waiting.oldest_run),
        oldest_change=_age(now, waiting.oldest_change),
        stuck=stuck,
        wrong=sum(finding.wrong for finding in accounts) + sum(line.wrong for line in lines) + stuck,
        versions=versions(kept),
        observed_at=now,
    )


def job_lines(rows: Sequence[Job], now: datetime) -> Sequence[JobLine]:
    """Every job of the clock, as its row tells; the processes' own first."""
    known = {row.name: row for row in rows}
    return [_line(name, known.get(name), now) for name in dict.fromkeys((*EVERY, *sorted(known)))]


def versions(kept: Database) -> dict[str, str]:
    """What runs here, each with its version."""
    return {
        "edmbot": version("edmbot"),
        "Python": platform.python_version(),
        {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kept.name, kept.name): kept.version,
        "slack-bolt": version("slack-bolt"),
        "schema": kept.revision,
    }


def _line(name: str, row: Job | None, now: datetime) -> JobLine:
    if row is None:
        return JobLine(name, None, None, None, None)
    overdue = now - row.next_due if row.next_due else timedelta()
    # What never ended may be late all the same.
    ended = row.last_finished if row.last_started else None
    return JobLine(
        name,
        ago=(now - ended).total_seconds() if ended else None,
        took=(ended - row.last_started).total_seconds() if ended and row.last_started else None,
        late=overdue.total_seconds() if overdue > LATE else None,
        error=row.last_error,
        again=max(-overdue.total_seconds(), 0.0) if row.next_due and name not in EVERY else None,
    )


def _age(now: datetime, then: datetime | None) -> float | None:
    return (now - then).total_seconds() if then else None


def _data(
    accounts: Sequence[Finding], lines: Sequence[JobLine], waiting: Queue, kept: Database, now: datetime
) -> dict[str, Any]:
    return {
        "accounts": [
            {
                "account": found.name,
                "emails_left": None if found.wrong else found.value,
                "error": found.problem,
                "observed_at": found.observed_at,
            }
            for found in accounts
        ],
        "jobs": lines,
        "queue": waiting,
        "versions": versions(kept),
        "observed_at": now,
    }
