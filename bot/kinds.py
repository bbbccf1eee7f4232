"""The kinds of value that app.yaml holds, each with what is said of one that is wrong.

An error reads `problem; remedy` and never repeats what was written: it may be a secret.
"""

import ipaddress
from difflib import get_close_matches
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bridge.ids import Receiver, shaped


def _zone(name: object) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    zones = available_timezones()
    if isinstance(name, str) and name in zones:
        return ZoneInfo(name)
    near = get_close_matches(str(name), zones, n=1)
    raise ValueError("is no time zone; " + (f"did you mean {near[0]}?" if near else "write it as in Asia/Shanghai"))


def _watcher_url(url: SecretStr) -> SecretStr:
    _api_url(url.get_secret_value())
    return url


def _api_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Python's own words may quote the URL.
        raise ValueError("is no URL; write it as in https://slack.com/api/") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("must begin with https://; http:// is for 127.0.0.1 and localhost only")
    if not parts.hostname:
        raise ValueError("names no host; write it as in https://slack.com/api/")
    return url if url.endswith("/") else url + "/"


def _public_url(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError("has more than an address; write it as in https://edmbot.example.com")
    return _api_url(value).removesuffix("/")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _database(url: str) -> str:
    if url.startswith(("postgresql://", "postgresql+psycopg://")):
        try:
            make_url(url)
        except (ArgumentError, ValueError):
            raise ValueError("is no PostgreSQL URL; write postgresql://user:password@host/database") from None
        return url
    if not url.startswith("sqlite:///") or url == "sqlite:///":
        raise ValueError(
            "is no database URL; write sqlite:/// and a path, as in sqlite:///var/edmbot.db, or postgresql://…"
        )
    return url


Zone: TypeAlias = Annotated[ZoneInfo, BeforeValidator(_zone)]
ApiUrl: TypeAlias = Annotated[str, AfterValidator(_api_url)]
PublicUrl: TypeAlias = Annotated[str, AfterValidator(_public_url)]
"""Ends with a slash, whichever way it was written."""
WatcherUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_watcher_url)]
"""As it was written."""
DatabaseUrl: TypeAlias = Annotated[str, AfterValidator(_database)]
SlashCommand: TypeAlias = Annotated[
    str, shaped(r"/[a-z0-9_-]{1,31}", "a slash command; write / and at most 31 of a-z, 0-9, - and _, as in /edm")
]
ChannelId: TypeAlias = Annotated[
    str, shaped(r"[CGD][A-Z0-9]+", "a channel's id; copy it from the channel's details (C…)")
]
ChannelOrUserId: TypeAlias = Receiver
Grantee: TypeAlias = Annotated[
    str,
    shaped(r"[UWS][A-Z0-9]+|everyone", "a user's id (U…, W…), a user group's id (S…) or everyone; copy it from Slack"),
]
Admin: TypeAlias = Annotated[
    Grantee, shaped(r"(?!everyone$).*", "for everyone; name the people or a user group who may administer")
]
