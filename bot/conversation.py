"""What one request says to the person who made it, from the first line to the last."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.command import Answer
from bot.forms import CALLBACK, Form, Origin
from bot.line import read
from bridge.receivers.channels import Channel, SlackChannels
from bridge.receivers.files import Download, SlackFiles
from bridge.receivers.modals import SlackModals
from bridge.receivers.pictures import Pictures
from bridge.receivers.slack import Sent, SlackAnswers
from providers.errors import ProviderError
from store.engine import Store
from store.runs import note
from store.tables import CommandRun, Outcome
from templates import Message

INTERIM_AFTER = 2.0
"""Seconds until the asker is told that it takes longer, or sees how far it is."""
PROGRESS_EVERY = 3.0
"""Seconds from one edit of the progress message to the next."""
SHARE = "--share"
"""Anywhere in a line: the answer is for everyone in the channel."""

_log = structlog.get_logger()

Say = Callable[..., Message]
"""`say(name, **facts)`: a message in the asker's language."""
NameOf = Callable[[str], Awaitable[str | None]]
"""What people call somebody, or a user group, by id; None while nobody can tell."""


@dataclass(frozen=True, slots=True)
class Slack:
    """The ways in which Slack can be told something."""

    answers: SlackAnswers
    files: SlackFiles
    pictures: Pictures
    modals: SlackModals
    channels: SlackChannels


@dataclass(frozen=True, slots=True)
class Request:
    """A command as it came in, whichever way."""

    key: str
    kind: str
    """`slash`, `click`, `form` or `exec`."""
    user_id: str
    text: str
    team_id: str | None = None
    channel_id: str | None = None
    response_url: str | None = None
    confirmed: bool = False
    replace: bool = False
    """Whether the answer takes the place of the message that was clicked."""
    trigger_id: str | None = None
    """Opens a modal, for 3 s."""
    form: Form | None = None
    """What was entered; never written down."""
    view_id: str | None = None
    """The modal that was clicked, in which the answer appears."""


class Conversation:
    """One run's way to whoever asked."""

    def __init__(
        self, run: CommandRun, request: Request, *, store: Store, slack: Slack, say: Say, name_of: NameOf
    ) -> None:
        self._run = run
        self._request = request
        self._store = store
        self._slack = slack
        self._say = say
        self._name_of = name_of
        self._begun = time.monotonic()
        self._edited = 0.0
        self._view = request.view_id
        """The modal that the answer is shown in, while it is open."""

    async def open_form(self) -> None:
        """Open the modal that the command will fill, while its trigger still holds."""
        if self._request.form is not None:
            return
        loading = self._say("form_loading")
        if not await self._filled(loading) and self._request.trigger_id:
            self._view = await self._slack.modals.open(self._request.trigger_id, self._modal(loading))

    async def wait_for(self, work: asyncio.Future[Answer]) -> Answer:
        """The answer, with a line that says so when it takes longer."""
        done, _ = await asyncio.wait({work}, timeout=INTERIM_AFTER)
        if not done and self._view is None:
            await self._slack.answers.answer(self._run, self._say("interim"))
        return await work

    async def progress(self, message: Message) -> None:
        """Show how far it is, in one direct message that is edited."""
        now = time.monotonic()
        if now - self._begun < INTERIM_AFTER or now - self._edited < PROGRESS_EVERY:
            return
        self._edited = now
        if self._run.progress_channel and self._run.progress_ts:
            await self._slack.answers.edit(self._run.progress_channel, self._run.progress_ts, message)
        elif shown := await self._slack.answers.begin(self._run, message):
            await note(self._store, self._run, progress_channel=shown[0], progress_ts=shown[1])

    def download(self, file_id: str, most: int) -> AbstractAsyncContextManager[Download]:
        """A file that the asker handed over."""
        return self._slack.files.download(self._run.user_id, file_id, most)

    async def channel(self, channel_id: str) -> Channel:
        """A channel as the bot sees it."""
        return await self._slack.channels.look(channel_id)

    async def hand_over(self, answer: Answer) -> Answer:
        """Send the answer's file; what the asker reads then says whether it came."""
        file = answer.attachment
        if file is None:
            return answer
        with file.content:
            sent = await self._slack.files.hand_over(self._run.user_id, file, answer.message)
        if sent is Sent.YES:
            return answer
        outcome = Outcome.FAILED if sent is Sent.NO else Outcome.UNKNOWN
        message = self._say("file_not_sent", name=file.name, lost=sent is Sent.MAYBE)
        return replace(answer, message=message, outcome=outcome, error={"code": "file_not_sent", "problem": str(sent)})

    async def reply(self, answer: Answer) -> None:
        """Show the answer, at most once, and what follows from it."""
        if answer.once is not None:
            shown = await self._filled(answer.once.shown)
            # What is shown once leaves no trace: the answer itself stands where it was asked for.
            seen, answer = False, answer if shown else replace(answer, message=answer.once.missed)
        else:
            filled = await self._filled(answer.modal or answer.message, fillable=answer.modal is not None)
            seen = filled or (answer.seen and self._request.kind == "click")
        if not seen or self._for_everyone(answer):
            await self._show(answer)
        if self._run.progress_channel and self._run.progress_ts:
            await self._slack.answers.edit(self._run.progress_channel, self._run.progress_ts, answer.message)
        if answer.announcement is not None:
            await self._slack.answers.announce(self._run, answer.announcement)

    async def show_picture(self, answer: Answer) -> None:
        """Show the answer's chart, after its words: reading what it shows may take a while."""
        if answer.picture is None:
            return
        try:
            chart = await answer.picture()
        except ProviderError as error:
            # The words are the answer, and they have been said.
            _log.info("picture", run=self._run.id, error=error.code)
            return
        if chart is None or chart.empty:
            return
        await self._slack.pictures.show(
            self._run,
            chart.message,
            chart.png,
            name=f"{chart.message.name.replace('/', '-')}.png",
            title=chart.title,
            alt=chart.alt,
            shared=self._for_everyone(answer),
            blocks=chart.slack_draws_it,
        )

    async def _show(self, answer: Answer) -> None:
        if self._for_everyone(answer):
            # A mention would call people who have nothing to do with who reads it.
            known_as = {one: await self._name_of(one) or one for one in answer.message.calls}
            message = answer.message.naming(known_as) if known_as else answer.message
            if await self._slack.answers.announce(self._run, message) is not Sent.NO:
                return
        # Where a modal came from, nothing stands that was clicked.
        replace = self._request.replace and self._request.view_id is None and answer.outcome is Outcome.DONE
        await self._slack.answers.answer(self._run, answer.message, replace=replace)

    def _for_everyone(self, answer: Answer) -> bool:
        return self.shared and answer.outcome is Outcome.DONE and answer.modal is None

    @property
    def has_modal(self) -> bool:
        """Whether a modal is open in which the answer will appear."""
        return self._view is not None

    @property
    def shared(self) -> bool:
        """Whether the answer is for everyone in the channel."""
        return SHARE in read(self._run.text)

    async def _filled(self, message: Message, *, fillable: bool = False) -> bool:
        return self._view is not None and await self._slack.modals.update(
            self._view, self._modal(message, fillable=fillable)
        )

    def _modal(self, message: Message, *, fillable: bool = False) -> dict[str, Any]:
        origin = Origin(self._run.text, self._run.channel_id, self._run.response_url)
        return message.view(origin.metadata(), CALLBACK if fillable else "")
