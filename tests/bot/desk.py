"""Alerts in the office: raised as the rules raise them, shown in Slack as the outbox shows them."""

import asyncio

import aiohttp
from sqlmodel import col, select

from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import Routing
from bridge.alerts.rules import DEFAULTS, RuleKind
from bridge.alerts.verdicts import Clear, Firing, Reason
from bridge.notices.outbox import Outbox
from store.tables import Alert, CommandRun, Notice, NoticeKind
from tests.bridge.posts import board_of, english
from tests.templates.facts.notice import FIRINGS

ALERTS = "C0ALERTS"
FACTS = {kind: facts for kind, _, _, facts in FIRINGS[::-1]}
DESK = AlertDesk(DEFAULTS, Routing(default=ALERTS))


async def raised(office, subject="task/19124", *, kind=RuleKind.BOUNCE_RATE, account="umail", desk=DESK):
    """An alert that fires; its id."""
    rule = next(rule for rule in DEFAULTS if rule.kind is kind)

    def work(session, now):
        verdict = Firing(Reason.ABOVE_USUAL, FACTS[kind], 0.063)
        desk.weigh(session, now, account=account, judged=[(rule, subject, verdict)])
        rows = session.exec(select(Alert).where(Alert.subject == subject).order_by(col(Alert.id).desc())).all()
        if rule.wait:
            rows[0].due_at = now
            session.flush()
            desk.due(session, now)
        return rows[0].id

    return await office.store.transact(work)


async def cleared(office, subject="task/19124", *, kind=RuleKind.BOUNCE_RATE, account="umail"):
    """The rule holds no more."""
    rule = next(rule for rule in DEFAULTS if rule.kind is kind)
    judged = [(rule, subject, Clear(Reason.WELL))]
    await office.store.transact(lambda session, now: DESK.weigh(session, now, account=account, judged=judged))


async def row(office, alert_id):
    return await office.store.transact(lambda session, _now: session.get_one(Alert, alert_id))


async def notices(office, kind=NoticeKind.ALERTS):
    return await office.store.transact(
        lambda session, _now: session.exec(select(Notice).where(Notice.kind == kind)).all()
    )


async def at_rest(office):
    """No command is at work: its lease is kept in real seconds, and would run out as time is stepped."""
    at_work = select(CommandRun.id).where(col(CommandRun.outcome).is_(None))
    async with asyncio.timeout(8):
        while await office.store.transact(lambda session, _now: session.exec(at_work).first()):
            await asyncio.sleep(0.005)


async def show(office):
    """Let the outbox show all that is due within a minute."""
    await at_rest(office)
    async with aiohttp.ClientSession() as session:
        outbox = Outbox(office.store, board_of(office.slack, session), english, "/edm")
        for _ in range(60):
            await outbox.run_once()
            office.later(1)


async def on_the_wall(office, user, words):
    """The message in the alerts channel that says so."""
    await show(office)
    return await office.slack.wait(user, ALERTS, lambda m: words in m.plain and not m.ephemeral_for, timeout=2.0)
