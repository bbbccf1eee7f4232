"""XML, hardened and tolerant.

Hardened: no DTD at all, hence no entities; no network; libxml2's own limits on depth and on single texts stay on.
Tolerant of what the documents really show (PROVIDERS 1.10), and of nothing that could be half an answer:

- a wrong end tag (`<rebate>5</rebtae>`, `</aillist>`) or a start tag for the last end tag (`<data>` for `</data>`);
- a bare `&`, and control characters, in text that people typed.

A body that ends before its root is closed is refused, however much of it could be read.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Generic, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from lxml import etree

from providers import values
from providers.charset import candidates
from providers.errors import AnswerTooLargeError, BadAnswerError
from providers.refusals import line, page

T = TypeVar("T")
Element: TypeAlias = etree._Element  # noqa: SLF001  # lxml has no public name for it

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CONTROL_BYTES = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
_AMPERSAND = re.compile(r"<!\[CDATA\[|\]\]>|&(?!(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_FORGIVEN = {"ERR_TAG_NAME_MISMATCH"}
_SPANS = (("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>"))

_END = 64
"""Characters in which the last tag of a document is found."""
ROW_LIMIT = 1 << 20
"""The most bytes that one row of a stream may take."""


def parse(text: str) -> Element:
    """The root of a whole document.

    Raises:
        BadAnswerError: truncated, another format, a DTD, or damage beyond what the documents show.
        AuthenticationError: a log-in page, or a line that says so.
    """
    body = _CONTROL.sub("", text.strip("\ufeff \t\r\n"))
    root_at = _first_tag(body)
    if root_at is None or not body.startswith("<"):
        raise (page(body) or line(body)) if body else BadAnswerError("the answer is empty")
    _refuse_foreign(body, root_at)
    # Without its declaration, which no longer says how these bytes are encoded.
    body = body[root_at:]
    try:
        return etree.fromstring(body.encode(), _parser(recover=False))
    except etree.XMLSyntaxError:
        pass
    return _parse_damaged(body)


def _parse_damaged(body: str) -> Element:
    mended = _mend_end(_mend_ampersands(body))
    parser = _parser(recover=True)
    root = etree.fromstring(mended.encode(), parser) if mended else None
    if root is None or any(entry.type_name not in _FORGIVEN for entry in parser.error_log):
        raise BadAnswerError("the answer is no whole XML document")
    return root


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _refuse_foreign(body: str, root_at: int) -> None:
    html = page(body[root_at:])
    if html is not None:
        raise html
    if body.startswith("<!", root_at):
        raise BadAnswerError("the answer brings a document type of its own")


def _first_tag(body: str) -> int | None:
    """Where the first tag, or the document type, begins; None when there is none."""
    at = body.find("<")
    while at != -1:
        span = next((end for start, end in _SPANS[1:] if body.startswith(start, at)), None)
        if span is None:
            return at
        closed = body.find(span, at)
        at = body.find("<", closed) if closed != -1 else -1
    return None


def _mend_ampersands(body: str) -> str:
    """Escape each bare `&` outside CDATA sections."""
    inside = False

    def mended(match: re.Match[str]) -> str:
        nonlocal inside
        found = match.group()
        if found != "&":
            inside = found != "]]>"
            return found
        return "&" if inside else "&amp;"

    return _AMPERSAND.sub(mended, body)


def _mend_end(body: str) -> str | None:
    """The body with its last tag made an end tag where the vendor forgot the slash; None when it is not whole.

    Every end tag closes the innermost open element, whatever its name: this is how libxml2 recovers, too.
    """
    open_names: list[str] = []
    at = body.find("<")
    while at != -1:
        span = next((end for start, end in _SPANS if body.startswith(start, at)), None)
        end = body.find(span or ">", at)
        if end == -1:
            return None
        tag = body[at + 1 : end]
        rest = body.find("<", end)
        if span is None and tag.startswith("/"):
            if not open_names:
                return None
            open_names.pop()
        elif span is None and not tag.endswith("/"):
            name = tag.split(None, 1)[0] if tag.strip() else ""
            if rest == -1 and open_names == [name]:
                return f"{body[:at]}</{body[at + 1 :]}"
            open_names.append(name)
        if not open_names and rest != -1:
            return None
        at = rest
    return body if not open_names else None


class Reader:
    """One element's children as values; naive times are read in the account's zone."""

    def __init__(self, element: Element, zone: ZoneInfo) -> None:
        self._element = element
        self._zone = zone

    def text(self, *names: str) -> str | None:
        """The text of the first of these children that has any."""
        return next((found for name in names if (found := self._text(name))), None)

    def whole(self, name: str) -> int | None:
        return values.whole(self._text(name))

    def identifier(self, name: str) -> str | None:
        return values.identifier(self._text(name))

    def moment(self, name: str) -> datetime | None:
        return values.moment(self._text(name), self._zone)

    def day(self, name: str) -> date | None:
        return values.day(self._text(name))

    def each(self, path: str) -> Iterator["Reader"]:
        """The elements at a path, none, one or many."""
        return (Reader(element, self._zone) for element in self._element.iterfind(path))

    @property
    def hollow(self) -> bool:
        """Whether there is no child, as in the samples' `<task>...</task>`."""
        return len(self._element) == 0

    def raw(self) -> dict[str, object]:
        """The children as they came: text, or the same again for what has children; a list where several."""
        return _raw(self._element)

    def _text(self, name: str) -> str | None:
        child = self._element.find(name)
        return None if child is None else values.text("".join(map(str, child.itertext(with_tail=False))))


def _raw(element: Element) -> dict[str, object]:
    found: dict[str, object] = {}
    for child in element:
        name = str(child.tag)
        value: object = _raw(child) if len(child) else (child.text or "").strip()
        earlier = found.get(name)
        if name not in found:
            found[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            found[name] = [earlier, value]
    return found


def begins_with(head: bytes, root: str, header: str | None) -> bool | None:
    """Whether a document that starts with these bytes has this root; None while too little has come to tell."""
    start = head.decode(candidates(head, header)[0], "ignore").lstrip("\ufeff \t\r\n")
    at = _first_tag(start)
    if at is None:
        return None if start[:1] in ("", "<") else False
    found, expected = start[at:], f"<{root}"
    if len(found) <= len(expected):
        return None if expected.startswith(found) else False
    return found.startswith(expected) and not found[len(expected)].isalnum()


def fields(element: Element) -> dict[str, str]:
    """The texts of a row's children by name, without the empty ones; of several with one name the first."""
    found: dict[str, str] = {}
    for child in element:
        text = child.text
        if text is None or len(child):
            text = "".join(map(str, child.itertext()))
        text = text.strip()
        if text[:1] == "!":
            # Perhaps a CDATA section without its brackets (000 4.7).
            text = values.text(text) or ""
        if text:
            found.setdefault(child.tag, text)
    return found


class RowStream(Generic[T]):
    """Rows of a long document, a batch for each piece of it, in flat memory; feed it bytes from the very first on.

    Stricter than `parse`: a long export is well-formed or refused, but that where `root` is named, its end tag may
    lack the slash (000 3.2 and 3.3 end with `<data>`). Rows given before the damage shows are true;
    that the document was whole is known only when `feed` has not raised for the last piece.
    """

    def __init__(self, row: str, codec: str, read: Callable[[Element], T | None], *, root: str | None = None) -> None:
        """read: makes something of a row's element, which it must not keep; None leaves the row out."""
        self._end = re.compile(rf"<({root})\s*>\s*\Z") if root else None
        self._held = ""
        self._read = read
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=row,
            encoding="utf-8",  # ours, whatever the declaration says
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        self._since_row = 0
        self._begun = False

    def feed(self, chunk: bytes, *, last: bool = False) -> list[T]:
        """The rows that this chunk completes.

        Raises:
            BadAnswerError: not well-formed, or wrongly encoded, or the last chunk comes before the end.
            AnswerTooLargeError: a row without end.
        """
        if not self._parsed(chunk, last=last):
            raise BadAnswerError("the export ends early" if last else "the export is no well-formed XML")
        found: list[T] = []
        done: Element | None = None
        for _, element in self._parser.read_events():
            if isinstance(element, Element):
                done = element
                made = self._read(element)
                if made is not None:
                    found.append(made)
                element.clear()
        if done is not None:
            self._since_row = 0
            _forget_before(done)
        if self._since_row > ROW_LIMIT:
            raise AnswerTooLargeError(f"one row of the export is larger than {ROW_LIMIT} bytes")
        return found

    def _parsed(self, chunk: bytes, *, last: bool) -> bool:
        try:
            text = self._mended(self._decoder.decode(chunk, last), last=last)
            if not self._begun:
                text = text.lstrip()
                self._begun = bool(text)
            self._since_row += len(text)
            self._parser.feed(_printable(text))
            if last:
                self._parser.close()
        except (UnicodeDecodeError, etree.XMLSyntaxError):
            return False
        return True

    def _mended(self, text: str, *, last: bool) -> str:
        """The text but for its last characters, which are held until it is known whether they are the end."""
        if self._end is None:
            return text
        text, self._held = self._held + text, ""
        if last:
            return self._end.sub(r"</\1>", text)
        text, self._held = text[:-_END], text[-_END:]
        return text


def _printable(text: str) -> bytes:
    """What `_CONTROL` leaves of a text, as UTF-8; ten times as fast."""
    return text.replace("\ufffe", "").replace("\uffff", "").encode().translate(None, _CONTROL_BYTES)


def _forget_before(element: Element) -> None:
    """Drop all that has been read before a row, with the text in between."""
    parent = element.getparent()
    if parent is not None:
        del parent[: parent.index(element)]
