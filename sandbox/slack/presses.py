"""What people do to the elements of messages and views: press, choose, type to be given options."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.blocks import Block
from sandbox.slack.choices import STATELESS, complaint, initial, many, options_of, state_of
from sandbox.slack.deeds import Reply, Scene, came
from sandbox.slack.delivery import Ack
from sandbox.slack.elements import SUGGESTIONS
from sandbox.slack.messages import Message, Post, controls, dialog
from sandbox.slack.mrkdwn import entities
from sandbox.slack.people import Json
from sandbox.slack.schema import Report
from sandbox.slack.views import View

LEAST_QUERY = 3
"""Characters that are typed before the app is asked for options, unless it says otherwise."""


class Presses:
    """Each deed returns after the app's ack. What is pressed is what `target` shows, though it may have changed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._suggested: dict[tuple[str, str], list[Block]] = {}
        """By person and action_id, all options that an external select was given."""

    async def click(
        self, user: str, target: Message | View, name: str, *, confirm: bool = True, block: str | None = None
    ) -> Reply:
        """Press a button, by its text or action_id, or choose the option of a menu that has this text.

        An option that is checked already is unchecked. `confirm` is what the person says where a dialog asks; `block`
        is the block_id, where the name alone is not enough. LookupError when there is no such thing.
        """
        held, element, option = _control(target.blocks, name, block)
        if option is None or element["type"] in STATELESS:
            if element["type"] not in STATELESS:
                raise LookupError(f"{name!r} is nothing to press: choose() takes its value")
            done = payloads.action(held, element, self._scene.workspace.new_ts(), option)
            return await self._act(user, target, element, done, confirm=confirm)
        value = self._toggled(user, target, held, element, option["value"]) if many(element) else option["value"]
        return await self.choose(user, target, element["action_id"], value, confirm=confirm, block=held["block_id"])

    async def choose(
        self,
        user: str,
        target: Message | View,
        name: str,
        value: Any,  # noqa: ANN401
        *,
        confirm: bool = True,
        block: str | None = None,
    ) -> Reply:
        """Set an element by its action_id: an option's value, a date, an id, a text; a list where several go; or None.

        In an input block the app is told only where the block asks for it: `dispatch_action`. ValueError for what
        cannot be entered there.
        """
        held, element, _ = _control(target.blocks, name, block)
        state = state_of(element, value, self._scene.workspace, self._suggested.get((user, element["action_id"]), ()))
        wrong = complaint(element, state)
        if wrong:
            raise ValueError(wrong)
        asked = dialog(element, self._scene.workspace.reader(user))
        if asked is not None and not confirm:
            return Reply(None, 0.0, dialog=asked, sent=False)
        self._entries(user, target).setdefault(held["block_id"], {})[element["action_id"]] = state
        if held["type"] == "input" and not held.get("dispatch_action"):
            return Reply(None, 0.0, dialog=asked, sent=False)
        done = {**state, "action_id": element["action_id"], "block_id": held["block_id"]}
        done["action_ts"] = self._scene.workspace.new_ts()
        return await self._act(user, target, element, done, confirm=confirm)

    async def suggest(
        self, user: str, target: Message | View, name: str, query: str, *, block: str | None = None
    ) -> Reply:
        """Type into an external select; `Reply.options` are what the app suggests.

        Less than `min_query_length` characters are not sent. An answer that Slack would not show is `invalid_options`.
        """
        held, element, _ = _control(target.blocks, name, block)
        if not element["type"].endswith("external_select"):
            raise LookupError(f"{name!r} asks the app for no options")
        if len(query) < element.get("min_query_length", LEAST_QUERY):
            return Reply(None, 0.0, sent=False)
        payload = self._scene.begin(user, "block_suggestion")
        del payload["trigger_id"]
        payload |= self._where(user, target)
        payload |= {"action_id": element["action_id"], "block_id": held["block_id"], "value": query}
        ack = await self._scene.carrier.payload(payload)
        options = _suggested(ack)
        if options is None:
            return came(ack if ack.error else replace(ack, error="invalid_options"), "")
        self._suggested.setdefault((user, element["action_id"]), []).extend(options)
        return replace(came(ack, ""), options=tuple(options))

    async def _act(self, user: str, target: Message | View, element: Block, done: Json, *, confirm: bool) -> Reply:
        asked = dialog(element, self._scene.workspace.reader(user))
        if asked is not None and not confirm:
            return Reply(None, 0.0, dialog=asked, sent=False)
        payload = self._scene.begin(user, "block_actions")
        url = ""
        if isinstance(target, Message):
            url = self._scene.responses.issue(user, target.channel, self._post(user, target).ts)
            payload["response_url"] = url
        ack = await self._scene.carrier.payload(payload | self._where(user, target) | {"actions": [done]})
        if ack.error is not None and isinstance(target, Message):
            app = self._scene.workspace.app.name
            self._scene.slackbot(user, target.channel, f'{app} failed with the error "{ack.error}"')
        return came(ack, str(payload["trigger_id"]), url, asked)

    def _where(self, user: str, target: Message | View) -> Json:
        """The part of a payload that says on which message or in which view."""
        if isinstance(target, View):
            return payloads.on_view(self._scene.workspace, target)
        return payloads.on_message(self._scene.workspace, self._post(user, target), user)

    def _post(self, user: str, seen: Message) -> Post:
        self._scene.present(user, seen.channel)
        post = self._scene.workspace.find(seen.channel, seen.ts)
        if post is None or post.ephemeral_for not in (None, user):
            raise LookupError(f"{user} cannot press anything on {seen.ts}: it is gone, or was never theirs to see")
        return post

    def _entries(self, user: str, target: Message | View) -> dict[str, dict[str, Json]]:
        if isinstance(target, View):
            return target.state
        return self._scene.workspace.entries.setdefault((user, target.channel, target.ts), {})

    def _toggled(self, user: str, target: Message | View, held: Block, element: Block, value: str) -> list[str]:
        state: Any = self._entries(user, target).get(held["block_id"], {}).get(element["action_id"])
        chosen = [option["value"] for option in state["selected_options"]] if state else initial(element) or []
        return [other for other in chosen if other != value] if value in chosen else [*chosen, value]


def _suggested(ack: Ack) -> list[Block] | None:
    """The options of an ack, out of their groups; None when it has none that Slack would show."""
    try:
        answer = json.loads(ack.body)
    except ValueError:
        return None
    report = Report()
    SUGGESTIONS(answer, "", report)
    return None if report.problems else options_of(answer)


def _control(blocks: Sequence[Block], name: str, within: str | None) -> tuple[Block, Block, Block | None]:
    """The element and, of a menu, the option."""
    for block, element in controls(blocks):
        if within is not None and block["block_id"] != within:
            continue
        label = element.get("text")
        if name == element.get("action_id") or (label is not None and name == entities(label["text"])):
            return block, element, None
        for option in options_of(element):
            if entities(option["text"]["text"]) == name:
                return block, element, option
    raise LookupError(f"nothing called {name!r} to press")
