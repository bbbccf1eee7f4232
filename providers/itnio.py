"""ITNIO's getSendEmailRcd (document 004): the state of messages by id, by GET or POST. It has no other e-mail call."""

import json as stdlib_json
from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel

from providers import json, values
from providers.base import DEADLINE, Clock, Limiter, utcnow
from providers.call import Answer, Call, encoded
from providers.errors import AuthenticationError, BadAnswerError, ProviderError, RefusedError, ServerFaultError
from providers.http import Wire
from providers.messages import MessageId, MessageRecord, MessageReport, MessageStatus
from providers.refusals import refusal
from providers.settings import BaseUrl, HeaderSecret, VendorSettings
from providers.status import by_status

MOST_IDS = 200
_CALL = "getSendEmailRcd"

# The outer `status`. The rows have a `status`, too, whose -1 and 1 mean something else.
_FAULTS: dict[str, tuple[type[ProviderError], str]] = {
    "-1": (AuthenticationError, "ITNIO did not take the credentials"),
    "-4": (AuthenticationError, "the account is locked at ITNIO"),
    "-5": (RefusedError, "ITNIO found a field empty or an id wrong"),
    "-6": (AuthenticationError, "ITNIO found the request's time stamp too old: check this machine's clock"),
    "-8": (AuthenticationError, "ITNIO does not allow this machine's address"),
    "-23": (ServerFaultError, "ITNIO's program failed"),
    "-24": (AuthenticationError, "the account is not verified at ITNIO"),
    "-28": (RefusedError, f"ITNIO takes at most {MOST_IDS} ids a call"),
}
_ROW_STATUSES = {"0": MessageStatus.DELIVERED, "-1": MessageStatus.QUEUED, "1": MessageStatus.FAILED}


class ItnioSettings(VendorSettings):
    """ITNIO's section in app.yaml."""

    base_url: BaseUrl = "https://api.itniotech.com/email/"
    app_id: str
    api_key: HeaderSecret
    api_secret: HeaderSecret
    method: Literal["GET", "POST"] = "GET"
    """The document offers both."""


class Itnio:
    """One account at ITNIO; made as `providers.base.ProviderType` says. Claims LooksUpMessages."""

    title: ClassVar[str] = "ITNIO"
    Settings: ClassVar[type[BaseModel]] = ItnioSettings

    def __init__(
        self,
        account: str,
        settings: ItnioSettings,
        *,
        timezone: ZoneInfo,
        limiter: Limiter,
        clock: Clock = utcnow,
        client: httpx.AsyncClient | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        secrets = (settings.api_key.get_secret_value(), settings.api_secret.get_secret_value())
        self._wire = Wire(account, limiter=limiter, clock=clock, secrets=secrets, client=client, deadline=deadline)
        self._settings = settings
        self._clock = clock
        self._zone = timezone

    @property
    def account(self) -> str:
        return self._wire.account

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def look_up(self, message_ids: Sequence[MessageId]) -> MessageReport:
        """State of 1 to 200 messages. The rows are the truth; the counts are as reported, and may contradict them."""
        if not 1 <= len(message_ids) <= MOST_IDS:
            raise RefusedError(f"ITNIO takes 1 to {MOST_IDS} ids a call", account=self.account, call=_CALL)
        return await self._wire.read(self._call(message_ids), lambda answer: self._report(tuple(message_ids), answer))

    def _report(self, asked: tuple[MessageId, ...], answer: Answer) -> MessageReport:
        envelope = _envelope(answer)
        records = tuple(self._record(row) for row in _rows(envelope.get("array")))
        found = {record.id for record in records}
        return MessageReport(
            **self._wire.about(_CALL),
            raw=envelope,
            asked=asked,
            records=records,
            missing=tuple(message_id for message_id in asked if message_id not in found),
            delivered=values.whole(envelope.get("success")),
            failed=values.whole(envelope.get("fail")),
            sending=values.whole(envelope.get("sending")),
            not_found=values.whole(envelope.get("nofound")),
        )

    def _call(self, message_ids: Sequence[MessageId]) -> Call:
        """`Sign` is the MD5 of key, secret and the `Timestamp` in seconds; it covers neither path nor body."""
        settings = self._settings
        stamp = str(int(self._clock().timestamp()))
        key = settings.api_key.get_secret_value()
        signed = f"{key}{settings.api_secret.get_secret_value()}{stamp}".encode()
        headers = (
            ("Content-Type", "application/json;charset=UTF-8"),
            ("Sign", md5(signed, usedforsecurity=False).hexdigest()),
            ("Timestamp", stamp),
            ("Api-Key", key),
        )
        pairs = [("appId", settings.app_id), ("emailId", ",".join(message_ids))]
        url = f"{settings.base_url}{_CALL}"
        if settings.method == "POST":
            content = stdlib_json.dumps(dict(pairs)).encode()
            return Call(_CALL, url, method="POST", headers=headers, content=content)
        # The commas stay as they are in the document's sample.
        return Call(_CALL, f"{url}?{encoded(pairs, safe=',')}", headers=headers)

    def _record(self, row: Mapping[str, object]) -> MessageRecord:
        raw_status = values.text(row.get("status")) or ""
        identifier = values.identifier(row.get("emailId"))
        return MessageRecord(
            **self._wire.about(_CALL),
            raw=row,
            id=MessageId(identifier) if identifier else None,
            recipient=values.text(row.get("toAddress")),
            status=_ROW_STATUSES.get(raw_status, MessageStatus.UNKNOWN),
            raw_status=raw_status,
            # 004 calls it receiveTime and explains it as the time of sending; empty until then.
            sent_at=values.moment(row.get("receiveTime"), self._zone),
        )


def _envelope(answer: Answer) -> Mapping[str, object]:
    """The whole answer when its outer status is 0."""
    fault: ProviderError
    try:
        found = json.load(answer.text)
    except ProviderError as error:
        fault = error
    else:
        envelope = found if isinstance(found, Mapping) else {}
        status = values.text(envelope.get("status"))
        if status == "0" and answer.status < 400:
            return envelope
        fault = _fault(status, values.text(envelope.get("reason")))
    raise by_status(fault, answer)


def _fault(status: str | None, reason: str | None) -> ProviderError:
    if status is None and reason is None:
        return BadAnswerError("the answer has no status")
    if status in _FAULTS:
        kind, message = _FAULTS[status]
        return kind(message, vendor_code=status, vendor_text=reason)
    return refusal(status, reason)


def _rows(array: object) -> list[Mapping[str, object]]:
    """The rows: a list, one row alone, or nothing at all."""
    several = array if isinstance(array, list) else [array] if array else []
    rows = [row for row in several if isinstance(row, Mapping)]
    if len(rows) < len(several):
        raise BadAnswerError("the rows are no objects")
    return rows
