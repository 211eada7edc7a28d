"""Charts over categories: bars, columns and shares.

gpt-4o       ███████████████▌ 1.2k       bars lie, one line for each category and series
gpt-4o-mini  █████▎ 410

1.2k ┤  ██                               columns stand, where they fit
     │  ██  ▃▃
   0 └──────────
        gpt  o3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from gatelog.app import on_one_line
from gatelog.cli.shell.charts.palette import legend, style_of
from gatelog.cli.shell.charts.scale import bounds, number_ticks, shown
from gatelog.cli.shell.charts.series import Chart, X

_PARTS_ACROSS: Final = " ▏▎▍▌▋▊▉"
_PARTS_UP: Final = " ▁▂▃▄▅▆▇"
LABEL_CELLS_MAX: Final = 32
"""Of a label beside a bar, and at most two fifths of the width: wide characters take two cells."""

_COLUMN_CHARACTERS_MIN: Final = 4
"""Narrower columns have no room for labels: then bars are drawn."""

_VALUE_CHARACTERS: Final = 10
"""Room for the value behind a bar, `-100.25G` and a space."""


def draw_bars(chart: Chart, width: int, _height: int) -> list[Text]:
    """Horizontal bars; stacked ones in one line a category."""
    values, labels = _by_category(chart), _beside_bars(_categories(chart), width)
    room = max(width - cell_len(labels[0]) - 2 - _VALUE_CHARACTERS, 1)
    stacked = chart.variant.startswith("stacked")
    most = max(_extent(row, stacked=stacked) for row in values) or 1.0
    lines = []
    for label, row in zip(labels, values, strict=True):
        whole = (_extent(row, stacked=True) or most) if chart.variant == "stacked100" else most
        bars = _stack(row, whole, room) if stacked else _side_by_side(row, whole, room)
        for place, bar in enumerate(bars):
            shown_label = label if place == 0 else " " * cell_len(label)
            lines.append(Text.assemble(f"{shown_label} ", ("│", "dim"), bar))
    return [*lines, *legend(chart, width)]


def draw_shares(chart: Chart, width: int, _height: int) -> list[Text]:
    """A pie, unrolled: each category's share of the whole."""
    totals = _summed([(x, abs(y)) for x, y in chart.series[0].points])
    whole = sum(totals.values()) or 1.0
    labels = _beside_bars(list(totals), width)
    room = max(width - cell_len(labels[0]) - 2 - 2 * _VALUE_CHARACTERS, 1)
    lines = []
    for place, (label, total) in enumerate(zip(labels, totals.values(), strict=True)):
        bar = _bar(total / whole * room)
        value = f" {total / whole:.1%} ({shown(total)})"
        lines.append(Text.assemble(f"{label} ", ("│", "dim"), (bar, style_of(place)), (value, "dim")))
    return lines


def draw_columns(chart: Chart, width: int, height: int) -> list[Text]:
    """Vertical columns, or bars where there are too many for the width."""
    values, labels = _by_category(chart), [_label(one) for one in _categories(chart)]
    stacked = chart.variant.startswith("stacked")
    per_category = 1 if stacked else len(chart.series)
    low, high = 0.0, max(_extent(row, stacked=stacked) for row in values) or 1.0
    negative = any(y < 0 for one in chart.series for _, y in one.points)
    ticks = number_ticks(
        *bounds([low, high], low=chart.y_min, high=chart.y_max, zero=True), max(height // 3, 2)
    )
    margin = max(len(tick.label) for tick in ticks)
    each = (width - margin - 2) // len(labels)
    if stacked or negative or each < max(_COLUMN_CHARACTERS_MIN, per_category + 1):
        return draw_bars(chart, width, height)
    thick = min((each - 1) // per_category, 8)
    marks = {
        height - 1 - round(tick.value / high * (height - 1)): tick.label
        for tick in ticks
        if tick.value <= high
    }
    rows = []
    for row in range(height):
        line = Text(f"{marks.get(row, ''):>{margin}} {'┤' if row in marks else '│'}", "dim")
        for category in values:
            line.append(" ")
            for place, value in enumerate(category):
                line.append(_cell(value / high * height, height - 1 - row) * thick, style_of(place))
            line.append(" " * (each - 1 - thick * per_category))
        rows.append(line)
    rule = Text(f"{'':{margin}} └{'─' * (each * len(labels))}", "dim")
    below = "".join(f"{set_cell_size(label, each - 1)} " for label in labels)
    names = Text(" " * (margin + 3) + below.rstrip(), "dim")
    return [*rows, rule, names, *legend(chart, width)]


def _cell(level: float, row: int) -> str:
    """The block at `row` (from below) of a column that is `level` rows high."""
    if level >= row + 1:
        return "█"
    return _PARTS_UP[max(int((level - row) * 8), 0)]


def _bar(length: float) -> str:
    whole, part = divmod(round(length * 8), 8)
    return "█" * whole + (_PARTS_ACROSS[part] if part else "")


def _side_by_side(row: list[float], whole: float, room: int) -> list[Text]:
    return [
        Text.assemble((_bar(abs(value) / whole * room), style_of(place)), (f" {shown(value)}", "dim"))
        for place, value in enumerate(row)
    ]


def _stack(row: list[float], whole: float, room: int) -> list[Text]:
    parts = [("█" * round(abs(value) / whole * room), style_of(place)) for place, value in enumerate(row)]
    return [Text.assemble(*parts, (f" {shown(sum(row))}", "dim"))]


def _extent(row: list[float], *, stacked: bool) -> float:
    return sum(map(abs, row)) if stacked else max(map(abs, row))


def _by_category(chart: Chart) -> list[list[float]]:
    """For each category the value of each series; 0 where it has none."""
    order = _categories(chart)
    tables = [_summed(one.points) for one in chart.series]
    return [[table.get(category, 0.0) for table in tables] for category in order]


def _summed(points: Sequence[tuple[X, float]]) -> dict[X, float]:
    totals: dict[X, float] = {}
    for x, y in points:
        totals[x] = totals.get(x, 0.0) + y
    return totals


def _categories(chart: Chart) -> list[X]:
    return list(dict.fromkeys(x for one in chart.series for x, _ in one.points))


def _beside_bars(categories: Sequence[X], width: int) -> list[str]:
    """The labels, all of one width, to the left of their bars."""
    most = max(min(LABEL_CELLS_MAX, width * 2 // 5), 1)
    labels = [_cut(_label(category), most) for category in categories]
    margin = max(map(cell_len, labels))
    return [" " * (margin - cell_len(label)) + label for label in labels]


def _label(category: X) -> str:
    return on_one_line(str(category)) or "(empty)"


def _cut(text: str, cells: int) -> str:
    return text if cell_len(text) <= cells else f"{set_cell_size(text, cells - 1)}…"
