"""How a type of event is explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.events import EventType, event_id
from bridge.webhooks.envelope import envelope
from store.tables import Event

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
"""When all examples happened."""
HOME = "https://edmbot.example.com"
"""Where all examples come from."""


@dataclass(frozen=True, slots=True)
class Guide:
    """One type of event."""

    means: str
    """A sentence; `docs/events.md` shows it."""
    data: Mapping[str, Any]
    """Of the example."""
    subject: str
    """Of the example."""
    account: str = "umail"

    def example(self, type_: EventType) -> Event:
        """The row that is sent."""
        return Event(
            id=event_id(self.account, self.subject, type_, 7),
            account=self.account,
            type=type_.value,
            subject=self.subject,
            time=AT,
            recorded_at=AT,
            data=dict(self.data),
        )

    def sent(self, type_: EventType) -> bytes:
        """The example's envelope, as an endpoint gets it that asks for addresses."""
        return envelope(self.example(type_), addresses=True, home=HOME)
