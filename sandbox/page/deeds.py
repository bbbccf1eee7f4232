"""What people do on the page, handed to the workspace: each body is checked field by field first."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

from sandbox.page import drawing
from sandbox.page.bodies import BadFieldError, Fields
from sandbox.page.guard import RefusedError
from sandbox.page.sight import Sight
from sandbox.slack import Message, Reply, SlackServer, View
from sandbox.slack.blocks import Block
from sandbox.slack.choices import many
from sandbox.slack.messages import Post, controls
from sandbox.slack.mrkdwn import entities
from sandbox.slack.people import Json
from sandbox.slack.submissions import file_field

PRESSED = frozenset({"button", "overflow"})


class Deeds:
    """Each answers `{sent, error, seconds}` after the bot's ack; what the bot does later comes over the stream.

    BadFieldError for a body that makes no sense, RefusedError for what the workspace does not let the person do.
    """

    def __init__(self, slack: SlackServer, sight: Sight, command: str) -> None:
        self._slack = slack
        self._sight = sight
        self._command = command

    async def type(self, body: Fields) -> Json:
        """A line in a room or a thread: a slash command, or words for everyone there."""
        user = self._sight.person(body)
        channel = self._sight.enter(user, body.text("channel"))
        text, thread = body.text("text", 8_000).strip(), body.maybe("thread")
        body.finish()
        if not text:
            raise BadFieldError("text", "is empty")
        if not text.startswith("/"):
            return self._say(user, channel, text, thread)
        command, _, rest = text.partition(" ")
        if thread is not None:
            raise BadFieldError("text", f"{command} does not work in threads: Slack takes commands in channels only")
        return await _carried_out(self._slack.slash(user, channel, command, rest))

    async def press(self, body: Fields) -> Json:
        """A button, an option of a menu, or a new value of a select, a picker or boxes."""
        user, on = self._sight.person(body), body.within("on")
        block, action, option = body.text("block"), body.text("action"), body.maybe("option")
        value = body.anything("value")
        body.finish()
        target = self._target(user, on)
        held = drawing.element(target.blocks, block, action)
        if held is None:
            raise RefusedError(409, "there is nothing such to press")
        if held["type"] in PRESSED:
            return await _carried_out(self._slack.click(user, target, option or action, block=block))
        return await _carried_out(self._slack.choose(user, target, action, _fitting(held, value), block=block))

    async def suggest(self, body: Fields) -> Json:
        """What is typed into an external select."""
        user, on = self._sight.person(body), body.within("on")
        block, action, query = body.text("block"), body.text("action"), body.text("query")
        body.finish()
        target = self._target(user, on)
        return await _carried_out(self._slack.suggest(user, target, action, query, block=block))

    async def upload(self, body: Fields, content: AsyncIterator[bytes]) -> Json:
        """A file for a field of the modal on top: `{id, name, size}`; it is chosen with the submission."""
        user, view = self._sight.person(body), body.text("view")
        action, name = body.text("action"), body.text("name", 255)
        body.finish()
        try:
            _, element = file_field(self._view(user, view), action)
            file = await self._slack.files.upload(user, name, content, element.get("filetypes", ()))
        except (LookupError, ValueError) as error:
            raise RefusedError(409, str(error)) from None
        return {"id": file.id, "name": file.name, "size": file.size}

    async def submit(self, body: Fields) -> Json:
        """The modal on top, with values by action_id."""
        user, values = self._sight.person(body), body.object("values")
        body.finish()
        view = self._slack.modal(user)
        for _, element in controls(view.blocks if view else []):
            value = _fitting(element, values.get(element["action_id"]))
            chosen = value if element["type"] == "file_input" and isinstance(value, list) else []
            if not all(self._owns(user, file) for file in chosen):
                raise RefusedError(409, "that file is somebody else's, or gone")
        return await _carried_out(self._slack.submit(user, values))

    async def close(self, body: Fields) -> Json:
        """Cancel the modal on top."""
        user = self._sight.person(body)
        body.finish()
        return await _carried_out(self._slack.close(user))

    async def open_home(self, body: Fields) -> Json:
        """Look at App Home."""
        user = self._sight.person(body)
        body.finish()
        return await _carried_out(self._slack.open_home(user))

    def _say(self, user: str, channel: str, text: str, thread: str | None) -> Json:
        workspace = self._slack.workspace
        if workspace.channels[channel].archived:
            raise RefusedError(409, f"#{workspace.channels[channel].name} is archived: nobody can do anything in it")
        if thread is not None and workspace.find(channel, thread) is None:
            raise BadFieldError("thread", "is no message here")
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        workspace.post(Post(channel=channel, ts="", user=user, text=escaped, thread_ts=thread))
        return {"sent": True, "error": None, "seconds": 0.0, "options": []}

    def _owns(self, user: str, file: str) -> bool:
        return self._slack.workspace.uploads.get(file, {}).get("user") == user

    def _target(self, user: str, on: Fields) -> Message | View:
        """The message or the view, as the person sees it now."""
        view, channel, ts = on.maybe("view"), on.maybe("channel"), on.maybe("ts")
        on.finish()
        if view is not None:
            return self._view(user, view)
        if channel is None or ts is None:
            raise BadFieldError("on", "must name a view, or a channel and a ts")
        seen = self._slack.workspace.readable(user, self._sight.enter(user, channel))
        found = next((message for message in seen if message.ts == ts), None)
        if found is None:
            raise RefusedError(409, "that message is gone")
        return found

    def _view(self, user: str, view: str) -> View:
        for found in (self._slack.modal(user), self._slack.home(user)):
            if found is not None and found.id == view:
                return found
        raise RefusedError(409, "that view is gone")


def _fitting(element: Block, value: Any) -> Any:  # noqa: ANN401
    """A value of the kind that the element takes: a text, a number or nothing, or a list of texts."""
    each = value if isinstance(value, list) and many(element) else [value]
    if not all(item is None or isinstance(item, str | int) for item in each):
        name = element["action_id"]
        raise BadFieldError(f"the value of {name}", "must be a list of texts" if many(element) else "must be a text")
    return value


async def _carried_out(deed: Awaitable[Reply]) -> Json:
    try:
        reply = await deed
    except (LookupError, ValueError) as error:
        raise RefusedError(409, str(error.args[0]) if error.args else "that cannot be done") from None
    return {
        "sent": reply.sent,
        "error": reply.error,
        "seconds": round(reply.seconds, 3),
        "options": [_option(option) for option in reply.options],
    }


def _option(option: dict[str, Any]) -> Json:
    return {"text": entities(option["text"]["text"]), "value": option["value"]}
