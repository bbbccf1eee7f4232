"""A sandbox, a database and people who say yes: what tests of requests share. One clock moves both."""

from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

import bridge.approvals.ballots as ballots
import bridge.changes.tasks
from bridge.approvals.asking import Approvals, Wish
from bridge.approvals.execution import Executor
from bridge.approvals.found import Inquiry
from bridge.approvals.gathering import gather, of_letter
from bridge.approvals.policy import Settings, needs
from bridge.approvals.proposals import Proposal, policy_facts
from bridge.changes import drafts, ledger
from bridge.changes.letters import Letter
from providers import PROVIDERS
from providers.model import TaskForm, TaskStatus, Tracking
from sandbox import Sandbox, WorldClock
from store.limits import SharedLimiter
from store.tables import Approval, ApprovalKind, Change, CommandRun, Notice, TaskLedger, new_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
LIN, MEI, BO = "U0LIN", "U0MEI", "U0BO"
ME = "umail"
LETTER = Letter("news@shop.example", "小店", tuple(f"a{n}@example.com" for n in range(3)), "Hello", "text")


def client_of(environ, store, name="umail", deadline=10.0):
    """An account's client, as app.yaml would make it."""
    cls, upper = PROVIDERS[name], name.upper()
    values = {"base_url": environ[f"{upper}_URL"], "username": environ[f"{upper}_USERNAME"]}
    settings = cls.Settings(**values, password=environ[f"{upper}_PASSWORD"])
    return cls(name, settings, timezone=SHANGHAI, limiter=SharedLimiter(store), deadline=deadline)


async def nobody_lost(_account, _needs, _voters):
    return ()


class Asking:
    """What a test says about requests."""

    def __init__(self, store, box, settings=None):
        self.store, self.box = store, box
        self.environ = box.environ()
        self.providers = {name: client_of(self.environ, store, name) for name in ("umail", "emailcar")}
        self.umail = self.providers[ME]
        self.desk = Approvals(settings or Settings(policies=()), "C0APPROVE", lambda _account: (MEI,))
        self.lost = ()
        self.told = 0

    @classmethod
    async def open(cls, store, settings=None):
        return cls(store, await Sandbox.start(WorldClock.running()), settings)

    async def close(self):
        for provider in self.providers.values():
            await provider.aclose()
        await self.box.stop()

    # ---- time

    def wait(self, seconds):
        self.box.clock.step(seconds)
        self.store.clock_offset += timedelta(seconds=seconds)

    async def now(self):
        return await self.store.now()

    # ---- what people do

    async def held(self, *, hours=6, **more):
        """A task on hold that goes out in some hours, with its ledger; its id."""
        at = (await self.now()).replace(second=0, microsecond=0) + timedelta(hours=hours)
        fields = {"template_ids": ("18",), "list_ids": ("7",), "sender_domain": "shop.example"}
        fields |= {"sender": "news@shop.example", "sender_name": "小店", "reply_to": "service@shop.example", "last": 0}
        fields |= {"tracking": Tracking.OPENS, "unsubscribe_link": False, "hourly_speed": 12_000, "scheduled_at": at}
        form = TaskForm(**(fields | more))
        task_id = await self.umail.add_task(form, status=TaskStatus.DRAFT)
        await self.store.transact(
            lambda session, now: ledger.remember(session, now, account=ME, task_id=task_id, form=form, by=LIN)
        )
        self.box.requests.clear()
        return task_id

    async def command(self, by=LIN):
        """A command of somebody's; the id of its run."""

        def begun(session, now):
            given = {"kind": "slash", "user_id": by, "text": "x", "worker": "w"}
            run = CommandRun(key=new_id(), **given, received_at=now, lease_until=now)
            session.add(run)
            return run.id

        return await self.store.transact(begun)

    async def written(self):
        """A message that waits here."""
        return await drafts.write(self.store, LETTER, account="emailcar", by=LIN, run_id=await self.command())

    async def proposal(self, task_id):
        task = await self.umail.task(task_id)
        told = await self.store.transact(lambda session, _now: ledger.of(session, ME, task_id))
        known = ledger.written(told) if told else {}
        return task, await gather(self.umail, task, known, store=self.store, now=await self.now())

    async def ask(self, task_id, *, kind=ApprovalKind.SCHEDULE, by=LIN):
        """A request about a task; its id."""
        task, proposal = await self.proposal(task_id)
        send_at = task.scheduled_at if kind is ApprovalKind.SCHEDULE else None
        return await self._ask(f"task/{task_id}", ME, proposal, kind=kind, send_at=send_at, by=by)

    async def ask_letter(self, draft, by=LIN):
        """A request about a draft; its id."""
        proposal = await of_letter(self.providers[draft.account], draft)
        # EmailCar takes one call a second.
        self.wait(2)
        subject = f"draft/{draft.id}"
        return await self._ask(subject, draft.account, proposal, kind=ApprovalKind.DRAFT, send_at=None, by=by)

    async def _ask(self, subject, account, proposal: Proposal, *, kind, send_at, by):
        def asked(session, now):
            facts = policy_facts(kind, account, proposal, now=now)
            wish = Wish(
                kind=kind,
                account=account,
                subject=subject,
                requested_by=by,
                channel_id="C0GENERAL",
                reason="why not",
                send_at=send_at,
                proposal=proposal.written(),
                policy=needs(self.desk.settings, facts, SHANGHAI),
            )
            return self.desk.ask(session, now, wish).id

        return await self.store.transact(asked)

    async def say_yes(self, approval_id, user=MEI):
        row = await self.row(approval_id)
        return await self.store.transact(
            lambda session, now: ballots.vote(session, now, row.id, user=user, version=row.version, may=True)
        )

    async def say_no(self, approval_id, user=MEI):
        return await self.store.transact(
            lambda session, now: ballots.reject(session, now, approval_id, user=user, note="no")
        )

    async def approved(self, **more):
        """A held task and its approved request: both ids."""
        task_id = await self.held(**more)
        approval_id = await self.ask(task_id)
        await self.say_yes(approval_id)
        self.box.requests.clear()
        return task_id, approval_id

    # ---- what the machine does

    def executor(self, **more):
        async def lost_of(_account, _needs, voters):
            return tuple(one for one in voters if one in self.lost)

        return Executor(
            self.store, self.providers, self.desk, lost_of=lost_of, zone_of=lambda _a: SHANGHAI, told=self._tell, **more
        )

    def inquiry(self):
        return Inquiry(self.store, self.providers, self.desk, zone_of=lambda _a: SHANGHAI, told=self._tell)

    async def run(self):
        await self.executor().run()

    def _tell(self):
        self.told += 1

    # ---- what there is

    async def row(self, approval_id):
        return await self.store.transact(lambda session, _now: session.get_one(Approval, approval_id))

    async def state(self, approval_id):
        """And why."""
        row = await self.row(approval_id)
        return row.state, row.note

    async def all(self, model):
        return await self.store.transact(lambda session, _now: list(session.exec(select(model))))

    async def rows(self):
        query = select(Approval).order_by(col(Approval.id))
        return await self.store.transact(lambda session, _now: list(session.exec(query)))

    async def told_of(self, task_id):
        return await self.store.transact(lambda session, _now: session.get(TaskLedger, (ME, task_id)))

    async def runs(self):
        query = select(CommandRun).where(col(CommandRun.kind) == "approval")
        return await self.store.transact(lambda session, _now: list(session.exec(query)))

    async def changes(self):
        return await self.all(Change)

    async def ends(self):
        """The states that somebody was told of."""
        notices = await self.all(Notice)
        words = [notice.facts for notice in notices if notice.facts.get("template") == "approval/ended"]
        return [(one["facts"]["state"], one["facts"]["note"]) for one in words]

    def task(self, task_id):
        """As the vendor knows it."""
        return self.box.world.task(int(task_id))

    @property
    def edits(self):
        return [request for request in self.box.requests if request.call == "edit-task"]

    @property
    def starts(self):
        """The edits that let a task go."""
        return [edit for edit in self.edits if edit.params["send_status"] == "1"]

    @property
    def submissions(self):
        """The messages that were handed over."""
        return [request for request in self.box.requests if request.call == "mail/send"]


@asynccontextmanager
async def opened(store, settings=None):
    """With everything that tests of requests share; what was changed is read back at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge.changes.tasks, "READ_BACK", (0.0, 0.01, 0.01))
        desk = await Asking.open(store, settings)
        yield desk
        await desk.close()
