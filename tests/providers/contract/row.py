"""What a row of the contract's table is: an endpoint, the method that reaches it, and what to expect of both."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from providers.contacts import ContactId, ImportId, ListId
from providers.mailtemplates import AttachmentId, TemplateId
from providers.messages import MessageId
from providers.model import BatchNumber, Observation, SendId, StatisticsId
from providers.tables import Table
from providers.tracking import TrackId

NOW = datetime(2026, 11, 20, 2, 4, tzinfo=UTC)
"""Friday 20 November 2026, 10:04 in Shanghai."""
TODAY = date(2026, 11, 20)
DAY = date(2026, 11, 19)
LATER = NOW + timedelta(days=1)

UMAIL = ("umail", "umail-v3")
"""A customer in each dialect."""
MANAGERS = ("umail-manager", "umail-v3-manager")
"""Who acts for a customer, in each dialect."""
SUB_ACCOUNTS = ("umail-sub", "umail-v3-sub")
"""A customer who names its own number along."""
EVERY_UMAIL = (*UMAIL, *MANAGERS, *SUB_ACCOUNTS)
DOCUMENT_OF = {"umail": "umail-000", "umail-v3": "umail-001", "emailcar": "emailcar-002", "itnio": "itnio-004"}
"""Which document a kind of account speaks, by the beginning of its name; the longest beginning counts."""


class How(Enum):
    """What a call does, and so what may be done when it fails."""

    READ = "asked again while that can help"
    STREAM = "read as it comes, never asked again"
    CHANGE = "goes out once"


class Over(Enum):
    """What it goes over."""

    HTTP = "http"
    SMTP = "smtp"
    NOTHING = "no wire at all"


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the calls name. In the sandbox all of it is there."""

    task: SendId = "19124"
    waiting: SendId = "19126"
    batch: BatchNumber = "20261119100400-7020-124"
    statistics: StatisticsId = "1019124"
    track: TrackId = "2191240"
    list: ListId = "99"
    contact: ContactId = "9900000001"
    address: str = "wang.wei.5-0@mail.example"
    imported: ImportId = "10"
    template: TemplateId = "17"
    attachment: AttachmentId = "7"
    domain: str = "shop.example"
    spare_domain: str = "spare.example"
    mailbox: str = "news@shop.example"
    messages: tuple[MessageId, ...] = ("2208031112341000001", "2208031112341000002")
    sender: str = "news@shop.example"
    file: Path = Path(__file__)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a vendor may say to a row, written down after its documents."""

    one: str
    """A good answer with one thing in it."""
    many: str | None = None
    """The same with `MANY`; None where there is never more than one."""
    nothing: tuple[str, ...] = ()
    """Every way to say that there is none."""
    counted: Callable[[Any], int] = len
    """How many things are in a result."""
    refusals: tuple[str, ...] = ()
    """The error words that the documents list for this call."""
    plain: bool = False
    """Whether it is text without a mark of its end, which may be nothing at all."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One endpoint, as one method reaches it."""

    endpoint: str
    capability: type
    method: str
    kinds: tuple[str, ...] = UMAIL
    ask: Callable[[Any, Names], Awaitable[object]]
    said: Said
    proof: Callable[[Any, Any], tuple[object, object]]
    """From the result and the place: what was seen, and what is true in the world (afterwards, for a change)."""
    how: How = How.READ
    over: Over = Over.HTTP
    deadlines: int = 1
    """How many deadlines it may take."""
    before: tuple[tuple[str, str], ...] = ()
    """Endpoints that the method asks first, with a good answer of each."""
    instead: str = ""
    """The endpoint that it asks when this one declines."""
    found: tuple[type, ...] = field(default=(object,))
    """What the result, or each thing in it, is."""

    def name(self, kind: str) -> str:
        call = self.endpoint.rpartition("do=")[2].removesuffix(".php")
        return f"{kind} {call} {self.method}"


MANY = 30
NO_DATA = "<result><status>error</status><data><![CDATA[没有数据]]></data></result>"
NOT_EXIST = "<result><status>not_exist</status><data><![CDATA[不存在]]></data></result>"
DONE = "<result><status>success</status><data><![CDATA[操作成功！]]></data></result>"
ABOUT = {field.name for field in fields(Observation)}
_ECHOED = {"id", "task_id", "first_day", "last_day", "delivered_is_derived", "asked", "missing", "state", "raw_state"}


async def gathered(stream: AsyncIterator[object]) -> list[object]:
    return [one async for one in stream]


async def tabled(table: Table) -> list[dict[str, object]]:
    """The rows by the names of their columns."""
    return [dict(zip(table.columns, row, strict=True)) async for batch in table.batches for row in batch]


def told(found: object) -> int:
    """How many of a thing's own fields the vendor has filled; 0 for nothing at all."""
    if found is None:
        return 0
    own = [item.name for item in fields(found) if item.name not in ABOUT | _ECHOED]  # type: ignore[arg-type]
    return min(sum(getattr(found, name) not in (None, (), False) for name in own), 1)


def there(found: object) -> int:
    return int(found is not None)


def several(root: str, row: str, *, counted: Callable[[Any], int] = len, around: str = "{}") -> Said:
    """Rows below a root. `#` in a row becomes its number."""
    numbered = [row.replace("#", str(number)) for number in range(1, MANY + 1)]
    empty = (f"<{root}></{root}>", f"<{root}/>", f"<{root}>\n...\n</{root}>")
    return Said(
        one=around.format(f"<{root}>{numbered[0]}</{root}>"),
        many=around.format(f"<{root}>{''.join(numbered)}</{root}>"),
        nothing=(*map(around.format, empty), NO_DATA),
        counted=counted,
    )


def lines(line: str) -> Said:
    """A text, a row to a line."""
    numbered = [line.replace("#", str(number)) for number in range(1, MANY + 1)]
    nothing = ("", "\r\n", "没有数据", "<result><status>error</status><data>没有找到相关记录</data></result>")
    return Said(one=f"{numbered[0]}\n", many="\r\n".join(numbered), nothing=nothing, plain=True)


def single(one: str, *nothing: str, counted: Callable[[Any], int] = there) -> Said:
    """One thing, or what is said when there is no such."""
    return Said(one=one, nothing=nothing, counted=counted)


def done(one: str = DONE, *, refusals: tuple[str, ...] = ()) -> Said:
    """A change that was made."""
    return Said(one=one, counted=lambda _: 1, refusals=refusals)
