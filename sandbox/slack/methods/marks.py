"""reactions.* and pins.*: what is put on messages."""

import re

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Channel, Json

MOST_PINS = 100
_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")
_TS = re.compile(r"\d{9,11}\.\d{6}")


def react(desk: Desk, arguments: Arguments) -> Json:
    post, name = _message(desk, arguments)[1], _emoji(arguments)
    users = post.reactions.get(name, [])
    if desk.app.bot_user in users:
        raise SlackError("already_reacted")
    desk.workspace.edit(post, reactions={**post.reactions, name: [*users, desk.app.bot_user]})
    return {}


def unreact(desk: Desk, arguments: Arguments) -> Json:
    post, name = _message(desk, arguments)[1], _emoji(arguments)
    users = post.reactions.get(name, [])
    if desk.app.bot_user not in users:
        raise SlackError("no_reaction")
    left = {**post.reactions, name: [user for user in users if user != desk.app.bot_user]}
    desk.workspace.edit(post, reactions={emoji: by for emoji, by in left.items() if by})
    return {}


def pin(desk: Desk, arguments: Arguments) -> Json:
    channel, post = _message(desk, arguments)
    if post.pinned is not None:
        raise SlackError("already_pinned")
    if len(_pinned(desk, channel)) >= MOST_PINS:
        raise SlackError("too_many_pins")
    desk.workspace.edit(post, pinned=int(desk.workspace.now().timestamp()))
    return {}


def unpin(desk: Desk, arguments: Arguments) -> Json:
    post = _message(desk, arguments)[1]
    if post.pinned is None:
        raise SlackError("no_pin")
    desk.workspace.edit(post, pinned=None)
    return {}


def pins(desk: Desk, arguments: Arguments) -> Json:
    """The newest pin first."""
    channel = desk.channel(arguments)
    found = sorted(_pinned(desk, channel), key=lambda post: post.pinned or 0, reverse=True)
    team = desk.workspace.team.id
    return {
        "items": [
            {
                "type": "message",
                "channel": channel.id,
                "created": post.pinned,
                "created_by": desk.app.bot_user,
                "message": post.json(team, metadata=False),
            }
            for post in found
        ]
    }


def _pinned(desk: Desk, channel: Channel) -> list[Post]:
    return [post for post in desk.workspace.posts(channel.id) if post.pinned is not None]


def _message(desk: Desk, arguments: Arguments) -> tuple[Channel, Post]:
    """The message that `channel` and `timestamp` name, where the bot may mark it."""
    channel = desk.channel(arguments)
    timestamp = arguments.text("timestamp")
    if timestamp is None:
        raise SlackError("no_item_specified")
    if not _TS.fullmatch(timestamp):
        raise SlackError("bad_timestamp")
    if channel.archived:
        raise SlackError("is_archived")
    if desk.app.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    post = desk.workspace.find(channel.id, timestamp)
    if post is None or post.ephemeral_for:
        raise SlackError("message_not_found")
    return channel, post


def _emoji(arguments: Arguments) -> str:
    name = arguments.required("name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise SlackError("invalid_name")
    return name
