"""chat.scheduleMessage and what belongs to it: messages that are posted later, by the workspace's clock."""

import secrets
from datetime import UTC, datetime, timedelta

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import content
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.methods.chat import post_of, target, thread
from sandbox.slack.methods.desk import Desk, Scheduled, page
from sandbox.slack.people import Json

FARTHEST = timedelta(days=120)
TOO_LATE = timedelta(seconds=60)
"""What is posted so soon cannot be deleted any more."""
WINDOW, MOST_IN_WINDOW = timedelta(minutes=5), 30
"""In each channel."""


def schedule_message(desk: Desk, arguments: Arguments) -> Json:
    channel = target(desk, arguments.required("channel"))
    written = content(arguments).shown()
    post_at = _moment(desk, arguments)
    near = [s for s in desk.scheduled.values() if s.post.channel == channel.id and abs(s.at - post_at) < WINDOW]
    if len(near) >= MOST_IN_WINDOW:
        raise SlackError("restricted_too_many")
    post = post_of(desk, channel, written, thread(desk, arguments, channel))
    scheduled_id = f"Q{secrets.token_hex(5).upper()}"

    async def due() -> None:
        del desk.scheduled[scheduled_id]
        _post(desk, post)

    entry = desk.agenda.put(post_at, due)
    desk.scheduled[scheduled_id] = Scheduled(scheduled_id, post_at, desk.workspace.now(), post, entry)
    shown = {name: value for name, value in post.json(desk.workspace.team.id, metadata=True).items() if name != "ts"}
    stamp = int(post_at.timestamp())
    return {"channel": channel.id, "scheduled_message_id": scheduled_id, "post_at": stamp, "message": shown}


def delete_scheduled_message(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.channel(arguments)
    found = desk.scheduled.get(arguments.required("scheduled_message_id"))
    if found is None or found.post.channel != channel.id or found.at - desk.workspace.now() < TOO_LATE:
        raise SlackError("invalid_scheduled_message_id")
    desk.agenda.strike_out(found.entry)
    del desk.scheduled[found.id]
    return {}


def scheduled_messages_list(desk: Desk, arguments: Arguments) -> Json:
    """What is still to come, the next first; of one channel, or of a stretch of time."""
    channel = desk.channel(arguments).id if arguments.text("channel") else None
    oldest, latest = _stamp(arguments, "oldest"), _stamp(arguments, "latest")
    found = [
        scheduled
        for scheduled in sorted(desk.scheduled.values(), key=lambda scheduled: scheduled.at)
        if channel in (None, scheduled.post.channel)
        and (oldest is None or scheduled.at.timestamp() >= oldest)
        and (latest is None or scheduled.at.timestamp() <= latest)
    ]
    part, cursor = page(found, arguments, 100, 100)
    shown = [
        {
            "id": scheduled.id,
            "channel_id": scheduled.post.channel,
            "post_at": int(scheduled.at.timestamp()),
            "date_created": int(scheduled.created.timestamp()),
            "text": scheduled.post.text,
        }
        for scheduled in part
    ]
    return {"scheduled_messages": shown, "response_metadata": {"next_cursor": cursor}}


def _moment(desk: Desk, arguments: Arguments) -> datetime:
    stamp = _stamp(arguments, "post_at")
    if stamp is None:
        raise SlackError("invalid_time")
    now = desk.workspace.now().timestamp()
    if stamp <= now:
        raise SlackError("time_in_past")
    if stamp > now + FARTHEST.total_seconds():
        raise SlackError("time_too_far")
    return datetime.fromtimestamp(stamp, UTC)


def _stamp(arguments: Arguments, name: str) -> int | None:
    value = arguments.text(name)
    if value is not None and not value.isdigit():
        raise SlackError("invalid_time" if name == "post_at" else f"invalid_ts_{name}")
    return None if value is None else int(value)


def _post(desk: Desk, post: Post) -> None:
    """Where the channel was left or archived meanwhile nothing is posted, and nobody is told; as at Slack."""
    channel = desk.workspace.channels[post.channel]
    if desk.app.bot_user in channel.members and not channel.archived:
        desk.workspace.post(post)
