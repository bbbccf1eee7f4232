"""What a message says: the fields that chat methods, response_url and acks have in common."""

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import Block, accepted
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Json

LONGEST = 40_000
"""Characters of a text; more is cut off."""
LONGEST_EDIT = 4_000
"""Characters of chat.update's text; more is refused."""
MOST_ATTACHMENTS = 100
METADATA_BYTES = 8 * 1024
"""Slack refuses metadata above a size that it does not publish; this is ours."""
_EVENT_TYPE = re.compile(r"[a-zA-Z0-9_.\-]{1,255}")


@dataclass(frozen=True, slots=True)
class Content:
    """Checked. None: it was not sent at all, which an edit reads as "leave it"."""

    text: str | None
    blocks: list[Block] | None
    attachments: list[Block] | None
    metadata: Json | None

    def shown(self) -> "Content":
        """Itself; SlackError no_text when there is nothing to show."""
        if not (self.text or self.blocks or self.attachments):
            raise SlackError("no_text")
        return self


def content(arguments: Arguments) -> Content:
    """The message in these arguments; SlackError when Slack would refuse it."""
    text = arguments.text("text")
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    markdown = arguments.text("markdown_text")
    if markdown is not None:
        if text is not None or blocks:
            raise SlackError("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    return Content(
        text=text and text[:LONGEST],
        blocks=None if blocks is None else accepted(blocks),
        attachments=_attachments(arguments),
        metadata=_metadata(arguments),
    )


def _attachments(arguments: Arguments) -> list[Block] | None:
    found = arguments.structure("attachments", "invalid_attachments")
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(attachment, dict) for attachment in found):
        raise SlackError("invalid_attachments")
    if len(found) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    return [{**a, "blocks": accepted(a["blocks"])} if "blocks" in a else a for a in found]


def _metadata(arguments: Arguments) -> Json | None:
    found: Any = arguments.structure("metadata", "invalid_metadata_format")
    if found is None or found == {}:
        return None if found is None else {}
    if not isinstance(found, dict):
        raise SlackError("invalid_metadata_format")
    event_type, payload = found.get("event_type"), found.get("event_payload")
    if not isinstance(event_type, str) or not _EVENT_TYPE.fullmatch(event_type) or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(found, ensure_ascii=False).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": event_type, "event_payload": payload}
