"""What a person reads: Block Kit drawn as lines of text."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sandbox.slack.mrkdwn import Reader, Words, entities, read
from sandbox.slack.rich import paragraphs

Block = Mapping[str, Any]
_EMPHASIS = re.compile(r"(\*\*|__|~~|`)(?=\S)(.+?)\1")
_HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)


def words_of(text: str, blocks: Sequence[Block], attachments: Sequence[Block], reader: Reader) -> Words:
    """A message as it is read: the blocks where there are any, else the text; then the attachments.

    Mentions in a text beside blocks count among the pings too: it is what a notification shows.
    """
    drawing = Drawing(reader)
    # Slack takes a bare @channel in a message's text for nothing, unless it is asked to with `parse`.
    spoken = read(text, reader, verbatim=True)
    lines = drawing.lines(blocks) if blocks else spoken.text.split("\n") if text else []
    for attachment in attachments:
        lines += drawing.attachment(attachment)
    pings = drawing.pings + [ping for ping in spoken.pings if ping not in drawing.pings]
    return Words("\n".join(lines), pings)


class Drawing:
    """Draws blocks for one reader and gathers the pings in them."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.pings: list[str] = []

    def lines(self, blocks: Iterable[Block]) -> list[str]:
        return [line for block in blocks for line in _BLOCKS[block["type"]](self, block)]

    def text(self, text: Block) -> str:
        """A text object, as it is shown."""
        if text["type"] == "plain_text":
            return entities(text["text"])
        return self._marked(text["text"], verbatim=bool(text.get("verbatim")))

    def attachment(self, attachment: Block) -> list[str]:
        """A legacy attachment: its words, its fields, its blocks; the fallback only where there is nothing else."""
        written = [str(attachment[name]) for name in ("pretext", "title", "text") if attachment.get(name)]
        written += [f"{field.get('title', '')}: {field.get('value', '')}" for field in attachment.get("fields", ())]
        lines = [line for text in written for line in self._marked(text).split("\n")]
        lines += self.lines(attachment.get("blocks", ()))
        return lines or [self._marked(str(attachment.get("fallback", "")))]

    def control(self, element: Block) -> str:
        """An interactive element in a line of its block."""
        if element["type"] == "button":
            return f"[{self.text(element['text'])}]"
        if element["type"] == "overflow":
            return "…"
        if element["type"] == "image":
            return f"[image: {element['alt_text']}]"
        if "options" in element and not element["type"].endswith("_select"):
            return " ".join(f"○ {self.text(option['text'])}" for option in element["options"])
        placeholder = element.get("placeholder")
        chosen = element.get("initial_option")
        text = self.text(chosen["text"]) if chosen else self.text(placeholder) if placeholder else ""
        return f"[{text or str(element.get('initial_value', ''))} ▾]"

    def header(self, block: Block) -> list[str]:
        return [self.text(block["text"])]

    def section(self, block: Block) -> list[str]:
        lines = self.text(block["text"]).split("\n") if "text" in block else []
        cells = [self.text(field) for field in block.get("fields", ())]
        for start in range(0, len(cells), 2):
            pair = cells[start : start + 2]
            lines += pair if any("\n" in cell for cell in pair) else ["  ".join(pair)]
        accessory = block.get("accessory")
        return [*lines, self.control(accessory)] if accessory else lines

    def context(self, block: Block) -> list[str]:
        parts = [self.control(e) if e["type"] == "image" else self.text(e).strip() for e in block["elements"]]
        return " ".join(parts).split("\n")

    def actions(self, block: Block) -> list[str]:
        return [" ".join(self.control(element) for element in block["elements"])]

    def image(self, block: Block) -> list[str]:
        title = [self.text(block["title"])] if "title" in block else []
        return [*title, f"[image: {block['alt_text']}]"]

    def input(self, block: Block) -> list[str]:
        hint = [self.text(block["hint"])] if "hint" in block else []
        return [f"{self.text(block['label'])}: {self.control(block['element'])}", *hint]

    def rich_text(self, block: Block) -> list[str]:
        words = paragraphs(block, self.reader)
        self.pings += words.pings
        return words.text.split("\n")

    def markdown(self, block: Block) -> list[str]:
        text = _HEADING.sub("", _EMPHASIS.sub(r"\2", block["text"]))
        return self._marked(text).split("\n")

    def table(self, block: Block) -> list[str]:
        rows = [[self._cell(cell) for cell in row] for row in block["rows"]]
        count = max(len(row) for row in rows)
        rows = [row + [""] * (count - len(row)) for row in rows]
        widths = [max(_width(row[column]) for row in rows) for column in range(count)]
        settings = [*(block.get("column_settings") or ()), *[None] * count]
        right = [(settings[column] or {}).get("align") == "right" for column in range(count)]
        return ["  ".join(map(_padded, row, widths, right)).rstrip() for row in rows]

    def card(self, block: Block) -> list[str]:
        pictures = [self.control(block[name]) for name in ("hero_image", "icon") if name in block]
        texts = [self.text(block[name]) for name in ("title", "subtitle", "body", "subtext") if name in block]
        buttons = " ".join(self.control(button) for button in block.get("actions", ()))
        return [*pictures, *(line for text in texts for line in text.split("\n")), *([buttons] if buttons else [])]

    def alert(self, block: Block) -> list[str]:
        return [f"[{block.get('level', 'default')}] {self.text(block['text'])}"]

    def video(self, block: Block) -> list[str]:
        told = [self.text(block["description"])] if "description" in block else []
        return [f"{self.text(block['title'])} [video: {block['alt_text']}]", *told]

    def chart(self, block: Block) -> list[str]:
        """The title and, in the order that the app gave, every number."""
        chart = block["chart"]
        if chart["type"] == "pie":
            return [block["title"], *(f"{segment['label']}: {segment['value']}" for segment in chart["segments"])]
        points = {series["name"]: series["data"] for series in chart["series"]}
        return [
            str(block["title"]),
            *(f"{name}: " + ", ".join(f"{p['label']} {p['value']}" for p in data) for name, data in points.items()),
        ]

    def _marked(self, text: str, *, verbatim: bool = False) -> str:
        words = read(text, self.reader, verbatim=verbatim)
        self.pings += words.pings
        return words.text

    def _cell(self, cell: Block) -> str:
        if cell["type"] == "raw_text":
            return str(cell["text"])
        words = paragraphs(cell, self.reader)
        self.pings += words.pings
        return words.text.replace("\n", " ")


def _width(text: str) -> int:
    """Columns in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


_BLOCKS: dict[str, Callable[[Drawing, Block], list[str]]] = {
    "header": Drawing.header,
    "section": Drawing.section,
    "context": Drawing.context,
    "actions": Drawing.actions,
    "alert": Drawing.alert,
    "card": Drawing.card,
    "data_visualization": Drawing.chart,
    "video": Drawing.video,
    "divider": lambda _drawing, _block: ["─" * 20],
    "image": Drawing.image,
    "input": Drawing.input,
    "rich_text": Drawing.rich_text,
    "markdown": Drawing.markdown,
    "table": Drawing.table,
}
