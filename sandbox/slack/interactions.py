"""What people do: type commands, submit and close modals, open App Home. What they press is in presses."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.arguments import Arguments
from sandbox.slack.deeds import Reply, Scene, came
from sandbox.slack.delivery import Ack, Retry
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import controls
from sandbox.slack.people import Json
from sandbox.slack.submissions import answer_submission, entered
from sandbox.slack.views import View

AGAIN = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
"""When an event that was not acked is repeated, each counted from the failure before."""


class Interactions:
    """Each deed returns after the app's ack; what the app does later is seen with `wait`."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._workspace = scene.workspace

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Reply:
        """Type a slash command."""
        person, room = self._scene.present(user, channel)
        known = self._workspace.app.commands
        if known is not None and command not in known:
            self._scene.slackbot(
                user,
                channel,
                f"{command} is not a valid command. In Slack, all messages that start with "
                f'the "/" character are interpreted as commands.',
            )
            return Reply(None, 0.0, "unknown_command", sent=False)
        line = {
            "command": command,
            "text": text.strip(),
            "response_url": self._scene.responses.issue(user, channel),
            "trigger_id": self._scene.trigger(user),
        }
        ack = await self._scene.carrier.form(payloads.slash(self._workspace, person, room, line))
        self._show_ack(user, channel, command, ack)
        return came(ack, line["trigger_id"], line["response_url"])

    async def submit(self, user: str, values: Mapping[str, Any]) -> Reply:
        """Submit the modal on top; `values` are what was entered, by action_id.

        A required input that is missing stops it as Slack's own window does: `view.errors` says so, nothing is sent.
        """
        view = self._top(user)
        if not entered(self._workspace, view, values):
            return Reply(None, 0.0, sent=False)
        payload = self._scene.begin(user, "view_submission") | self._closing(view)
        payload["response_urls"] = self._response_urls(user, view)
        ack = await self._scene.carrier.payload(payload)
        if ack.error is None:
            ack = self._settle(view, ack)
        if ack.error is not None:
            view.errors = {"": "We had some trouble connecting. Try again?"}
        return came(ack, str(payload["trigger_id"]))

    async def close(self, user: str) -> Reply:
        """Cancel the modal on top; the app is told where it asked to be."""
        view = self._top(user)
        self._workspace.close_views(user, top_only=True)
        if not view.definition.get("notify_on_close"):
            return Reply(None, 0.0, sent=False)
        payload = self._scene.begin(user, "view_closed") | self._closing(view) | {"is_cleared": False}
        return came(await self._scene.carrier.payload(payload), "")

    async def open_home(self, user: str) -> Reply:
        """Look at App Home. An event that is not acked comes again: at once, after a minute, after five."""
        channel = self._workspace.direct(user)
        inner: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        inner["event_ts"] = self._workspace.new_ts()
        if user in self._workspace.homes:
            inner["view"] = payloads.view_json(self._workspace, self._workspace.homes[user])
        event = payloads.event(self._workspace, inner, f"Ev{secrets.token_hex(5).upper()}")
        return came(await self._tell(event), "")

    async def invite(self, user: str, channel: str, guest: str) -> Reply:
        """Bring somebody into a channel, the bot perhaps, and tell the app if it is there."""
        room = self._workspace.channels[channel]
        room.members.add(guest)
        kind = "G" if room.private else "C"
        inner: Json = {"type": "member_joined_channel", "user": guest, "channel": channel, "channel_type": kind}
        return await self._happened({**inner, "team": self._workspace.team.id, "inviter": user})

    async def unarchive(self, user: str, channel: str) -> Reply:
        """Bring a channel back."""
        room = self._workspace.channels[channel]
        room.archived = False
        name = "group_unarchive" if room.private else "channel_unarchive"
        return await self._happened({"type": name, "channel": channel, "user": user})

    async def _happened(self, inner: Json) -> Reply:
        inner = {**inner, "event_ts": self._workspace.new_ts()}
        return came(await self._tell(payloads.event(self._workspace, inner, f"Ev{secrets.token_hex(5).upper()}")), "")

    async def _tell(self, event: Json, retry: Retry | None = None) -> Ack:
        """Send an event and see to its repetitions; the ack is that of the last one that is sent at once."""
        ack = await self._scene.carrier.event(event, retry)
        number = retry.number if retry else 0
        if ack.error is None or ack.final or number == len(AGAIN):
            return ack
        again = Retry(number + 1, "http_timeout" if ack.status is None else "http_error")
        if not AGAIN[number]:
            return await self._tell(event, again)

        async def later() -> None:
            await self._tell(event, again)

        self._scene.agenda.put(self._workspace.now() + AGAIN[number], later)
        return ack

    def _settle(self, view: View, ack: Ack) -> Ack:
        """Do as the ack of a submission says; an ack that Slack cannot follow has an error."""
        try:
            answer_submission(self._workspace, view, ack.body)
        except SlackError as refused:
            return replace(ack, error=refused.error)
        return ack

    def _response_urls(self, user: str, view: View) -> list[Json]:
        """One for each channel that was chosen where the app asked for one: `response_url_enabled`."""
        urls: list[Json] = []
        for block, element in controls(view.blocks):
            block_id, action_id = block["block_id"], element["action_id"]
            state = view.state.get(block_id, {}).get(action_id, {})
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if element.get("response_url_enabled") and isinstance(channel, str):
                url = self._scene.responses.issue(user, channel)
                urls.append({"block_id": block_id, "action_id": action_id, "channel_id": channel, "response_url": url})
        return urls

    def _closing(self, view: View) -> Json:
        return {"view": payloads.view_json(self._workspace, view)}

    def _top(self, user: str) -> View:
        stack = self._workspace.modals.get(user)
        if not stack:
            raise LookupError(f"{user} has no modal open")
        return stack[-1]

    def _show_ack(self, user: str, channel: str, command: str, ack: Ack) -> None:
        """A body is an answer like any other; no ack, a bad one, or a body that Slack refuses is told by Slackbot."""
        error = ack.error
        if error is None and ack.body.strip():
            try:
                self._scene.responses.answer(user, channel, _said(ack.body))
            except SlackError as refused:
                error = refused.error
        if error is not None:
            self._scene.slackbot(user, channel, f'{command} failed with the error "{error}"')


def _said(body: str) -> Arguments:
    """An ack's body: JSON, or a text."""
    try:
        read = json.loads(body)
    except ValueError:
        read = body
    return Arguments(read if isinstance(read, dict) else {"text": body})
