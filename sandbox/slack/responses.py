"""Response URLs: a command's or a click's right to answer, five times within thirty minutes.

Source: docs.slack.dev/interactivity/handling-user-interaction.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import Content, content
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.workspace import Workspace

LIFE = timedelta(minutes=30)
USES = 5
IN_CHANNEL = "in_channel"


@dataclass(slots=True)
class _ResponseUrl:
    user: str
    channel: str
    original: str | None
    """The timestamp of the message that was clicked."""
    until: datetime
    left: int = USES


class ResponseUrls:
    """Issued and used."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._issued: dict[str, _ResponseUrl] = {}
        self.base = ""
        """Where they are answered, with its slash; known once the server listens."""

    def issue(self, user: str, channel: str, original: str | None = None) -> str:
        """A new URL for an interaction of `user` in `channel`, with the message `original` or with none."""
        key = secrets.token_urlsafe(18)
        self._issued[key] = _ResponseUrl(user, channel, original, self._workspace.now() + LIFE)
        return self.base + key

    def use(self, key: str, arguments: Arguments) -> None:
        """Do as the payload says; SlackError when the URL or the payload is no good. A refusal is no use."""
        url = self._issued.get(key)
        if url is None:
            raise SlackError("no_such_url")
        if self._workspace.now() > url.until:
            raise SlackError("expired_url")
        if not url.left:
            raise SlackError("used_url")
        self._carry_out(url, arguments)
        url.left -= 1

    def answer(self, user: str, channel: str, arguments: Arguments) -> None:
        """Show what an ack says."""
        self._show(_ResponseUrl(user, channel, None, self._workspace.now()), arguments, content(arguments).shown())

    def _carry_out(self, url: _ResponseUrl, arguments: Arguments) -> None:
        original = self._workspace.find(url.channel, url.original)
        if arguments.flag("delete_original"):
            if original is None:
                raise SlackError("message_not_found")
            self._workspace.delete(original)
            return
        written = content(arguments).shown()
        if arguments.flag("replace_original") and original is not None:
            self._replace(original, written)
        else:
            self._show(url, arguments, written)

    def _replace(self, original: Post, written: Content) -> None:
        fields: dict[str, object] = {
            "text": written.text or "",
            "blocks": written.blocks or [],
            "attachments": written.attachments or [],
        }
        if written.metadata is not None:
            fields["metadata"] = written.metadata or None
        self._workspace.edit(original, None if written.blocks else original.user, **fields)

    def _show(self, url: _ResponseUrl, arguments: Arguments, written: Content) -> None:
        open_to_all = arguments.text("response_type") == IN_CHANNEL
        app = self._workspace.app
        self._workspace.post(
            Post(
                channel=url.channel,
                ts="",
                user=app.bot_user,
                text=written.text or "",
                blocks=written.blocks or [],
                attachments=written.attachments or [],
                metadata=written.metadata or None if open_to_all else None,
                thread_ts=self._thread(url, arguments),
                ephemeral_for=None if open_to_all else url.user,
                bot_id=app.bot_id,
                app_id=app.id,
            )
        )

    def _thread(self, url: _ResponseUrl, arguments: Arguments) -> str | None:
        """The thread that the payload names; an answer to a click in a thread stands there in any case."""
        original = self._workspace.find(url.channel, url.original)
        named = arguments.text("thread_ts")
        return named or (original.thread_ts if original and original.is_reply else None)
