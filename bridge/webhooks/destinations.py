"""Where webhooks may go: judged as text when somebody names a URL, and as an address before each connection.

What a person types must not make this machine talk to its own network. So a name is nothing: the addresses that it
stands for count, all of them, at the moment of connecting (`bridge.receivers.webhook`).

Sources: IANA's special-purpose address registries (RFC 6890 and its updates); of IPv6 only 2000::/3 is global unicast
(RFC 4291 2.4), so that what maps, embeds or tunnels IPv4 elsewhere is out by itself.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_LONGEST = 2_000
_NAME = re.compile(
    r"(?=.{1,253}\.?\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*")
"""A last label that makes a browser, and the C library, read the whole name as an IPv4 address."""


class Fault(StrEnum):
    """Why something may not be sent there."""

    NO_URL = "no_url"
    """It is no URL with a host, or has a user, a fragment, or characters that do not belong there."""
    NOT_HTTPS = "not_https"
    PRIVATE = "private"
    """An address of a network of one's own, of this machine, or of none at all."""
    ODD_ADDRESS = "odd_address"
    """An address that is not written as a.b.c.d: decimal, octal, hexadecimal, short."""


class UnsafeError(Exception):
    """Nothing is sent there."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def _nets(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, text.split()))


_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL = _nets(
    # This network, private, CGNAT (where one cloud keeps its metadata), loopback, link-local (where the others do).
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16"
    # Protocol assignments, documentation, AS112, 6to4 relays, AMT, benchmarks, multicast, reserved and broadcast.
    " 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.175.48.0/24 198.18.0.0/15"
    " 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    # A cloud's own wire server, at an address that looks like any other.
    " 168.63.129.16/32"
    # Protocol assignments (Teredo and ORCHID among them), documentation, 6to4, AS112.
    " 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
)
_OWN = _nets("10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
"""What `allow_private` opens: this machine and networks of one's own."""
_METADATA = _nets("100.100.100.200/32 fd00:ec2::254/128 fd20:ce::254/128")
"""Addresses of these at which clouds hand out credentials: closed to everybody."""


def is_open(address: str, *, allow_private: bool = False) -> bool:
    """Whether a connection to this very address may be made."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if _is_global(found):
        return True
    return allow_private and _is_in(found, _OWN) and not _is_in(found, _METADATA)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return not _is_in(address, _SPECIAL)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def judge(url: str, *, allow_private: bool = False) -> None:
    """Refuse what no look-up could make good.

    Raises:
        UnsafeError: naming the fault.
    """
    parts = _parts(url)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise UnsafeError(Fault.NOT_HTTPS if parts.scheme == "http" else Fault.NO_URL)
    host = (parts.hostname or "").lower()
    try:
        ip_address(host)
    except ValueError:
        _judge_name(host)
    else:
        if not is_open(host, allow_private=allow_private):
            raise UnsafeError(Fault.PRIVATE)


def _parts(url: str) -> SplitResult:
    # Control characters, spaces and backslashes are read differently by each who reads them.
    if len(url) > _LONGEST or not url.isascii() or re.search(r"[\x00-\x20\x7f\\<>\"^`{|}]", url):
        raise UnsafeError(Fault.NO_URL)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeError(Fault.NO_URL) from None
    if not parts.hostname or "@" in parts.netloc or "#" in url or port == 0:
        raise UnsafeError(Fault.NO_URL)
    return parts


def _judge_name(host: str) -> None:
    if _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise UnsafeError(Fault.ODD_ADDRESS)
    if not _NAME.fullmatch(host):
        raise UnsafeError(Fault.NO_URL)
