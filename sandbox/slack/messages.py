"""Messages: as the workspace keeps them (`Post`), and as a person sees them (`Message`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sandbox.slack.blocks import Block, elements_of
from sandbox.slack.mrkdwn import Reader, Words, entities
from sandbox.slack.people import Json
from sandbox.slack.reading import Drawing, words_of


@dataclass(frozen=True, slots=True)
class Edited:
    """Who edited, and when (a timestamp as Slack writes them)."""

    user: str
    ts: str


@dataclass(slots=True)
class Post:
    """A message as it is kept; edits change it in place."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Block] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    """Whether a reply also stands in the channel."""
    ephemeral_for: str | None = None
    edited: Edited | None = None
    bot_id: str | None = None
    app_id: str | None = None
    files: list[Json] = field(default_factory=list)
    """File objects."""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """By emoji, who reacted with it."""
    pinned: int | None = None
    """Unix time of the pin."""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in (None, self.ts)

    def json(self, team: str, *, metadata: bool) -> Json:
        """The message object of conversations.history; `metadata` is its argument include_all_metadata."""
        found: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": team}
        optional: Json = {
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "thread_ts": self.thread_ts,
            "subtype": "thread_broadcast" if self.broadcast else None,
            "edited": {"user": self.edited.user, "ts": self.edited.ts} if self.edited else None,
            "metadata": self.metadata if metadata else None,
            "files": self.files,
            "upload": bool(self.files) or None,
            "reactions": [{"name": n, "users": users, "count": len(users)} for n, users in self.reactions.items()],
            "pinned_to": [self.channel] if self.pinned is not None else None,
        }
        return found | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class Confirm:
    """The dialog before a button acts, in the words that a person reads."""

    title: str
    text: str
    confirm: str
    deny: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button that can be pressed."""

    text: str
    action_id: str
    value: str | None
    style: str | None
    confirm: Confirm | None
    url: str | None = None


@dataclass(frozen=True)
class Message:
    """A message as one person sees it, at the moment of looking; a later edit is a new look."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: Sequence[Block]
    attachments: Sequence[Block]
    ephemeral_for: str | None
    metadata: Mapping[str, Any] | None
    thread_ts: str | None
    edited: Edited | None
    reader: Reader = field(repr=False, compare=False)
    files: Sequence[Json] = ()
    reactions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pinned: bool = False

    @classmethod
    def seen(cls, post: Post, reader: Reader) -> "Message":
        return cls(
            ts=post.ts,
            channel=post.channel,
            user=post.user,
            text=post.text,
            blocks=tuple(post.blocks),
            attachments=tuple(post.attachments),
            ephemeral_for=post.ephemeral_for,
            metadata=post.metadata,
            thread_ts=post.thread_ts,
            edited=post.edited,
            reader=reader,
            files=tuple(post.files),
            reactions=dict(post.reactions),
            pinned=post.pinned is not None,
        )

    @cached_property
    def _words(self) -> Words:
        return words_of(self.text, self.blocks, self.attachments, self.reader)

    @property
    def plain(self) -> str:
        """What the person reads, drawn from the blocks, as lines of text; buttons are `[Text]`."""
        return self._words.text

    @property
    def pings(self) -> list[str]:
        """Whom it would notify: `channel`, `here`, `everyone`, ids of people and of user groups.

        Also of an ephemeral message, which notifies nobody: so that a test proves it of the words, wherever they go.
        """
        return self._words.pings

    @property
    def buttons(self) -> list[Button]:
        """All buttons, in the order of reading."""
        return [_button(element, self.reader) for _, element in controls(self.blocks) if element["type"] == "button"]

    def button(self, name: str) -> Button:
        """The button with this text or action_id; LookupError when there is none."""
        for button in self.buttons:
            if name in {button.text, button.action_id}:
                return button
        raise LookupError(f"no button {name!r} among {[button.text for button in self.buttons]}")


def controls(blocks: Sequence[Block]) -> Iterator[tuple[Block, Block]]:
    """Every interactive element, with the block that it is in."""
    return ((block, element) for block in blocks for element in elements_of(block))


def dialog(element: Block, reader: Reader) -> Confirm | None:
    """The element's confirm dialog."""
    found = element.get("confirm")
    if found is None:
        return None
    drawing = Drawing(reader)
    return Confirm(*(drawing.text(found[name]) for name in ("title", "text", "confirm", "deny")))


def _button(element: Block, reader: Reader) -> Button:
    return Button(
        text=entities(element["text"]["text"]),
        action_id=element["action_id"],
        value=element.get("value"),
        style=element.get("style"),
        confirm=dialog(element, reader),
        url=element.get("url"),
    )
