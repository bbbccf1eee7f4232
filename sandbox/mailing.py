"""U-Mail's side of the world: accounts, lists, templates and tasks; what a task is at a moment, without the wire."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Literal

from sandbox.clock import day_start, vendor_day
from sandbox.contacts import Contacts, MailList
from sandbox.imports import Import
from sandbox.material import Domain, Template
from sandbox.outcomes import USUAL, Failure, Shares, Stretch, Tally

DEFAULT_SPEED = 30_000
"""Mails an hour when a task does not say; the documents name no default, only the range 100..75000."""
DISPATCH = timedelta(seconds=20)
"""How long a task waits at least in status 1 before the platform picks it up."""
QUEUE = timedelta(minutes=5)
"""How long status 0 lasts."""
INGEST = timedelta(minutes=10)
"""How long status -5 lasts."""
IN_FLIGHT = timedelta(seconds=11.1)
"""How long a mail is sent but not yet counted in the statistics."""
TRANCHE = 1_000
"""Points are taken ahead in tranches of so many; what was taken too much is returned at the end (多扣少补)."""


class Status(IntEnum):
    """A task's status (000 2.1)."""

    INGESTING = -5
    FAILED = -4
    CANCELLED = -3
    PAUSED = -2
    HELD = -1
    QUEUED = 0
    WAITING = 1
    SENDING = 2
    SENT = 3
    STOPPED = 4


ENDED = frozenset({Status.FAILED, Status.CANCELLED, Status.SENT, Status.STOPPED})


@dataclass(slots=True)
class Settings:
    """What add-task and edit-task set."""

    template_ids: list[int]
    list_ids: list[int]
    send_time: datetime
    send_domain: str = "all"
    send_account: str = "all"
    fullname: str = ""
    replyto: str = ""
    send_qty: int = 0
    send_qty_start: int = 1
    hour_speed: int = DEFAULT_SPEED
    subs_link: int = 1
    track_status: int = 0
    track_domain: str = ""
    is_need_receipt: int = 0


@dataclass(slots=True)
class Run:
    """One uninterrupted spell of sending."""

    at: datetime
    position: int
    speed: int
    until: datetime | None = None

    def position_at(self, moment: datetime) -> int:
        spell = min(moment, self.until or moment) - self.at
        return self.position + max(spell // timedelta(microseconds=1), 0) * self.speed // 3_600_000_000

    def reaches(self, position: int) -> datetime:
        """When the spell gets to a position."""
        return self.at + timedelta(microseconds=-((self.position - position) * 3_600_000_000 // self.speed))


@dataclass(slots=True)
class Task:
    """One sending task. Counts are functions of a moment; only transitions are stored."""

    id: int
    sn: str
    settings: Settings
    planned: int
    status: Status
    entered_at: datetime
    """When the status was taken."""
    shares: Shares = field(default_factory=lambda: USUAL)
    opening: Tally = field(default_factory=Tally)
    """What had happened before the world began, booked on `opening_day`."""
    opening_day: date | None = None
    time_start: datetime | None = None
    time_end: datetime | None = None
    fails_at: int | None = None
    """The position at which the platform gives up (status -4)."""
    deleted: bool = False
    runs: list[Run] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    charged_before: int = 0

    def __post_init__(self) -> None:
        self.stretches.append(Stretch(str(self.id), self.opening, self.shares))

    @property
    def statistics_id(self) -> int:
        """The `task_id` of overview and failexport: not the send id (000 2.3)."""
        return 1_000_000 + self.id

    @property
    def report_key(self) -> int:
        """The `task_id` of stask.php: neither of the other two (000 2.4)."""
        return 5_000_000 + self.id

    @property
    def ceiling(self) -> int:
        return self.planned if self.fails_at is None else min(self.planned, self.fails_at)

    def position(self, moment: datetime) -> int:
        """Addresses processed at a moment, those not sent included."""
        run = next((run for run in reversed(self.runs) if run.at <= moment), None)
        if run is None:
            return self.opening.processed
        return max(min(run.position_at(moment), self.ceiling), run.position)

    def tally(self, moment: datetime, *, settled: bool = True) -> Tally:
        """Outcomes at a moment; settled leaves out what is in flight."""
        position = self.position(moment - IN_FLIGHT if settled else moment)
        return next((s for s in reversed(self.stretches) if s.begin <= position), self.stretches[0]).tally(position)

    def tally_until(self, day: date, now: datetime, *, settled: bool = True) -> Tally:
        """Outcomes up to the end of a Shanghai day."""
        if self.opening_day is not None and day < self.opening_day:
            return Tally()
        return self.tally(min(day_start(day + timedelta(days=1)), now), settled=settled)

    def tally_on(self, day: date, now: datetime, *, settled: bool = True) -> Tally:
        """Outcomes of one Shanghai day."""
        before = self.tally_until(day - timedelta(days=1), now, settled=settled)
        return self.tally_until(day, now, settled=settled) - before

    @property
    def day(self) -> date | None:
        """The Shanghai day on which the statistics book the start; none before it starts."""
        return self.opening_day or (vendor_day(self.runs[0].at) if self.runs else None)

    def due(self) -> datetime | None:
        """When the task changes by itself."""
        match self.status:
            case Status.WAITING:
                return max(self.settings.send_time, self.entered_at + DISPATCH)
            case Status.QUEUED:
                return self.entered_at + QUEUE
            case Status.INGESTING:
                return self.entered_at + INGEST
            case Status.SENDING:
                return max(self.runs[-1].reaches(self.ceiling), self.runs[-1].at)
            case _:
                return None

    def enter(self, status: Status, at: datetime) -> None:
        """Take a status; opens or closes the spell of sending that goes with it."""
        position = self.position(at)
        if self.status is Status.SENDING:
            self.runs[-1].until = at
        if status is Status.SENDING:
            self.time_start = self.time_start or at
            self.runs.append(Run(at, position, self.settings.hour_speed))
        self.status, self.entered_at = status, at
        if status in ENDED:
            self.time_end = at

    def worsen(self, shares: Shares, at: datetime) -> None:
        """From here on, addresses fail with other shares."""
        begin = self.tally(at, settled=False)
        self.stretches.append(Stretch(str(self.id), begin, shares))

    def prepaid(self, moment: datetime) -> int:
        """Points taken ahead at a moment: whole tranches."""
        return min(-(-self.position(moment) // TRANCHE) * TRANCHE, self.planned)

    def charged(self, moment: datetime) -> int:
        """Points that the account is without because of this task."""
        if self.status not in ENDED or self.time_end is None:
            return self.prepaid(moment)
        return self.tally(moment, settled=False).sent - self.rebate(moment)

    def rebate(self, moment: datetime) -> int:
        """Points given back: none until the task has ended and everything is counted."""
        if self.time_end is None or self.status not in ENDED or moment < self.time_end + IN_FLIGHT:
            return 0
        return self.tally(moment).rebate


@dataclass(slots=True)
class Traffic:
    """A past day's mail that belongs to no task here: it went over SMTP, and only statistics know it."""

    ident: str
    report_key: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one recipient that came over SMTP."""

    time: datetime
    sender: str
    recipient: str
    subject: str
    content: bytes = field(repr=False)
    failure: Failure | None = None


@dataclass(slots=True)
class Account:
    """One U-Mail customer. `dialect` says which document it speaks: basic is 000 (2019), md5 is 001 (V3.0)."""

    vendor: Literal["umail", "umail_v3"]
    username: str
    password: str
    dialect: Literal["basic", "md5"]
    customer_id: int
    company: str
    bought: int
    credit: int
    """Points left when the world began."""
    service_from: date
    service_until: date
    next_task_id: int
    domains: dict[str, Domain]
    mailboxes: dict[str, str]
    """Passwords by address; they open the SMTP server too."""
    templates: dict[int, Template] = field(default_factory=dict)
    lists: dict[int, MailList] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    history: dict[date, Traffic] = field(default_factory=dict)
    enabled: bool = True
    add_calls: deque[float] = field(default_factory=deque)
    """When add-task was called, in wire seconds."""
    contacts: Contacts = field(default_factory=Contacts)
    imports: dict[int, Import] = field(default_factory=dict)
    letters: deque[Letter] = field(default_factory=lambda: deque(maxlen=1_000))
    """The last mails that came over SMTP."""

    def __post_init__(self) -> None:
        self.contacts.attach(self.lists)

    def balance(self, moment: datetime) -> int:
        """Points left at a moment."""
        return self.credit - sum(task.charged(moment) - task.charged_before for task in self.tasks.values())

    def close(self) -> None:
        """Let go of what lies on disk."""
        self.contacts.close()
        for one in self.imports.values():
            one.close()

    def visible(self) -> list[Task]:
        """The tasks that are not deleted, newest first: an order that the documents leave open."""
        return sorted((t for t in self.tasks.values() if not t.deleted), key=lambda t: t.id, reverse=True)

    def add(self, task: Task) -> Task:
        self.tasks[task.id] = task
        self.next_task_id = max(self.next_task_id, task.id + 1)
        return task
