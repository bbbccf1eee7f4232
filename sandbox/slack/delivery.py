"""What Slack sends to the app: signed HTTP requests, and how long it waits for the ack.

Source: docs.slack.dev/authentication/verifying-requests-from-slack. Requests are dated by the real clock, for that is
what the app compares with, whatever time it is in the sandbox.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.app import App
from sandbox.slack.faults import Faults
from sandbox.slack.people import Json

ACK_SECONDS = 3.0
TIMEOUT, FAILED = "operation_timeout", "dispatch_failed"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True)
class Ack:
    """How the app took a request."""

    status: int | None
    """HTTP status; None when there was no answer."""
    seconds: float
    """Real ones, until the answer or until Slack gave up."""
    error: str | None
    """None, `operation_timeout` or `dispatch_failed`."""
    body: str = ""
    final: bool = False
    """Whether the app forbids a repetition: `X-Slack-No-Retry`."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A repetition of an event: 1 to 3, and what went wrong before."""

    number: int
    reason: str


class Carrier(Protocol):
    """A way to the app. Each call returns with the ack, or with what there was instead of one."""

    async def form(self, fields: dict[str, str]) -> Ack:
        """A slash command."""

    async def payload(self, payload: Json) -> Ack:
        """An interaction."""

    async def event(self, event: Json, retry: Retry | None = None) -> Ack:
        """An event."""

    async def replay(self) -> Ack:
        """The last of them once more, the same in every byte; LookupError when there was none."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it went out."""

    body: bytes
    headers: Mapping[str, str]


class Delivery:
    """Sends to the app's one request URL."""

    def __init__(self, app: App, faults: Faults, ack_seconds: float) -> None:
        self.url: str | None = None
        self.last: Signed | None = None
        self.skew = 0.0
        """Seconds that Slack's clock is ahead of the real one (negative: behind)."""
        self._app = app
        self._faults = faults
        self._patience = ack_seconds
        self._session: aiohttp.ClientSession | None = None

    async def form(self, fields: dict[str, str]) -> Ack:
        return await self._deliver(urlencode(fields).encode(), _FORM)

    async def payload(self, payload: Json) -> Ack:
        """An interaction: JSON in the form field `payload`."""
        return await self.form({"payload": json.dumps(payload, ensure_ascii=False)})

    async def event(self, event: Json, retry: Retry | None = None) -> Ack:
        """An event: JSON as the body; a repetition is told by its headers."""
        headers: dict[str, str] = {}
        if retry is not None:
            headers = {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        return await self._deliver(json.dumps(event, ensure_ascii=False).encode(), _JSON, headers)

    async def replay(self) -> Ack:
        """Signature and date included."""
        if self.last is None:
            raise LookupError("nothing was sent yet")
        return await self._send(self.last)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, body: bytes, content_type: str, more: Mapping[str, str] | None = None) -> Ack:
        self.last = self._signed(body, content_type, more or {})
        ack = await self._send(self.last)
        if self._faults.strike("replay"):
            await self._send(self.last)
        return ack

    def _signed(self, body: bytes, content_type: str, more: Mapping[str, str]) -> Signed:
        skew = self._faults.strike("clock_skew")
        timestamp = str(int(time.time() + self.skew + (skew.seconds if skew else 0)))
        key = self._app.signing_secret.encode()
        signature = hmac.new(key, f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={signature}",
        }
        return Signed(body, {**headers, **more})

    async def _send(self, request: Signed) -> Ack:
        if self.url is None:
            raise LookupError("no app is connected: call connect() with its request URL")
        if self._session is None:
            self._session = aiohttp.ClientSession()
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                async with self._session.post(self.url, data=request.body, headers=request.headers) as answer:
                    body = await answer.text()
        except TimeoutError:
            return Ack(None, time.monotonic() - start, TIMEOUT)
        except aiohttp.ClientError:
            return Ack(None, time.monotonic() - start, FAILED)
        error = None if answer.status == 200 else FAILED
        final = answer.headers.get("X-Slack-No-Retry") == "1"
        return Ack(answer.status, time.monotonic() - start, error, body, final)
