"""What people do: type commands, press buttons, choose from menus, submit and close modals, open App Home."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.agenda import Agenda
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import Block
from sandbox.slack.delivery import Ack, Carrier, Retry
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Faults
from sandbox.slack.messages import Confirm, Message, Post, controls, dialog
from sandbox.slack.mrkdwn import entities
from sandbox.slack.people import Channel, Json, Person
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.seeds import SLACKBOT
from sandbox.slack.submissions import answer_submission, entered
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace

AGAIN = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
"""When an event that was not acked is repeated, each counted from the failure before."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of something that a person did, as far as the ack."""

    status: int | None
    """HTTP status of the ack; None when there was none, or nothing was sent."""
    seconds: float
    error: str | None = None
    """None, `operation_timeout`, `dispatch_failed`, or `unknown_command`."""
    command_id: str = ""
    """The sandbox's own name for this deed."""
    trigger_id: str = ""
    response_url: str = ""
    dialog: Confirm | None = None
    """The confirm dialog that was shown first."""
    sent: bool = True
    """Whether the app was told: not when the dialog was declined."""


class Interactions:
    """Each deed returns after the app's ack; what the app does later is seen with `wait`."""

    def __init__(
        self,
        workspace: Workspace,
        carrier: Carrier,
        responses: ResponseUrls,
        triggers: Triggers,
        *,
        faults: Faults,
        agenda: Agenda,
    ) -> None:
        self._workspace = workspace
        self._delivery = carrier
        self._responses = responses
        self._triggers = triggers
        self._faults = faults
        self._agenda = agenda

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Reply:
        """Type a slash command."""
        person, room = self._present(user, channel)
        known = self._workspace.app.commands
        if known is not None and command not in known:
            self._slackbot(
                user,
                channel,
                f"{command} is not a valid command. In Slack, all messages that start with "
                f'the "/" character are interpreted as commands.',
            )
            return Reply(None, 0.0, "unknown_command", sent=False)
        line = {
            "command": command,
            "text": text.strip(),
            "response_url": self._responses.issue(user, channel),
            "trigger_id": self._trigger(user),
        }
        ack = await self._delivery.form(payloads.slash(self._workspace, person, room, line))
        self._show_ack(user, channel, command, ack)
        return _reply(ack, line["trigger_id"], line["response_url"])

    async def click(self, user: str, target: Message | View, name: str, *, confirm: bool = True) -> Reply:
        """Press a button, by its text or action_id, or choose the option of a menu that has this text.

        What is pressed is what `target` shows, though the message may have changed since it was looked at.
        `confirm` is what the person says where a dialog asks. LookupError when there is no such button.
        """
        block, element, option = _control(target.blocks, name)
        asked = dialog(element, self._workspace.reader(user))
        if asked is not None and not confirm:
            return Reply(None, 0.0, dialog=asked, sent=False)
        done = payloads.action(block, element, self._workspace.new_ts(), option)
        if isinstance(target, View):
            return await self._click_view(user, target, done, asked)
        return await self._click_message(user, target, done, asked)

    async def submit(self, user: str, values: Mapping[str, Any]) -> Reply:
        """Submit the modal on top; `values` are what was entered, by action_id.

        A required input that is missing stops it as Slack's own window does: `view.errors` says so, nothing is sent.
        """
        view = self._top(user)
        if not entered(view, values):
            return Reply(None, 0.0, sent=False)
        payload = self._begin(user, "view_submission") | self._closing(view) | {"response_urls": []}
        ack = await self._delivery.payload(payload)
        if ack.error is None:
            ack = self._settle(view, ack)
        if ack.error is not None:
            view.errors = {"": "We had some trouble connecting. Try again?"}
        return _reply(ack, str(payload["trigger_id"]))

    async def close(self, user: str) -> Reply:
        """Cancel the modal on top; the app is told where it asked to be."""
        view = self._top(user)
        self._workspace.close_views(user, top_only=True)
        if not view.definition.get("notify_on_close"):
            return Reply(None, 0.0, sent=False)
        payload = self._begin(user, "view_closed") | self._closing(view) | {"is_cleared": False}
        return _reply(await self._delivery.payload(payload), "")

    async def open_home(self, user: str) -> Reply:
        """Look at App Home. An event that is not acked comes again: at once, after a minute, after five."""
        channel = self._workspace.direct(user)
        inner: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        inner["event_ts"] = self._workspace.new_ts()
        if user in self._workspace.homes:
            inner["view"] = payloads.view_json(self._workspace, self._workspace.homes[user])
        event = payloads.event(self._workspace, inner, f"Ev{secrets.token_hex(5).upper()}")
        return _reply(await self._tell(event), "")

    async def _tell(self, event: Json, retry: Retry | None = None) -> Ack:
        """Send an event and see to its repetitions; the ack is that of the last one that is sent at once."""
        ack = await self._delivery.event(event, retry)
        number = retry.number if retry else 0
        if ack.error is None or ack.final or number == len(AGAIN):
            return ack
        again = Retry(number + 1, "http_timeout" if ack.status is None else "http_error")
        if not AGAIN[number]:
            return await self._tell(event, again)

        async def later() -> None:
            await self._tell(event, again)

        self._agenda.put(self._workspace.now() + AGAIN[number], later)
        return ack

    async def _click_message(self, user: str, seen: Message, done: Json, asked: Confirm | None) -> Reply:
        self._present(user, seen.channel)
        post = self._workspace.find(seen.channel, seen.ts)
        if post is None or post.ephemeral_for not in (None, user):
            raise LookupError(f"{user} cannot press anything on {seen.ts}: it is gone, or was never theirs to see")
        url = self._responses.issue(user, post.channel, post.ts)
        payload = self._begin(user, "block_actions")
        payload |= payloads.on_message(self._workspace, post, url) | {"actions": [done]}
        ack = await self._delivery.payload(payload)
        if ack.error is not None:
            self._slackbot(user, post.channel, f'{self._workspace.app.name} failed with the error "{ack.error}"')
        return _reply(ack, str(payload["trigger_id"]), url, asked)

    async def _click_view(self, user: str, view: View, done: Json, asked: Confirm | None) -> Reply:
        payload = self._begin(user, "block_actions") | payloads.on_view(self._workspace, view) | {"actions": [done]}
        return _reply(await self._delivery.payload(payload), str(payload["trigger_id"]), "", asked)

    def _settle(self, view: View, ack: Ack) -> Ack:
        """Do as the ack of a submission says; an ack that Slack cannot follow has an error."""
        try:
            answer_submission(self._workspace, view, ack.body)
        except SlackError as refused:
            return replace(ack, error=refused.error)
        return ack

    def _begin(self, user: str, kind: str) -> Json:
        return payloads.common(self._workspace, self._workspace.people[user], kind, self._trigger(user))

    def _closing(self, view: View) -> Json:
        return {"view": payloads.view_json(self._workspace, view)}

    def _trigger(self, user: str) -> str:
        return self._triggers.issue(user, repeat=self._faults.strike("repeat_trigger_id") is not None)

    def _top(self, user: str) -> View:
        stack = self._workspace.modals.get(user)
        if not stack:
            raise LookupError(f"{user} has no modal open")
        return stack[-1]

    def _present(self, user: str, channel: str) -> tuple[Person, Channel]:
        person, room = self._workspace.people[user], self._workspace.channels[channel]
        if user not in room.members:
            raise ValueError(f"{user} is not in {channel}")
        if room.archived:
            raise ValueError(f"{channel} is archived: nobody can do anything in it")
        return person, room

    def _show_ack(self, user: str, channel: str, command: str, ack: Ack) -> None:
        """A body is an answer like any other; no ack, a bad one, or a body that Slack refuses is told by Slackbot."""
        error = ack.error
        if error is None and ack.body.strip():
            try:
                self._responses.answer(user, channel, _said(ack.body))
            except SlackError as refused:
                error = refused.error
        if error is not None:
            self._slackbot(user, channel, f'{command} failed with the error "{error}"')

    def _slackbot(self, user: str, channel: str, text: str) -> None:
        self._workspace.post(Post(channel=channel, ts="", user=SLACKBOT, text=text, ephemeral_for=user))


def _reply(ack: Ack, trigger_id: str, response_url: str = "", asked: Confirm | None = None) -> Reply:
    return Reply(ack.status, ack.seconds, ack.error, secrets.token_hex(8), trigger_id, response_url, asked)


def _said(body: str) -> Arguments:
    """An ack's body: JSON, or a text."""
    try:
        read = json.loads(body)
    except ValueError:
        read = body
    return Arguments(read if isinstance(read, dict) else {"text": body})


def _control(blocks: Sequence[Block], name: str) -> tuple[Block, Block, Block | None]:
    """The element and, of a menu, the option."""
    for block, element in controls(blocks):
        if name in {element.get("action_id"), entities((element.get("text") or {}).get("text", ""))}:
            return block, element, None
        for option in element.get("options", ()):
            if entities(option["text"]["text"]) == name:
                return block, element, option
    raise LookupError(f"nothing called {name!r} to press")
