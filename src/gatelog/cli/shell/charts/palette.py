"""Colours of series, and the legend that names them."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from gatelog.app import on_one_line
from gatelog.cli.shell.charts.series import Chart

_STYLES: Final = ("cyan", "yellow", "green", "magenta", "blue", "red", "bright_cyan", "bright_yellow")
LEGEND_MAX: Final = 24
"""Series that a legend names: colours repeat long before."""


def style_of(place: int) -> str:
    """The colour of the series at `place`."""
    return _STYLES[place % len(_STYLES)]


def legend(chart: Chart, width: int) -> list[Text]:
    """Lines of at most `width` characters that name the series by colour; none if the author wants none."""
    if not chart.legend:
        return []
    entries = [
        Text.assemble(("■ ", style_of(place)), on_one_line(series.name) or "(empty)", "  ")
        for place, series in enumerate(chart.series[:LEGEND_MAX])
    ]
    if len(chart.series) > LEGEND_MAX:
        entries.append(Text(f"and {len(chart.series) - LEGEND_MAX} more", "dim"))
    lines = [Text()]
    for entry in entries:
        if lines[-1] and lines[-1].cell_len + entry.cell_len > width:
            lines.append(Text())
        lines[-1].append_text(entry)
    return lines
