"""What one person sees: which rooms, what is in them, which changes concern them."""

from collections import defaultdict
from collections.abc import Mapping

from sandbox.page import drawing
from sandbox.page.bodies import BadFieldError, Fields
from sandbox.slack import Change, Message, SlackServer
from sandbox.slack.files import File
from sandbox.slack.people import Channel, Json, Person


class Sight:
    """Looks into the workspace with somebody's eyes."""

    def __init__(self, slack: SlackServer, roles: Mapping[str, str]) -> None:
        self._slack = slack
        self._workspace = slack.workspace
        self._roles = roles

    def person(self, fields: Fields) -> str:
        """The id of the person that `person` names: somebody who can be in the workspace."""
        return fields.word("person", [person.id for person in self._people()])

    def workspace(self, user: str) -> Json:
        """People, and the rooms that this person is in."""
        workspace = self._workspace
        rooms = [self._room(room) for room in workspace.channels.values() if user in room.members and not room.im_with]
        people = [
            {
                "id": person.id,
                "name": person.real_name,
                "handle": person.name,
                "locale": person.locale,
                "zone": person.zone,
                "role": self._roles.get(person.id, ""),
            }
            for person in self._people()
        ]
        return {"people": people, "rooms": rooms, "direct": workspace.direct_id(user), "app": workspace.app.name}

    def room(self, user: str, channel: str | None, thread: str | None) -> Json:
        """A room, the thread that is open beside it, the modal on top and App Home; without a channel, no room."""
        stack = self._workspace.modals.get(user, [])
        views: Json = {
            "modal": drawing.view(self._workspace, stack[-1] if stack else None, len(stack)),
            "home": drawing.view(self._workspace, self._slack.home(user)),
        }
        if channel is None:
            return {"messages": [], "thread": [], **views}
        self.enter(user, channel)
        replies: dict[str, list[Message]] = defaultdict(list)
        for message in self._workspace.readable(user, channel):
            if message.thread_ts not in (None, message.ts):
                replies[message.thread_ts or ""].append(message)
        return {"messages": self._told(user, channel, None, replies), **views} | {
            "thread": self._told(user, channel, thread, {}) if thread else []
        }

    def enter(self, user: str, channel: str) -> str:
        """The channel, when the person is in it or it is their direct messages with the bot."""
        if channel == self._workspace.direct_id(user):
            return self._workspace.direct(user).id
        room = self._workspace.channels.get(channel)
        if room is None or user not in room.members:
            raise BadFieldError("channel", f"{channel} is none that {user} is in")
        return channel

    def concerns(self, user: str, change: Change) -> bool:
        """Whether the person can see what changed."""
        if change.user not in (None, user):
            return False
        room = self._workspace.channels.get(change.channel or "")
        return room is None or user in room.members

    def has(self, user: str, file: File) -> bool:
        """Whether the file stands somewhere that the person can see, is theirs, or the app's and in a picture."""
        rooms = [self._workspace.channels[channel] for channel in file.shares]
        if not rooms:
            return file.user in (user, self._workspace.app.bot_user)
        return any(not room.private or user in room.members for room in rooms)

    def _told(self, user: str, channel: str, thread: str | None, replies: Mapping[str, list[Message]]) -> list[Json]:
        seen = self._slack.visible(user, channel, thread)
        return [drawing.message(self._workspace, user, message, replies.get(message.ts, [])) for message in seen]

    def _people(self) -> list[Person]:
        everyone = self._workspace.people.values()
        return [person for person in everyone if person.email is not None and not person.deleted]

    def _room(self, room: Channel) -> Json:
        return {
            "id": room.id,
            "name": room.name,
            "private": room.private,
            "archived": room.archived,
            "shared": room.shared,
            "bot": self._workspace.app.bot_user in room.members,
        }
