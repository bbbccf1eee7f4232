"""What `edmbot demo` shows: vendors and workspace together, a page to try them on, a scripted visit."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from sandbox.box import Sandbox
from sandbox.page import Page, Webhooks, Word
from sandbox.receiver import Receiver
from sandbox.senders import Senders
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
  4. As Owen type {command} task schedule: VIP, in two hours. As Lin, then as Mei, approve it in #edm-approvals.

Webhooks as they arrive elsewhere, with the check of their signatures: {webhooks}
Faults on demand (docs/sandbox.md): {control}
Ctrl-C ends it.\
"""

WRITTEN: Mapping[str, str] = {
    "  in: {}\n": """\
  in:
    itnio: {adapter: itnio, account: itnio, secret: "${DEMO_ITNIO_SECRET}"}
    partner: {adapter: standard, secret: "${DEMO_PARTNER_SECRET}"}
""",
    "  out: []\n": """\
  out:
    - {name: receiver, url: "${DEMO_RECEIVER_URL}", secret: "${DEMO_RECEIVER_SECRET}", allow_private: true}
""",
}
"""Who sends and who is told, where the shipped app.yaml has nobody."""


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

    def __init__(self, box: Sandbox, slack: SlackServer, receiver: Receiver) -> None:
        self.box = box
        self.slack = slack
        self.receiver = receiver
        self._senders = Senders()

    @classmethod
    @asynccontextmanager
    async def open(cls, manifest: Mapping[str, Any]) -> AsyncIterator[Self]:
        """Start vendors, a receiver of webhooks, and a workspace that installs the bot by its app manifest.

        They are stopped at the block's end.
        """
        async with AsyncExitStack() as stack:
            box = await Sandbox.start()
            stack.push_async_callback(box.stop)
            slack = await SlackServer.start(manifest=manifest)
            stack.push_async_callback(slack.stop)
            receiver = await Receiver.start()
            stack.push_async_callback(receiver.stop)
            yield cls(box, slack, receiver)

    def configured(self, shipped: str) -> str:
        """The shipped app.yaml, with this world's webhooks in and out.

        Raises:
            ValueError: it has no such place.
        """
        for line, written in WRITTEN.items():
            if line not in shipped:
                raise ValueError(f"app.yaml has no line {line.strip()}")
            shipped = shipped.replace(line, written, 1)
        return shipped

    def environ(self) -> dict[str, str]:
        """The variables that point app.yaml, as `configured`, at this world."""
        own = {"DEMO_RECEIVER_URL": self.receiver.url, "DEMO_RECEIVER_SECRET": self.receiver.secrets[0]}
        return {**self.box.environ(), **self.slack.environ(), **self._senders.environ(), **own}

    def connect(self, url: str) -> None:
        """Where the bot listens."""
        self.slack.connect(f"{url}/slack/events")
        self._senders.connect(url)

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
            control, webhooks = f"{self.slack.url}/control", f"{page.url}{Webhooks.PATH.removeprefix('/')}"
            print(WELCOME.format(url=page.url, command=COMMAND, control=control, webhooks=webhooks), flush=True)
            await stop.wait()
        return 0

    @asynccontextmanager
    async def page(self, words: Sequence[Word], port: int = 0) -> AsyncIterator[Page]:
        """The page, at this port or, where somebody has it already, at any other."""
        webhooks = Webhooks(self.receiver, self._senders)
        start = partial(Page.start, self.slack, self.box, command=COMMAND, words=words, roles=ROLES, webhooks=webhooks)
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
        name = self.slack.workspace.people[step.user].name
        print(f"\n@{name} types: {COMMAND} {step.text}\n")
        print("\n".join(f"    {line}" for line in answer.plain.splitlines()))
        return all(words in answer.plain for words in step.says)

    async def _ask(self, user: str, channel: str, text: str) -> Message:
        before = {message.ts for message in self.slack.visible(user, channel)}

        def is_answer(message: Message) -> bool:
            private = message.ephemeral_for == user
            return private and message.ts not in before and not message.plain.startswith("⏳")

        await self.slack.slash(user, channel, COMMAND, text)

        return await self.slack.wait(user, channel, is_answer, timeout=ANSWER_SECONDS)
