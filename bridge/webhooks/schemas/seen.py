"""The data of events about what was seen at a vendor."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from bridge.events import EventType
from bridge.sightings import FIGURES, Link
from bridge.transitions import VANISHED
from bridge.webhooks.adapters.contract import RejectReason
from bridge.webhooks.schemas.forms import Data, moves, word
from providers.contacts import ImportState
from providers.domains import DomainState
from providers.mailtemplates import CheckState
from providers.messages import MessageStatus
from providers.model import Balance, NamedRef, SendStats, Task, TaskStatus

_MESSAGES = tuple(one.partition(".")[2] for one in EventType if one.startswith("message."))
TaskWord: TypeAlias = Annotated[str, word(TaskStatus, VANISHED)]
MessageWord: TypeAlias = Annotated[str, word(*_MESSAGES, MessageStatus, VANISHED)]
CheckWord: TypeAlias = Annotated[str, word(CheckState, VANISHED)]
DomainWord: TypeAlias = Annotated[str, word(DomainState, VANISHED)]
ImportWord: TypeAlias = Annotated[str, word(ImportState, VANISHED)]
FiguresWord: TypeAlias = Annotated[str, word(FIGURES, VANISHED)]
ServiceWord: TypeAlias = Annotated[str, word("enabled", "disabled", "unknown", VANISHED)]
LinkWord: TypeAlias = Annotated[str, word(Link)]
_SERVICE = ("enabled", "service_from", "service_until")
TaskMoves = moves(Task, without=("status", "raw_status"))
StatsMoves = moves(SendStats)
BalanceMoves = moves(Balance, without=_SERVICE)
ServiceMoves = moves(Balance, only=_SERVICE)


class TaskData(Data):
    """A sending task, as its vendor has just described it."""

    from_: TaskWord | None
    """Its status before; null: it was not known."""
    to: TaskWord
    """Its status now; `vanished`: two look-ups by its id in a row found nothing."""
    raw_status: str | None
    """The vendor's own value of the status."""
    detail: str | None
    """What the status alone does not say, such as `ingesting`."""
    templates: list[NamedRef] | None
    """The templates that it sends, with the vendor's ids."""
    lists: list[NamedRef] | None
    """The contact lists that it goes to, with the vendor's ids."""
    planned: int | None
    """Recipients that it will go to."""
    sent: int | None
    """Messages sent so far."""
    unsent: int | None
    """Recipients that could not be sent to at all; these are not bounces."""
    scheduled_at: str | None = Field(json_schema_extra={"format": "date-time"})
    """When it is to begin, ISO 8601 with a zone."""


class TaskChange(TaskData):
    """A sending task that was known before."""

    changed: TaskMoves  # type: ignore[valid-type]  # made at run time
    """Every other field that differs from before; empty where only the status does."""


class MessageData(Data):
    """One message to one recipient: a sender's report by webhook, or a poll of a message that somebody follows."""

    from_: MessageWord | None
    """What it was before; null: unknown, as in every sender's report."""
    to: MessageWord
    """What it is now; `opened`, a poll's, leaves it as it was."""
    raw_status: str | None = None
    """The sender's own word for it."""
    reason: str | None = None
    """Why, in the vendor's words; in polls."""
    opens: int | None = None
    """How often it has been opened; in polls."""
    message_id: str | None = None
    """The sender's id of the message; in reports."""
    recipient: str | None = None
    """Whom it went to; only for an endpoint that asks for addresses. Elsewhere texts say `[address]`."""
    reject_reason: RejectReason | None = None
    """Why it was refused, in django-anymail's words; in reports."""
    description: str | None = None
    """What the sender says about it; in reports."""
    mta_response: str | None = None
    """What the recipient's mail server said; in reports."""
    tags: list[str] | None = None
    """What the sender's customer has marked the message with; in reports."""
    metadata: dict[str, Any] | None = None
    """What the sender's customer put on the message; in reports."""
    click_url: str | None = None
    """Where the clicked link led; without its query unless addresses are asked for. In reports."""
    user_agent: str | None = None
    """The recipient's program, where the sender names it; in reports."""
    event_id: str | None = None
    """The sender's id of its report; in reports."""


class StatsData(Data):
    """Counters of a task (`task/ID`) or of a day (`day/2026-11-21`)."""

    from_: FiguresWord | None
    """`known`; null: nothing was counted before."""
    to: FiguresWord
    """`known`."""
    changed: StatsMoves  # type: ignore[valid-type]
    """The counters that moved. People, but for points."""


class BalanceData(Data):
    """What is left to send with."""

    from_: FiguresWord | None
    """`known`."""
    to: FiguresWord
    """`known`."""
    changed: BalanceMoves  # type: ignore[valid-type]
    """The figures that moved. Whole messages, never fractions."""


class ServiceData(Data):
    """Whether and how long the vendor lets the account send."""

    from_: ServiceWord | None
    """What it was."""
    to: ServiceWord
    """What it is now."""
    changed: ServiceMoves  # type: ignore[valid-type]
    """What differs. Days as `2026-11-21`."""


class TemplateData(Data):
    """A template that the vendor has checked."""

    from_: CheckWord | None
    """What it was before; null: it was not known."""
    to: CheckWord
    """What the check found."""
    name: str | None
    """The template's name."""
    subject: str | None
    """The subject of its messages."""
    colour: str | None
    """The vendor's verdict: `green`, `yellow`, `red_pass` or `red`."""


class DomainData(Data):
    """What a look at a sender domain's DNS has found."""

    from_: DomainWord | None
    """What it was before; null: it was not known."""
    to: DomainWord
    """What was found."""
    name: str | None
    """The domain."""
    said: str | None
    """The vendor's words."""


class ImportData(Data):
    """A file of contacts that was on its way into a list."""

    from_: ImportWord | None
    """Where it stood before; null: it was not known."""
    to: ImportWord
    """How it ended."""
    raw_state: str | None
    """The vendor's own value."""
    said: str | None
    """The vendor's words."""


class ProviderData(Data):
    """Whether an account's vendor answers."""

    from_: LinkWord | None
    """How it was before; null: it was not known."""
    to: LinkWord
    """How it is now."""
    code: str | None
    """What the last poll failed with, by our name; null: it went well."""
    call: str | None
    """The call that failed."""
    vendor_code: str | None
    """The vendor's own code."""
    vendor_text: str | None
    """The vendor's own words."""
