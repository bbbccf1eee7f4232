"""The tasks of the demo: one of every status, in Chinese and in English."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import SHANGHAI, day_start, vendor_day, vendor_time
from sandbox.mailing import ENDED, IN_FLIGHT, Account, Run, Settings, Status, Task
from sandbox.outcomes import NOT_SENT, USUAL, Failure, Shares, Tally, expected

CAMPAIGN: Shares = USUAL | {Failure.NOT_EXIST: 0.0155, Failure.OVER_QUOTA: 0.0026, Failure.INVALID_ADDR: 0.0075}
"""How 19124 goes on: as it began."""
CAMPAIGN_SO_FAR = Tally(
    41_513,
    {
        Failure.OTHER: 241,
        Failure.NOT_EXIST: 640,
        Failure.OVER_QUOTA: 107,
        Failure.USER_REJECT: 62,
        Failure.SPAM_CONTENT: 48,
        Failure.REFUSED: 65,
        Failure.BLACKLIST: 21,
        Failure.COMPLAINT: 7,
        Failure.INVALID_ADDR: 310,
        Failure.FORMAT_ERROR: 12,
    },
)
"""41,163 sent and 350 not sent; 37 more are in flight."""
CLEAN: Shares = {kind: share for kind, share in USUAL.items() if kind not in NOT_SENT}
"""A list without anything that is dropped before sending."""


@dataclass(frozen=True, slots=True)
class Past:
    """A task that had already sent something before the world began."""

    id: int
    template: int
    list: int
    days_ago: int
    ended: timedelta
    """Time of day, Shanghai."""
    status: Status = Status.SENT
    processed: int | None = None
    """None: the whole list."""
    shares: Shares = field(default_factory=lambda: USUAL)


@dataclass(frozen=True, slots=True)
class Coming:
    """A task that had sent nothing yet."""

    id: int
    templates: list[int]
    lists: list[int]
    status: Status
    send_time: datetime
    fails_at: int | None = None


def demo_tasks(account: Account, now: datetime) -> None:
    """19118 to 19131."""
    tomorrow = day_start(vendor_day(now) + timedelta(days=1))
    for past in (
        Past(19118, 18, 7, 5, timedelta(hours=11, minutes=20)),
        Past(19119, 20, 8, 4, timedelta(hours=15), Status.CANCELLED, 3_000),
        Past(19120, 18, 11, 4, timedelta(hours=16, minutes=5), Status.STOPPED, 1_500),
        Past(19121, 20, 8, 3, timedelta(hours=18, minutes=30)),
        Past(19122, 19, 11, 2, timedelta(hours=10, minutes=15)),
        Past(19125, 17, 5, 1, timedelta(hours=9, minutes=41), shares=CLEAN),
        Past(19127, 18, 7, 1, timedelta(hours=14, minutes=2), Status.FAILED, 2_100),
        Past(19129, 21, 9, 1, timedelta(hours=19, minutes=48), Status.PAUSED, 25_000),
    ):
        _past(account, past, now)
    for coming in (
        Coming(19123, [20], [8], Status.QUEUED, now),
        Coming(19126, [17], [5], Status.WAITING, this_evening(now)),
        Coming(19128, [18, 19], [7, 8], Status.HELD, tomorrow + timedelta(hours=10)),
        Coming(19130, [19], [11], Status.INGESTING, tomorrow + timedelta(hours=9)),
        Coming(19131, [22], [12], Status.WAITING, now + timedelta(minutes=45), fails_at=1_500),
    ):
        _coming(account, coming, now)
    _campaign(account, now)


def demo_v3_tasks(account: Account, now: datetime) -> None:
    """7001 to 7006, in the statuses that 001 knows."""
    tomorrow = day_start(vendor_day(now) + timedelta(days=1))
    _past(account, Past(7001, 18, 7, 2, timedelta(hours=12)), now)
    _past(account, Past(7005, 20, 8, 1, timedelta(hours=17), Status.PAUSED, 4_000), now)
    _past(account, Past(7006, 17, 11, 6, timedelta(hours=13), Status.CANCELLED, 500), now)
    _coming(account, Coming(7003, [17], [8], Status.WAITING, this_evening(now)), now)
    _coming(account, Coming(7004, [18], [11], Status.HELD, tomorrow + timedelta(hours=10)), now)
    _sending(account, 7002, now, expected(3_437, USUAL, "7002"), 6_000, template=20, mail_list=8, shares=USUAL)


def this_evening(now: datetime) -> datetime:
    """The next 20:00 in Shanghai that is at least half an hour away."""
    evening = day_start(vendor_day(now)) + timedelta(hours=20)
    return evening if evening - now >= timedelta(minutes=30) else evening + timedelta(days=1)


def _campaign(account: Account, now: datetime) -> None:
    task = _sending(account, 19124, now, CAMPAIGN_SO_FAR, 12_000, template=16, mail_list=5, shares=CAMPAIGN)
    task.settings.track_status = 2
    task.settings.replyto = "service@shop.example"


def _sending(
    account: Account,
    number: int,
    now: datetime,
    so_far: Tally,
    speed: int,
    *,
    template: int,
    mail_list: int,
    shares: Shares,
) -> Task:
    """A task in the middle of sending; what had been settled when the world began is booked on its first day."""
    settled_at = now - IN_FLIGHT
    began = settled_at - timedelta(hours=so_far.processed / speed)
    settings = _settings(account, [template], [mail_list], began)
    settings.hour_speed = speed
    task = _task(account, number, settings, Status.SENDING, began, shares=shares, opening=so_far)
    task.opening_day, task.time_start = vendor_day(now), began
    task.runs.append(Run(settled_at, so_far.processed, speed))
    return account.add(task)


def _past(account: Account, past: Past, now: datetime) -> None:
    ended = day_start(vendor_day(now) - timedelta(days=past.days_ago)) + past.ended
    processed = past.processed or account.lists[past.list].count
    settings = _settings(account, [past.template], [past.list], ended)
    began = ended - timedelta(hours=processed / settings.hour_speed)
    settings.send_time = began
    opening = expected(processed, past.shares, str(past.id))
    task = _task(account, past.id, settings, past.status, ended, shares=past.shares, opening=opening)
    task.opening_day, task.time_start = vendor_day(ended), began
    task.time_end = ended if past.status in ENDED else None
    account.add(task)


def _coming(account: Account, coming: Coming, now: datetime) -> None:
    settings = _settings(account, coming.templates, coming.lists, coming.send_time)
    task = _task(account, coming.id, settings, coming.status, now, shares=USUAL, opening=Tally())
    task.fails_at = coming.fails_at
    account.add(task)


def _task(
    account: Account, number: int, settings: Settings, status: Status, at: datetime, *, shares: Shares, opening: Tally
) -> Task:
    stamp = vendor_time(at - timedelta(days=1)).translate(str.maketrans("", "", "- :"))
    sn = f"{stamp}-{account.customer_id}-{number % 1000}"
    size = sum(account.lists[one].count for one in settings.list_ids)
    return Task(number, sn, settings, size, status, at, shares=shares, opening=opening)


def _settings(account: Account, templates: list[int], lists: list[int], send_time: datetime) -> Settings:
    sender = next(iter(account.mailboxes))
    whole_minute = send_time.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    return Settings(
        templates,
        lists,
        whole_minute,
        send_domain=sender.partition("@")[2],
        send_account=sender,
        fullname="小店",
        hour_speed=30_000,
        track_status=1,
    )
