"""The data_visualization block: pie, bar, area and line charts.

Source: docs.slack.dev/reference/block-kit/blocks/data-visualization-block; where its editions differ (6 or 12 segments
and series), the larger number, which slackblocks 3 has too.
"""

from typing import Any

from sandbox.slack.schema import Check, Report, by_type, items, real, shape, string

MOST_CHARTS = 2
"""In a message."""
_LABEL = string(20)
_AXIS = shape({"categories": items(_LABEL, 20)}, {"x_label": string(50), "y_label": string(50)})
_SERIES = shape({"name": _LABEL, "data": items(shape({"label": _LABEL, "value": real()}, {}), 20)}, {})


def _fits(chart: Any, pointer: str, report: Report) -> None:  # noqa: ANN401
    """Series have different names, and each a point for every category."""
    if report.problems:
        return
    categories: list[str] = chart["axis_config"]["categories"]
    if len(set(categories)) < len(categories):
        report.add("must have unique categories", f"{pointer}/axis_config/categories")
    names = [series["name"] for series in chart["series"]]
    if len(set(names)) < len(names):
        report.add("must have unique series names", f"{pointer}/series")
    for index, series in enumerate(chart["series"]):
        if sorted(point["label"] for point in series["data"]) != sorted(categories):
            report.add("must have one data point for each category", f"{pointer}/series/{index}/data")


_AXES = shape({"series": items(_SERIES, 12), "axis_config": _AXIS}, {}, also=_fits)
_SEGMENT = shape({"label": _LABEL, "value": real(above=0)}, {})
CHART: Check = by_type(
    {"pie": shape({"segments": items(_SEGMENT, 12)}, {}), "bar": _AXES, "area": _AXES, "line": _AXES}
)
