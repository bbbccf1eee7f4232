"""The circuit breaker: a rule's `action: pause`, carried out once for each alert, and told on it.

    a firing alert -> a run of its own in the audit log (its key is the alert's, so there is one) -> the task is paused
    like any other (`bridge.changes.tasks`: decided, written down, asked for once, read back) -> `Alert.did`

Whatever a lost answer or a dead process leaves open, the sweep settles as it does for people, and comes back here. Who
dies between a run's end and its alert's word leaves that word to the next round: the run and its change tell it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

import structlog
from sqlalchemy import literal
from sqlmodel import Session, col, select

from bridge.alerts.casebook import Casebook
from bridge.alerts.rules import Rule, TaskRule
from bridge.changes.decisions import Action, Verdict, decide
from bridge.changes.tasks import OpenChangeError, change_task
from providers.base import ChangesTasks, Provider, require
from providers.errors import ProviderError
from providers.model import SendId
from store.alerts import OPEN
from store.engine import Store
from store.runs import finish
from store.tables import Alert, Change, ChangeState, CommandRun, Outcome, new_id

KIND = "alert"
"""`CommandRun.kind` of what nobody typed."""
WHO = "edmbot"
LEASE = timedelta(minutes=2)
"""Longer than reading, asking and reading back may take; a run past it has lost its process."""
_TASK = "task/"

_log = structlog.get_logger()


class Did(StrEnum):
    """What a rule's action came to (`Alert.did`)."""

    ASKED = "asked"
    """Written down, under way."""
    PAUSED = "paused"
    NOT_PAUSED = "not_paused"
    """The vendor refused or could not be asked; the task is as it was."""
    NEEDLESS = "needless"
    """There was nothing to pause any more."""
    UNKNOWN = "unknown"
    """Asked for, and being looked up."""
    RESTS = "rests"
    """It has acted on this task within its cool-down."""


_CAME_TO = {
    ChangeState.DONE: Did.PAUSED,
    ChangeState.NOT_DONE: Did.NOT_PAUSED,
    ChangeState.INTENDED: Did.UNKNOWN,
    ChangeState.UNKNOWN: Did.UNKNOWN,
    ChangeState.LOST: Did.UNKNOWN,
}
_ENDED = {Outcome.DONE: Did.PAUSED, Outcome.REFUSED: Did.NEEDLESS, Outcome.UNKNOWN: Did.UNKNOWN}
"""What a run that changed nothing came to; by any other outcome, the task is as it was."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A task to pause, and the alert that asks for it."""

    alert_id: str
    account: str
    task_id: str
    run: CommandRun


class Breaker:
    """Does what alerts' rules ask for."""

    def __init__(
        self, store: Store, providers: Mapping[str, Provider], rules: Sequence[Rule], told: Callable[[], None]
    ) -> None:
        """told: called when an alert's message has something new to say."""
        self._store = store
        self._providers = providers
        self._told = told
        self._cooldowns = {
            rule.name: rule.cooldown for rule in rules if isinstance(rule, TaskRule) and rule.action is not None
        }

    async def run(self, account: str) -> None:
        """One round at an account: what was left open, then every alert that fires and whose rule acts, one by one."""
        if await self._store.transact(partial(_catch_up, account=account)):
            self._told()
        if not self._cooldowns:
            return
        while (case := await self._store.transact(partial(self._claim, account=account))) is not None:
            self._told()
            did = await self._pause(case)
            await self._store.transact(partial(_note, alert_id=case.alert_id, did=did))
            self._told()

    def _claim(self, session: Session, now: datetime, account: str) -> _Case | None:
        """The oldest alert of an account that nobody has acted on; the run is its receipt."""
        waiting = select(Alert).where(
            col(Alert.account) == account,
            col(Alert.state).in_(OPEN),
            col(Alert.rule).in_(self._cooldowns),
            col(Alert.did).is_(None),
            col(Alert.held).is_(False),
            col(Alert.subject).startswith(_TASK),
        )
        for alert in session.exec(waiting.order_by(col(Alert.id)).with_for_update()):
            if self._rests(session, now, alert):
                _note(session, now, alert.id, Did.RESTS)
                continue
            task_id = alert.subject.removeprefix(_TASK)
            run = CommandRun(
                id=new_id(),
                key=f"{KIND}/{alert.id}",
                kind=KIND,
                user_id=WHO,
                text=f"task pause {task_id} --account {alert.account}",
                worker=WHO,
                received_at=now,
                lease_until=now + LEASE,
            )
            session.add(run)
            _note(session, now, alert.id, Did.ASKED)
            return _Case(alert.id, alert.account, task_id, run)
        return None

    def _rests(self, session: Session, now: datetime, alert: Alert) -> bool:
        """Whether it has paused this task lately: somebody has let it go on since, and knows why."""
        lately = select(Alert.id).where(
            col(Alert.account) == alert.account,
            col(Alert.rule) == alert.rule,
            col(Alert.subject) == alert.subject,
            col(Alert.did) == Did.PAUSED,
            col(Alert.fired_at) > now - self._cooldowns[alert.rule],
        )
        return session.exec(lately).first() is not None

    async def _pause(self, case: _Case) -> Did:
        try:
            did, note = await self._paused(case)
        except (ProviderError, OpenChangeError) as error:
            # Nothing was asked for, or the same is being asked for by a person.
            _log.warning("breaker.pause", alert=case.alert_id, error=repr(error))
            did, note = Did.NOT_PAUSED, error.code if isinstance(error, ProviderError) else "open_change"
        outcome = {Did.PAUSED: Outcome.DONE, Did.UNKNOWN: Outcome.UNKNOWN, Did.NEEDLESS: Outcome.REFUSED}
        await finish(
            self._store,
            case.run,
            outcome.get(did, Outcome.FAILED),
            answer=f"{did}: {note}",
            command="task pause",
            account=case.account,
        )
        return did

    async def _paused(self, case: _Case) -> tuple[Did, str]:
        provider = require(self._providers[case.account], ChangesTasks)
        task = await provider.task(SendId(case.task_id))
        if task is None:
            return Did.NEEDLESS, "no such task"
        decision = decide(Action.PAUSE, task, provider.can_set)
        if decision.verdict is not Verdict.GO:
            return Did.NEEDLESS, decision.verdict
        result = await change_task(self._store, provider, task, decision, run_id=case.run.id)
        return _CAME_TO[result.state], result.change.note or ""


async def settled(store: Store, run: CommandRun, change: Change | None) -> None:
    """Tell on its alert what a run of the breaker came to, when that is known later than its call."""
    did = _CAME_TO[change.state] if change is not None else Did.NOT_PAUSED
    alert_id = run.key.removeprefix(f"{KIND}/")
    await store.transact(lambda session, now: _note(session, now, alert_id, did))


def _catch_up(session: Session, now: datetime, account: str) -> int:
    """Tell on an account's alerts what runs have come to of which nobody lived to tell; returns how many."""
    left = (
        select(Alert.id, Alert.did, CommandRun.outcome, Change.state)
        .join(CommandRun, col(CommandRun.key) == literal(f"{KIND}/").concat(col(Alert.id)))
        .outerjoin(Change, col(Change.run_id) == CommandRun.id)
        .where(
            col(Alert.account) == account,
            col(Alert.did).in_([Did.ASKED, Did.UNKNOWN]),
            col(CommandRun.outcome).is_not(None),
        )
    )
    told = 0
    for alert_id, said, outcome, state in session.exec(left).all():
        did = _CAME_TO[ChangeState(state)] if state is not None else _ENDED.get(outcome, Did.NOT_PAUSED)
        if did != said:
            _note(session, now, alert_id, did)
            told += 1
    return told


def _note(session: Session, now: datetime, alert_id: str, did: Did) -> None:
    alert = session.get(Alert, alert_id)
    if alert is None or alert.did == did:
        return
    alert.did = did
    book = Casebook(session, now)
    book.wall.look([alert.id])
    book.wall.changed(alert, at_once=True)
    book.close()
