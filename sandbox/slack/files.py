"""Files: announced by an app, uploaded to an address of their own, kept on disk, downloaded with the bot's token.

People upload theirs straight away, into a modal. Source: docs.slack.dev/messaging/working-with-files,
docs.slack.dev/reference/objects/file-object, docs.slack.dev/reference/block-kit/block-elements/file-input-element.
"""

import asyncio
import mimetypes
import secrets
import tempfile
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from sandbox.slack.app import App
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Json
from sandbox.slack.workspace import Workspace

LARGEST = 1024**3
"""Bytes of one file."""
LARGEST_ENTERED = 10 * 1024**2
"""Bytes of one file that a person puts into a modal."""
_CHUNK = 64 * 1024


@dataclass(eq=False, slots=True)
class File:
    """A file: announced, then uploaded, then complete and perhaps shared."""

    id: str
    name: str
    title: str
    size: int
    path: Path
    alt_text: str
    created: int
    user: str
    uploaded: bool = False
    complete: bool = False
    shares: dict[str, list[str]] = field(default_factory=dict)
    """By channel, the timestamps of the messages that it is in."""

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class Files:
    """All files of the workspace. `base` is the server's address, known once it listens."""

    def __init__(self, workspace: Workspace) -> None:
        self.base = ""
        self._workspace = workspace
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, File] = {}
        self._uploads: dict[str, File] = {}
        """By the secret of its address, a file that is not uploaded yet."""

    @property
    def app(self) -> App:
        return self._workspace.app

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/upload/{key}", self._take),
            web.get("/files/{file}/{name}", self._give),
            web.get("/signin", self._sign_in),
        ]

    def announce(self, name: str, size: int, alt_text: str) -> tuple[File, str]:
        """A file to come, and the address that takes it once."""
        file = self._new(self.app.bot_user, name, size, alt_text)
        key = secrets.token_urlsafe(18)
        self._files[file.id] = self._uploads[key] = file
        return file, f"{self.base}/upload/{key}"

    async def upload(self, user: str, name: str, content: AsyncIterator[bytes], types: Collection[str] = ()) -> File:
        """A person's own file, whole and shared with nobody: what can be put into a modal.

        ValueError for one that is empty or too large, or whose name ends in none of `types` where there are some.
        """
        ending = Path(name).suffix.removeprefix(".").lower()
        if types and ending not in types:
            raise ValueError(f"{name}: only {', '.join(types)} can be chosen")
        file = self._new(user, name, LARGEST_ENTERED)
        file.size = await _written(file, content)
        if not 0 < file.size <= LARGEST_ENTERED:
            file.path.unlink()
            raise ValueError(f"{name} " + ("is empty" if not file.size else f"has more than {LARGEST_ENTERED} bytes"))
        file.uploaded = file.complete = True
        self._files[file.id] = file
        self._workspace.uploads[file.id] = self.json(file)
        return file

    def find(self, file_id: str) -> File:
        """A file that is whole; SlackError when there is none of this id."""
        file = self._files.get(file_id)
        if file is None or not file.uploaded:
            raise SlackError("file_not_found")
        return file

    def json(self, file: File) -> Json:
        """The file object."""
        rooms = [self._workspace.channels[channel] for channel in file.shares]
        link = f"{self.base}/files/{file.id}/{quote(file.name)}"
        public = {room.id: _shares(file, room.id) for room in rooms if not room.private}
        private = {room.id: _shares(file, room.id) for room in rooms if room.private}
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": Path(file.name).suffix.removeprefix(".").lower() or "binary",
            "pretty_type": Path(file.name).suffix.removeprefix(".").upper() or "Binary",
            "user": file.user,
            "user_team": self._workspace.team.id,
            "editable": False,
            "size": file.size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": bool(public),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": link,
            "url_private_download": f"{link}?download=1",
            "permalink": f"https://{self._workspace.team.domain}.slack.com/files/{file.user}/{file.id}/{file.name}",
            "alt_txt": file.alt_text,
            "channels": list(public),
            "groups": [room.id for room in rooms if room.private and not room.im_with],
            "ims": [room.id for room in rooms if room.im_with],
            "shares": {"public": public, "private": private},
            "has_rich_preview": False,
            "file_access": "visible",
        }

    def _new(self, user: str, name: str, size: int, alt_text: str = "") -> File:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="slack-files-")
        file_id = f"F{secrets.token_hex(5).upper()}"
        created = int(self._workspace.now().timestamp())
        return File(file_id, name, name, size, Path(self._folder.name) / file_id, alt_text, created, user)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        file = self._uploads.get(request.match_info["key"])
        if file is None:
            return web.Response(status=404, text="no such upload")
        if await _written(file, _content(request)) != file.size:
            return web.Response(status=400, text=f"{file.size} bytes were announced")
        file.uploaded = True
        self._uploads.pop(request.match_info["key"], None)
        return web.Response(text=f"OK - {file.size}")

    async def _give(self, request: web.Request) -> web.StreamResponse:
        """The content, for the bot's token with files:read; without them Slack's page to sign in, under 200."""
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            self.app.authenticate(token.strip(), "bot")
            self.app.require("files:read")
        except SlackError:
            raise web.HTTPFound(f"{self.base}/signin?redir={quote(request.path)}") from None
        try:
            file = self.find(request.match_info["file"])
        except SlackError:
            return web.Response(status=404, text="file not found")
        manner = "attachment" if "download" in request.query else "inline"
        headers = {
            "Content-Type": file.mimetype,
            "Content-Disposition": f"{manner}; filename*=UTF-8''{quote(file.name)}",
        }
        return web.FileResponse(file.path, headers=headers)

    async def _sign_in(self, _request: web.Request) -> web.Response:
        return web.Response(text="<html><title>Sign in | Slack</title></html>", content_type="text/html")


def _shares(file: File, channel: str) -> list[Json]:
    return [{"ts": ts} for ts in file.shares[channel]]


async def _content(request: web.Request) -> AsyncIterator[bytes]:
    """The bytes of an upload: the body itself, or the first part of a form."""
    if request.content_type != "multipart/form-data":
        async for chunk in request.content.iter_chunked(_CHUNK):
            yield chunk
        return
    part = await (await request.multipart()).next()
    while isinstance(part, BodyPartReader) and not part.at_eof():
        yield await part.read_chunk(_CHUNK)


async def _written(file: File, content: AsyncIterator[bytes]) -> int:
    """How many bytes there were; not more than one chunk too many are read or kept."""
    size = 0
    with await asyncio.to_thread(_opened, file.path) as target:
        async for chunk in content:
            size += len(chunk)
            if size > file.size:
                break
            await asyncio.to_thread(target.write, chunk)
    return size


def _opened(path: Path) -> BinaryIO:
    return path.open("wb")
