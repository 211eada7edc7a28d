"""What `render` asks for, drawn with characters.

series   from an answer to series of points, by Kusto's rules
scale    round values for the axes
canvas   dots, eight to a character
lines    lines, areas, points          bars   bars, columns, shares          palette   colours and the legend
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.text import Text

from gatelog.cli.shell.charts.bars import draw_bars, draw_columns, draw_shares
from gatelog.cli.shell.charts.lines import draw_lines
from gatelog.cli.shell.charts.series import Chart, NotDrawableError, chart_of
from gatelog.kql import RenderHint

_DRAW: Final[Mapping[str, Callable[[Chart, int, int], list[Text]]]] = {
    **dict.fromkeys(("timechart", "linechart", "areachart", "stackedareachart", "scatterchart"), draw_lines),
    "barchart": draw_bars,
    "columnchart": draw_columns,
    "piechart": draw_shares,
}


def draw(answer: dict[str, Any], hint: RenderHint, width: int, height: int) -> list[Text]:
    """The answer as the chart of the hint, of about `height` lines. Raises NotDrawableError, saying why."""
    if hint.chart not in _DRAW:
        raise NotDrawableError(f"{hint.chart} cannot be drawn in a terminal")
    chart = chart_of(answer, hint)
    title = [Text(chart.title, "bold")] if chart.title else []
    return [*title, *_DRAW[hint.chart](chart, width, height)]


__all__ = ["NotDrawableError", "draw"]
