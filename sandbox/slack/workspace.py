"""The workspace: who and what is in it. Changes to it are made here and told to whoever looks on."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.slack import seeds
from sandbox.slack.app import App
from sandbox.slack.changes import Change, Changes, Kind
from sandbox.slack.messages import Edited, Message, Post
from sandbox.slack.mrkdwn import Reader
from sandbox.slack.people import Channel, Json, Person
from sandbox.slack.views import View, new_hash

Now = Callable[[], datetime]


class Workspace:
    """People, channels, messages and views; `now` is aware."""

    def __init__(self, app: App, now: Now) -> None:
        self.app = app
        self.now = now
        self.team = seeds.HOME
        self.people = {person.id: person for person in seeds.people(app)}
        self.channels = {channel.id: channel for channel in seeds.channels(app)}
        self.groups = {group.id: group for group in seeds.GROUPS}
        self.changes = Changes()
        self.modals: dict[str, list[View]] = {}
        """By person, the open modal and those under it; the last is on top."""
        self.homes: dict[str, View] = {}
        self.entries: dict[tuple[str, str, str], dict[str, dict[str, Json]]] = {}
        """By person, channel and message, what stands in the message's elements: by block_id and action_id."""
        self.uploads: dict[str, Json] = {}
        """By id, the file objects of what people uploaded, to put into a modal."""
        self._posts: dict[str, dict[str, Post]] = {}
        self._last_ts = 0

    # People and channels

    def is_stranger(self, person: Person) -> bool:
        """Of another workspace, and in no channel that the bot is in: what users.info calls a stranger."""
        if person.team_id == self.team.id:
            return False
        both = {person.id, self.app.bot_user}
        return not any(both <= channel.members for channel in self.channels.values())

    def direct(self, user: str) -> Channel:
        """The bot's direct messages with a person, opened when need be."""
        channel_id = self.direct_id(user)
        if channel_id not in self.channels:
            members = {user, self.app.bot_user}
            self.channels[channel_id] = Channel(channel_id, "directmessage", members, private=True, im_with=user)
        return self.channels[channel_id]

    def direct_id(self, user: str) -> str:
        """The id that the direct messages have once they are opened."""
        return "D" + user[1:]

    def reader(self, user: str) -> Reader:
        """Somebody's eyes, now."""
        person = self.people[user]
        return Reader(ZoneInfo(person.zone), person.locale, self.now(), self.people, self.channels, self.groups)

    # Messages

    def new_ts(self) -> str:
        """A timestamp that no message has yet, later than all of them."""
        micros = int(self.now().timestamp() * 1_000_000)
        self._last_ts = max(micros, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, post: Post) -> Post:
        """Keep a message under a new timestamp."""
        post.ts = self.new_ts()
        self._posts.setdefault(post.channel, {})[post.ts] = post
        parent = self.find(post.channel, post.thread_ts) if post.thread_ts else None
        if parent is not None:
            parent.thread_ts = parent.ts
        self._tell("posted", post)
        return post

    def edit(self, post: Post, by: str | None = None, **fields: Any) -> None:  # noqa: ANN401
        """Change a message in place; `by` marks it as edited."""
        for name, value in fields.items():
            setattr(post, name, value)
        if by is not None:
            post.edited = Edited(by, self.new_ts())
        self._tell("edited", post)

    def delete(self, post: Post) -> None:
        del self._posts[post.channel][post.ts]
        self._tell("deleted", post)

    def find(self, channel: str, ts: str | None) -> Post | None:
        """The message, ephemeral ones included."""
        return self._posts.get(channel, {}).get(ts or "")

    def posts(self, channel: str) -> list[Post]:
        """Everything in a channel, oldest first: threads and ephemeral messages too."""
        return list(self._posts.get(channel, {}).values())

    def visible(self, user: str, channel: str, thread: str | None = None) -> list[Message]:
        """What a person sees in a channel, or in the thread under a message; oldest first."""
        reader = self.reader(user)
        return [Message.seen(post, reader) for post in self._readable(user, channel) if _in(post, thread)]

    def readable(self, user: str, channel: str) -> list[Message]:
        """Everything that a person can read in a channel, threads included."""
        reader = self.reader(user)
        return [Message.seen(post, reader) for post in self._readable(user, channel)]

    def _readable(self, user: str, channel: str) -> list[Post]:
        if channel == self.direct_id(user) and channel not in self.channels:
            return []
        room = self.channels[channel]
        if room.private and user not in room.members:
            return []
        return [post for post in self.posts(channel) if post.ephemeral_for in (None, user)]

    def _tell(self, kind: Kind, post: Post) -> None:
        self.changes.tell(Change(kind, channel=post.channel, ts=post.ts, user=post.ephemeral_for))

    # Views

    def open_view(self, user: str, definition: dict[str, Any], *, push: bool = False) -> View:
        """Show a modal, alone or on top of the one that is open."""
        stack = self.modals.get(user, []) if push else []
        below = stack[-1] if stack else None
        view = View(f"V{secrets.token_hex(5).upper()}", user, definition, root="")
        view.root = stack[0].id if stack else view.id
        view.previous = below.id if below else None
        self._renew(view)
        self.modals[user] = [*stack, view]
        self.changes.tell(Change("opened", user=user, view=view.id))
        return view

    def update_view(self, view: View, definition: dict[str, Any]) -> View:
        """New content in place; what was entered stays where block and action are still there."""
        view.definition = definition
        view.errors = {}
        kept = {block["block_id"] for block in view.blocks}
        view.state = {block: values for block, values in view.state.items() if block in kept}
        self._renew(view)
        self.changes.tell(Change("updated", user=view.user, view=view.id))
        return view

    def close_views(self, user: str, *, top_only: bool = False) -> None:
        """Take away the top modal, or all of them."""
        stack = self.modals.get(user, [])
        self.modals[user] = stack[:-1] if top_only else []
        self.changes.tell(Change("closed", user=user))

    def publish(self, user: str, definition: dict[str, Any]) -> View:
        """Put a person's App Home in place."""
        view = self.homes.get(user) or View(f"V{secrets.token_hex(5).upper()}", user, definition, root="")
        view.root = view.id
        view.definition = definition
        self._renew(view)
        self.homes[user] = view
        self.changes.tell(Change("published", user=user, view=view.id))
        return view

    def find_view(self, view_id: str | None, external_id: str | None = None) -> View | None:
        """An open modal or a home, by either id."""
        shown = [view for stack in self.modals.values() for view in stack] + list(self.homes.values())
        for view in shown:
            if view.id == view_id or (external_id and view.definition.get("external_id") == external_id):
                return view
        return None

    def _renew(self, view: View) -> None:
        view.hash = new_hash(self.now().timestamp())


def _in(post: Post, thread: str | None) -> bool:
    if thread is not None:
        return thread in (post.thread_ts, post.ts)
    return not post.is_reply or post.broadcast
