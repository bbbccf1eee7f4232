"""The page of a receiver of webhooks: what came, what its signature is worth, and levers for more."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.page.bodies import BadFieldError, Fields
from sandbox.page.guard import RefusedError, posted
from sandbox.page.stream import tell
from sandbox.receiver import ANSWERS, Arrival, Receiver
from sandbox.senders import Senders, UnreachableError
from sandbox.signatures import is_secret
from sandbox.slack.people import Json

PAGE = Path(__file__).with_name("static") / "webhooks.html"
SENT: Mapping[str, str] = {
    "itnio": "ITNIO’s callback",
    "partner": "A partner’s signed event",
    "forged": "A forged one",
}
"""What a button makes arrive at the bot."""
MOST_SECRETS = 20


class Webhooks:
    """What the page asks for and does."""

    PATH = "/webhooks"

    def __init__(self, receiver: Receiver, senders: Senders) -> None:
        self._receiver = receiver
        self._senders = senders

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get(self.PATH, self._index),
            web.get("/api/webhooks", self._look),
            web.get("/api/webhooks/changes", self._changes),
            web.post("/api/webhooks/send", posted(self._send)),
            web.post("/api/webhooks/answer", posted(self._answer)),
            web.post("/api/webhooks/secret", posted(self._secret)),
        ]

    def state(self) -> Json:
        """Everything, the newest first."""
        return {
            "url": self._receiver.url,
            "answer": self._receiver.answer,
            "answers": [{"status": status, "words": words} for status, words in ANSWERS.items()],
            "senders": [{"id": kind, "name": name} for kind, name in SENT.items()],
            "secrets": len(self._receiver.secrets),
            "arrivals": [_shown(one) for one in reversed(self._receiver.arrivals)],
        }

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})

    async def _look(self, _request: web.Request) -> web.Response:
        return web.json_response(self.state())

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        with self._receiver.subscribe() as coming:
            return await tell(request, ({"number": one.number} async for one in coming))

    async def _send(self, body: Fields) -> Json:
        kind = body.word("kind", SENT)
        body.finish()
        try:
            return {"status": await self._senders.send(kind)}
        except UnreachableError:
            raise RefusedError(409, "nobody takes webhooks: the bot does not listen") from None

    async def _answer(self, body: Fields) -> Json:
        self._receiver.answer = body.whole("status", ANSWERS)
        body.finish()
        return self.state()

    async def _secret(self, body: Fields) -> Json:
        """One more secret to check signatures with, as `webhook add` shows it."""
        secret = body.text("secret", 200).strip()
        body.finish()
        if not is_secret(secret):
            raise BadFieldError("secret", "must be whsec_ and base64, as the bot shows it")
        if secret not in self._receiver.secrets:
            if len(self._receiver.secrets) >= MOST_SECRETS:
                raise RefusedError(409, f"more than {MOST_SECRETS} secrets are not kept")
            self._receiver.secrets.append(secret)
        return self.state()


def _shown(one: Arrival) -> Json:
    envelope = _envelope(one.body)
    return {
        **asdict(one),
        "at": one.at.isoformat(),
        "headers": [list(pair) for pair in one.headers],
        "type": _text(envelope.get("type")),
        "subject": _text(envelope.get("subject")),
    }


def _envelope(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
