"""Installing the app: codes that a person's consent gives, and that oauth.v2.access takes once within ten minutes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.slack.errors import SlackError
from sandbox.slack.workspace import Now

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed, with which address to come back to, and until when it counts."""

    user: str
    redirect_uri: str | None
    until: datetime


class Consents:
    """Given and redeemed."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._given: dict[str, Consent] = {}

    def give(self, user: str, redirect_uri: str | None = None) -> str:
        """A new code."""
        code = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(32)}"
        self._given[code] = Consent(user, redirect_uri, self._now() + LIFE)
        return code

    def redeem(self, code: str, redirect_uri: str | None) -> Consent:
        """SlackError when the code is unknown, old or used, or was given for another address."""
        consent = self._given.get(code)
        if consent is None or self._now() > consent.until:
            raise SlackError("invalid_code")
        if redirect_uri != consent.redirect_uri:
            raise SlackError("bad_redirect_uri")
        del self._given[code]
        return consent
