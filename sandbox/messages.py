"""Single messages, as EmailCar and ITNIO know them: what became of one is a pure function of the moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Literal
from zlib import crc32

from sandbox.clock import SHANGHAI, vendor_day

QUEUED_FOR = timedelta(seconds=20)
"""How long ITNIO does not find a message that it has accepted."""
SENDING_FOR = timedelta(seconds=60)
"""When the outcome is known, counted from the submission."""
OPENED_AFTER = timedelta(minutes=5)


class Stage(Enum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(slots=True)
class Message:
    """One message to one recipient."""

    id: int
    to: str
    sent_at: datetime
    fails: bool = False
    opens: int = 0
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    replyto: str = ""

    def stage(self, moment: datetime) -> Stage:
        age = moment - self.sent_at
        if age < QUEUED_FOR:
            return Stage.QUEUED
        if age < SENDING_FOR:
            return Stage.SENDING
        return Stage.FAILED if self.fails else Stage.DELIVERED

    def opened(self, moment: datetime) -> int:
        """Opens up to a moment: one each `OPENED_AFTER`, until all have happened."""
        if self.fails:
            return 0
        return max(min(self.opens, (moment - self.sent_at) // OPENED_AFTER), 0)


def would_fail(to: str) -> bool:
    """Whether a message to this address fails: always for `bounce…` and `fail…`, else about one in twelve."""
    return to.startswith(("bounce", "fail")) or crc32(to.encode()) % 12 == 0


@dataclass(slots=True)
class EmailCarAccount:
    """An EmailCar customer. The two shapes are readings of its document, which contradicts itself."""

    username: str
    email: str
    password: str
    senders: set[str]
    points_email: int
    points_sms: int
    points_ad: int
    messages: list[Message] = field(default_factory=list)
    id_shape: Literal["scalar", "list", "map"] = "list"
    """How several recipients' ids come back: the sample shows one id for two, the text promises several."""
    rows_shape: Literal["object", "array"] = "object"
    """Rows keyed by index, as in the sample, or the array that PHP makes of keys 0..n-1."""
    last_call: float = float("-inf")
    """When the last call was let through, in wire seconds."""
    next_id: int = 873216184254383362

    def find(self, send_id: int | None, first: date | None, last: date | None) -> list[Message]:
        """The messages of a send id, for which the dates do not count, or of a range of Shanghai days."""
        if send_id is not None:
            return [m for m in self.messages if m.id == send_id]
        return [m for m in self.messages if (first or date.min) <= vendor_day(m.sent_at) <= (last or date.max)]


@dataclass(slots=True)
class ItnioAccount:
    """An ITNIO application."""

    app_id: str
    api_key: str
    api_secret: str
    messages: dict[str, Message] = field(default_factory=dict)
    locked: bool = False

    def submit(self, to: str, at: datetime, *, fails: bool | None = None) -> str:
        """Accept a message, which the document has no call for; its 19-digit id."""
        number = int(f"{at.astimezone(SHANGHAI):%y%m%d%H%M%S}{1_000_001 + len(self.messages)}")
        self.messages[str(number)] = Message(number, to, at, fails=would_fail(to) if fails is None else fails)
        return str(number)

    def sort(self, ids: Iterable[str], moment: datetime) -> dict[Stage, list[Message]]:
        """The messages asked for, by stage; ids that never were count as queued, for the vendor tells neither apart."""
        found: dict[Stage, list[Message]] = {stage: [] for stage in Stage}
        for key in ids:
            message = self.messages.get(key)
            if message is None:
                found[Stage.QUEUED].append(Message(int(key), "", moment))
            else:
                found[message.stage(moment)].append(message)
        return found
