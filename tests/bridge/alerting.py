"""A desk on a database, its clock stepped, and somebody who posts what is due as the outbox does."""

from datetime import timedelta

from sqlmodel import col, select

from bridge.alerts import acts
from bridge.alerts.desk import AlertDesk
from bridge.alerts.routes import OncallStep, Route, Routing
from bridge.alerts.rules import BounceRateRule, ProviderDownRule, Severity, TaskStatusRule
from bridge.alerts.verdicts import Clear, Firing, Reason
from store.engine import Store
from store.tables import Alert, Event, Notice, NoticeAlert, NoticeKind

MINUTE = timedelta(minutes=1)
BOUNCES = BounceRateRule(name="bounces", above=0.1, severity=Severity.CRITICAL)
SLOW = BounceRateRule(name="slow", above=0.1, wait=5 * MINUTE)
FAILED = TaskStatusRule(name="task-failed")
DOWN = ProviderDownRule(name="provider-down", severity=Severity.CRITICAL)
RULES = (BOUNCES, SLOW, FAILED, DOWN)
ONCALL = {
    "edm": (
        OncallStep(who=("S0ONCALL",)),
        OncallStep(after=15 * MINUTE, who=("S0ONCALL",)),
        OncallStep(after=30 * MINUTE, who=("S0BOSS", "U0MEI")),
    )
}
ROUTING = Routing((Route(receivers=("C0ALERTS",), oncall="edm"),), None, ONCALL)


class Scene:
    """What a test says about alerts."""

    def __init__(self, store: Store, routing: Routing = ROUTING, rules=RULES) -> None:
        self.store = store
        self.desk = AlertDesk(rules, routing)

    async def verdict(self, verdict, *subjects, rule=BOUNCES, account="umail"):
        judged = [(rule, subject, verdict) for subject in subjects or ("task/1",)]
        await self.store.transact(lambda session, now: self.desk.weigh(session, now, account=account, judged=judged))

    async def fire(self, *subjects, share=0.2, reason=Reason.ABOVE_LIMIT, facts=None, **where):
        await self.verdict(Firing(reason, {"share": share} | (facts or {}), share), *subjects, **where)

    async def clear(self, *subjects, **where):
        await self.verdict(Clear(), *subjects, **where)

    async def down(self, **where):
        await self.verdict(Firing(Reason.UNREACHABLE), "provider", rule=DOWN, **where)

    async def up(self, **where):
        await self.verdict(Clear(), "provider", rule=DOWN, **where)

    def wait(self, minutes=0.0, **span):
        self.store.clock_offset += timedelta(minutes=minutes, **span)

    async def due(self):
        return await self.store.transact(self.desk.due)

    async def pass_by(self, minutes):
        """Minute after minute, with what falls due in each and what is posted then."""
        for _ in range(minutes):
            self.wait(1)
            await self.due()
            await self.post()

    async def act(self, name, *args, **more):
        return await self.store.transact(lambda session, now: getattr(acts, name)(session, now, *args, **more))

    async def do(self, work):
        return await self.store.transact(work)

    async def alerts(self, **where):
        """The oldest first."""
        rows = await self.all(Alert)
        return [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]

    async def alert(self, subject="task/1", rule="bounces"):
        """The newest of a subject."""
        return (await self.alerts(subject=subject, rule=rule))[-1]

    async def all(self, table):
        order = {Event: Event.recorded_at, NoticeAlert: NoticeAlert.position}.get(table) or table.id
        return list(await self.store.transact(lambda session, _now: session.exec(select(table).order_by(order)).all()))

    async def events(self, subject=None):
        """The types and data of `alert.*`, the oldest first."""
        rows = [row for row in await self.all(Event) if row.type.startswith("alert.")]
        return [(row.type, row.data) for row in rows if subject in (None, row.data["about"])]

    async def notices(self, kind=NoticeKind.ALERTS, receiver=None):
        rows = await self.all(Notice)
        return [row for row in rows if row.kind is kind and receiver in (None, row.receiver)]

    async def members(self, notice):
        """The subjects that a notice lists, in the order in which they joined."""
        query = (
            select(Alert.subject)
            .join(NoticeAlert, col(NoticeAlert.alert_id) == Alert.id)
            .where(col(NoticeAlert.notice_id) == notice.id)
            .order_by(col(NoticeAlert.position))
        )
        return list(await self.store.transact(lambda session, _now: session.exec(query).all()))

    async def post(self):
        """Show all that is due, as the outbox does; returns how many messages and edits that took."""

        def posted(session, now):
            due = session.exec(select(Notice).where(col(Notice.due_at) <= now).order_by(col(Notice.priority))).all()
            shown = [row for row in due if row.parent_id is None or session.get(Notice, row.parent_id).ts]
            for row in shown:
                row.ts, row.shown, row.due_at = row.ts or f"1.{row.id}", row.wanted, None
                if row.kind is NoticeKind.ALERTS:
                    links = session.exec(select(NoticeAlert).where(NoticeAlert.notice_id == row.id)).all()
                    for link in links:
                        link.seen_version = session.get(Alert, link.alert_id).version
            session.flush()
            return len(shown)

        total = 0
        while count := await self.store.transact(posted):
            total += count
        return total
