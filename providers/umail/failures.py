"""Failed recipients one by one: failexportall.php (000 2.3.2; not in 001), failexport.php (000 2.3.1, 001 2.3)."""

from datetime import date
from functools import lru_cache, partial

from providers.base import ListsFailures
from providers.call import Call
from providers.errors import UnsupportedError
from providers.model import BatchNumber, FailureCategory, StatisticsId
from providers.tables import Row, Table
from providers.umail.api import Params
from providers.umail.dialect import ASKED_AS, CATEGORIES, V3_TYPES
from providers.umail.exports import line_batches, row_batches
from providers.umail.part import Part
from providers.values import identifier
from providers.xml import Element, fields

_ALL = "failexportall.php"
_ONE = "failexport.php"
_COLUMNS = ("address", "category", "vendor_type", "reason", "statistics_id")
_BY_TASK_ONLY = ("1", "2", "3")
"""Types for which both documents want a statistics id or a batch (000 2.3.1, 001 2.3)."""


class Failures(Part):
    """The account's failed recipients."""

    def failure_table(self, first: date, last: date, *, category: FailureCategory | None = None) -> Table:
        """failexportall.php over a period (000 2.3.2). UnsupportedError at once on V3.0, which tells no reasons."""
        return self.__table(self.__typed(_period(first, last), category), category)

    def task_failure_table(
        self,
        *,
        statistics_id: StatisticsId | None = None,
        batch: BatchNumber | None = None,
        category: FailureCategory | None = None,
    ) -> Table:
        """failexportall.php for one task (000 2.3.2), by its statistics id (track overview) or its batch number.

        Raises:
            RefusedError: at once, when not exactly one of the two is given.
            UnsupportedError: at once, on V3.0.
        """
        return self.__table(self.__typed(self.__task(statistics_id, batch, _ALL), category), category)

    def failure_reason_table(
        self,
        first: date,
        last: date,
        *,
        category: FailureCategory | None = None,
        statistics_id: StatisticsId | None = None,
        batch: BatchNumber | None = None,
    ) -> Table:
        """failexport.php (000 2.3.1, 001 2.3): each failure with the vendor's words for it.

        2019 only as XML, which alone carries the reason; V3.0 exports bare addresses: of one day, of one category.

        Raises:
            RefusedError: at once, when both the statistics id and the batch are given.
            UnsupportedError: at once, on V3.0: several days, no category, or one that it does not know.
        """
        which = self.__task(statistics_id, batch, _ONE) if statistics_id or batch else {}
        if not self._api.dialect.newer:
            return self.__listed(*self.__addresses(first, last, category, which))
        return self.__table(self.__call(_ONE, _period(first, last) | which, category), category)

    def __typed(self, which: dict[str, str | None], category: FailureCategory | None) -> Call:
        if not self._api.dialect.newer:
            raise UnsupportedError(
                "U-Mail V3.0 exports addresses without reasons",
                account=self._api.wire.account,
                call=_ALL,
                capability=ListsFailures,
            )
        return self.__call(_ALL, which, category)

    def __call(self, script: str, which: dict[str, str | None], category: FailureCategory | None) -> Call:
        asked = ASKED_AS.get(category, "all") if category else "all"
        return self._api.call(script, None, {"type": asked, **which, "out_type": "xml"})

    def __task(self, statistics_id: str | None, batch: str | None, call: str) -> dict[str, str | None]:
        if bool(statistics_id) == bool(batch):
            raise self._api.refused("name one task: by its statistics id or by its batch number", call)
        return {"task_id": statistics_id} if statistics_id else {"task_ident": batch}

    def __table(self, call: Call, category: FailureCategory | None) -> Table:
        read = partial(_row, category)
        return Table(_COLUMNS, row_batches(self._api, call, "fail_recipient_list", "recipient", read))

    def __addresses(
        self, first: date, last: date, category: FailureCategory | None, which: Params
    ) -> tuple[Call, FailureCategory, str]:
        """V3.0's call for bare addresses, with the category that they all have, and its number."""
        number = V3_TYPES.get(category) if category else None
        if category is None or number is None:
            raise self._api.unsupported("exports the failures of one of its five categories at a time", _ONE)
        if first != last:
            raise self._api.unsupported("exports the failures of one day at a time", _ONE)
        if number in _BY_TASK_ONLY and not which:
            raise self._api.unsupported(f"exports {category} only for one task", _ONE)
        return self._api.call(_ONE, None, {"type": number, "date": first.isoformat(), **which}), category, number

    def __listed(self, call: Call, category: FailureCategory, number: str) -> Table:
        batches = line_batches(self._api, call, lambda line: (line.strip(), category, number, None, None))
        return Table(_COLUMNS, batches)


# An export of a million rows names a few tasks.
_statistics_id = lru_cache(maxsize=256)(identifier)


def _row(only: FailureCategory | None, element: Element) -> Row | None:
    """A row of failexport or failexportall, for `_COLUMNS`."""
    found = fields(element)
    address = found.get("email")
    raw_type = found.get("type") or found.get("error_type") or ""
    category = CATEGORIES.get(raw_type.lower()) or FailureCategory.UNKNOWN
    if address is None or (only and category is not only):
        return None
    # <error_type_dec>, sic.
    reason = found.get("error_type_dec") or found.get("error_type_desc")
    return address, category, raw_type, reason, _statistics_id(found.get("task_id"))


def _period(first: date, last: date) -> dict[str, str | None]:
    """Both days, always: "if either is empty it means today" (000 2.3.1, 2.3.2)."""
    return {"date": first.isoformat(), "date_end": last.isoformat()}
