"""Pictures of charts, by matplotlib: imported only when one is wanted, since that takes a second.

Made for a phone in portrait (360 points wide, three pixels each), on a light card of their own, so that they read the
same in light and dark; series differ in brightness, marks and order, never in colour alone.
"""

import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from math import ceil, isnan, nan
from textwrap import fill
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from templates.blocks import shorten
from templates.plots import Plot
from templates.words import number

WIDTH, HEIGHT, DPI = 7.2, 5.4, 150
"""Inches of one plot, and pixels an inch: 1,080 x 810."""
LARGE, SMALL = 20, 14
"""Points: on 360 points of screen they are 14 and 10 high."""
TITLE, NAME = 36, 26
"""Letters of a line of a title, and of a label; Chinese ones count twice."""
TICKS = 6
"""Labels that fit side by side below an axis."""
SHORT = 8
"""Letters up to which labels stand below their bars; longer ones stand beside."""
PAPER, INK, GRID = "#ffffff", "#1d1c1d", "#d5d5d5"
COLOURS = (
    *("#0b5394", "#f2a900", "#a61c3c", "#4ba3c3", "#5b2a86", "#7a7a7a"),
    *("#1e7b4f", "#f4a6b5", "#6b4c2a", "#9fd0a0", "#24325f", "#d2b48c"),
)
MARKS = "os^DvX"
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Noto Serif CJK SC",
    "Droid Sans Fallback",
)
"""Looked for in this order; the first comes with matplotlib and has no Chinese."""
_LETTERS = {"zh": "已发送达失败"}
_one_at_a_time = threading.Lock()
"""matplotlib promises nothing to threads."""


def draw(plots: Sequence[Plot], language: str) -> bytes:
    """The plots below one another, as a PNG. Takes a part of a second: for a thread."""
    with _one_at_a_time:
        layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
        figure = Figure(figsize=(WIDTH, HEIGHT * len(plots)), dpi=DPI, facecolor=PAPER, layout=layout)
        for plot, part in zip(plots, figure.subfigures(len(plots), squeeze=False)[:, 0], strict=True):
            part.suptitle(_wrapped(written(plot.title)), x=0.03, ha="left", fontsize=LARGE)
            _draw(part.subplots(), plot, language)
        _style(figure)
        held = BytesIO()
        figure.savefig(held, format="png")
        return held.getvalue()


def writes(language: str) -> bool:
    """Whether this machine has a font for a language."""
    return all(ord(letter) in _fonts()[1] for letter in _LETTERS.get(language, ""))


def written(text: str) -> str:
    """As much of a text as this machine has letters for: no boxes."""
    return "".join(letter for letter in text if ord(letter) in _fonts()[1]).strip()


def _draw(axes: Axes, plot: Plot, language: str) -> None:
    labels = [written(label) for label in plot.labels]
    if plot.kind == "pie":
        _pie(axes, plot, labels, language)
    elif plot.kind == "bar" and max(map(len, labels)) > SHORT:
        _bars_across(axes, plot, labels, language)
    else:
        _upright(axes, plot, labels, language)


def _upright(axes: Axes, plot: Plot, labels: Sequence[str], language: str) -> None:
    """Bars, lines or areas over an axis of labels."""
    places = range(len(labels))
    known = plot.known()
    for index, series in enumerate(known):
        figures = [nan if figure is None else figure for figure in series.figures]
        colour, name = COLOURS[index % len(COLOURS)], written(series.name).lstrip("_")
        if plot.kind == "bar":
            width = 0.8 / len(known)
            left = [place - 0.4 + width * (index + 0.5) for place in places]
            axes.bar(left, figures, width * 0.92, color=colour, label=name)
            _gaps(axes, left, figures)
            continue
        axes.plot(
            places, figures, color=colour, marker=MARKS[index % len(MARKS)], linewidth=3, markersize=8, label=name
        )
        if plot.kind == "area":
            axes.fill_between(places, figures, alpha=0.25, color=colour)
    every = ceil(len(labels) / TICKS)
    axes.set_xticks(list(places)[::every], list(labels)[::every])
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GRID)
    _numbered(axes.yaxis, language)
    if len(known) > 1:
        axes.legend(ncols=min(len(known), 3), loc="upper center", bbox_to_anchor=(0.5, -0.1))


def _bars_across(axes: Axes, plot: Plot, labels: Sequence[str], language: str) -> None:
    """Bars that lie, with their names beside them and their numbers at their ends."""
    known = plot.known()
    height = 0.8 / len(known)
    for index, series in enumerate(known):
        figures = [nan if figure is None else figure for figure in series.figures]
        middle = [place - 0.4 + height * (index + 0.5) for place in range(len(labels))]
        axes.barh(middle, figures, height * 0.92, color=COLOURS[index % len(COLOURS)], label=written(series.name))
        for place, figure in zip(middle, series.figures, strict=True):
            text = "—" if figure is None else number(figure, language)
            axes.annotate(text, (figure or 0, place), (6, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(labels)), [shorten(label, NAME) for label in labels])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=GRID)
    _numbered(axes.xaxis, language, 4)
    if len(known) > 1:
        axes.legend(ncols=min(len(known), 3), loc="upper center", bbox_to_anchor=(0.4, -0.1))


def _pie(axes: Axes, plot: Plot, labels: Sequence[str], language: str) -> None:
    """A ring with its numbers beside; what is unknown is named there and has no slice."""
    (series,) = plot.series
    shown = [(label, figure) for label, figure in zip(labels, series.figures, strict=True) if figure]
    unknown = [label for label, figure in zip(labels, series.figures, strict=True) if figure is None]
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(shown))]
    wedges = axes.pie(
        [figure for _, figure in shown],
        colors=colours,
        startangle=90,
        counterclock=False,
        wedgeprops={"width": 0.45, "edgecolor": PAPER, "linewidth": 2},
    )[0]
    names = [f"{shorten(label, NAME - 4)}  {number(figure, language)}" for label, figure in shown]
    blank = [axes.plot([], [], linestyle="none")[0] for _ in unknown]
    axes.legend(
        [*wedges, *blank],
        [*names, *(f"{shorten(label, NAME - 4)}  —" for label in unknown)],
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )


def _gaps(axes: Axes, places: Sequence[float], figures: Sequence[float]) -> None:
    """A dash where a bar is missing because nothing is known."""
    for place, figure in zip(places, figures, strict=True):
        if isnan(figure):
            axes.annotate("—", (place, 0), (0, 4), textcoords="offset points", ha="center")


def _numbered(axis: Any, language: str, most: int = 5) -> None:  # noqa: ANN401  # an XAxis or a YAxis
    """Whole numbers, few enough to be read, grouped."""
    axis.set_major_locator(MaxNLocator(most, integer=True))
    axis.set_major_formatter(lambda value, _place: number(value, language))


def _style(figure: Figure) -> None:
    for axes in figure.axes:
        axes.set_frame_on(False)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
    for text in figure.findobj(Text):
        text.set_fontfamily(_fonts()[0])
        text.set_color(INK)
        # A `$` in a name is a `$`.
        text.set_parse_math(False)
        if text.get_fontsize() != LARGE:
            text.set_fontsize(SMALL)


@cache
def _fonts() -> tuple[list[str], frozenset[int]]:
    """The fonts that this machine has, and all that they can write."""
    there = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    families = [name for name in FONTS if name in there]
    glyphs = (font_manager.get_font(there[name]).get_charmap() for name in families)
    return families, frozenset().union(*glyphs)


def _wrapped(title: str) -> str:
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in title)
    return fill(title, max(1, TITLE * len(title) // max(1, width)))
