"""Trigger ids: the right to open a modal, once, within three seconds."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.slack.errors import SlackError
from sandbox.slack.workspace import Now

LIFE = timedelta(seconds=3)


@dataclass(slots=True)
class _Trigger:
    user: str
    until: datetime
    used: bool = False


class Triggers:
    """Issued and redeemed."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._known: dict[str, _Trigger] = {}
        self._last: str | None = None

    def issue(self, user: str, *, repeat: bool = False) -> str:
        """A new one; with `repeat` the last one again, as some stand-ins for Slack do."""
        if not repeat or self._last is None:
            self._last = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
            self._known[self._last] = _Trigger(user, self._now() + LIFE)
        return self._last

    def redeem(self, trigger_id: str) -> str:
        """The person it belongs to; SlackError when it is unknown, expired or used."""
        trigger = self._known.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._now() > trigger.until:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user
