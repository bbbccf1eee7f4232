"""The wire: one call, its deadline, its limits, and what each way of failing means.

A read is repeated while that can help: transport errors, HTTP 5xx and 429, with jitter, within the deadline.
A change goes out once. If it may have left and no readable answer came back, it is `OutcomeUnknownError`.

Secrets travel in URLs here (V3.0 puts the password's hash on each), and httpx's exceptions and log lines carry the
request. So no exception of httpx leaves this module, not even as a cause; errors carry the call's name only; and
what a vendor echoes is redacted.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import stamina
import structlog

from providers import body
from providers.base import DEADLINE, Clock, Limiter
from providers.call import About, Answer, Call, Download
from providers.client import UNSENT, hush, new_client, request_of
from providers.errors import (
    AnswerTimeoutError,
    BadAnswerError,
    NoAnswerError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
    UnreachableError,
)
from providers.redaction import Redactor
from providers.refusals import gist
from providers.status import fault_of

T = TypeVar("T")

ANSWER_LIMIT = 8 << 20
"""Bytes of an answer, inflated. 20 tasks are some 30 KiB."""
EXPORT_LIMIT = 512 << 20
"""Bytes of an export, which is streamed."""
EXPORT_DEADLINES = 30
"""An export may take this many deadlines in all, and one for each piece."""
ATTEMPTS = 3
_ERROR_PAGE_LIMIT = 1 << 16
_OFF_LOOP = 1 << 17
"""From this size on a body is parsed in a thread, so that other commands do not wait for it."""


class Wire:
    """One account's way to its vendor."""

    def __init__(
        self,
        account: str,
        *,
        limiter: Limiter,
        clock: Clock,
        secrets: Sequence[str],
        client: httpx.AsyncClient | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self.account = account
        self._limiter = limiter
        self._clock = clock
        self._redactor = Redactor(secrets)
        self._own = client is None
        self._client = client or new_client()
        self._deadline = deadline
        hush()

    async def aclose(self) -> None:
        """Close the connections, unless the client was handed in."""
        if self._own:
            await self._client.aclose()

    def about(self, source: str) -> About:
        """What an observation says of itself, now that its answer has arrived."""
        return {"account": self.account, "observed_at": self._clock(), "source": source}

    async def read(self, call: Call, parse: Callable[[Answer], T]) -> T:
        """Ask, as often as it may help, and read the answer with `parse`, all within the deadline."""
        run = _Run(call, self._deadline)
        again = stamina.AsyncRetryingCaller(
            attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=3.0, wait_jitter=0.5
        ).on(run.may_help)
        try:
            async with asyncio.timeout(self._deadline):
                return await again(self._once, run, parse)
        except TimeoutError:
            fault = run.last or self.signed(AnswerTimeoutError("no answer within the deadline"), call)
        except ProviderError as error:
            fault = error
        raise fault.with_traceback(None)

    async def change(self, call: Call, parse: Callable[[Answer], T]) -> T:
        """Ask once.

        Raises:
            OutcomeUnknownError: it may have happened; `__cause__` is what went wrong.
            ProviderError: any other says that it did not.
        """
        run = _Run(call, self._deadline * call.deadlines)
        try:
            async with asyncio.timeout(run.deadline):
                return await self._once(run, parse)
        except TimeoutError:
            fault = self.signed(_overdue(run), call)
        except ProviderError as error:
            fault = error
        fault = fault.with_traceback(None)
        if isinstance(fault, NoAnswerError | ServerFaultError | BadAnswerError):
            raise self.signed(OutcomeUnknownError("it may or may not have happened"), call) from fault
        raise fault

    @asynccontextmanager
    async def download(self, call: Call) -> AsyncIterator[Download]:
        """An answer piece by piece: never repeated, a deadline for each piece, `EXPORT_DEADLINES` for all."""
        run = _Run(call, self._deadline)
        try:
            async with asyncio.timeout(self._deadline):
                opened = await self._open(run)
        except TimeoutError:
            opened = AnswerTimeoutError("no answer within the deadline")
        if isinstance(opened, ProviderError):
            raise self.signed(opened, call)
        try:
            yield Download(opened.status_code, opened.charset_encoding, self._pieces(opened, call))
        finally:
            await opened.aclose()

    async def _pieces(self, response: httpx.Response, call: Call) -> AsyncIterator[bytes]:
        source = body.pieces(response, EXPORT_LIMIT)
        over = time.monotonic() + EXPORT_DEADLINES * self._deadline
        while True:
            piece = await self._piece(source, over, call)
            if isinstance(piece, ProviderError):
                raise self.signed(piece, call)
            if piece is None:
                return
            yield piece

    async def _piece(self, source: AsyncIterator[bytes], over: float, call: Call) -> bytes | ProviderError | None:
        try:
            async with asyncio.timeout(min(self._deadline, over - time.monotonic())):
                return await anext(source, None)
        except TimeoutError:
            return AnswerTimeoutError("the export stopped coming")
        except ProviderError as error:
            return error
        except (httpx.HTTPError, httpx.StreamError) as error:
            return self._fault(error, call)

    async def _once(self, run: "_Run", parse: Callable[[Answer], T]) -> T:
        await self._take_turn(run.call)
        begun = time.perf_counter()
        outcome: Answer | T | ProviderError = await self._exchange(run)
        status = outcome.status if isinstance(outcome, Answer) else None
        if isinstance(outcome, Answer):
            outcome = await _parsed(outcome, parse)
        structlog.get_logger().debug(
            "vendor_call",
            account=self.account,
            call=run.call.name,
            ms=round((time.perf_counter() - begun) * 1000),
            status=status,
            error=outcome.code if isinstance(outcome, ProviderError) else None,
        )
        if isinstance(outcome, ProviderError):
            run.last = self.signed(outcome, run.call)
            raise run.last
        return outcome

    async def _take_turn(self, call: Call) -> None:
        if call.limit is None:
            return
        try:
            await self._limiter.acquire(*call.limit)
        except RateLimitedError as error:
            # The limiter knows a key only.
            error.account, error.call = self.account, call.name
            raise

    async def _exchange(self, run: "_Run") -> Answer | ProviderError:
        opened = await self._open(run)
        if isinstance(opened, ProviderError):
            return opened
        try:
            content = await body.whole(opened, ANSWER_LIMIT)
        except ProviderError as error:
            return error
        except (httpx.HTTPError, httpx.StreamError) as error:
            return self._fault(error, run.call)
        finally:
            await opened.aclose()
        return Answer(opened.status_code, content, opened.charset_encoding)

    async def _open(self, run: "_Run") -> httpx.Response | ProviderError:
        """Send and read the headers. A status that says it all is the error; others leave the body to be read."""
        try:
            request = request_of(run.call, run.left)
            run.sent = True
            response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._fault(error, run.call)
        fault = fault_of(response, self._clock())
        if fault is None:
            return response
        try:
            said = await body.beginning(response, _ERROR_PAGE_LIMIT)
        finally:
            await response.aclose()
        fault.vendor_text = gist(said.decode("utf-8", "replace"))
        return fault

    def _fault(self, error: Exception, call: Call) -> ProviderError:
        """An exception of httpx in our words; theirs carries the request and must not travel on."""
        if isinstance(error, UNSENT):
            return UnreachableError(f"no connection could be made ({self._redactor.text(str(error), call.secrets)})")
        if isinstance(error, httpx.TimeoutException):
            return AnswerTimeoutError("no answer within the deadline")
        return NoAnswerError("the connection ended before the answer was whole")

    def signed(self, error: ProviderError, call: Call) -> ProviderError:
        """An error with whose it is, and with nothing secret in it."""
        error.account = error.account or self.account
        error.call = error.call or call.name
        return self._redactor.redacted(error, call.secrets)


@dataclass(slots=True)
class _Run:
    """What is known of a call under way."""

    call: Call
    deadline: float
    started: float = field(default_factory=time.monotonic)
    sent: bool = False
    """Whether anything may have left."""
    last: ProviderError | None = None

    @property
    def left(self) -> float:
        return max(self.started + self.deadline - time.monotonic(), 0.001)

    def may_help(self, error: Exception) -> bool | float:
        """Whether to repeat after `error`; seconds where the vendor has said when."""
        if not isinstance(error, ProviderError) or not error.retryable:
            return False
        after = error.retry_after if isinstance(error, RateLimitedError) else None
        if after is None:
            return True
        return after < self.left and max(after, 0.05)


async def _parsed(answer: Answer, parse: Callable[[Answer], T]) -> T | ProviderError:
    try:
        if len(answer.content) >= _OFF_LOOP:
            return await asyncio.to_thread(parse, answer)
        return parse(answer)
    except ProviderError as error:
        return error


def _overdue(run: _Run) -> ProviderError:
    if run.sent:
        return AnswerTimeoutError("no answer within the deadline")
    return RateLimitedError("the account's own limit leaves no room within the deadline")
