"""A desk where sends are asked for and decided on, and the rows that come of it; no vendor is near."""

from datetime import timedelta

from sqlmodel import select

from bridge.approvals import ballots, handover
from bridge.approvals.asking import Approvals, Wish
from bridge.approvals.policy import Needs, Settings
from store.tables import Approval, ApprovalKind, CommandRun, Event, Notice, NoticeKind, Vote

CHANNEL = "C0APPROVE"
STEPS = ((timedelta(minutes=15), ("S0LEADS", "U0MEI")), (timedelta(minutes=30), ("U0BOSS",)))
FIELDS = {"task_id": "19124", "templates": [{"id": "7", "subject": "十一月大促"}], "planned": 90_000}


def proposal(**fields):
    return {
        "name": "十一月大促",
        "recipients": 90_000,
        "fields": {**FIELDS, **fields},
        "told": {"hourly_speed": 12_000},
        "context": {"credit": {"before": 311_016, "after": 221_016}},
    }


def wish(now, subject="task/19124", *, by="U0CHEN", hours=4.0, count=1, policy=(), **more):
    """hours: from now to the time of sending; None: as soon as it is approved."""
    given = {
        "kind": ApprovalKind.SCHEDULE,
        "account": "umail",
        "subject": subject,
        "requested_by": by,
        "channel_id": "C0MARKET",
        "reason": "start of the November campaign",
        "send_at": None if hours is None else now + timedelta(hours=hours),
        "proposal": proposal(),
        "policy": Needs(count=count, **dict(policy)),
    }
    return Wish(**{**given, **more})


class Desk:
    """Everything that can happen to requests, each as one transaction on a store."""

    def __init__(self, store, *, channel=CHANNEL, settings=None, named=("U0LIN", "U0MEI")):
        self.store = store
        self.approvals = Approvals(settings or Settings(), channel, lambda _account: named)

    def do(self, work):
        return self.store.transact(work)

    def wait(self, minutes=0.0, **span):
        self.store.clock_offset += timedelta(minutes=minutes, **span)

    async def ask(self, subject="task/19124", **more):
        return await self.do(lambda s, now: self.approvals.ask(s, now, wish(now, subject, **more)))

    async def find_one(self, subject="task/19124", hours=None):
        def found(session, now):
            send_at = None if hours is None else now + timedelta(hours=hours)
            return self.approvals.found(session, now, account="umail", subject=subject, send_at=send_at)

        return await self.do(found)

    async def read(self, row, count=1):
        needs = Needs(count=count)
        return await self.do(lambda s, now: self.approvals.gathered(s, now, row.id, proposal(), needs, row.send_at))

    async def claim_unread(self):
        return await self.do(self.approvals.claim_unread)

    async def vote(self, row, user="U0LIN", *, version=None, may=True, lost=()):
        version = row.version if version is None else version
        return await self.decide("vote", row, user=user, version=version, may=may, lost=lost)

    async def reject(self, row, user="U0LIN", note="wrong list"):
        return await self.decide("reject", row, user=user, note=note)

    async def decide(self, name, row, **more):
        return await self.do(lambda s, now: getattr(ballots, name)(s, now, row.id, **more))

    async def claim(self):
        return await self.do(handover.claim)

    async def approved(self, **more):
        row = await self.ask(**more)
        return (await self.vote(row)).approval

    async def claimed(self, **more):
        await self.approved(**more)
        return await self.claim()

    async def report(self, name, claim, *what):
        return await self.do(lambda s, now: getattr(handover, name)(s, now, claim, *what))

    async def due(self):
        return await self.do(self.approvals.due)

    # ---- what came of it

    async def now(self):
        return await self.store.now()

    async def row(self, row):
        return await self.do(lambda session, _now: session.get_one(Approval, row.id))

    async def all(self, table):
        return list(await self.do(lambda session, _now: session.exec(select(table)).all()))

    async def events(self, row):
        """The types, in order."""
        return [one.type for one in await self.event_rows(row)]

    async def event_rows(self, row):
        rows = [one for one in await self.all(Event) if one.subject == f"approval/{row.id}"]
        return sorted(rows, key=lambda one: (one.recorded_at, one.type != "approval.requested"))

    async def votes(self, row):
        return [one for one in await self.all(Vote) if one.approval_id == row.id]

    async def cards(self, row):
        cards = [one for one in await self.all(Notice) if one.approval_id == row.id]
        return sorted(cards, key=lambda one: one.id)

    async def notes(self, template="ended", receiver=None):
        """The facts of what was said, in order."""
        said = [one for one in await self.all(Notice) if one.kind is NoticeKind.NOTE]
        return [
            one.facts["facts"]
            for one in sorted(said, key=lambda one: one.id)
            if one.facts["template"] == f"approval/{template}" and receiver in (None, one.receiver)
        ]

    async def runs(self):
        return await self.all(CommandRun)

    async def show(self):
        """All that is due is shown, as the outbox does."""

        def shown(session, _now):
            for notice in session.exec(select(Notice)):
                notice.ts, notice.shown, notice.due_at = notice.ts or f"1.{notice.id}", notice.wanted, None

        await self.do(shown)
