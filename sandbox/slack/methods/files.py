"""files.*: announcing, completing and looking at files. What is uploaded in between goes to an address of its own."""

from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import LONGEST, content
from sandbox.slack.errors import SlackError, refused
from sandbox.slack.files import LARGEST, File
from sandbox.slack.methods.chat import post_of, target, thread
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Channel, Json


def get_upload_url_external(desk: Desk, arguments: Arguments) -> Json:
    name, length = arguments.required("filename"), arguments.required("length")
    if not length.isdigit() or not 0 < int(length) <= LARGEST:
        raise refused("invalid_arguments", [f"must be between 1 and {LARGEST} [json-pointer:/length]"])
    file, url = desk.files.announce(name, int(length), arguments.text("alt_txt") or "")
    return {"upload_url": url, "file_id": file.id}


def complete_upload_external(desk: Desk, arguments: Arguments) -> Json:
    """Make uploaded files whole and, where channels are named, share them in one message each."""
    named = _named(arguments)
    files = [desk.files.find(file_id) for file_id, _ in named]
    if any(file.complete for file in files):
        raise SlackError("file_not_found")
    rooms = _rooms(desk, arguments)
    if len(rooms) > 1 and arguments.text("thread_ts"):
        raise SlackError("invalid_arguments")
    texts = _texts(arguments)
    threads = [thread(desk, arguments, room) for room in rooms]
    for file, (_, title) in zip(files, named, strict=True):
        file.complete, file.title = True, title or file.title
    for room, thread_ts in zip(rooms, threads, strict=True):
        _share(desk, room, files, texts, thread_ts)
    return {"files": [desk.files.json(file) for file in files]}


def info(desk: Desk, arguments: Arguments) -> Json:
    file = desk.files.find(arguments.required("file"))
    return {"file": desk.files.json(file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _named(arguments: Arguments) -> list[tuple[str, str | None]]:
    """Ids and titles."""
    listed: Any = arguments.structure("files", "invalid_arguments")
    if not isinstance(listed, list) or not listed:
        raise refused("invalid_arguments", ["missing required field: files"])
    if not all(isinstance(entry, dict) and isinstance(entry.get("id"), str) for entry in listed):
        raise refused("invalid_arguments", ["must be a list of objects with an id [json-pointer:/files]"])
    return [(entry["id"], entry["title"] if isinstance(entry.get("title"), str) else None) for entry in listed]


def _rooms(desk: Desk, arguments: Arguments) -> list[Channel]:
    listed = arguments.text("channel_id") or arguments.text("channels") or ""
    return [target(desk, name.strip()) for name in listed.split(",") if name.strip()]


def _texts(arguments: Arguments) -> Arguments:
    """The message's own words: the comment, else blocks.

    Markdown blocks are an `internal_error` here, though nowhere else: github.com/slackapi/python-slack-sdk/issues/1756.
    """
    comment = arguments.text("initial_comment")
    if comment is not None:
        return Arguments({"text": comment[:LONGEST]})
    blocks: Any = arguments.structure("blocks", "invalid_blocks_format")
    if isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "markdown" for b in blocks):
        raise SlackError("internal_error")
    written = Arguments({} if blocks is None else {"blocks": blocks})
    content(written)
    return written


def _share(desk: Desk, room: Channel, files: list[File], texts: Arguments, thread_ts: str | None) -> None:
    post = post_of(desk, room, content(texts), thread_ts)
    desk.workspace.post(post)
    for file in files:
        file.shares.setdefault(room.id, []).append(post.ts)
    desk.workspace.edit(post, files=[desk.files.json(file) for file in files])
