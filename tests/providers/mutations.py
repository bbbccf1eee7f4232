"""Documents as no vendor should send them: the real ones, bent in every way that we could think of."""

import re
from collections.abc import Sequence

from hypothesis import strategies as st

NASTY: tuple[bytes, ...] = (
    b"",
    b"\0",
    b"\x1b[2J",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    "开门".encode("gbk"),
    "开门".encode("utf-16"),
    "１２，３４５".encode(),
    "\u202e\ufffe\U0001f4a3".encode(),
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"&x;",
    b"&#0;",
    b"&#xD800;",
    b"&#x1F4A3;",
    b'<!DOCTYPE a [<!ENTITY x "yyyyyyyyyy"><!ENTITY z "&x;&x;&x;&x;">]>',
    b"<a>" * 400,
    b"</result>",
    b"<task/>",
    b"<result><status>error</status><data>9</data></result>",
    b"[" * 3_000,
    b'{"id":' * 900,
    b'{"id": [[[[1]]]]}',
    b"9" * 40,
    b"9" * 5_000,
    b"-1",
    b"+7",
    b"0x10",
    b"1e400",
    b"1.5",
    b"NaN",
    b"true",
    b"null",
    b'"\\ud800"',
    b'"\\u0000"',
    b'"' + b"\\\\u0000" + b'"',
    b"\\",
    b'"',
    b",",
    b"0000-00-00 00:00:00",
    b"9999-12-31 23:59:59",
    b"0001-01-01T00:00:00+23:59",
    b"99999-99-99",
    b"2026-02-30",
    b"\r\n\t",
    b"x" * 70_000,
)
"""What is put in somewhere."""

_VALUE = re.compile(rb">([^<>]*)<|:\s*(\"[^\"]*\"|[-+.\d]+)")
_ENCODINGS = ("gbk", "utf-16", "utf-8-sig", "latin-1")


@st.composite
def bent(draw: st.DrawFn, documents: Sequence[bytes]) -> bytes:
    """One of the documents after a few changes."""
    body = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, 4))):
        body = draw(st.sampled_from(_BENDINGS))(draw, body)
    return body


def _place(draw: st.DrawFn, body: bytes) -> int:
    return draw(st.integers(0, len(body)))


def _slice(draw: st.DrawFn, body: bytes) -> tuple[int, int]:
    first, last = sorted((_place(draw, body), _place(draw, body)))
    return first, last


def _flip(draw: st.DrawFn, body: bytes) -> bytes:
    at = _place(draw, body)
    return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]


def _cut(draw: st.DrawFn, body: bytes) -> bytes:
    first, last = _slice(draw, body)
    return body[:first] + body[last:]


def _end(draw: st.DrawFn, body: bytes) -> bytes:
    return body[: _place(draw, body)]


def _double(draw: st.DrawFn, body: bytes) -> bytes:
    first, last = _slice(draw, body)
    return body[:last] + body[first:]


def _move(draw: st.DrawFn, body: bytes) -> bytes:
    first, last = _slice(draw, body)
    rest = body[:first] + body[last:]
    at = _place(draw, rest)
    return rest[:at] + body[first:last] + rest[at:]


def _insert(draw: st.DrawFn, body: bytes) -> bytes:
    at = _place(draw, body)
    return body[:at] + draw(st.sampled_from(NASTY)) + body[at:]


def _revalue(draw: st.DrawFn, body: bytes) -> bytes:
    """Another value where one stood: what finds its way past the syntax."""
    spots = [match.span(match.lastindex or 0) for match in _VALUE.finditer(body[:20_000])]
    if not spots:
        return body
    first, last = draw(st.sampled_from(spots))
    return body[:first] + draw(st.sampled_from(NASTY)) + body[last:]


def _recode(draw: st.DrawFn, body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(draw(st.sampled_from(_ENCODINGS)), "replace")


_BENDINGS = (_flip, _cut, _end, _double, _move, _insert, _revalue, _revalue, _revalue, _recode)
