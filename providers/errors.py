"""What can go wrong with a vendor.

    ProviderError
    ├── UnreachableError          nothing was sent: no address, refused, TLS
    │   └── NoEncryptionError     … because the server offers none
    ├── NoAnswerError             sent, and the answer never came whole
    │   └── AnswerTimeoutError    … within the deadline
    ├── ServerFaultError          HTTP 5xx
    ├── RateLimitedError          too fast or too often, ours or theirs; knows when to try again
    ├── AuthenticationError       the credentials were not taken
    ├── BadAnswerError            an answer that cannot be read
    │   └── AnswerTooLargeError
    ├── RefusedError              the vendor understood and said no
    ├── UnsupportedError          this vendor, or this dialect of it, has no such call
    └── OutcomeUnknownError       a change was asked for, and whether it happened is not known

Configuration mistakes stand outside this tree (`bot.document.ConfigError`), so that nothing swallows them.
None of these carries a secret, a query string or a body: their text may be shown and logged.
"""

from typing import ClassVar


class ProviderError(Exception):
    """Base of all. `code` is the stable word that templates, metrics and `--json` use."""

    code: ClassVar[str] = "provider"
    retryable: ClassVar[bool] = False
    """Whether the same safe read may go well in a moment."""

    def __init__(
        self,
        message: str,
        *,
        account: str = "",
        call: str = "",
        vendor_code: str | None = None,
        vendor_text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.account = account
        """The account's name in app.yaml."""
        self.call = call
        """The endpoint, such as `task.php?do=edit-task`; without its other parameters."""
        self.vendor_code = vendor_code
        """The vendor's status or the HTTP status, as it came."""
        self.vendor_text = vendor_text
        """The vendor's own words, cut to 300 characters. Untrusted."""


class UnreachableError(ProviderError):
    """No connection could be made; the request was not sent."""

    code = "unreachable"
    retryable = True


class NoEncryptionError(UnreachableError):
    """The server offers no encryption, and the account's settings ask for it; no credentials were sent."""

    code = "no_encryption"
    retryable = False


class NoAnswerError(ProviderError):
    """The request was sent and the connection ended before the answer was whole."""

    code = "no_answer"
    retryable = True


class AnswerTimeoutError(NoAnswerError):
    """The answer did not come within the deadline."""

    code = "timeout"


class ServerFaultError(ProviderError):
    """The vendor's server failed (HTTP 5xx)."""

    code = "server_fault"
    retryable = True


class RateLimitedError(ProviderError):
    """The vendor's limit, counted here or reported by the vendor."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **about: str | None) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]  # the base names the keys
        self.retry_after = retry_after
        """Seconds until it may go again, where known."""


class AuthenticationError(ProviderError):
    """Wrong user, password, key, signature or clock; or an address that the vendor does not allow."""

    code = "auth"


class BadAnswerError(ProviderError):
    """HTML instead of XML, a truncated body, a wrong character set, a value that makes no sense."""

    code = "bad_answer"


class AnswerTooLargeError(BadAnswerError):
    """The body passed the size limit; reading stopped there."""

    code = "too_large"


class RefusedError(ProviderError):
    """The vendor understood the request and declined it; `vendor_code` and `vendor_text` say how."""

    code = "refused"


class UnsupportedError(ProviderError):
    """The vendor, or this dialect of its API, cannot do that."""

    code = "unsupported"

    def __init__(self, message: str, *, capability: type | None = None, **about: str | None) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]  # the base names the keys
        self.capability = capability
        """The Protocol of `providers.base` that is lacking, where it is a whole one."""


class OutcomeUnknownError(ProviderError):
    """A change was sent and no readable answer came back: it may have happened.

    Never retry it; look at the vendor instead. `__cause__` is what went wrong.
    """

    code = "outcome_unknown"
