"""Rich text, read. Its text elements are shown as they are: nothing in them is formatted, links or pings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.slack.mrkdwn import QUOTE, Reader, Words

Element = Mapping[str, Any]


def paragraphs(block: Element, reader: Reader) -> Words:
    """A rich_text block, one line for each of its lines."""
    words = Words()
    lines: list[str] = []
    for part in block["elements"]:
        lines += _PARTS[part["type"]](part, reader, words.pings)
    words.text = "\n".join(lines)
    return words


def inline(elements: Sequence[Element], reader: Reader, pings: list[str]) -> str:
    """The elements of one paragraph."""
    return "".join(_ELEMENTS[element["type"]](element, reader, pings) for element in elements)


def _section(part: Element, reader: Reader, pings: list[str]) -> list[str]:
    return inline(part["elements"], reader, pings).removesuffix("\n").split("\n")


def _quote(part: Element, reader: Reader, pings: list[str]) -> list[str]:
    return [QUOTE + line for line in _section(part, reader, pings)]


def _list(part: Element, reader: Reader, pings: list[str]) -> list[str]:
    indent = "  " * part.get("indent", 0)
    first = 1 + part.get("offset", 0)
    lines = []
    for number, item in enumerate(part["elements"], first):
        mark = f"{number}. " if part["style"] == "ordered" else "• "
        lines.append(f"{indent}{mark}{inline(item['elements'], reader, pings)}")
    return lines


def _text(element: Element, _reader: Reader, _pings: list[str]) -> str:
    return str(element["text"])


def _link(element: Element, _reader: Reader, _pings: list[str]) -> str:
    return str(element.get("text") or element["url"])


def _user(element: Element, reader: Reader, pings: list[str]) -> str:
    pings.append(element["user_id"])
    return reader.person(element["user_id"])


def _usergroup(element: Element, reader: Reader, pings: list[str]) -> str:
    pings.append(element["usergroup_id"])
    return reader.group(element["usergroup_id"])


def _broadcast(element: Element, _reader: Reader, pings: list[str]) -> str:
    pings.append(element["range"])
    return f"@{element['range']}"


def _date(element: Element, reader: Reader, _pings: list[str]) -> str:
    return reader.date(element["timestamp"], element["format"], element.get("fallback", ""))


Inline = Callable[[Element, Reader, list[str]], str]
_ELEMENTS: dict[str, Inline] = {
    "text": _text,
    "link": _link,
    "user": _user,
    "usergroup": _usergroup,
    "broadcast": _broadcast,
    "date": _date,
    "channel": lambda element, reader, _pings: reader.channel(element["channel_id"]),
    "emoji": lambda element, _reader, _pings: f":{element['name']}:",
    "color": lambda element, _reader, _pings: str(element["value"]),
    "team": lambda element, _reader, _pings: str(element["team_id"]),
}
_PARTS: dict[str, Callable[[Element, Reader, list[str]], list[str]]] = {
    "rich_text_section": _section,
    "rich_text_preformatted": _section,
    "rich_text_quote": _quote,
    "rich_text_list": _list,
}
