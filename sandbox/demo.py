"""What `edmbot demo` shows: vendors and workspace together, a scripted visit, a conversation in the terminal."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from sandbox.box import Sandbox
from sandbox.slack import Message, SlackServer

COMMAND = "/edm"
ANSWER_SECONDS = 10.0


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

    async def converse(self) -> int:
        """Read lines from the terminal and run them as Lin, until the input ends."""
        print(f"Vendors: {self._box.umail.url} and more. Type as in Slack, for example: {COMMAND} balance")
        while line := await asyncio.to_thread(sys.stdin.readline):
            text = line.strip().removeprefix(COMMAND).strip()
            print((await self._ask("U0LIN", "C0GENERAL", text)).plain, end="\n\n", flush=True)
        return 0

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
