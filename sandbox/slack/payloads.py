"""The payloads of interactions, as Slack writes them. Source: docs.slack.dev/reference/interaction-payloads."""

import re
from collections.abc import Mapping

from sandbox.slack.blocks import Block
from sandbox.slack.choices import values_of
from sandbox.slack.messages import Post
from sandbox.slack.people import Channel, Json, Person
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace

_NAME = re.compile(r"(?<!\S)([@#])([\w.-]*\w)")
_LINK = re.compile(r"(?<!\S)(https?://\S+)")
_MAIL = re.compile(r"(?<!\S)([\w.+-]+@[\w-]+\.[\w.-]*\w)")


def channel_name(channel: Channel) -> str:
    """What apps are told: private channels and direct messages have no names for them."""
    return "directmessage" if channel.im_with else "privategroup" if channel.private else channel.name


def slash(workspace: Workspace, person: Person, channel: Channel, line: Mapping[str, str]) -> dict[str, str]:
    """The fields of a slash command; `line` has command, text, response_url and trigger_id."""
    app, team = workspace.app, workspace.team
    return {
        "token": app.verification_token,
        "team_id": person.team_id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": line["command"],
        "text": escaped(workspace, line["text"]) if app.escapes else line["text"],
        "api_app_id": app.id,
        "is_enterprise_install": "false",
        "response_url": line["response_url"],
        "trigger_id": line["trigger_id"],
    }


def escaped(workspace: Workspace, text: str) -> str:
    """A command's text with `should_escape`: people, user groups, channels and links as ids, `&<>` as entities."""
    known = {f"@{person.name}": f"<@{person.id}|{person.name}>" for person in workspace.people.values()}
    known |= {f"@{group.handle}": f"<!subteam^{group.id}|@{group.handle}>" for group in workspace.groups.values()}
    known |= {f"#{found.name}": f"<#{found.id}|{found.name}>" for found in workspace.channels.values()}
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _LINK.sub(r"<\1>", _MAIL.sub(r"<mailto:\1|\1>", text))
    return _NAME.sub(lambda name: known.get(name[0], name[0]), text)


def common(workspace: Workspace, person: Person, kind: str, trigger_id: str) -> Json:
    """What every interaction's payload begins with."""
    app, team = workspace.app, workspace.team
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": app.id,
        "token": app.verification_token,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": trigger_id,
    }


def on_message(workspace: Workspace, post: Post, user: str) -> Json:
    """The part of a click that says on which message. Slack does not send the words of an ephemeral one."""
    channel = workspace.channels[post.channel]
    container: Json = {
        "type": "message",
        "message_ts": post.ts,
        "channel_id": post.channel,
        "is_ephemeral": post.ephemeral_for is not None,
    }
    if post.is_reply:
        container["thread_ts"] = post.thread_ts
    shown: Json = {} if post.ephemeral_for else {"message": post.json(workspace.team.id, metadata=True)}
    where: Json = {"channel": {"id": channel.id, "name": channel_name(channel)}}
    entered = workspace.entries.get((user, post.channel, post.ts), {})
    state: Json = {"state": {"values": values_of(post.blocks, entered, workspace)}}
    return {"container": container, **where, **shown, **state}


def on_view(workspace: Workspace, view: View) -> Json:
    """The part of a click that says in which view."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_json(workspace, view)}


def view_json(workspace: Workspace, view: View) -> Json:
    """A view with all that stands in it."""
    shown = view.json(workspace.team.id, workspace.app.id, workspace.app.bot_id)
    return shown | {"state": {"values": values_of(view.blocks, view.state, workspace)}}


def action(block: Block, element: Block, ts: str, option: Block | None = None) -> Json:
    """What was done to an element: a button pressed, or an option of a menu chosen."""
    done: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    if option is not None:
        done["selected_option"] = option
    for name in ("text", "value", "style", "url"):
        if name in element:
            done[name] = element[name]
    return {**done, "action_ts": ts}


def event(workspace: Workspace, inner: Json, event_id: str) -> Json:
    """The envelope of an event."""
    app, team = workspace.app, workspace.team
    authorization: Json = {
        "enterprise_id": None,
        "team_id": team.id,
        "user_id": app.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": app.verification_token,
        "team_id": team.id,
        "api_app_id": app.id,
        "event": inner,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(workspace.now().timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
    }
