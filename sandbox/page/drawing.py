"""What one person sees, as JSON for the page: everything that needs the workspace to be understood is worked out here.

Blocks stay as they are, with additions: `parts` beside every mrkdwn text (see marks), `shown` in rich text's mentions,
dates and links, `file` in images that Slack holds; plain texts come without entities.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.page.marks import link, markdown, mrkdwn
from sandbox.slack.blocks import Block
from sandbox.slack.choices import values_of
from sandbox.slack.messages import Message, controls
from sandbox.slack.mrkdwn import Reader, entities
from sandbox.slack.people import Json, Person
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace

_FILE = re.compile(r"/files/(F[0-9A-Z]+)/")


def dressed(value: Any, reader: Reader) -> Any:  # noqa: ANN401
    """Blocks, with what the page needs to draw them."""
    if isinstance(value, list | tuple):
        return [dressed(item, reader) for item in value]
    if not isinstance(value, Mapping):
        return value
    copied = {name: dressed(item, reader) for name, item in value.items()}
    dress = _DRESSES.get(value.get("type", ""))
    return copied | dress(value, reader) if dress else copied


def _rich_link(element: Mapping[str, Any], _reader: Reader) -> Json:
    return {"shown": element.get("text") or element.get("url", ""), "href": link(str(element.get("url", "")))}


def _image(element: Mapping[str, Any], _reader: Reader) -> Json:
    held = element.get("slack_file", {})
    found = _FILE.search(held.get("url", ""))
    file = held.get("id") or (found[1] if found else None)
    return {"file": file} if file else {}


_DRESSES: dict[str, Callable[[Mapping[str, Any], Reader], Json]] = {
    "mrkdwn": lambda text, reader: {"parts": mrkdwn(text["text"], reader)},
    "plain_text": lambda text, _: {"text": entities(text["text"])},
    "markdown": lambda block, reader: {"parts": markdown(block["text"], reader)},
    "user": lambda element, reader: {"shown": reader.person(element["user_id"])},
    "usergroup": lambda element, reader: {"shown": reader.group(element["usergroup_id"])},
    "channel": lambda element, reader: {"shown": reader.channel(element["channel_id"])},
    "broadcast": lambda element, _: {"shown": f"@{element['range']}"},
    "date": lambda element, reader: {
        "shown": reader.date(element["timestamp"], element["format"], element.get("fallback", ""))
    },
    "link": _rich_link,
    "image": _image,
}


def message(workspace: Workspace, user: str, seen: Message, replies: Sequence[Message] = ()) -> Json:
    """A message, with how many replies stand under it."""
    reader = seen.reader
    at = int(float(seen.ts))
    entered = workspace.entries.get((user, seen.channel, seen.ts), {})
    return {
        "ts": seen.ts,
        "channel": seen.channel,
        "author": author(workspace.people.get(seen.user), seen.user),
        "time": reader.date(at, "{time}", ""),
        "day": reader.date(at, "{day_divider_pretty}", ""),
        "moment": reader.date(at, "{date_num} {time_secs}", ""),
        "ephemeral": seen.ephemeral_for is not None,
        "edited": seen.edited is not None,
        "parts": [] if seen.blocks else mrkdwn(seen.text, reader),
        "blocks": dressed(seen.blocks, reader),
        "attachments": [_attachment(one, reader) for one in seen.attachments],
        "files": [_file(file) for file in seen.files],
        "reactions": [{"name": name, "count": len(users)} for name, users in seen.reactions.items()],
        "pinned": seen.pinned,
        "values": values_of(list(seen.blocks), entered, workspace),
        "replies": len(replies),
        "plain": seen.plain,
    }


def author(person: Person | None, user: str) -> Json:
    """How somebody stands beside what they say."""
    if person is None:
        return {"id": user, "name": user, "bot": False}
    return {"id": user, "name": person.real_name, "bot": person.bot_id is not None}


def element(blocks: Sequence[Block], block: str, action: str) -> Block | None:
    """The interactive element with these ids."""
    held = (element for found, element in controls(blocks) if found["block_id"] == block)
    return next((element for element in held if element.get("action_id") == action), None)


def view(workspace: Workspace, found: View | None, depth: int = 1) -> Json | None:
    """A modal, or a person's App Home."""
    if found is None:
        return None
    reader = workspace.reader(found.user)
    shown = {name: dressed(found.definition.get(name), reader) for name in ("title", "submit", "close", "blocks")}
    values = values_of(found.blocks, found.state, workspace)
    return {"id": found.id, "hash": found.hash, "depth": depth, "errors": found.errors, "values": values, **shown}


def _attachment(attachment: Mapping[str, Any], reader: Reader) -> Json:
    """A legacy attachment; its fallback only where there is nothing else."""
    told = [mrkdwn(str(attachment[name]), reader) for name in ("pretext", "title", "text") if attachment.get(name)]
    blocks = dressed(attachment.get("blocks", []), reader)
    fields = [
        {"title": str(field.get("title", "")), "parts": mrkdwn(str(field.get("value", "")), reader)}
        for field in attachment.get("fields", ())
    ]
    if not told and not blocks and not fields:
        told = [mrkdwn(str(attachment.get("fallback", "")), reader)]
    return {"parts": [part for one in told for part in one], "blocks": blocks, "fields": fields}


def _file(file: Json) -> Json:
    return {name: file[name] for name in ("id", "name", "title", "mimetype", "size", "alt_txt", "pretty_type")}
