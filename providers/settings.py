"""The kinds of setting that the vendors' sections in app.yaml share.

What is wrong is said without repeating what was written: a URL or a key may hold a secret.
"""

from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr


class VendorSettings(BaseModel):
    """Base of every vendor's `Settings`: frozen, no unknown keys, printing shows no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        # Python's own words may quote the URL.
        raise ValueError("is no URL; write it as in http://www.example.com/api/") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is no URL; write it as in http://www.example.com/api/")
    if "@" in parts.netloc:
        raise ValueError("must hold no user or password; give them under their own keys")
    if parts.query or parts.fragment:
        raise ValueError("must end with the directory of the calls; remove what follows ? or #")
    return url if url.endswith("/") else url + "/"


def _header_safe(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII; copy it again without line breaks")
    return secret


BaseUrl: TypeAlias = Annotated[str, AfterValidator(_base_url)]
"""The directory of the calls; ends with a slash, whichever way it was written."""
HeaderSecret: TypeAlias = Annotated[SecretStr, AfterValidator(_header_safe)]
"""A secret that travels in a header."""
