"""chat.*: posting, editing, deleting."""

from dataclasses import replace

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import LONGEST_EDIT, Content, content
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Channel, Json


def post_message(desk: Desk, arguments: Arguments) -> Json:
    channel = target(desk, arguments.required("channel"))
    written = content(arguments).shown()
    thread_ts = thread(desk, arguments, channel)
    desk.limits.channel(channel.id)
    post = post_of(desk, channel, written, thread_ts)
    post.broadcast = thread_ts is not None and arguments.flag("reply_broadcast")
    desk.workspace.post(post)
    return {"channel": channel.id, "ts": post.ts, "message": _json(desk, post)}


def post_ephemeral(desk: Desk, arguments: Arguments) -> Json:
    channel = target(desk, arguments.required("channel"))
    user = desk.person(arguments.required("user"))
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    written = content(arguments).shown()
    post = post_of(desk, channel, replace(written, metadata=None), thread(desk, arguments, channel))
    post.ephemeral_for = user.id
    return {"message_ts": desk.workspace.post(post).ts}


def update(desk: Desk, arguments: Arguments) -> Json:
    channel, post = _own(desk, arguments, "cant_update_message")
    written = content(arguments)
    if written.blocks is None and written.attachments is None and written.metadata is None:
        written.shown()
    if len(arguments.text("text") or "") > LONGEST_EDIT:
        raise SlackError("msg_too_long")
    # Slack marks an edit only where the text is what is shown.
    by = None if written.blocks else desk.app.bot_user
    desk.workspace.edit(post, by, **_edited(written))
    return {"channel": channel.id, "ts": post.ts, "text": post.text, "message": _json(desk, post)}


def delete(desk: Desk, arguments: Arguments) -> Json:
    channel, post = _own(desk, arguments, "cant_delete_message")
    desk.workspace.delete(post)
    return {"channel": channel.id, "ts": post.ts}


def get_permalink(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.channel(arguments)
    post = desk.workspace.find(channel.id, arguments.required("message_ts"))
    if post is None or post.ephemeral_for:
        raise SlackError("message_not_found")
    link = f"https://{desk.workspace.team.domain}.slack.com/archives/{channel.id}/p{post.ts.replace('.', '')}"
    if post.is_reply:
        link += f"?thread_ts={post.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def target(desk: Desk, named: str) -> Channel:
    """Where to post: a channel's id or name, or a person's id for the bot's direct messages with them."""
    channel = desk.workspace.channels.get(named)
    if channel is None and named in desk.workspace.people:
        channel = desk.workspace.direct(named)
    if channel is None:
        names = {found.name: found for found in desk.workspace.channels.values() if not found.im_with}
        channel = names.get(named.removeprefix("#"))
    if channel is None or not desk.may_see(channel):
        raise SlackError("channel_not_found")
    if channel.archived:
        raise SlackError("is_archived")
    if desk.app.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def thread(desk: Desk, arguments: Arguments, channel: Channel) -> str | None:
    """The parent of the thread that `thread_ts` names."""
    thread_ts = arguments.text("thread_ts")
    if thread_ts is None:
        return None
    parent = desk.workspace.find(channel.id, thread_ts)
    if parent is None or parent.ephemeral_for:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts


def post_of(desk: Desk, channel: Channel, written: Content, thread_ts: str | None) -> Post:
    """A message of the bot's, not posted yet."""
    return Post(
        channel=channel.id,
        ts="",
        user=desk.app.bot_user,
        text=written.text or "",
        blocks=written.blocks or [],
        attachments=written.attachments or [],
        metadata=written.metadata or None,
        thread_ts=thread_ts,
        bot_id=desk.app.bot_id,
        app_id=desk.app.id,
    )


def _own(desk: Desk, arguments: Arguments, otherwise: str) -> tuple[Channel, Post]:
    """The bot's own message that `channel` and `ts` name. Ephemeral ones cannot be reached this way."""
    channel = desk.channel(arguments)
    post = desk.workspace.find(channel.id, arguments.required("ts"))
    if post is None or post.ephemeral_for:
        raise SlackError("message_not_found")
    if post.user != desk.app.bot_user:
        raise SlackError(otherwise)
    if channel.archived:
        raise SlackError("is_archived")
    return channel, post


def _edited(written: Content) -> dict[str, object]:
    """The fields that change: a text alone takes the blocks away, metadata stays until it is sent."""
    fields: dict[str, object] = {}
    if written.text is not None or written.blocks is not None:
        fields |= {"text": written.text or "", "blocks": written.blocks or []}
    if written.attachments is not None:
        fields["attachments"] = written.attachments
    if written.metadata is not None:
        fields["metadata"] = written.metadata or None
    return fields


def _json(desk: Desk, post: Post) -> Json:
    return post.json(desk.workspace.team.id, metadata=True)
