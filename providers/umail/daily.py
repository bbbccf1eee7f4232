"""What a day cost (deduction.php: 000 2.5, 001 2.5) and what was sent to whom (maillog.php: 000 2.6)."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain

from providers import json
from providers.call import Answer
from providers.errors import BadAnswerError, RefusedError
from providers.refusals import says_nothing_found
from providers.status import by_status
from providers.tracking import Charge, LogEntry
from providers.umail.api import result
from providers.umail.days import days, each_day
from providers.umail.part import Part
from providers.xml import Reader

_LOG = "maillog.php"


class Daily(Part):
    """The account's charges and its log, by day."""

    async def charges(self, first: date, last: date) -> Sequence[Charge]:
        """Points charged from `first` to `last`, both included, a row for each day and kind of charge.

        Asked day by day (000 2.5, 001 2.5). What a task cost, with its refund, is in its statistics.

        Raises:
            UnsupportedError: more than 31 days, or none.
        """
        found = await each_day(days(first, last, self._api.wire.account), self.__charges)
        return tuple(chain.from_iterable(found))

    async def log(self, day: date, address: str) -> Sequence[LogEntry]:
        """What was sent to `address` on one day (000 2.6; not in V3.0). Its fields are in no document: see `raw`."""
        self._api.needs_2019("tell the sending log", _LOG)
        if not address.strip():
            raise self._api.refused("name the address whose log is wanted", _LOG)
        call = self._api.call(_LOG, None, {"date": day.isoformat(), "mail_to": address})
        try:
            entries = await self._api.wire.read(call, _entries)
        except RefusedError as error:
            if says_nothing_found(error):
                return ()
            raise
        return tuple(LogEntry(**self._api.about(call.name), raw=entry) for entry in entries)

    async def __charges(self, day: date) -> list[Charge]:
        call = self._api.call("deduction.php", None, {"date": day.isoformat()})
        return await self._api.rows(call, "data", "list", lambda row: self.__charge(row, call.name))

    def __charge(self, row: Reader, source: str) -> Charge:
        return Charge(
            **self._api.about(source),
            raw=row.raw(),
            day=row.day("date"),
            company=row.text("company"),
            kind=row.text("deduction"),
            messages=row.whole("send_num"),
            points=row.whole("total"),
        )


def _entries(answer: Answer) -> list[Mapping[str, object]]:
    """The rows below `lists`; PHP writes rows with gaps in their numbers as an object."""
    if answer.text.lstrip()[:1] == "<":
        # An XML refusal, or a page.
        result(answer)
    try:
        found = json.load(answer.text)
    except BadAnswerError as error:
        fault = by_status(error, answer)
    else:
        lists = found.get("lists") if isinstance(found, Mapping) else None
        rows = list(lists.values()) if isinstance(lists, Mapping) else lists
        if isinstance(rows, list) and answer.status < 400:
            return [row if isinstance(row, Mapping) else {"row": row} for row in rows]
        fault = json.refusal_in(found) or by_status(BadAnswerError("the answer is no log"), answer)
    raise fault
