"""What the other polls ask a vendor, and nothing more."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import col, select

from bridge.record import note
from bridge.sightings import Kind, about, of_balance, of_domain, of_import, of_message, of_stats, of_template
from bridge.transitions import Known
from jobs.pace import LAST_LOOKS, RARITY, last_of
from jobs.place import MOST, Gathered, Place, chunks, each
from providers.base import ListsMessages, LooksUpMessages, TellsBalance, TellsDayStats, TellsTaskStats, require
from providers.capabilities import ImportsContacts, KeepsDomains, KeepsTemplates
from providers.contacts import ImportId
from providers.mailtemplates import CheckState
from providers.messages import MessageId
from providers.model import SendId, SendStats, TaskStatus
from store.jobs import Claimed
from store.tables import MessageWatch

LOOK_UP = 200
"""Messages that ITNIO tells of in one call."""
ONE_BY_ONE = 20
"""Messages asked for one by one in a round: EmailCar takes one call a second."""
_DAYS = 7
"""How far back days are asked for that nobody has asked for: a baseline at once, and no hole after a gap."""
_DAY_LOOKS = (timedelta(0), timedelta(hours=1), timedelta(hours=6))
"""After midnight: bounces of the day before still come in."""


# ---- counters


async def statistics(place: Place, claimed: Claimed) -> bool:
    """Counters of the day, of tasks that are being sent, and the final ones of what has just ended."""
    tasks = await note(place.store, place.account, Kind.TASK)
    counted = [row for row in tasks.known.values() if row.state == TaskStatus.SENDING or row.state not in RARITY]
    days = _last_days(place, claimed.at) if isinstance(place.provider, TellsDayStats) else ()
    counted = counted if isinstance(place.provider, TellsTaskStats) else []
    subjects = [_day(day) for day in days] + [about(Kind.TASK, row.subject) for row in counted]
    async with place.look(Kind.STATS, subjects) as look:
        for day in days:
            if _day_is_due(place, look.known.get(_day(day)), day, claimed.at):
                stats = await require(place.provider, TellsDayStats).day_stats(day, day)
                look.sightings.append(of_stats(stats, _day(day)))
        due = [row for row in counted if _count_is_due(look.known.get(about(Kind.TASK, row.subject)), row, claimed.at)]
        due.sort(key=lambda row: _last_count(look, row))
        async for row, counts in each(place, due, lambda row: _count(place, row)):
            look.sightings += [of_stats(counts, about(Kind.TASK, row.subject))] if counts else []
    return bool(days or due)


def _last_days(place: Place, now: datetime) -> Sequence[date]:
    return [place.today(now) - timedelta(days=back) for back in range(_DAYS + 1)]


def _day(day: date) -> str:
    return f"day/{day.isoformat()}"


def _day_is_due(place: Place, known: Known | None, day: date, now: datetime) -> bool:
    if known is None or day == place.today(now):
        return True
    return known.observed_at < last_of(_DAY_LOOKS, place.midnight(day + timedelta(days=1)), now)


def _count_is_due(known: Known | None, task: Known, now: datetime) -> bool:
    if known is None or task.state == TaskStatus.SENDING:
        return True
    return known.observed_at < last_of(LAST_LOOKS, task.changed_at, now)


def _last_count(look: Gathered, task: Known) -> float:
    known = look.known.get(about(Kind.TASK, task.subject))
    return known.observed_at.timestamp() if known else 0.0


async def _count(place: Place, row: Known) -> SendStats | None:
    return await require(place.provider, TellsTaskStats).task_stats(SendId(row.subject))


# ---- what is left


async def balance(place: Place, _claimed: Claimed) -> bool:
    """What is left, and whether the service runs."""
    async with place.look(Kind.BALANCE, [""]) as left, place.look(Kind.SERVICE, [""]) as service:
        credit, running = of_balance(await require(place.provider, TellsBalance).balance())
        left.sightings.append(credit)
        service.sightings.append(running)
    return True


# ---- what else an account has


async def templates(place: Place, _claimed: Claimed) -> bool:
    """The check of each template that is new, changed, being checked, or used by an open task."""
    keeps = require(place.provider, KeepsTemplates)
    changed = {template.id: template.updated_at async for template in keeps.mail_templates()}
    open_tasks = (await note(place.store, place.account, Kind.TASK)).known.values()
    used = {ref["id"] for row in open_tasks for ref in row.facts.get("templates") or ()}
    async with place.look(Kind.TEMPLATE, list(changed)) as look:
        due = [one for one in changed if _check_is_due(look.known.get(one), changed[one], used=one in used)]
        due.sort(key=lambda one: (one in look.known, one not in used))
        async for _, check in each(place, due, keeps.check_template):
            look.sightings += [of_template(check)] if check else []
        look.ends = len(due) <= MOST
    return True


def _check_is_due(known: Known | None, changed: datetime | None, *, used: bool) -> bool:
    if known is None or used or known.state not in {CheckState.PASSED, CheckState.REJECTED}:
        return True
    return changed is not None and known.observed_at < changed


async def domains(place: Place, _claimed: Claimed) -> bool:
    """The DNS of the account's own sender domains."""
    keeps = require(place.provider, KeepsDomains)
    names = [domain.name for domain in await keeps.domains() if not domain.system]
    async with place.look(Kind.DOMAIN, names) as look:
        for some in chunks(names, MOST):
            look.sightings += [of_domain(check) for check in await keeps.check_domains(some)]
    return True


async def imports(place: Place, claimed: Claimed) -> bool:
    """The files that are still on their way into a list."""
    follows = require(place.provider, ImportsContacts)
    async with place.look(Kind.IMPORT) as look:
        due = [one for one, row in look.known.items() if row.look_at is not None and row.look_at <= claimed.at]
        async for _, status in each(place, due, lambda one: follows.import_status(ImportId(one))):
            look.sightings.append(of_import(status))
    return bool(due)


# ---- single messages


async def messages(place: Place, claimed: Claimed) -> bool:
    """The messages that somebody watches."""
    ids = await place.store.transact(
        lambda session, now: session.exec(
            select(MessageWatch.message_id)
            .where(MessageWatch.account == place.account, col(MessageWatch.until) > now)
            .order_by(col(MessageWatch.created_at))
        ).all()
    )
    async with place.look(Kind.MESSAGE, ids) as look:
        due = [MessageId(one) for one in ids if _message_is_due(look.known.get(one), claimed.at)]
        due.sort(key=lambda one: look.known[one].look_at or claimed.at if one in look.known else claimed.at)
        if isinstance(place.provider, LooksUpMessages):
            for some in chunks(due, LOOK_UP):
                report = await place.provider.look_up(some)
                look.sightings += [of_message(record) for record in report.records]
        else:
            lists = require(place.provider, ListsMessages)
            async for one, records in each(place, due[:ONE_BY_ONE], lambda one: lists.messages(message_id=one)):
                look.sightings += [of_message(record, one) for record in records[:1]]
    return bool(due)


def _message_is_due(known: Known | None, now: datetime) -> bool:
    return known is None or known.look_at is None or known.look_at <= now
