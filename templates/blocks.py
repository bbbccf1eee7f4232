"""Block Kit from runs of text: Slack's limits, its escaping and its element types live here and nowhere else."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import slackblocks as kit
from slackblocks.rich_text.elements import RichTextElement

from templates.spans import Link, Mention, Moment, Run, cut, plain

SECTION_LIMIT = 3000
HEADER_LIMIT = 150
CONTEXT_ELEMENTS = 10
TABLE_ROWS = 100
BUTTON_LIMIT = 75
OPTION_LIMIT = 150
"""Characters of what an entry of a menu carries."""
TITLE_LIMIT = 24
"""Characters of a modal's headline and of its buttons."""

Block = dict[str, Any]
Style = Literal["primary", "danger"]


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """A button: a verb with its object; `command` is what pressing it runs, as a person would type it."""

    text: str
    command: str
    style: Style | None = None
    confirm: "ConfirmSpec | None" = None
    url: str | None = None
    action: str = "run"
    """`run` runs the command, `replace` too, with the answer in the place of the message; `confirmed` as confirmed;
    `link` opens `url`."""


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """An entry of the menu behind the buttons; choosing it runs `command`."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class ConfirmSpec:
    """Slack's own dialog before a button acts."""

    title: str
    text: str
    confirm: str
    deny: str


class RichMoment(kit.RichText):
    """Slack's `date` element in rich text, which slackblocks does not know yet."""

    def __init__(self, run: Moment) -> None:
        super().__init__(run.text)
        self._run = run

    def _resolve(self) -> dict[str, Any]:
        run = self._run
        element = {"type": "date", "timestamp": run.timestamp, "format": run.format, "fallback": run.text}
        return {**element, "style": {"bold": True}} if run.bold else element


def rich_text(runs: list[Run], pointer: str, block_id: str) -> Block:
    """A paragraph in which values cannot format or ping."""
    runs = cut(runs, SECTION_LIMIT, pointer)
    return resolved(kit.RichTextBlock(kit.RichTextSection(_elements(runs)), block_id=block_id))


def header(runs: list[Run], block_id: str) -> Block:
    """A headline, plain text by Slack's rule."""
    return resolved(kit.HeaderBlock(shorten(plain(runs), HEADER_LIMIT), block_id=block_id))


def context(runs: list[Run], block_id: str) -> Block:
    """Small print. Values stand in plain_text elements of their own; dates and names need mrkdwn."""
    elements: list[Any] = []
    for ours, text in _merged(runs):
        elements.append(kit.Markdown(text, verbatim=True) if ours else kit.PlainText(text, emoji=False))
    if len(elements) > CONTEXT_ELEMENTS:
        elements = [kit.PlainText(plain(runs), emoji=False)]
    return resolved(kit.ContextBlock(elements, block_id=block_id))


def fields(pairs: Sequence[tuple[list[Run], list[Run]]], block_id: str) -> list[Block]:
    """Labels with their values, two columns, five pairs a block."""
    blocks = []
    for start in range(0, len(pairs), 5):
        texts: list[Any] = []
        for label, value in pairs[start : start + 5]:
            texts += [kit.Markdown(mrkdwn(label), verbatim=True), _field_value(value)]
        blocks.append(resolved(kit.SectionBlock(fields=texts, block_id=f"{block_id}.{start // 5}")))
    return blocks


def table(rows: Sequence[Sequence[list[Run]]], align: str, block_id: str) -> Block:
    """A table; the first row is its head. `align` has one letter a column, `l` or `r`."""
    cells: list[list[Any]] = [
        [kit.RichTextSection(_elements([_strong(run) for run in cell] if index == 0 else cell)) for cell in row]
        for index, row in enumerate(rows[:TABLE_ROWS])
    ]
    settings = [kit.ColumnSettings(align="right" if letter == "r" else "left", is_wrapped=True) for letter in align]
    return resolved(kit.TableBlock(cells, column_settings=settings, block_id=block_id))


def actions(buttons: Sequence[ButtonSpec], options: Sequence[OptionSpec], block_id: str) -> Block:
    """A row of buttons and a menu of what is rarer; more than Slack takes is a mistake of the template."""
    elements: list[Any] = [_button(spec, number) for number, spec in enumerate(buttons)]
    if options:
        elements.append(kit.OverflowMenu(f"run.{len(buttons)}", [_option(spec) for spec in options]))
    return resolved(kit.ActionsBlock(elements, block_id=block_id))


def divider(block_id: str) -> Block:
    """A line across."""
    return resolved(kit.DividerBlock(block_id=block_id))


def escape(text: str) -> str:
    """Text for Slack's `text` and mrkdwn, in which nothing links or pings."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(runs: list[Run]) -> str:
    """Our own words, dates and mentions in Slack's markup."""
    return "".join(_marked(run) for run in runs)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis when something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


_MENTIONED = {"S": "<!subteam^{}>", "C": "<#{}>"}
_NAMED: dict[str, Callable[[str], RichTextElement]] = {"S": kit.RichTextUserGroup, "C": kit.RichTextChannel}
"""By an id's first letter; any other is a person's."""


def _marked(run: Run) -> str:
    if isinstance(run, Moment):
        return f"<!date^{run.timestamp}^{run.format}|{escape(run.text)}>"
    if isinstance(run, Mention):
        return _MENTIONED.get(run.id[:1], "<@{}>").format(run.id)
    text = escape(run.text)
    sign = "*" if run.bold else "`" if run.code else ""
    return f"{sign}{text}{sign}" if text.strip() else text


def _merged(runs: list[Run]) -> list[tuple[bool, str]]:
    """Neighbours of one kind as one text: (may stand in mrkdwn, text)."""
    merged: list[tuple[bool, str]] = []
    for run in runs:
        ours = run.ours or isinstance(run, Moment | Mention) or _HARMLESS.fullmatch(run.text) is not None
        text = _marked(run) if ours else run.text
        if merged and merged[-1][0] == ours:
            merged[-1] = (ours, merged[-1][1] + text)
        else:
            merged.append((ours, text))
    return [(ours, text) for ours, text in merged if text.strip()]


def _field_value(runs: list[Run]) -> kit.Text:
    if any(isinstance(run, Moment | Mention) for run in runs) and all(
        run.ours or isinstance(run, Moment | Mention) for run in runs
    ):
        return kit.Markdown(mrkdwn(runs), verbatim=True)
    return kit.PlainText(shorten(plain(runs), 2000) or "—", emoji=False)


def _elements(runs: list[Run]) -> list[RichTextElement]:
    return [_element(run) for run in _joined(runs)] or [kit.RichText("—")]


def _joined(runs: list[Run]) -> Iterator[Run]:
    """Neighbours of one style as one run: a list of twenty lines then takes a few elements instead of hundreds."""
    for (kind, bold, code), some in groupby(runs, key=lambda run: (_kind(run), run.bold, run.code)):
        if kind is not None:
            yield from some
        else:
            yield Run("".join(run.text for run in some), bold=bold, code=code)


def _kind(run: Run) -> type[Run] | None:
    """Of what must stand by itself."""
    return type(run) if isinstance(run, Moment | Mention | Link) else None


def _element(run: Run) -> RichTextElement:
    if isinstance(run, Moment):
        return RichMoment(run)
    if isinstance(run, Mention):
        return _NAMED.get(run.id[:1], kit.RichTextUser)(run.id)
    if isinstance(run, Link):
        return kit.RichTextLink(run.text, text=run.text)
    return kit.RichText(run.text, bold=run.bold or None, code=run.code or None)


def _strong(run: Run) -> Run:
    return Run(run.text, bold=True, ours=run.ours)


def _button(spec: ButtonSpec, number: int) -> kit.Button:
    return kit.Button(
        text=kit.PlainText(shorten(spec.text, BUTTON_LIMIT), emoji=True),
        # Slack wants them unique in a message; what is run stands in the value.
        action_id=f"{spec.action}.{number}",
        value=spec.command or None,
        url=spec.url,
        style=spec.style,
        confirm=_dialog(spec.confirm) if spec.confirm else None,
    )


def _option(spec: OptionSpec) -> kit.Option:
    return kit.Option(kit.PlainText(shorten(spec.text, BUTTON_LIMIT), emoji=True), value=spec.command)


def _dialog(spec: ConfirmSpec) -> kit.ConfirmationDialogue:
    return kit.ConfirmationDialogue(
        title=kit.PlainText(shorten(spec.title, 100)),
        text=kit.PlainText(shorten(spec.text, 300)),
        confirm=kit.PlainText(shorten(spec.confirm, 30)),
        deny=kit.PlainText(shorten(spec.deny, 30)),
    )


def resolved(block: kit.Block) -> Block:
    """The block as Slack takes it."""
    found: Block = block._resolve()  # noqa: SLF001  # slackblocks offers only JSON text or this
    return found


_HARMLESS = re.compile(r"[^*_~`<>&@#:|\n]*")
"""What mrkdwn leaves as it is; it may then stand in one element with our own words."""

ACTION = re.compile(r"^(run|replace|confirmed)\.\d+$")
"""The action ids that these buttons carry."""
LINK = re.compile(r"^link\.\d+$")
"""And those of buttons that open a page: nothing is run."""
