"""Nothing secret in what may be shown or logged: vendors echo requests, and V3.0 puts its credentials into URLs."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote, quote_plus

from providers.errors import ProviderError

_WORDS_LIMIT = 300
_REDACT_LIMIT = 20_000


class Redactor:
    """Takes an account's secrets out of texts; then cuts them, since half a secret would not be found."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = _forms(secrets)

    def redacted(self, error: ProviderError, more: Sequence[str]) -> ProviderError:
        """The same error, its texts redacted. more: what only this call carries."""
        error.args = tuple(self.text(str(arg), more) for arg in error.args)
        error.vendor_code = self.text(error.vendor_code, more) if error.vendor_code else None
        error.vendor_text = self.text(error.vendor_text, more) if error.vendor_text else None
        return error

    def text(self, text: str, more: Sequence[str]) -> str:
        """At most 300 characters of a text, secrets as `***`."""
        text = text[:_REDACT_LIMIT]
        for secret in (*_forms(more), *self._secrets):
            text = text.replace(secret, "***")
        return text[:_WORDS_LIMIT]


def _forms(secrets: Sequence[str]) -> tuple[str, ...]:
    """The secrets as they are and as an echo of a URL, a form or a page may spell them; longest first."""
    forms = {form(secret) for secret in secrets if secret for form in (str, quote, quote_plus, escape)}
    forms |= {quote(secret, safe="") for secret in secrets if secret}
    return tuple(sorted(forms, key=len, reverse=True))
