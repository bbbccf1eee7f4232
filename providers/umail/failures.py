"""failexportall.php: failed recipients one by one, with type and statistics task (000 2.3.2; not in 001)."""

from collections.abc import AsyncIterator, Iterator
from datetime import date

from providers.call import Answer, Download
from providers.charset import candidates
from providers.errors import AnswerTooLargeError, ProviderError, RefusedError
from providers.http import ANSWER_LIMIT
from providers.model import Failure, FailureCategory, StatisticsId
from providers.refusals import says_nothing_found
from providers.umail.api import Api, document
from providers.umail.dialect import ASKED_AS, CATEGORIES
from providers.xml import Reader, RowStream, begins_with

_ROOT, _ROW = "fail_recipient_list", "recipient"


class Failures:
    """The account's failed recipients."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def between(self, first: date, last: date, category: FailureCategory | None) -> AsyncIterator[Failure]:
        """The rows as they come. What is raised at the end says that rows are missing."""
        call = self._api.call(
            "failexportall.php",
            None,
            {
                "type": ASKED_AS.get(category, "all") if category else "all",
                # Both, always: "if either is empty it means today" (000 2.3.2).
                "date": first.isoformat(),
                "date_end": last.isoformat(),
                "out_type": "xml",
            },
        )
        try:
            async with self._api.wire.download(call) as download:
                async for failure in self._rows(call.name, download):
                    if category in (None, failure.category):
                        yield failure
        except ProviderError as error:
            fault = self._api.wire.signed(error, call)
        else:
            return
        # Without its traceback, whose frames hold the body.
        raise fault.with_traceback(None)

    async def _rows(self, source: str, download: Download) -> AsyncIterator[Failure]:
        """The rows; when it is no export after all, whatever else it says is raised."""
        head = b""
        expected = None if download.status < 400 else False
        stream: RowStream | None = None
        async for piece in download.pieces:
            if stream is None:
                head += piece
                expected = begins_with(head, _ROOT, download.charset) if expected is None else expected
                if len(head) > ANSWER_LIMIT:
                    raise AnswerTooLargeError("the answer is no export, and too large to read")
                if not expected:
                    continue
                stream = RowStream(_ROW, candidates(head, download.charset)[0], self._api.zone)
                piece = head  # noqa: PLW2901
            for failure in self._fed(source, stream, piece):
                yield failure
        if stream is None:
            _explain(Answer(download.status, head, download.charset))
            return
        for failure in self._fed(source, stream, b"", last=True):
            yield failure

    def _fed(self, source: str, stream: RowStream, piece: bytes, *, last: bool = False) -> Iterator[Failure]:
        built = (self._failure(row, source) for row in stream.feed(piece, last=last))
        return (failure for failure in built if failure is not None)

    def _failure(self, row: Reader, source: str) -> Failure | None:
        address = row.text("email")
        if address is None:
            return None
        raw_type, statistics_id = row.text("type", "error_type") or "", row.identifier("task_id")
        return Failure(
            **self._api.about(source),
            raw=row.raw(),
            address=address,
            category=CATEGORIES.get(raw_type.lower(), FailureCategory.UNKNOWN),
            raw_type=raw_type,
            statistics_id=StatisticsId(statistics_id) if statistics_id else None,
        )


def _explain(answer: Answer) -> None:
    """Raise what came instead of an export; "no data" as a refusal is an export of no rows."""
    try:
        document(_ROOT, answer)
    except RefusedError as error:
        if not says_nothing_found(error):
            raise
