"""Charts with a scale on both axes: lines, areas and points.

20k ┤ ⢀⡠⠔⠊⠉⠒⠤⡀                 labels of y │ the drawing
10k ┤⠔⠁       ⠈⠑⠢⢄⡀
  0 └────┬─────────┬────       labels of x below their ticks
       08:00     09:00
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rich.text import Text

from gatelog.cli.shell.charts.canvas import Canvas
from gatelog.cli.shell.charts.palette import legend, style_of
from gatelog.cli.shell.charts.scale import Tick, bounds, number_ticks, time_bounds, time_ticks
from gatelog.cli.shell.charts.series import Chart, Series

_ROWS_PER_LABEL: Final = 3
_CHARACTERS_PER_LABEL: Final = 12
_AREAS: Final = frozenset(("areachart", "stackedareachart"))


def draw_lines(chart: Chart, width: int, height: int) -> list[Text]:
    """The chart in `height` lines of at most `width` characters, its legend below."""
    series = _stacked(chart.series) if _is_stacked(chart) else chart.series
    ys = [y for one in series for _, y in one.points]
    xs = [x for one in series for x, _ in one.points if isinstance(x, float)]
    low, high = bounds(ys, low=chart.y_min, high=chart.y_max, zero=chart.kind != "scatterchart")
    is_time = chart.x_kind == "time"
    left, right = time_bounds(xs) if is_time else bounds(xs, low=None, high=None, zero=False)
    y_ticks = number_ticks(low, high, max(height // _ROWS_PER_LABEL, 2))
    margin = max(len(tick.label) for tick in y_ticks)
    canvas = Canvas(max(width - margin - 2, 1), height)
    for place, one in reversed([*enumerate(series)]):
        dots = [
            (_scaled(x, left, right, canvas.width), _scaled(y, low, high, canvas.height))
            for x, y in one.points
            if isinstance(x, float)
        ]
        _draw(canvas, chart.kind, dots, _scaled(max(low, 0.0), low, high, canvas.height), style_of(place))
    ticks = time_ticks if is_time else number_ticks
    x_ticks = ticks(left, right, max(canvas.width // 2 // _CHARACTERS_PER_LABEL, 1))
    rows = _with_y_axis(canvas.lines(), y_ticks, low, high, margin)
    return [*rows, *_x_axis(x_ticks, left, right, canvas.width // 2, margin), *legend(chart, width)]


def _is_stacked(chart: Chart) -> bool:
    return chart.kind == "stackedareachart" or (chart.kind in _AREAS and chart.variant.startswith("stacked"))


def _stacked(series: Sequence[Series]) -> tuple[Series, ...]:
    """Each series on top of those before it."""
    base: dict[float | str, float] = {}
    stacked = []
    for one in series:
        points = []
        for x, y in one.points:
            base[x] = base.get(x, 0.0) + y
            points.append((x, base[x]))
        stacked.append(Series(one.name, tuple(points)))
    return tuple(stacked)


def _scaled(value: float, low: float, high: float, dots: int) -> int:
    return round((value - low) / (high - low) * (dots - 1))


def _draw(canvas: Canvas, kind: str, dots: list[tuple[int, int]], floor: int, style: str) -> None:
    if kind == "scatterchart" or len(dots) == 1:
        for x, y in dots:
            canvas.dot(x, y, style)
        return
    for (x, y), (next_x, next_y) in pairwise(dots):
        canvas.line((x, y), (next_x, next_y), style)
        if kind in _AREAS:
            _fill(canvas, (x, y), (next_x, next_y), floor, style)


def _fill(canvas: Canvas, start: tuple[int, int], end: tuple[int, int], floor: int, style: str) -> None:
    width = max(end[0] - start[0], 1)
    for step in range(width + 1):
        y = start[1] + round((end[1] - start[1]) * step / width)
        canvas.column(start[0] + step, min(floor, y), max(floor, y), style)


def _with_y_axis(rows: list[Text], ticks: list[Tick], low: float, high: float, margin: int) -> list[Text]:
    labels = {len(rows) - 1 - _scaled(tick.value, low, high, len(rows)): tick.label for tick in ticks}
    return [
        Text.assemble((f"{labels.get(place, ''):>{margin}} {'┤' if place in labels else '│'}", "dim"), row)
        for place, row in enumerate(rows)
    ]


def _x_axis(ticks: list[Tick], left: float, right: float, columns: int, margin: int) -> list[Text]:
    rule, labels = ["─"] * columns, [" "] * (columns + _CHARACTERS_PER_LABEL)
    free = 0
    for tick in ticks:
        place = _scaled(tick.value, left, right, columns)
        start = min(max(place - len(tick.label) // 2, 0), max(columns - len(tick.label), 0))
        if start < free:
            continue
        rule[place] = "┬"
        labels[start : start + len(tick.label)] = tick.label
        free = start + len(tick.label) + 1
    indent = " " * (margin + 1)
    return [
        Text(f"{indent}└{''.join(rule)}", "dim"),
        Text(f"{indent} {''.join(labels).rstrip()}", "dim"),
    ]
