"""What app.yaml says of a source of webhooks, whoever sends. Errors read `problem; remedy` and never repeat a value."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, model_validator

from bridge.durations import Span

WINDOW = timedelta(minutes=5)
"""How far a signed time may be from ours, either way: what the libraries of Standard Webhooks take."""
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_SIZES = {"kb": 1024, "mb": 1024 * 1024}
_MOST = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so long."""

    requests: int
    per: timedelta


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    number, _, unit = str(value).partition("/")
    if not number.isdecimal() or not 0 < len(number) < 8 or not int(number) or unit not in _UNITS:
        raise ValueError("is no rate; write requests per s, m or h as in 600/m")
    return Rate(int(number), _UNITS[unit])


def _size(value: object) -> int:
    if isinstance(value, int):
        return value
    text = str(value).strip().lower()
    number, unit = text[:-2], text[-2:]
    if unit not in _SIZES or not number.isdecimal() or len(number) > 6:
        raise ValueError("is no size; write it as in 256kb or 1mb")
    size = int(number) * _SIZES[unit]
    if not 1024 <= size <= _MOST:
        raise ValueError("must be between 1kb and 32mb")
    return size


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise ValueError("is no network; write it as in 203.0.113.0/24 or 203.0.113.7") from None
    return texts


Networks: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_networks)]


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is of one of these networks; what is no address is of none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in networks)


class SourceSettings(BaseModel):
    """The keys that a source has whoever sends."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account: str | None = None
    """What events are filed under; None: the source's own name."""
    allow_from: Networks = ()
    """Only from there; empty: from anywhere."""
    rate: Annotated[Rate, BeforeValidator(_rate)] = Rate(60_000, timedelta(minutes=1))
    limit: Annotated[int, BeforeValidator(_size)] = 1024 * 1024
    """Bytes of a body."""
    window: Span = WINDOW
    """How far a signed time may be from ours, either way."""


class Secret(SourceSettings):
    """Of senders with one secret."""

    secret: SecretStr = SecretStr("")
    secret_before: SecretStr = SecretStr("")
    """Is taken as well, while the secret is being changed."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that are there."""
        both = (self.secret.get_secret_value(), self.secret_before.get_secret_value())
        return tuple(one for one in both if one)


class SigningSecret(Secret):
    """Of senders that sign with a secret of both."""

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if not self.secret.get_secret_value():
            raise ValueError("has no secret; give it the one that the sender signs with")
        return self
