"""HTTP status -> error. What is not here (2xx, most of 4xx) is told by the body."""

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from providers.call import Answer
from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
)


def fault_of(response: httpx.Response, now: datetime) -> ProviderError | None:
    """The error that the status alone tells; None when the body has to be read."""
    judge = _STATUS.get(response.status_code) or _STATUS_CLASS.get(response.status_code // 100)
    if judge is None:
        return None
    fault = judge(response, now)
    fault.vendor_code = str(response.status_code)
    return fault


def by_status(fault: ProviderError, answer: Answer) -> ProviderError:
    """The error in a body, seen with its status: under HTTP 4xx a body that explains nothing is a refusal, too."""
    if answer.status < 400 or not isinstance(fault, BadAnswerError):
        return fault
    return RefusedError("the vendor declined", vendor_code=str(answer.status), vendor_text=fault.vendor_text)


def _unauthorized(_: httpx.Response, __: datetime) -> ProviderError:
    return AuthenticationError("the vendor did not take the credentials")


def _limited(response: httpx.Response, now: datetime) -> ProviderError:
    return RateLimitedError("too many calls for the vendor", retry_after=_retry_after(response, now))


def _server_fault(_: httpx.Response, __: datetime) -> ProviderError:
    return ServerFaultError("the vendor's server failed")


def _gave_up(_: httpx.Response, __: datetime) -> ProviderError:
    return NoAnswerError("the vendor's server did not wait for the request")


def _elsewhere(response: httpx.Response, _: datetime) -> ProviderError:
    """Credentials are not sent to another place; a redirect to a log-in page says what is wrong."""
    if "login" in response.headers.get("location", "").lower():
        return AuthenticationError("the vendor asks for a log-in")
    return BadAnswerError("the vendor sends the call elsewhere")


_STATUS: dict[int, Callable[[httpx.Response, datetime], ProviderError]] = {
    401: _unauthorized,
    403: _unauthorized,
    407: _unauthorized,
    408: _gave_up,
    429: _limited,
}
_STATUS_CLASS: dict[int, Callable[[httpx.Response, datetime], ProviderError]] = {3: _elsewhere, 5: _server_fault}


def _retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds, from either form of the header."""
    header = response.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max((parsedate_to_datetime(header) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
