"""Files to and from Slack, as streams: neither side ever holds a whole one in memory.

Source: docs.slack.dev/messaging/working-with-files. Announcing and uploading show nothing to anybody; only the last
call does, so only its lost reply leaves a doubt.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bridge.receivers.slack import Sent, SlowDownError, carefully
from templates import Message

UPLOAD = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
"""For the bytes themselves: a large file takes its time, a silent peer does not."""
CHUNK = 64 * 1024
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for one person."""

    name: str
    content: BinaryIO
    """At its beginning. Without a name on disk, so that nothing with addresses stays behind when a process dies."""
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a person handed over, for as long as the block lasts."""

    path: Path
    name: str
    size: int


class FileRefusedError(Exception):
    """A file cannot be had: `problem` is `not_yours`, `too_large` or `gone`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class SlackFiles:
    """Hands files over and takes them."""

    def __init__(self, client: AsyncWebClient, http: aiohttp.ClientSession) -> None:
        """Both must not retry by themselves: a lost reply would become a second message."""
        self._client = client
        self._http = http

    async def hand_over(
        self,
        user_id: str,
        file: Attachment,
        comment: Message | None,
        *,
        title: str | None = None,
        alt_text: str | None = None,
    ) -> Sent:
        """Put a file into a person's direct messages."""
        channel: str | None = None

        async def opened() -> Sent:
            nonlocal channel
            answer = await self._client.conversations_open(users=user_id)
            channel = answer["channel"]["id"]
            return Sent.YES

        await carefully(opened)
        if channel is None:
            return Sent.NO
        return await self.upload(channel, file, title=title or file.name, alt_text=alt_text, comment=comment)

    async def upload(
        self, channel: str, file: Attachment, *, title: str, alt_text: str | None, comment: Message | None
    ) -> Sent:
        """Show a file in a channel, with words above it."""
        file_id: str | None = None

        async def uploaded() -> Sent:
            nonlocal file_id
            announced = await self._client.files_getUploadURLExternal(
                filename=file.name, length=file.size, alt_txt=alt_text
            )
            await self._send(str(announced["upload_url"]), file)
            file_id = str(announced["file_id"])
            return Sent.YES

        await carefully(uploaded)
        if file_id is None:
            return Sent.NO

        async def completed() -> Sent:
            shown: dict[str, Any] = {"files": [{"id": file_id, "title": title}], "channel_id": channel}
            if comment is not None:
                # The SDK's own method does not know that words may come as blocks.
                shown["blocks"] = list(comment.blocks)
            await self._client.api_call("files.completeUploadExternal", json=shown)
            return Sent.YES

        return await carefully(completed)

    @asynccontextmanager
    async def download(self, user_id: str, file_id: str, most: int) -> AsyncIterator[Download]:
        """A file that this person handed over, in a temporary file of at most `most` bytes.

        Raises:
            FileRefusedError: it is somebody else's, too large, or cannot be had.
        """
        try:
            info = (await self._client.files_info(file=file_id))["file"]
        except (SlackApiError, aiohttp.ClientError, TimeoutError):
            raise FileRefusedError("gone") from None
        if info.get("user") != user_id:
            raise FileRefusedError("not_yours")
        if info["size"] > most:
            raise FileRefusedError("too_large")
        with tempfile.NamedTemporaryFile(prefix="edmbot-") as held:
            page = info.get("mimetype") == HTML
            size = await self._fetch(str(info["url_private_download"]), held, most, page=page)
            if page and size != info["size"]:
                raise FileRefusedError("gone")
            yield Download(Path(held.name), str(info["name"]), size)

    async def _send(self, url: str, file: Attachment) -> None:
        file.content.seek(0)
        headers = {"Content-Length": str(file.size), "Content-Type": "application/octet-stream"}
        async with self._http.post(url, data=_chunks(file.content), headers=headers, timeout=UPLOAD) as answer:
            if answer.status == 429:
                raise SlowDownError(float(answer.headers.get("Retry-After", "1")))
            answer.raise_for_status()

    async def _fetch(self, url: str, target: IO[bytes], most: int, *, page: bool) -> int:
        """The bytes' number; `page` says that the file is HTML itself, as Slack's sign-in page is."""
        headers = {"Authorization": f"Bearer {self._client.token}"}
        size = 0
        try:
            # Slack redirects to its sign-in page when it does not take the token, and the token is nobody else's.
            async with self._http.get(url, headers=headers, timeout=UPLOAD, allow_redirects=False) as answer:
                if answer.status != 200 or (answer.content_type == HTML and not page):
                    raise FileRefusedError("gone")
                async for chunk in answer.content.iter_chunked(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise FileRefusedError("too_large")
                    await asyncio.to_thread(target.write, chunk)
        except (aiohttp.ClientError, TimeoutError):
            raise FileRefusedError("gone") from None
        await asyncio.to_thread(target.flush)
        return size


async def _chunks(content: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(content.read, CHUNK):
        yield chunk
