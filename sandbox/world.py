"""The living world behind the vendors' doors.

Nothing runs in the background: `advance()` carries out, in the order of their times, the transitions that have fallen
due since the last look, and every count is a function of the moment. One step of three hours therefore leaves the
world exactly as many small steps do.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sandbox.clock import WorldClock, vendor_day
from sandbox.contacts import MailList
from sandbox.mailing import Account, Settings, Status, Task
from sandbox.material import Manager
from sandbox.messages import EmailCarAccount, ItnioAccount
from sandbox.outcomes import Failure, Shares, Tally

Change = Callable[[datetime], None]
SOME: tuple[Failure, ...] = tuple(kind for kind in Failure if kind is not Failure.OTHER)


class World:
    """Everything the vendors know. Look at it through `advance()`, or through the vendors' calls, which do."""

    def __init__(
        self,
        clock: WorldClock,
        umail: list[Account],
        emailcar: EmailCarAccount,
        itnio: ItnioAccount,
        managers: list[Manager],
    ) -> None:
        self.clock = clock
        self.umail = {account.username: account for account in umail}
        self.emailcar = emailcar
        self.itnio = itnio
        self.managers = {manager.username: manager for manager in managers}
        self.dns = {"ready.example"} | {name for account in umail for name in account.domains}
        """Domains whose DNS is set up for sending, whoever's they are."""
        self._late: list[tuple[datetime, Change]] = []

    def advance(self) -> datetime:
        """Let everything happen that is due; the moment up to which it has."""
        now = self.clock.now()
        while due := min(self._due(now), key=lambda one: one[0], default=None):
            at, change = due
            change(at)
        for account in self.umail.values():
            for one in account.imports.values():
                one.parse(account.contacts, now)
        return now

    def close(self) -> None:
        """Let go of what lies on disk."""
        for account in self.umail.values():
            account.close()

    def later(self, seconds: float, change: Change) -> None:
        """Carry out a change in so many world seconds."""
        self._late.append((self.clock.now() + timedelta(seconds=seconds), change))

    def task(self, task_id: int) -> Task:
        """A U-Mail task of any account, brought up to now; KeyError when there is none."""
        self.advance()
        for account in self.umail.values():
            if task_id in account.tasks:
                return account.tasks[task_id]
        raise KeyError(task_id)

    def worsen(self, task_id: int, shares: Shares) -> None:
        """From now on, a task's addresses fail with these shares: how a test or a demo makes bounces climb."""
        now = self.advance()
        self.task(task_id).worsen(shares, now)

    def enlarge(self, rows: int, username: str = "demo-umail") -> Task:
        """Make room for measurements: a list of `rows` contacts and as many that unsubscribed, and a task sent to it.

        The task, which is returned, has `rows` failures, `rows` opens and a quarter of that in clicks. Only its day's
        statistics change; the balance does not.
        """
        now = self.advance()
        account = self.umail[username]
        number = max(account.lists) + 1
        account.lists[number] = MailList(number, f"{rows:,}", rows, left_before=rows)
        start = now - timedelta(days=2)
        settings = Settings(list(account.templates)[:1], [number], start, track_status=2)
        each, rest = divmod(rows, len(SOME))
        failures = {kind: each + (index < rest) for index, kind in enumerate(SOME)}
        opening, sn = Tally(5 * rows, failures), f"enlarged-{account.customer_id}-{rows}"
        task = Task(account.next_task_id, sn, settings, 5 * rows, Status.SENT, start, opening=opening)
        task.opening_day, task.time_start, task.time_end = vendor_day(start), start - timedelta(hours=5), start
        task.charged_before = task.charged(now)
        return account.add(task)

    def _due(self, now: datetime) -> Iterator[tuple[datetime, Change]]:
        for entry in self._late:
            if entry[0] <= now:
                yield entry[0], partial(self._apply, entry)
        for account in self.umail.values():
            for task in account.tasks.values():
                at = None if task.deleted else task.due()
                if at is not None and at <= now:
                    yield at, partial(_move_on, account, task)

    def _apply(self, entry: tuple[datetime, Change], at: datetime) -> None:
        self._late.remove(entry)
        entry[1](at)


def _move_on(account: Account, task: Task, at: datetime) -> None:
    """The transition that a task makes by itself when its time has come."""
    match task.status:
        case Status.INGESTING:
            task.enter(Status.WAITING, at)
        case Status.QUEUED | Status.WAITING:
            task.enter(_start(account, task, at), at)
        case _:
            task.enter(Status.SENT if task.ceiling == task.planned else Status.FAILED, at)


def _start(account: Account, task: Task, at: datetime) -> Status:
    """Sending, or an error when the account may not send or cannot pay for what is left."""
    affordable = account.balance(at) >= task.planned - task.position(at)
    return Status.SENDING if account.enabled and affordable else Status.FAILED
