"""Pictures into Slack: its own chart blocks, and a file where a workspace does not take them.

A chart follows an answer and is the asker's as the answer is, or everyone's when that was shared. What Slack refused
goes as a file; what it may have taken is not sent a second time.
"""

import asyncio
from collections.abc import Callable
from io import BytesIO

import structlog

from bridge.receivers.files import Attachment, SlackFiles
from bridge.receivers.slack import Sent, SlackAnswers
from store.tables import CommandRun
from templates import Message

_log = structlog.get_logger()


class Pictures:
    """Shows charts."""

    def __init__(self, answers: SlackAnswers, files: SlackFiles) -> None:
        self._answers = answers
        self._files = files

    async def show(
        self,
        run: CommandRun,
        message: Message,
        png: Callable[[], bytes],
        *,
        name: str,
        title: str,
        alt: str,
        shared: bool,
        blocks: bool,
    ) -> Sent:
        """Show a chart once: the blocks of `message`, else what `png` draws (in a thread), as the file `name`.

        alt: the same in words, for those who cannot see it. blocks: whether Slack's blocks can show all of it.
        """
        if blocks:
            sent = await self._as_blocks(run, message, shared=shared)
            if sent is not Sent.NO:
                return sent
        drawn = await asyncio.to_thread(png)
        with BytesIO(drawn) as content:
            file = Attachment(name, content, len(drawn), 0)
            sent = await self._as_file(run, file, title=title, alt=alt, shared=shared)
        _log.info("slack.picture", run=run.id, sent=str(sent))
        return sent

    async def _as_blocks(self, run: CommandRun, message: Message, *, shared: bool) -> Sent:
        if shared:
            return await self._answers.announce(run, message)
        return await self._answers.answer(run, message)

    async def _as_file(self, run: CommandRun, file: Attachment, *, title: str, alt: str, shared: bool) -> Sent:
        if shared and run.channel_id:
            sent = await self._files.upload(run.channel_id, file, title=title, alt_text=alt, comment=None)
            if sent is not Sent.NO:
                return sent
        return await self._files.hand_over(run.user_id, file, None, title=title, alt_text=alt)
