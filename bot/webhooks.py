"""`webhooks:` of app.yaml: who may send events to us, and who is sent ours."""

import re
from collections.abc import Collection, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from bot.document import Document, Value
from bot.sections import suggest, validated
from bridge.notices.subscriptions import known
from bridge.webhooks.adapters import ADAPTERS
from bridge.webhooks.destinations import Fault, UnsafeError, judge
from bridge.webhooks.endpoints import Shipped
from bridge.webhooks.inbound import Source
from bridge.webhooks.signing import is_secret

_EMPTY = (None, "")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEYS = ("in", "out")


def sources_of(document: Document) -> dict[str, Source]:
    """Who may send, by the name that stands in the path; blames what is wrong."""
    section = document.data.get("webhooks")
    if section in _EMPTY:
        return {}
    if not isinstance(section, dict):
        document.blame(("webhooks",), "must be keys with values", "begin with in: or out:")
        return {}
    for key in section.keys() - {*_KEYS}:
        document.blame(("webhooks", key), "is not a key here", suggest(key, _KEYS))
    written = section.get("in")
    if written in _EMPTY:
        return {}
    if not isinstance(written, dict):
        document.blame(("webhooks", "in"), "must be keys with values", "write each sender under a name of your own")
        return {}
    found = {name: _source(document, name, one) for name, one in written.items()}
    return {name: source for name, source in found.items() if source is not None}


def _source(document: Document, name: str, section: Value) -> Source | None:
    at = ("webhooks", "in", name)
    if not _NAME.fullmatch(name):
        document.blame(at, "is no name for a sender", "use lower-case letters, digits, - and _")
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", "begin with adapter:")
        return None
    word = section.get("adapter")
    if word in _EMPTY:
        document.blame((*at, "adapter"), "is missing", suggest("", ADAPTERS))
        return None
    adapter = ADAPTERS.get(str(word))
    if adapter is None:
        document.blame((*at, "adapter"), "is no adapter", suggest(str(word), ADAPTERS))
        return None
    rest: Mapping[str, Value] = {key: value for key, value in section.items() if key != "adapter"}
    settings = validated(document, adapter.Settings, rest, at, also=("adapter",))
    return Source(name, adapter, settings) if settings is not None else None


# ---- out


class Endpoint(BaseModel):
    """An item of `webhooks.out`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    url: str
    secret: SecretStr
    secret_before: SecretStr | None = None
    types: tuple[str, ...] = ("*",)
    severity: Literal["critical", "warning", "info"] | None = None
    accounts: tuple[str, ...] = ()
    addresses: bool = False
    allow_private: bool = False

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("is no name for an endpoint; use lower-case letters, digits, - and _")
        return value

    @field_validator("secret", "secret_before")
    @classmethod
    def _is_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_secret(value.get_secret_value()):
            raise ValueError("is no secret of Standard Webhooks; write whsec_ and base64 of at least 24 bytes")
        return value

    @field_validator("types")
    @classmethod
    def _are_types(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(known, values)):
            raise ValueError("fits no type of event; docs/events.md has them")
        return values

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        try:
            judge(self.url, allow_private=self.allow_private)
        except UnsafeError as error:
            raise ValueError(_FAULTS[error.fault]) from None
        return self

    def shipped(self) -> Shipped:
        """As `bridge.webhooks.endpoints` has it."""
        secrets = (self.secret, self.secret_before)
        return Shipped(
            secrets=tuple(one.get_secret_value() for one in secrets if one is not None),
            **self.model_dump(exclude={"secret", "secret_before"}),
        )


_FAULTS: Mapping[Fault, str] = {
    Fault.NO_URL: "has no url that can be sent to; write it as in https://example.com/hook",
    Fault.NOT_HTTPS: "has a url that is not https; only with allow_private: true may it be http",
    Fault.PRIVATE: "has an address of a private network; say allow_private: true if that is meant",
    Fault.ODD_ADDRESS: "has an address in an odd spelling; write it as in 203.0.113.7",
}


def endpoints_of(document: Document, accounts: Collection[str]) -> dict[str, Shipped]:
    """Who is sent events, by name; blames what is wrong. accounts: whose events there are."""
    section = document.data.get("webhooks")
    written = section.get("out") if isinstance(section, dict) else None
    # An empty section has always been written as one or the other.
    if written in (*_EMPTY, {}):
        return {}
    if not isinstance(written, list):
        document.blame(("webhooks", "out"), "must be a list", "begin each endpoint with - name:")
        return {}
    found: dict[str, Shipped] = {}
    for number, one in enumerate(written):
        at = ("webhooks", "out", number)
        endpoint = _endpoint(document, one, number)
        if endpoint is None:
            continue
        for place, account in enumerate(endpoint.accounts):
            if account not in accounts:
                document.blame((*at, "accounts", place), "is no account", suggest(account, accounts))
        if endpoint.name in found:
            document.blame((*at, "name"), "is the name of two endpoints", "keep one, or call one otherwise")
        found[endpoint.name] = endpoint.shipped()
    return found


def _endpoint(document: Document, section: Value, number: int) -> Endpoint | None:
    at = ("webhooks", "out", number)
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", "begin with name:")
        return None
    return validated(document, Endpoint, section, at)
