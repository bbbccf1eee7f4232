"""What every method works with, and the look-ups that they share."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sandbox.slack.agenda import Agenda, Entry
from sandbox.slack.app import App
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.files import Files
from sandbox.slack.limits import Limits
from sandbox.slack.messages import Post
from sandbox.slack.oauth import Consents
from sandbox.slack.people import Channel, Json, Person
from sandbox.slack.triggers import Triggers
from sandbox.slack.workspace import Workspace

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that is to be posted at a moment (aware)."""

    id: str
    at: datetime
    created: datetime
    post: Post
    entry: Entry


@dataclass(frozen=True, slots=True)
class Desk:
    """The workspace as an app's calls see it."""

    workspace: Workspace
    triggers: Triggers
    limits: Limits
    new_socket: Callable[[], str]
    """Gives the address of a new WebSocket."""
    files: Files
    agenda: Agenda
    consents: Consents
    scheduled: dict[str, Scheduled] = field(default_factory=dict)
    """By id, the messages that are to be posted later."""

    @property
    def app(self) -> App:
        return self.workspace.app

    def channel(self, arguments: Arguments, *, readable_for: str | None = None) -> Channel:
        """The channel named by `channel`, if the bot may know of it; `readable_for` is the scope that reading needs."""
        found = self.workspace.channels.get(arguments.required("channel"))
        if found is None or not self.may_see(found):
            raise SlackError("channel_not_found")
        if readable_for:
            self.app.require(f"{found.family}:{readable_for}")
        return found

    def may_see(self, channel: Channel) -> bool:
        return not channel.private or self.app.bot_user in channel.members

    def person(self, user: str) -> Person:
        found = self.workspace.people.get(user)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def user_json(self, person: Person, *, locale: bool) -> Json:
        stranger, email = self.workspace.is_stranger(person), self.app.may("users:read.email")
        return person.json(self.workspace.now(), locale=locale, stranger=stranger, email=email)


def page(found: Sequence[Item], arguments: Arguments, default: int, most: int) -> tuple[Sequence[Item], str]:
    """One page and the cursor of the next, empty when there is none; SlackError invalid_cursor."""
    start = _offset(arguments.text("cursor"))
    end = start + arguments.limit(default, most)
    return found[start:end], _cursor(end) if end < len(found) else ""


def _cursor(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if word != "offset" or not number.isdigit():
        raise SlackError("invalid_cursor")
    return int(number)
