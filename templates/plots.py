"""Plots: what `{% chart %}` draws, as Slack's data_visualization block or, in `bot.charts`, as a picture.

Source: docs.slack.dev/reference/block-kit/blocks/data-visualization-block.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import slackblocks as kit

from templates.blocks import Block, resolved, shorten

Figure = int | float | None
"""A number, or None where it is not known: a gap, never 0."""

KINDS = ("bar", "line", "area", "pie")
POINTS = 20
"""Labels on an axis."""
SEGMENTS = 12
"""Slices of a pie, and series of the others."""
TITLE_LIMIT = 50
LABEL_LIMIT = 20
AXES: Mapping[str, type[kit.BarChart | kit.LineChart | kit.AreaChart]] = {
    "bar": kit.BarChart,
    "line": kit.LineChart,
    "area": kit.AreaChart,
}


@dataclass(frozen=True, slots=True)
class Series:
    """One line, one set of bars, or the slices of a pie: a figure for each label."""

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Counts by label, so that neighbours may be added up."""

    kind: str
    title: str
    axis: str
    """What the labels are."""
    labels: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see: no figure above 0."""
        return not any(figure for series in self.series for figure in series.figures)

    def known(self) -> tuple[Series, ...]:
        """The series of which something is known."""
        return tuple(series for series in self.series if any(figure is not None for figure in series.figures))

    def block(self, block_id: str) -> Block | None:
        """Slack's own chart; None where it cannot show this: a gap, too many slices, too many series."""
        chart = self._pie() if self.kind == "pie" else self._axes()
        if chart is None:
            return None
        return resolved(kit.DataVisualizationBlock(shorten(self.title, TITLE_LIMIT), chart, block_id=block_id))

    def _pie(self) -> kit.PieChart | None:
        (series,) = self.series
        slices = [(label, figure) for label, figure in zip(self.labels, series.figures, strict=True) if figure != 0]
        if len(slices) > SEGMENTS or any(figure is None for _, figure in slices):
            return None
        labels = _different([label for label, _ in slices])
        return kit.PieChart(
            [kit.ChartSegment(label, figure or 0) for label, (_, figure) in zip(labels, slices, strict=True)]
        )

    def _axes(self) -> kit.BarChart | kit.LineChart | kit.AreaChart | None:
        known = self.known()
        if len(known) > SEGMENTS or any(None in series.figures for series in known):
            return None
        groups = list(_groups(len(self.labels)))
        labels = _different([_span(self.labels[group]) for group in groups])
        drawn = [
            kit.DataSeries(
                name,
                [
                    kit.DataPoint(label, sum(figure or 0 for figure in series.figures[group]))
                    for label, group in zip(labels, groups, strict=True)
                ],
            )
            for name, series in zip(_different([series.name for series in known]), known, strict=True)
        ]
        return AXES[self.kind](drawn, kit.AxisConfig(labels, x_label=shorten(self.axis, TITLE_LIMIT)))


def _groups(count: int) -> Iterator[slice]:
    """Neighbours that share a point, so that there are at most POINTS."""
    each = ceil(count / POINTS)
    return (slice(start, start + each) for start in range(0, count, each))


def _span(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return labels[0]
    room = (LABEL_LIMIT - 1) // 2
    return f"{shorten(labels[0], room)}–{shorten(labels[-1], room)}"


def _different(texts: Sequence[str]) -> list[str]:
    """The texts, short enough, and each only once."""
    found: list[str] = []
    for text in texts:
        short, number = shorten(text.strip() or "—", LABEL_LIMIT), 1
        while short in found:
            number += 1
            tail = f" {number}"
            short = shorten(text, LABEL_LIMIT - len(tail)) + tail
        found.append(short)
    return found
