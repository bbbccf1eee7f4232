"""EmailCar's WebAPI (document 002): POST of a form, JSON back, credentials in every form.

What the document leaves out is accepted in every shape it may take: rows keyed by index or in a list, ids one or
many, numbers as text. Its own sample of mail/lists is broken JSON; what it holds is read all the same.
"""

import json as stdlib_json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel, SecretStr

from providers import json, values
from providers.base import DEADLINE, Clock, Limiter, Rate, utcnow
from providers.call import Answer, Call, encoded
from providers.errors import BadAnswerError, ProviderError, RefusedError
from providers.http import Wire
from providers.messages import Accepted, MessageId, MessageRecord, MessageStatus
from providers.model import Balance, SendStats
from providers.refusals import is_success, refusal, says_nothing_found
from providers.settings import BaseUrl, VendorSettings
from providers.status import by_status

T = TypeVar("T")

RATE = Rate(1, timedelta(seconds=1.1))
"""002: "one submission a second"; whether queries count is not said, so they do.

A tenth more, since two calls need not take equally long to arrive.
"""
MOST_RECIPIENTS = 50
PAGE_SIZE = 40
_STATUSES = {"1": MessageStatus.QUEUED, "2": MessageStatus.DELIVERED, "3": MessageStatus.FAILED}
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_SMTP_CODE = re.compile(r"(?<![\d.])[45][0-5]\d(?![\d.])|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")


class EmailCarSettings(VendorSettings):
    """EmailCar's section in app.yaml."""

    base_url: BaseUrl = "http://webapi.emailcar.net/v1/"
    username: str
    """Login name or e-mail address."""
    password: SecretStr
    """In clear or as its MD5, which the vendor takes alike; sent as it is."""


class EmailCar:
    """One account at EmailCar; made as `providers.base.ProviderType` says.

    Claims TellsBalance, TellsDayStats, SendsMessages and ListsMessages.
    """

    title: ClassVar[str] = "EmailCar"
    Settings: ClassVar[type[BaseModel]] = EmailCarSettings

    def __init__(
        self,
        account: str,
        settings: EmailCarSettings,
        *,
        timezone: ZoneInfo,
        limiter: Limiter,
        clock: Clock = utcnow,
        client: httpx.AsyncClient | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        password = settings.password.get_secret_value()
        self._wire = Wire(account, limiter=limiter, clock=clock, secrets=(password,), client=client, deadline=deadline)
        self._base_url = settings.base_url
        self._credentials = [("api_user", settings.username), ("api_pwd", password)]
        self._zone = timezone

    @property
    def account(self) -> str:
        return self._wire.account

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def balance(self) -> Balance:
        """Points left; the document shows placeholders only, so a number may come as text."""
        call = self._call("user/balance")
        data = await self._wire.read(call, _data)
        points = _mapping(_mapping(data).get("points"))
        return Balance(
            **self._wire.about(call.name),
            raw=points,
            emails_left=values.whole(points.get("email")),
            sms_left=values.whole(points.get("sms")),
            ads_left=values.whole(points.get("ad")),
        )

    async def day_stats(self, first: date, last: date) -> SendStats:
        stats = await self._stats([("start_date", first.isoformat()), ("end_date", last.isoformat())])
        return replace(stats, first_day=first, last_day=last)

    async def message_stats(self, message_id: MessageId) -> SendStats:
        return await self._stats([("send_id", message_id)])

    async def messages(
        self, *, first: date | None = None, last: date | None = None, message_id: MessageId | None = None, page: int = 1
    ) -> Sequence[MessageRecord]:
        """Rows carry neither id nor recipient: with `message_id` they get its id, by days they have none."""
        days = [("start_date", first.isoformat() if first else None), ("end_date", last.isoformat() if last else None)]
        asked = [("send_id", message_id)] if message_id else days
        call = self._call("mail/lists", [*asked, ("p", str(page)), ("page_size", str(PAGE_SIZE))])

        def records(answer: Answer) -> tuple[MessageRecord, ...]:
            return tuple(self._record(row, message_id, call.name) for row in _rows(answer))

        return await self._read(call, records) or ()

    async def send(
        self,
        *,
        sender: str,
        sender_name: str,
        recipients: Sequence[str],
        subject: str,
        html: str,
        reply_to: str | None = None,
        track_opens: bool = False,
        track_clicks: bool = False,
    ) -> Accepted:
        self._judge(recipients)
        pairs = [
            ("from", sender),
            ("fromname", sender_name),
            ("to", ";".join(recipients)),
            ("subject", subject),
            ("html", html),
            ("replyto", reply_to),
            # The document names no "on" value.
            ("open", "1" if track_opens else None),
            ("click", "1" if track_clicks else None),
        ]
        call = self._call("mail/send", pairs)
        data, ids = await self._wire.change(call, _accepted)
        return Accepted(**self._wire.about(call.name), raw=data, message_ids=ids)

    def _judge(self, recipients: Sequence[str]) -> None:
        if not 1 <= len(recipients) <= MOST_RECIPIENTS:
            problem = f"EmailCar takes 1 to {MOST_RECIPIENTS} recipients a call"
        elif any(";" in address or not address.strip() for address in recipients):
            problem = "a recipient's address is empty or holds a semicolon"
        else:
            return
        raise RefusedError(problem, account=self.account, call="mail/send")

    async def _stats(self, asked: list[tuple[str, str | None]]) -> SendStats:
        call = self._call("mail/stats", asked)
        total = _mapping(_mapping(await self._read(call, _data)).get("total"))
        requested, delivered, failed = (values.whole(total.get(key)) for key in ("request", "success", "failure"))
        return SendStats(
            **self._wire.about(call.name),
            raw=total,
            requested=requested,
            delivered=delivered,
            failed=failed,
            pending=values.difference(requested, delivered, failed),
        )

    def _record(self, row: Mapping[str, object], message_id: MessageId | None, source: str) -> MessageRecord:
        raw_status, reason = values.text(row.get("status")) or "", values.text(row.get("failure_msg"))
        status = _STATUSES.get(raw_status, MessageStatus.UNKNOWN)
        if status is MessageStatus.FAILED and _SMTP_CODE.search(reason or ""):
            status = MessageStatus.BOUNCED
        return MessageRecord(
            **self._wire.about(source),
            raw=row,
            id=message_id,
            status=status,
            raw_status=raw_status,
            reason=reason,
            subject=values.text(row.get("subject")),
            sender=values.text(row.get("from")),
            sender_name=values.text(row.get("fromname")),
            reply_to=values.text(row.get("replyto")),
            sent_at=values.moment(row.get("send_time"), self._zone),
            opens=values.whole(row.get("guest_count")),
            opener_ip=values.text(row.get("guest_ip")),
            opener_agent=values.text(row.get("guest_agent")),
        )

    async def _read(self, call: Call, parse: Callable[[Answer], T]) -> T | None:
        """A read; None where the vendor words "no rows" as an error."""
        try:
            return await self._wire.read(call, parse)
        except RefusedError as error:
            if says_nothing_found(error):
                return None
            raise

    def _call(self, name: str, pairs: Sequence[tuple[str, str | None]] = ()) -> Call:
        """A POST of the credentials and of those pairs that have a value."""
        given = [(key, value) for key, value in pairs if value is not None]
        return Call(
            name,
            f"{self._base_url}{name}",
            method="POST",
            headers=(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),),
            content=encoded([*self._credentials, *given]).encode(),
            limit=(self.account, RATE),
        )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _data(answer: Answer) -> object:
    """`data` of a success.

    Raises:
        ProviderError: the refusal that the envelope words, or what came instead of an envelope.
    """
    return _opened(answer, json.load)


def _opened(answer: Answer, load: Callable[[str], object]) -> object:
    fault: ProviderError
    try:
        envelope = load(answer.text)
    except ProviderError as error:
        fault = error
    else:
        word, said = (values.text(_mapping(envelope).get(key)) for key in ("status", "msg"))
        if is_success(word) and answer.status < 400:
            return _mapping(envelope).get("data")
        fault = refusal(word, said) if word or said else BadAnswerError("the answer is no envelope with a status")
    raise by_status(fault, answer)


def _accepted(answer: Answer) -> tuple[Mapping[str, object], tuple[MessageId, ...]]:
    data = _mapping(_data(answer))
    ids = dict.fromkeys(_ids(data.get("return", data)))
    return data, tuple(MessageId(found) for found in ids)


def _ids(value: object) -> Iterator[str]:
    """The ids in mail/send's answer: 002 says that several recipients return several, and does not show how."""
    if isinstance(value, Mapping):
        for inner in [value["id"]] if "id" in value else value.values():
            yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
    else:
        parts = re.split(r"[;,\s]+", values.identifier(value) or "")
        yield from (part for part in parts if part.isascii() and part.isdigit())


def _rows(answer: Answer) -> list[Mapping[str, object]]:
    """Rows keyed by index, or in a list. Keys that are no index, such as the stray `return`, are no rows."""
    data = _opened(answer, _load_lists)
    if isinstance(data, list):
        return [row for row in data if isinstance(row, Mapping)]
    if not isinstance(data, Mapping):
        if data:
            raise BadAnswerError("the rows are neither a list nor keyed by index")
        return []
    return [row for _, row in sorted(_indexed(data).items()) if isinstance(row, Mapping)]


def _indexed(data: Mapping[str, object]) -> dict[int, object]:
    return {int(key): row for key, row in data.items() if _INDEX.fullmatch(key)}


def _load_lists(text: str) -> object:
    """The document of mail/lists, also when it is as broken as 002's sample.

    There a brace too many closes `data` after row 0, and the whole after row 1; the rest follows as loose members.
    """
    try:
        return json.load(text)
    except BadAnswerError as error:
        fault = error
    head, tail = _in_pieces(text.strip())
    if not isinstance(head, Mapping) or not isinstance(tail, Mapping):
        raise fault
    rows = _indexed(_mapping(head.get("data"))) | _indexed(head) | _indexed(tail)
    return {**tail, "data": {str(index): row for index, row in rows.items()}}


def _in_pieces(text: str) -> tuple[object, object]:
    """The document that the text begins with, and the members that follow after it; None for what is not there."""
    try:
        head, end = stdlib_json.JSONDecoder().raw_decode(text)
        loose = text[end:].lstrip()
        tail = stdlib_json.loads("{" + loose.removeprefix(",")) if loose.startswith(",") else None
        return json.storable(head), json.storable(tail)
    except (ValueError, RecursionError):
        return None, None
