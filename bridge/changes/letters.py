"""A single message: what its writer entered, what a vendor gets, and how it reads."""

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to a few people, who do not see each other."""

    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    content: str
    is_html: bool = False
    """Whether `content` is HTML; else it is plain text, and stays as it is written."""
    reply_to: str | None = None
    track_opens: bool = False
    track_clicks: bool = False

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """Of a draft's row, while it still holds one."""
        return cls(**{**content, "recipients": tuple(content["recipients"])})

    def written(self) -> dict[str, Any]:
        """For a draft's row."""
        return {**asdict(self), "recipients": list(self.recipients)}

    def sent(self) -> dict[str, Any]:
        """The arguments of `providers.base.SendsMessages.send`."""
        given = asdict(self)
        del given["content"], given["is_html"]
        return {**given, "html": self.content if self.is_html else _as_html(self.content)}

    @property
    def hash(self) -> str:
        """What stays of it when it is gone: the same for the same message to the same people."""
        return sha256(dumps(self.written(), sort_keys=True).encode()).hexdigest()


def _as_html(text: str) -> str:
    return "<p>" + html.escape(text, quote=False).replace("\n", "<br>\n") + "</p>"
