"""conversations.*: channels and what was said in them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.methods.desk import Desk, page
from sandbox.slack.people import Channel, Json

_TYPES: dict[str, Callable[[Channel], bool]] = {
    "public_channel": lambda channel: not channel.private,
    "private_channel": lambda channel: channel.private and not channel.im_with,
    "im": lambda channel: channel.im_with is not None,
    "mpim": lambda _channel: False,
}
_TYPE_SCOPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
_MOST = 999
"""Items on a page; Slack takes a limit "under 1000"."""


def listing(desk: Desk, arguments: Arguments) -> Json:
    types = [name.strip() for name in (arguments.text("types") or "public_channel").split(",")]
    if not set(types) <= set(_TYPES):
        raise SlackError("invalid_types")
    for name in types:
        desk.app.require(f"{_TYPE_SCOPES[name]}:read")
    live_only = arguments.flag("exclude_archived")
    found = [
        channel
        for channel in desk.workspace.channels.values()
        if any(_TYPES[name](channel) for name in types)
        and desk.may_see(channel)
        and not (live_only and channel.archived)
    ]
    part, cursor = page(found, arguments, 100, _MOST)
    shown = [channel.json(desk.app.bot_user) | _count(channel) for channel in part]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


def info(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.channel(arguments, readable_for="read")
    count = _count(channel) if arguments.flag("include_num_members") else {}
    locale: Json = {"locale": "en-US"} if arguments.flag("include_locale") else {}
    return {"channel": channel.json(desk.app.bot_user) | count | locale}


def members(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.channel(arguments, readable_for="read")
    part, cursor = page(sorted(channel.members), arguments, 100, _MOST)
    return {"members": list(part), "response_metadata": {"next_cursor": cursor}}


def opening(desk: Desk, arguments: Arguments) -> Json:
    """Direct messages with one person; group ones are not modelled."""
    if arguments.text("channel"):
        channel = desk.channel(arguments)
        if not channel.im_with:
            raise SlackError("invalid_user_combination")
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = [user.strip() for user in arguments.required("users").split(",")]
    if len(users) > 1:
        raise SlackError("not_enough_users" if not all(users) else "method_not_supported_for_channel_type")
    desk.app.require("im:write")
    person = desk.person(users[0])
    if person.bot_id:
        raise SlackError("cannot_dm_bot")
    if person.deleted:
        raise SlackError("user_disabled")
    channel = desk.workspace.direct(person.id)
    return {"channel": channel.json(desk.app.bot_user) if arguments.flag("return_im") else {"id": channel.id}}


def join(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.channel(arguments)
    if channel.private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    bot = desk.app.bot_user
    there = bot in channel.members
    channel.members.add(bot)
    warned: Json = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return {"channel": channel.json(bot)} | (warned if there else {})


def history(desk: Desk, arguments: Arguments) -> Json:
    """Newest first; replies stand in their threads, ephemeral messages nowhere."""
    channel = _readable(desk, arguments)
    posts = [post for post in desk.workspace.posts(channel.id) if not post.ephemeral_for]
    shown = [post for post in posts if not post.is_reply or post.broadcast]
    window = Window.asked(arguments)
    within = [post for post in reversed(shown) if window.holds(post)]
    part, cursor = page(within, arguments, 100, _MOST)
    messages = [_message(desk, post, posts, arguments) for post in part]
    return _page(messages, cursor) | {"pin_count": sum(post.pinned is not None for post in posts)}


def replies(desk: Desk, arguments: Arguments) -> Json:
    """The parent, then its replies, oldest first."""
    channel = _readable(desk, arguments)
    ts = arguments.required("ts")
    posts = [post for post in desk.workspace.posts(channel.id) if not post.ephemeral_for]
    asked = next((post for post in posts if post.ts == ts), None)
    if asked is None:
        raise SlackError("thread_not_found")
    parent = asked.thread_ts or asked.ts
    window = Window.asked(arguments)
    thread = [post for post in posts if post.ts == parent or (post.thread_ts == parent and window.holds(post))]
    part, cursor = page(thread, arguments, 1000, 1000)
    return _page([_message(desk, post, posts, arguments) for post in part], cursor)


def _readable(desk: Desk, arguments: Arguments) -> Channel:
    channel = desk.channel(arguments, readable_for="history")
    if desk.app.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, in microseconds; its ends belong to it when it is `inclusive`."""

    oldest: int | None
    latest: int | None
    inclusive: bool

    @classmethod
    def asked(cls, arguments: Arguments) -> Self:
        return cls(_moment(arguments, "oldest"), _moment(arguments, "latest"), arguments.flag("inclusive"))

    def holds(self, post: Post) -> bool:
        at = _micros(post.ts)
        if at in (self.oldest, self.latest):
            return self.inclusive
        return (self.oldest is None or at > self.oldest) and (self.latest is None or at < self.latest)


def _moment(arguments: Arguments, name: str) -> int | None:
    value = arguments.text(name)
    if value is None or value == "0":
        return None
    try:
        return _micros(value)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _micros(ts: str) -> int:
    """A timestamp in microseconds: exact, as floats are not."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0") if fraction else 0)


def _message(desk: Desk, post: Post, posts: list[Post], arguments: Arguments) -> Json:
    shown = post.json(desk.workspace.team.id, metadata=arguments.flag("include_all_metadata"))
    under = [reply for reply in posts if reply.is_reply and reply.thread_ts == post.ts]
    if under:
        users = sorted({reply.user for reply in under})
        shown |= {"reply_count": len(under), "reply_users": users, "latest_reply": under[-1].ts}
    return shown


def _page(messages: list[Json], cursor: str) -> Json:
    more: Json = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": messages, "has_more": bool(cursor)} | more


def _count(channel: Channel) -> Json:
    return {} if channel.im_with else {"num_members": len(channel.members)}
