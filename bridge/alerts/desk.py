"""The desk where verdicts become alerts: opened, raised, held, escalated, resolved, and shown to whom it concerns.

Everything here happens in somebody's transaction and only reads and writes rows. What falls due by itself is a row's
`due_at` or `repeat_at`, so a restart forgets nothing; `AlertDesk.due` is called every few seconds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import BindParameter, Integer, bindparam
from sqlmodel import Session, col, select

from bridge.alerts.casebook import Casebook, blank, by_key, key_of, life_of, open_of
from bridge.alerts.life import GRACE, Clear, Fire, Given, Hold, Release, Step, Terms, Tick, outlived
from bridge.alerts.routes import Escalation, Labels, Routing, Target, labels_of
from bridge.alerts.rules import ProviderDownRule, Rule, RuleKind, Severity
from bridge.alerts.silences import active, covering
from bridge.alerts.verdicts import Firing, Verdict, View, judge
from bridge.alerts.views import aging, views
from bridge.notices import subscriptions
from bridge.record import Touched
from bridge.sightings import Kind, Link, about
from store.alerts import OPEN
from store.tables import Alert, AlertState, Event, Notice, NoticeAlert, Silence, Subscription, UtcTime

Judged: TypeAlias = tuple[Rule, str, Verdict]
"""Which rule says what of which subject."""
# Made once: they are asked every second, or in each transaction, and making one takes longer than its answer.
_NOW: BindParameter[datetime] = bindparam("now", type_=UtcTime())
_MOST: BindParameter[int] = bindparam("most", type_=Integer())
_FALLEN = select(Alert).where(col(Alert.due_at) <= _NOW).order_by(col(Alert.due_at)).limit(_MOST)
_AGAIN = select(Notice).where(col(Notice.repeat_at) <= _NOW).order_by(col(Notice.repeat_at)).limit(_MOST)
_DUE, _REPEATED = _FALLEN.with_for_update(skip_locked=True), _AGAIN.with_for_update(skip_locked=True)


class AlertDesk:
    """What app.yaml says about alerts, ready to be asked; it remembers nothing itself."""

    def __init__(self, rules: Sequence[Rule], routing: Routing) -> None:
        self.rules: Mapping[str, Rule] = {rule.name: rule for rule in rules}
        self.routing = routing
        self._of: dict[Kind, list[Rule]] = {}
        for rule in rules:
            self._of.setdefault(rule.of, []).append(rule)
        self._asks_who = any(rule.kind is RuleKind.UNAPPROVED_SEND for rule in rules)
        self.holding = frozenset(
            rule.name
            for rule in rules
            # A vendor that is asked too often is still there.
            if isinstance(rule, ProviderDownRule) and set(rule.states) != {Link.RATE_LIMITED}
        )
        """The rules whose alerts hold back all others of their account."""

    def __call__(
        self, session: Session, now: datetime, *, account: str, events: Sequence[Event], touched: Sequence[Touched]
    ) -> None:
        """Judge what has just been recorded of an account, and tell who asked for such events."""
        seen = views(session, now, account, touched, asked=self._asks_who)
        sitting = _Sitting(self, session, now)
        sitting.judge(account, self._verdicts(seen))
        sitting.book.events[:0] = events
        sitting.close()

    def weigh(self, session: Session, now: datetime, *, account: str, judged: Sequence[Judged]) -> None:
        """Write down what verdicts about an account mean."""
        sitting = _Sitting(self, session, now)
        sitting.judge(account, judged)
        sitting.close()

    def age(self, session: Session, now: datetime, accounts: Collection[str]) -> None:
        """Judge what only time changes: what is late, what stands still, what was held back and has been seen since."""
        by_account: dict[str, list[View]] = {}
        for view in aging(session, now, accounts, asked=self._asks_who):
            by_account.setdefault(view.account, []).append(view)
        sitting = _Sitting(self, session, now)
        for account, seen in by_account.items():
            observed = {view.subject: view.row.observed_at for view in seen}
            sitting.judge(account, self._verdicts(seen), observed)
        sitting.release(accounts)
        sitting.close()

    def due(self, session: Session, now: datetime, limit: int = 200) -> int:
        """Do what has fallen due: `for` is over, nobody has acknowledged, a snooze or a silence ends, say it again.

        Returns how much that was; `limit`: there may be more.
        """
        given = {"now": now, "most": limit}
        rows = session.exec(_DUE, params=given).all()
        notices = session.exec(_REPEATED, params=given).all()
        if rows or notices:
            sitting = _Sitting(self, session, now)
            sitting.tick(rows)
            sitting.repeat(notices)
            sitting.close()
        return max(len(rows), len(notices))

    def retire(self, session: Session, now: datetime) -> int:
        """Resolve the alerts whose rule is there no more; returns how many there were. At start."""
        gone = select(Alert).where(col(Alert.open_key) > "", col(Alert.rule).not_in(self.rules))
        rows = session.exec(gone.with_for_update()).all()
        sitting = _Sitting(self, session, now)
        sitting.book.wall.look([row.id for row in rows])
        for row in rows:
            sitting.enter(row, Clear("rule_removed"))
        sitting.close()
        return len(rows)

    def _verdicts(self, seen: Sequence[View]) -> Sequence[Judged]:
        subjects = [(view, view.subject) for view in seen]
        return [
            (rule, subject, judge(rule, view)) for view, subject in subjects for rule in self._of.get(view.kind, ())
        ]

    def next_step(self, alert: Alert) -> Escalation | None:
        """Whom the next step of its escalation mentions, at `alert.due_at`; None where there is none."""
        steps = self.routing.escalations(labels_of(alert))
        waiting = alert.state is AlertState.FIRING and not alert.held and alert.due_at is not None
        return _first_of_all(alert, steps[alert.step]) if waiting and alert.step < len(steps) else None

    def runbook(self, rule: str) -> str | None:
        """What to do about the alerts of a rule: a link, or a sentence."""
        return self.rules[rule].runbook if rule in self.rules else None


def _first_of_all(alert: Alert, step: Escalation) -> Escalation:
    """A step that calls whom the alert is assigned to before all others."""
    who = (alert.assigned_to, *step.who) if alert.assigned_to else step.who
    return replace(step, who=tuple(dict.fromkeys(who)))


class _Sitting:
    """One transaction at the desk."""

    def __init__(self, desk: AlertDesk, session: Session, now: datetime) -> None:
        self.book = Casebook(session, now)
        self._desk = desk
        self._session = session
        self._now = now
        self._silences: Sequence[Silence] | None = None
        self._subscriptions: Sequence[Subscription] | None = None
        self._heard: dict[str, tuple[Labels, Sequence[Target]]] = {}
        """By alert: what it is called, and who hears of it."""
        self._down: dict[str, bool] = {}
        self._to_show: dict[str, Alert] = {}

    # ---- what is so at the moment

    def _is_down(self, account: str) -> bool:
        if account not in self._down:
            self._read(account, ())
        return self._down[account]

    def _read(self, account: str, keys: Iterable[str]) -> Mapping[str, Alert]:
        """The alerts that hold these keys, and by the way whether the provider is there: by those of its own."""
        ours = [key_of(rule, account, about(Kind.PROVIDER, "")) for rule in self._desk.holding]
        rows = by_key(self._session, {*keys, *ours})
        self._down[account] = any(key in rows and rows[key].state in OPEN for key in ours)
        return rows

    def _silenced_until(self, alert: Alert) -> datetime | None:
        if self._silences is None:
            self._silences = active(self._session, self._now)
        silence = covering(self._silences, alert)
        return silence.ends_at if silence else None

    def _asked(self) -> Sequence[Subscription]:
        if self._subscriptions is None:
            self._subscriptions = subscriptions.everybody(self._session)
        return self._subscriptions

    def _hearers(self, alert: Alert) -> tuple[Labels, Sequence[Target]]:
        if alert.id not in self._heard:
            labels = labels_of(alert)
            self._heard[alert.id] = labels, self._desk.routing.targets(labels, self._now, self._asked())
        return self._heard[alert.id]

    def _terms(self, alert: Alert) -> Terms:
        rule = self._desk.rules.get(alert.rule)
        labels, targets = self._hearers(alert)
        ends = [target.quiet_until for target in targets]
        return Terms(
            wait=(rule.wait if rule else None) or timedelta(0),
            steps=tuple(one.after for one in self._desk.routing.escalations(labels)),
            silenced_until=self._silenced_until(alert),
            quiet_until=min((end for end in ends if end), default=None) if all(ends) else None,
            told=self.book.wall.is_told(alert.id),
            down=rule is not None and rule.depends and self._is_down(alert.account),
        )

    # ---- verdicts

    def judge(self, account: str, judged: Sequence[Judged], observed: Mapping[str, datetime] | None = None) -> None:
        """Apply verdicts; where `observed` is given, what is held waits for one that is younger than its release."""
        meant = {
            key_of(rule.name, account, subject): (rule, subject, verdict)
            for rule, subject, verdict in judged
            if verdict is not None
        }
        if not meant:
            return
        rows = self._read(account, meant)
        self.book.wall.look([row.id for row in rows.values()])
        # Whether the provider is there decides what becomes of the rest.
        order = sorted(meant, key=lambda key: meant[key][0].name not in self._desk.holding)
        for key in order:
            rule, subject, verdict = meant[key]
            row = rows.get(key)
            if observed is None or row is None or not _is_stale(row, observed[subject]):
                self._apply(rule, account, subject, verdict, row)

    def _apply(self, rule: Rule, account: str, subject: str, verdict: Verdict, row: Alert | None) -> None:
        if isinstance(verdict, Firing):
            fire = Fire(verdict.reason.value, dict(verdict.facts), verdict.weight)
            if row is not None and outlived(life_of(row), fire):
                self.book.free(row)
                row = None
            if row is None:
                self._open(rule, account, subject, fire)
            else:
                self.enter(row, fire)
        elif verdict is not None and row is not None:
            self.enter(row, Clear(verdict.reason.value))

    def _open(self, rule: Rule, account: str, subject: str, given: Fire) -> None:
        row = blank(rule, account, subject, given, self._now)
        if self.book.open(row, given, self._terms(row)):
            self._after(row, AlertState.PENDING)

    def enter(self, row: Alert, given: Given) -> Step:
        """One step of one alert, and what follows from it for others."""
        before = row.state
        made = self.book.enter(row, given, self._terms(row))
        # Its facts may be others now, and the labels with them.
        self._heard.pop(row.id, None)
        if made.life is not None:
            self._after(row, before)
        return made

    def _after(self, row: Alert, before: AlertState) -> None:
        self._to_show[row.id] = row
        rule = self._desk.rules.get(row.rule)
        raised = before is AlertState.PENDING and row.state is AlertState.FIRING
        over = before in OPEN and row.state is AlertState.RESOLVED
        if rule is not None and (word := rule.fires if raised else rule.clears if over else None):
            self.book.happened(row, word, row.subject, {"alert": row.id, "rule": row.rule, "severity": row.severity})
        if row.rule in self._desk.holding and (raised or over):
            self._hold_others(row.account)

    def _hold_others(self, account: str) -> None:
        """The provider went away, or came back: so does what depends on it."""
        self.book.write()
        self._down.pop(account, None)
        given: Given = Hold() if self._is_down(account) else Release()
        rows = [row for row in open_of(self._session, account) if self._depends(row)]
        self.book.wall.look([row.id for row in rows])
        for row in rows:
            self.book.enter(row, given, self._terms(row))
            if row.held:
                self.book.wall.withdraw(row)

    def release(self, accounts: Collection[str]) -> None:
        """Let go of what is held though nothing holds it: a person closed the alert that did."""
        stuck = select(Alert).where(col(Alert.account).in_(accounts), col(Alert.state).in_([AlertState.PENDING, *OPEN]))
        rows = self._session.exec(stuck.where(col(Alert.held).is_(True), col(Alert.due_at).is_(None))).all()
        self.book.wall.look([row.id for row in rows])
        for row in rows:
            if not self._is_down(row.account):
                self.book.enter(row, Release(), self._terms(row))

    def _depends(self, row: Alert) -> bool:
        rule = self._desk.rules.get(row.rule)
        return rule is not None and rule.depends

    # ---- time

    def tick(self, rows: Sequence[Alert]) -> None:
        """What has fallen due, one by one."""
        self.book.wall.look([row.id for row in rows])
        for row in rows:
            before = life_of(row)
            told = self.book.wall.is_told(row.id)
            self.enter(row, Tick())
            if row.step > before.step:
                self._escalate(row)
            elif before.state is AlertState.SNOOZED and row.state is AlertState.FIRING:
                self._say(row, "snooze_over")
            elif before.state is AlertState.FIRING and told and not before.held and row.due_at is None:
                # A silence is over, and there is no step that would say so.
                self._say(row, "repeat")

    def _escalate(self, row: Alert) -> None:
        steps = self._desk.routing.escalations(labels_of(row))
        taken = _first_of_all(row, steps[row.step - 1])
        self._say(row, "step", step=row.step, who=taken.who, receivers=taken.receivers)

    def _say(
        self,
        row: Alert,
        why: str,
        *,
        step: int = 0,
        who: Collection[str] = (),
        receivers: Collection[str] | None = None,
    ) -> None:
        if row.held or self._silenced_until(row) is not None:
            return
        self.book.wall.say(row, {"why": why, "step": step, "who": list(who)}, receivers, self._terms(row).quiet_until)

    def repeat(self, notices: Sequence[Notice]) -> None:
        """Say it again where something still fires and nobody has acknowledged it."""
        if not notices:
            return
        firing = (
            select(NoticeAlert.notice_id, Alert)
            .join(Alert, col(Alert.id) == NoticeAlert.alert_id)
            .where(
                col(NoticeAlert.notice_id).in_([notice.id for notice in notices]),
                col(Alert.state) == AlertState.FIRING,
                col(Alert.held).is_(False),
            )
        )
        by_notice: dict[str, list[Alert]] = {}
        for notice_id, alert in self._session.exec(firing):
            if self._silenced_until(alert) is None:
                by_notice.setdefault(notice_id, []).append(alert)
        for notice in notices:
            severity = Severity(notice.facts["severity"])
            quiet = self._desk.routing.quiet_until(notice.receiver, severity, self._now)
            notice.repeat_at = quiet or self._now + timedelta(seconds=notice.facts["repeat"])
            if notice.id in by_notice and quiet is None:
                facts = {"why": "repeat", "step": 0, "who": []}
                self.book.wall.say(by_notice[notice.id][0], facts, (notice.receiver,), None)

    # ---- the end

    def close(self) -> None:
        """Show what fires to whom it concerns, and write all of it down."""
        for row in self._to_show.values():
            if row.state is AlertState.FIRING and not row.held and self._silenced_until(row) is None:
                self.book.wall.announce(row, self._hearers(row)[1])
        self.book.close(self._subscriptions)


def _is_stale(row: Alert, observed_at: datetime) -> bool:
    """Whether what is known of a held alert's subject is from before its provider came back."""
    return row.held and (row.due_at is None or observed_at < row.due_at - GRACE)
