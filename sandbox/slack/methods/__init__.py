"""The Web API's methods, each with the scopes (any one of them) and the calls a minute that it is good for."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.app import TokenKind
from sandbox.slack.arguments import Arguments
from sandbox.slack.limits import SPECIAL, TIER_2, TIER_3, TIER_4
from sandbox.slack.methods import chat, conversations, directory, files, marks, schedule, views
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Json


@dataclass(frozen=True, slots=True)
class Method:
    """One method. A call either answers with its fields or raises SlackError, and then has done nothing."""

    call: Callable[[Desk, Arguments], Json]
    a_minute: int
    scopes: tuple[str, ...] = ()
    caller: TokenKind = "bot"


_CHANNELS = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_OPENING = ("channels:manage", "groups:write", "im:write", "mpim:write")

METHODS = {
    # Tier 1 in the documents; yet ten connections may be opened, one after the other.
    "apps.connections.open": Method(directory.apps_connections_open, TIER_2, caller="app"),
    "auth.test": Method(directory.auth_test, SPECIAL),
    "bots.info": Method(directory.bots_info, TIER_3, ("users:read",)),
    "chat.delete": Method(chat.delete, TIER_3, ("chat:write",)),
    "chat.deleteScheduledMessage": Method(schedule.delete_scheduled_message, TIER_3, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, SPECIAL),
    "chat.postEphemeral": Method(chat.post_ephemeral, TIER_4, ("chat:write",)),
    "chat.postMessage": Method(chat.post_message, SPECIAL, ("chat:write",)),
    "chat.scheduleMessage": Method(schedule.schedule_message, TIER_3, ("chat:write",)),
    "chat.scheduledMessages.list": Method(schedule.scheduled_messages_list, TIER_3),
    "chat.update": Method(chat.update, TIER_3, ("chat:write",)),
    "conversations.history": Method(conversations.history, TIER_3, _HISTORY),
    "conversations.info": Method(conversations.info, TIER_3, _CHANNELS),
    "conversations.join": Method(conversations.join, TIER_3, ("channels:join",)),
    "conversations.list": Method(conversations.listing, TIER_2, _CHANNELS),
    "conversations.members": Method(conversations.members, TIER_4, _CHANNELS),
    "conversations.open": Method(conversations.opening, TIER_3, _OPENING),
    "conversations.replies": Method(conversations.replies, TIER_3, _HISTORY),
    "files.completeUploadExternal": Method(files.complete_upload_external, TIER_4, ("files:write",)),
    "files.getUploadURLExternal": Method(files.get_upload_url_external, TIER_4, ("files:write",)),
    "files.info": Method(files.info, TIER_4, ("files:read",)),
    "oauth.v2.access": Method(directory.oauth_v2_access, SPECIAL, caller="none"),
    "pins.add": Method(marks.pin, TIER_2, ("pins:write",)),
    "pins.list": Method(marks.pins, TIER_2, ("pins:read",)),
    "pins.remove": Method(marks.unpin, TIER_2, ("pins:write",)),
    "reactions.add": Method(marks.react, TIER_3, ("reactions:write",)),
    "reactions.remove": Method(marks.unreact, TIER_2, ("reactions:write",)),
    "team.info": Method(directory.team_info, TIER_3, ("team:read",)),
    "usergroups.list": Method(directory.usergroups_list, TIER_2, ("usergroups:read",)),
    "usergroups.users.list": Method(directory.usergroups_users_list, TIER_2, ("usergroups:read",)),
    "users.info": Method(directory.users_info, TIER_4, ("users:read",)),
    "users.lookupByEmail": Method(directory.users_lookup_by_email, TIER_3, ("users:read.email",)),
    "users.list": Method(directory.users_list, TIER_2, ("users:read",)),
    "views.open": Method(views.opening, TIER_4),
    "views.publish": Method(views.publish, TIER_4),
    "views.push": Method(views.push, TIER_4),
    "views.update": Method(views.update, TIER_4),
}
