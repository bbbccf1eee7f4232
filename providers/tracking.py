"""The vocabulary of tracking and of the log: who opened, who clicked, what was sent to whom, what it cost.

Web mass mailing only: U-Mail tracks neither SMTP nor test mails. Rates are not repeated: no document says whether
`open_ratio` is a fraction or percent; count unique by delivered instead.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from providers.model import BatchNumber, Observation, SendId, StatisticsId

TrackId = NewType("TrackId", str)
"""A tracking record (000 3.1 `track_id`); a task with several templates has several."""
LinkId = NewType("LinkId", str)
"""One link of a tracked message."""
EmailId = NewType("EmailId", str)
"""One recipient of a tracked message (`email_id`); no contact's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClicks(Observation):
    """How often one link was clicked."""

    id: LinkId | None = None
    url: str | None = None
    clicked_unique: int | None = None
    clicked_total: int | None = None
    first_click: datetime | None = None
    last_click: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOverview(Observation):
    """What became of one task's messages. People, except `*_total`."""

    track_ids: tuple[TrackId, ...] = ()
    statistics_id: StatisticsId | None = None
    batch: BatchNumber | None = None
    task_id: SendId | None = None
    sent: int | None = None
    delivered: int | None = None
    failed: int | None = None
    opened_unique: int | None = None
    opened_total: int | None = None
    first_open: datetime | None = None
    last_open: datetime | None = None
    clicked_unique: int | None = None
    clicked_total: int | None = None
    first_click: datetime | None = None
    last_click: datetime | None = None
    links: tuple[LinkClicks, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked(Observation):
    """One recipient whom a tracking record follows."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Observation):
    """What a day cost, by kind of charge. Points."""

    day: date | None = None
    company: str | None = None
    kind: str | None = None
    messages: int | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry(Observation):
    """One line of the sending log: no document names its fields, they are in `raw`."""
