"""Mrkdwn and Markdown as parts that a page can draw without reading any markup itself.

A text becomes parts: `{"kind": "text" | "quote" | "pre" | "heading" | "item" | "rule", "spans": [...]}`; a span is
`{"text": ...}` with `bold`, `italic`, `strike`, `code`, `mention` (all true where they are there) and `href`.
Source: docs.slack.dev/messaging/formatting-message-text and .../block-kit/blocks/markdown-block.
"""

import re
from collections.abc import Callable
from typing import Any

from sandbox.slack.mrkdwn import Reader, entities

Span = dict[str, Any]
Part = dict[str, Any]
_SAFE = ("http://", "https://", "mailto:")

_FENCE = re.compile(r"```\w*\n?(.*?)\n?```", re.DOTALL)
_QUOTE = re.compile(r"(?:&gt;|>) ?")


def _pair(mark: str, name: str) -> str:
    """A pair of marks around words, with no letter right outside."""
    m = re.escape(mark)
    return rf"(?<![\w{m}]){m}(?P<{name}>(?=\S)[^{m}\n]*?\S){m}(?![\w{m}])"


_MRKDWN = re.compile(
    r"<(?P<token>[^<>]+)>|`(?P<code>[^`\n]+)`|"
    + "|".join((_pair("*", "bold"), _pair("_", "italic"), _pair("~", "strike")))
)
_MARKDOWN = re.compile(
    r"<(?P<token>[@#!][^<>]+)>|`(?P<code>[^`\n]+)`|\[(?P<label>[^\]\n]+)\]\((?P<url>[^)\s]+)\)"
    r"|(?P<two>\*\*|__)(?=\S)(?P<bold>.+?)(?P=two)|~~(?=\S)(?P<strike>.+?)~~|"
    + "|".join((_pair("*", "italic"), _pair("_", "slanted")))
)


def mrkdwn(text: str, reader: Reader) -> list[Part]:
    """Slack's own markup, as one person reads it."""
    return _split(text, lambda lines: _quoted(lines, reader))


def markdown(text: str, reader: Reader) -> list[Part]:
    """The Markdown of a markdown block."""
    return _split(text, lambda lines: [_line(line, reader) for line in lines])


def link(address: str) -> str | None:
    """The address, where it is of a kind that may be opened from the page."""
    return address if address.lower().startswith(_SAFE) else None


def _split(text: str, rest: Callable[[list[str]], list[Part]]) -> list[Part]:
    """Preformatted pieces, and what `rest` makes of the lines between them."""
    parts: list[Part] = []
    for index, piece in enumerate(_FENCE.split(text)):
        if index % 2:
            parts.append({"kind": "pre", "spans": [{"text": entities(piece)}]})
        elif piece.strip("\n"):
            parts += rest(piece.strip("\n").split("\n"))
    return parts


def _quoted(lines: list[str], reader: Reader) -> list[Part]:
    """Lines that belong together, quotes apart from the others."""
    parts: list[tuple[str, list[str]]] = []
    for line in lines:
        mark = _QUOTE.match(line)
        kind = "quote" if mark else "text"
        if not parts or parts[-1][0] != kind:
            parts.append((kind, []))
        parts[-1][1].append(line[mark.end() :] if mark else line)
    return [{"kind": kind, "spans": _spans("\n".join(held), reader, _MRKDWN)} for kind, held in parts]


_LINES = (
    (re.compile(r"#{1,6} +"), "heading"),
    (re.compile(r"(?:---|\*\*\*|___)\s*$"), "rule"),
    (re.compile(r"\s*(?:[-*+]|\d+\.) +"), "item"),
    (re.compile(r"> ?"), "quote"),
)


def _line(line: str, reader: Reader) -> Part:
    for pattern, kind in _LINES:
        if mark := pattern.match(line):
            number = re.match(r"\s*(\d+\.)", line) if kind == "item" else None
            found: Part = {"kind": kind, "spans": _spans(line[mark.end() :], reader, _MARKDOWN)}
            return found | ({"mark": number[1]} if number else {})
    return {"kind": "text", "spans": _spans(line, reader, _MARKDOWN)}


def _spans(text: str, reader: Reader, pattern: re.Pattern[str], style: Span | None = None) -> list[Span]:
    style = style or {}
    spans: list[Span] = []
    end = 0
    for found in pattern.finditer(text):
        if found.start() > end:
            spans.append({"text": entities(text[end : found.start()]), **style})
        spans += _marked(found, reader, pattern, style)
        end = found.end()
    if end < len(text):
        spans.append({"text": entities(text[end:]), **style})
    return spans


def _marked(found: re.Match[str], reader: Reader, pattern: re.Pattern[str], style: Span) -> list[Span]:
    groups = {name: text for name, text in found.groupdict().items() if text is not None}
    if "token" in groups:
        return [{**_token(groups["token"], reader), **style}]
    if "code" in groups:
        return [{"text": entities(groups["code"]), "code": True, **style}]
    if "url" in groups:
        return [{"text": groups["label"], "href": link(groups["url"]), **style}]
    name = next(name for name in ("bold", "strike", "italic", "slanted") if name in groups)
    inner = style | {_STYLES.get(name, name): True}
    return _spans(groups[name], reader, pattern, inner)


_STYLES = {"slanted": "italic"}


def _token(inner: str, reader: Reader) -> Span:
    body, _, label = inner.partition("|")
    for prefix, shape in _TOKENS:
        if body.startswith(prefix):
            return shape(body.removeprefix(prefix), entities(label), reader)
    address = entities(body)
    return {"text": entities(label) or address.removeprefix("mailto:"), "href": link(address)}


def _date(body: str, label: str, reader: Reader) -> Span:
    timestamp, _, rest = body.partition("^")
    pattern, _, address = rest.partition("^")
    text = reader.date(int(timestamp), pattern, label) if timestamp.isdigit() else label
    return {"text": text, "href": link(address)} if address else {"text": text}


def _special(body: str, label: str, _reader: Reader) -> Span:
    broadcast = body in {"channel", "here", "everyone"}
    return {"text": f"@{body}", "mention": True} if broadcast else {"text": label or f"<!{body}>"}


_TOKENS: tuple[tuple[str, Callable[[str, str, Reader], Span]], ...] = (
    ("@", lambda body, _label, reader: {"text": reader.person(body), "mention": True}),
    ("#", lambda body, _label, reader: {"text": reader.channel(body), "mention": True}),
    ("!subteam^", lambda body, _label, reader: {"text": reader.group(body), "mention": True}),
    ("!date^", _date),
    ("!", _special),
)
