"""What `edmbot demo` shows: vendors and workspace together, a page to try them on, a scripted visit."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from sandbox.box import Sandbox
from sandbox.page import Page, Word
from sandbox.slack import Message, SlackServer

COMMAND = "/edm"
ANSWER_SECONDS = 10.0
PORT = 8787
"""Where the page is, when nothing else is there."""
ROLES = {"U0MEI": "admin", "U0LIN": "approver", "U0OPS": "operator", "U0VIEW": "viewer", "U0EXT": "stranger"}
"""What the shipped app.yaml makes of the people."""
WELCOME = """\
A Slack with three e-mail vendors: {url}

  1. Type {command} balance in #general, then {command} task list.
  2. Type {command} task show 19124, press Pause task; switch to Vera, who may not, or to Mei, who reads Chinese.
  3. In the vendors' panel let a task fail, spike the bounces, take a vendor down; #edm-alerts says so. Acknowledge it.

Faults on demand (docs/sandbox.md): {control}
Ctrl-C ends it.\
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody types, and what the answer must say."""

    user: str
    text: str
    says: tuple[str, ...]
    channel: str = "C0GENERAL"


TOUR = (
    Step("U0LIN", "balance", ("312,", "e-mails left", "umail", "emailcar", "ITNIO has no balance")),
    Step("U0LIN", "task pause 19124 --account umail", ("Task 19124 is paused", "of 90,000", "asked by")),
    Step("U0LIN", "stats today", ("Today, so far", "sent", "delivered", "mailbox does not exist")),
    Step("U0VIEW", "task pause 19126 --account umail", ("That needs the role operator", "you are: viewer")),
    Step("U0LIN", "taks show 19127", ("I don't know taks. Did you mean task?",)),
    Step("U0LIN", "task show 19127 --account umail", ("🔴", "Task 19127 has failed", "U-Mail reports -4")),
)


class Demo:
    """The outside world, running."""

    def __init__(self, box: Sandbox, slack: SlackServer) -> None:
        self._box = box
        self._slack = slack

    @classmethod
    @asynccontextmanager
    async def open(cls, manifest: Mapping[str, Any]) -> AsyncIterator[Self]:
        """Start vendors and a workspace that installs the bot by its app manifest; stop them at the block's end."""
        box, slack = await Sandbox.start(), await SlackServer.start(manifest=manifest)
        try:
            yield cls(box, slack)
        finally:
            await slack.stop()
            await box.stop()

    def environ(self) -> dict[str, str]:
        """The variables that point the shipped app.yaml at this world."""
        return {**self._box.environ(), **self._slack.environ()}

    def connect(self, url: str) -> None:
        """Where the bot listens."""
        self._slack.connect(f"{url}/slack/events")

    async def tour(self) -> int:
        """Play the visit and print what each person reads; 0 when every answer says what it should."""
        wrong = [step.text for step in TOUR if not await self._play(step)]
        print(f"\n{len(TOUR) - len(wrong)} of {len(TOUR)} answers are what they should be")
        for text in wrong:
            print(f"wrong: {COMMAND} {text}", file=sys.stderr)
        return 1 if wrong else 0

    async def show(self, words: Sequence[Word], stop: asyncio.Event) -> int:
        """Serve the page until told to stop, and say where it is; `words` are the bot's commands."""
        async with self.page(words, PORT) as page:
            print(WELCOME.format(url=page.url, command=COMMAND, control=f"{self._slack.url}/control"), flush=True)
            await stop.wait()
        return 0

    @asynccontextmanager
    async def page(self, words: Sequence[Word], port: int = 0) -> AsyncIterator[Page]:
        """The page, at this port or, where somebody has it already, at any other."""
        start = partial(Page.start, self._slack, self._box, command=COMMAND, words=words, roles=ROLES)
        try:
            page = await start(port=port)
        except OSError:
            page = await start()
        try:
            yield page
        finally:
            await page.stop()

    async def _play(self, step: Step) -> bool:
        answer = await self._ask(step.user, step.channel, step.text)
        name = self._slack.workspace.people[step.user].name
        print(f"\n@{name} types: {COMMAND} {step.text}\n")
        print("\n".join(f"    {line}" for line in answer.plain.splitlines()))
        return all(words in answer.plain for words in step.says)

    async def _ask(self, user: str, channel: str, text: str) -> Message:
        before = {message.ts for message in self._slack.visible(user, channel)}

        def is_answer(message: Message) -> bool:
            private = message.ephemeral_for == user
            return private and message.ts not in before and not message.plain.startswith("⏳")

        await self._slack.slash(user, channel, COMMAND, text)

        return await self._slack.wait(user, channel, is_answer, timeout=ANSWER_SECONDS)
