"""The tags that a template is written with.

    {% header %}…{% endheader %}       a headline
    {% section %}…{% endsection %}     a paragraph; `*bold*` and `` `code` `` in our own words
    {% fields %}Label | value … {% endfields %}    a line a pair
    {% table "lr" %}cell | cell … {% endtable %}   a line a row, the first is the head
    {% chart "bar" %}title ⏎ axis | series … ⏎ label | number …{% endchart %}   or `line`, `area`, `pie`
    {% context %}…{% endcontext %}     small print
    {% actions %}{{ button(…) }}{{ option(…) }}{% endactions %}    buttons, and a menu behind them
    {% inputs %}{{ text_input(…) }}{% endinputs %}    what a modal asks for (`templates.inputs`)
    {% title %}…{% endtitle %} {% submit %}…{% endsubmit %}    a modal's headline and its button
    {% divider %}

Each puts one block (or a few) on the message; text between the tags is a mistake.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

from templates import blocks
from templates.blocks import Block, ButtonSpec, OptionSpec
from templates.plots import Plot, Series
from templates.spans import Figure, Run, Spans, cut, lines_of, plain

CANVAS = "_canvas"
SLASH = "/edm"
"""The command as our sentences name it."""
_NAMES = ("header", "section", "fields", "table", "chart", "context", "actions", "inputs", "title", "submit")


@dataclass
class Canvas:
    """What one rendering has put together so far."""

    name: str
    language: str
    zone: tzinfo
    slash: str
    pointer: str
    """What stands where something was cut off."""
    spans: Spans = field(default_factory=Spans)
    blocks: list[Block] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    buttons: list[ButtonSpec] = field(default_factory=list)
    options: list[OptionSpec] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    title: str = ""
    submit: str = ""

    def draw(self, tag: str, body: str, argument: str) -> None:
        """Turn a tag's rendered body into blocks and into lines of plain text; an empty body makes none."""
        # Values are marks here, so this touches our own words only.
        lines = lines_of(body).replace(SLASH, self.slash)
        if tag == "actions":
            self._draw_actions()
        elif lines:
            _DRAW[tag](self, lines, argument)

    def block_id(self) -> str:
        return f"{self.name}.{len(self.blocks)}"

    def divide(self) -> None:
        self.blocks.append(blocks.divider(self.block_id()))

    def _draw_actions(self) -> None:
        buttons, self.buttons = self.buttons, []
        options, self.options = self.options, []
        if buttons or options:
            self.blocks.append(blocks.actions(buttons, options, self.block_id()))

    def draw_inputs(self, lines: str, _argument: str) -> None:
        raise ValueError(f"{self.name}.j2: text among the inputs: {lines[:80]}")

    def draw_title(self, lines: str, _argument: str) -> None:
        self.title = blocks.shorten(plain(self.spans.runs(lines)), blocks.TITLE_LIMIT)

    def draw_submit(self, lines: str, _argument: str) -> None:
        self.submit = blocks.shorten(plain(self.spans.runs(lines)), blocks.TITLE_LIMIT)

    def draw_header(self, lines: str, _argument: str) -> None:
        runs = self.spans.runs(lines)
        self.blocks.append(blocks.header(runs, self.block_id()))
        self.text.append(plain(runs))

    def draw_section(self, lines: str, _argument: str) -> None:
        runs = self.spans.runs(lines)
        self.blocks.append(blocks.rich_text(runs, self.pointer, self.block_id()))
        self.text.append(plain(runs))

    def draw_context(self, lines: str, _argument: str) -> None:
        runs = cut(self.spans.runs(lines), blocks.SECTION_LIMIT, self.pointer)
        self.blocks.append(blocks.context(runs, self.block_id()))
        self.text.append(plain(runs))

    def draw_fields(self, lines: str, _argument: str) -> None:
        pairs = [(cells[0], cells[1]) for cells in self._cells(lines)]
        self.blocks += blocks.fields(pairs, self.block_id())
        self.text += [f"{plain(label)}: {plain(value)}" for label, value in pairs]

    def draw_table(self, lines: str, align: str) -> None:
        rows = self._cells(lines)
        if len(rows) > blocks.TABLE_ROWS:
            filler = [[Run("…", ours=True)] for _ in align[1:]]
            rows = [*rows[: blocks.TABLE_ROWS - 1], [[Run(self.pointer, ours=True)], *filler]]
        self.blocks.append(blocks.table(rows, align, self.block_id()))
        self.text += ["  ".join(plain(cell) for cell in row) for row in rows]

    def draw_chart(self, lines: str, kind: str) -> None:
        [title], [axis, *names], *rows = self._cells(lines)
        series = (
            Series(plain(name), tuple(_figure(row[column]) for row in rows)) for column, name in enumerate(names, 1)
        )
        labels = tuple(plain(row[0]) for row in rows)
        plot = Plot(kind, plain(title), plain(axis), labels, tuple(series))
        if plot.empty:
            return
        self.plots.append(plot)
        if block := plot.block(self.block_id()):
            self.blocks.append(block)
        self.text += [plain(title), *("  ".join(plain(cell) for cell in row) for row in ([axis, *names], *rows))]

    def _cells(self, lines: str) -> list[list[list[Run]]]:
        return [[self.spans.runs(cell.strip()) for cell in line.split("|")] for line in lines.split("\n")]


def _figure(cell: list[Run]) -> int | float | None:
    """The number that a cell of a chart is; None where it is unknown."""
    if len(cell) == 1 and isinstance(cell[0], Figure):
        return cell[0].value
    if plain(cell) == "—":
        return None
    raise ValueError(f"a chart draws numbers, not {plain(cell)!r}")


_DRAW: dict[str, Callable[[Canvas, str, str], None]] = {
    "header": Canvas.draw_header,
    "section": Canvas.draw_section,
    "context": Canvas.draw_context,
    "fields": Canvas.draw_fields,
    "table": Canvas.draw_table,
    "chart": Canvas.draw_chart,
    "inputs": Canvas.draw_inputs,
    "title": Canvas.draw_title,
    "submit": Canvas.draw_submit,
}


class BlockTags(Extension):
    """Teaches Jinja the tags above."""

    tags = {*_NAMES, "divider"}  # noqa: RUF012  # Jinja's own declaration

    def parse(self, parser: Parser) -> nodes.Node:
        """One tag: its optional argument, its body, its end."""
        token = next(parser.stream)
        line = token.lineno
        if token.value == "divider":
            divide = self.call_method("_divide", [nodes.ContextReference()], lineno=line)
            return nodes.Output([divide], lineno=line)
        argument: nodes.Expr = nodes.Const("")
        if not parser.stream.current.test("block_end"):
            argument = parser.parse_expression()
        body = parser.parse_statements((f"name:end{token.value}",), drop_needle=True)
        call = self.call_method("_draw", [nodes.ContextReference(), nodes.Const(token.value), argument], lineno=line)
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _draw(self, context: Context, tag: str, argument: str, caller: Callable[[], str]) -> Markup:
        canvas: Canvas = context[CANVAS]
        canvas.draw(tag, str(caller()), argument)
        return Markup("")

    def _divide(self, context: Context) -> Markup:
        canvas: Canvas = context[CANVAS]
        canvas.divide()
        return Markup("")
