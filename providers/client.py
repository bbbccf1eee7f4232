"""httpx as the vendors are asked with it: what is kept, trusted, sent and logged."""

import logging
import ssl
from functools import cache

import httpx

from providers.call import Call

_CONNECT_SHARE = 0.45
"""Connecting (TCP, then TLS) ends before the deadline does, so that what hits the deadline may have been sent."""
# httpx logs every URL at INFO; httpcore logs header values at DEBUG.
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")

UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
"""What ends a request before anything of it has left."""


def new_client() -> httpx.AsyncClient:
    """Connections of one account's own."""
    # No connection is kept: one that the vendor closes while it idles would make a change's outcome unknown,
    # and a handshake costs nothing beside that.
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=0)
    return httpx.AsyncClient(trust_env=False, verify=_trusted(), limits=limits)


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities, read once for all accounts: that takes longer than all the rest of a client."""
    return httpx.create_ssl_context(trust_env=False)


def request_of(call: Call, left: float) -> httpx.Request:
    """The request of a call that has `left` seconds."""
    connect = left * _CONNECT_SHARE
    timeout = httpx.Timeout(left, connect=connect, pool=connect)
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "edmbot", **dict(call.headers)}
    # Not through the client: it would add cookies that an earlier answer has set.
    return httpx.Request(
        call.method,
        call.url,
        headers=headers,
        content=call.content() if callable(call.content) else call.content,
        extensions={"timeout": timeout.as_dict()},
    )


def hush() -> None:
    """Keep URLs and headers out of the logs: httpx and httpcore write them there."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_only_warnings)


def _only_warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
