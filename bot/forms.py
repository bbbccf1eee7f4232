"""What was entered into a modal, and what ties a modal to its command."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import SecretStr

CALLBACK = "form"
"""The callback id of every modal that a command opens."""


@dataclass(frozen=True, slots=True)
class Form:
    """The inputs of a modal by name. Kept in memory only: it may hold passwords."""

    values: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """As Slack's `view.state.values` has them, by the input's name."""

    @classmethod
    def read(cls, view: Mapping[str, Any]) -> Self:
        """Of a submitted view; our templates give an input's block and its element one name."""
        return cls({block: next(iter(held.values())) for block, held in view["state"]["values"].items() if held})

    def text(self, name: str) -> str | None:
        """A text as entered, without blanks around it; None when nothing is there."""
        return (self.values.get(name, {}).get("value") or "").strip() or None

    def secret(self, name: str) -> SecretStr:
        """A password, blanks and all."""
        return SecretStr(self.values.get(name, {}).get("value") or "")

    def one(self, name: str) -> str | None:
        """The value of the option that was chosen."""
        option = self.values.get(name, {}).get("selected_option")
        return option["value"] if option else None

    def person(self, name: str) -> str | None:
        """The id of whoever was chosen."""
        return self.values.get(name, {}).get("selected_user")

    def many(self, name: str) -> tuple[str, ...]:
        """The values of the options that were chosen or ticked."""
        return tuple(option["value"] for option in self.values.get(name, {}).get("selected_options") or ())

    def moment(self, name: str) -> datetime | None:
        """The date and time that were chosen, UTC: Slack asks in the person's own zone."""
        seconds = self.values.get(name, {}).get("selected_date_time")
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    def files(self, name: str) -> tuple[str, ...]:
        """The ids of the files that were handed over."""
        return tuple(file["id"] for file in self.values.get(name, {}).get("files") or ())


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a modal came from: the command line that its submission runs, and where to answer."""

    text: str
    channel_id: str | None = None
    response_url: str | None = None

    def metadata(self) -> str:
        """For the view's `private_metadata`, which Slack hands back."""
        return json.dumps([self.text, self.channel_id, self.response_url])

    @classmethod
    def read(cls, view: Mapping[str, Any]) -> Self:
        """Of a modal that was submitted or clicked."""
        return cls(*json.loads(view["private_metadata"]))
