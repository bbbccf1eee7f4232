"""Those who send webhooks to the bot: ITNIO, and a partner who signs as Standard Webhooks says."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import aiohttp

from sandbox.signatures import new_secret, sign

JSON = MappingProxyType({"Content-Type": "application/json"})
PATIENCE = aiohttp.ClientTimeout(total=10)
RECIPIENT = "anna@example.com"


class UnreachableError(Exception):
    """Nobody takes webhooks there."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One webhook on its way to the bot."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Senders:
    """Whoever sends; `connect` says where to."""

    def __init__(self) -> None:
        self._itnio = secrets.token_hex(16)
        self._partner = new_secret()
        self._url = ""
        self.kinds: Mapping[str, Callable[[], Sending]] = {
            "itnio": self._callback,
            "partner": self._event,
            "forged": self._forged,
        }

    def connect(self, url: str) -> None:
        """Where the bot listens."""
        self._url = url.rstrip("/")

    def environ(self) -> dict[str, str]:
        """The variables with which the demo's app.yaml knows them."""
        return {"DEMO_ITNIO_SECRET": self._itnio, "DEMO_PARTNER_SECRET": self._partner}

    async def send(self, kind: str) -> int:
        """Send one of `kinds`; the status that the bot answers with.

        Raises:
            UnreachableError: nobody listens.
        """
        sending = self.kinds[kind]()
        try:
            async with aiohttp.ClientSession(timeout=PATIENCE) as session:
                url = f"{self._url}/webhooks/{sending.path}"
                async with session.post(url, data=sending.body, headers=sending.headers) as reply:
                    return reply.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnreachableError(self._url) from error

    def _callback(self) -> Sending:
        """ITNIO's batch callback, which carries no signature: a secret stands in the path."""
        row = {
            "taskId": str(secrets.randbelow(10**9)),
            "emailId": f"1{secrets.randbelow(10**18):018}",
            "toAddress": RECIPIENT,
            "emailState": "成功",
            "remark": "",
        }
        return Sending(f"itnio/{self._itnio}", JSON, json.dumps([row], ensure_ascii=False).encode())

    def _event(self) -> Sending:
        return self._signed(self._partner)

    def _forged(self) -> Sending:
        """Signed by somebody who does not know the secret."""
        return self._signed(new_secret())

    def _signed(self, secret: str) -> Sending:
        id_, stamp = f"evt_{secrets.token_hex(12)}", str(int(time.time()))
        body = json.dumps(
            {
                "specversion": "1.0",
                "id": id_,
                "source": "example/partner",
                "type": "message.delivered",
                "subject": f"message/{secrets.token_hex(6)}",
                "time": datetime.now(UTC).isoformat(),
                "datacontenttype": "application/json",
                "data": {"recipient": RECIPIENT},
            }
        ).encode()
        signed = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": sign(secret, id_, stamp, body)}
        return Sending("partner", {**JSON, **signed}, body)
