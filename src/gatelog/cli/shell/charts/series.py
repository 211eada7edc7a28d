"""From an answer and its render hint to series of points, by the rules of Kusto's render operator.

x is the column that the author names, else the first one that fits the chart (a time for timechart, a number
or time for lines and points, the first column for bars). y are the columns named, else all other numbers.
What is text beside them names the series. Answers of make-series hold one series a row, as arrays.

https://learn.microsoft.com/kusto/query/render-operator
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from gatelog.kql import RenderHint

NUMBERS: Final = frozenset(("int", "long", "real", "decimal", "timespan"))
_CATEGORIES: Final = frozenset(("barchart", "columnchart", "piechart"))

X = float | str
Row = Sequence[Any]


class NotDrawableError(Exception):
    """The answer has not the columns that the chart needs; the message says which."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one colour; x are seconds since 1970, numbers or texts, y numbers."""

    name: str
    points: tuple[tuple[X, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn. `x_kind`: time, number or text."""

    kind: str
    title: str
    x_kind: str
    x_title: str
    series: tuple[Series, ...]
    variant: str = ""
    legend: bool = True
    y_min: float | None = None
    y_max: float | None = None


def chart_of(answer: dict[str, Any], hint: RenderHint) -> Chart:
    """The chart of an answer `{"columns": [{"name", "type"}], "rows": [[…]]}`. Raises NotDrawableError."""
    properties = dict(hint.properties)
    columns = [(column["name"], column["type"]) for column in answer["columns"]]
    x = _x_column(hint.chart, columns, properties, answer["rows"])
    ys = _y_columns(columns, x, properties, answer["rows"])
    names = _series_columns(columns, x, ys, properties)
    x_kind = _x_kind(hint.chart, columns[x][1], answer["rows"], x)
    grouped: dict[str, list[tuple[X, float]]] = {}
    for row in answer["rows"]:
        for y in ys:
            name = _series_name(row, names, columns[y][0], several=len(ys) > 1)
            grouped.setdefault(name, []).extend(_points(row[x], row[y], as_text=x_kind == "text"))
    ordered = ((name, _ordered(points, x_kind)) for name, points in grouped.items())
    series = tuple(Series(name, points) for name, points in ordered if points)
    if not series:
        raise NotDrawableError("there are no values to draw")
    return Chart(
        hint.chart,
        properties.get("title", ""),
        x_kind,
        properties.get("xtitle", columns[x][0]),
        tuple(map(_accumulated, series)) if properties.get("accumulate") == "true" else series,
        properties.get("kind", ""),
        properties.get("legend") != "hidden",
        _number_or_none(properties.get("ymin")),
        _number_or_none(properties.get("ymax")),
    )


def _place(columns: list[tuple[str, str]], name: str) -> int:
    for place, (known, _) in enumerate(columns):
        if known == name:
            return place
    raise NotDrawableError(f"the answer has no column '{name}'")


def _x_column(chart: str, columns: list[tuple[str, str]], properties: dict[str, str], rows: list[Row]) -> int:
    if named := properties.get("xcolumn"):
        return _place(columns, named)
    for place, (_, kind) in enumerate(columns):
        array = kind == "dynamic" and _first_element(rows, place)
        if chart == "timechart" and (kind == "datetime" or (array and _seconds(array) is not None)):
            return place
        if chart != "timechart" and (chart in _CATEGORIES or kind == "datetime" or kind in NUMBERS or array):
            return place
    raise NotDrawableError(f"a {chart} needs a column for its x axis")


def _y_columns(
    columns: list[tuple[str, str]], x: int, properties: dict[str, str], rows: list[Row]
) -> list[int]:
    if named := properties.get("ycolumns"):
        return [_place(columns, name.strip()) for name in named.split(",")]
    found = [
        place
        for place, (_, kind) in enumerate(columns)
        if place != x and (kind in NUMBERS or (kind == "dynamic" and _is_number(_first_element(rows, place))))
    ]
    if not found:
        raise NotDrawableError("there is no column of numbers beside the x axis")
    return found


def _series_columns(
    columns: list[tuple[str, str]], x: int, ys: list[int], properties: dict[str, str]
) -> list[int]:
    if named := properties.get("series"):
        return [_place(columns, name.strip()) for name in named.split(",")]
    return [place for place, (_, kind) in enumerate(columns) if place not in (x, *ys) and kind == "string"]


def _series_name(row: Row, names: list[int], y: str, *, several: bool) -> str:
    parts = [str(row[place]) for place in names]
    return ", ".join([*parts, y] if several or not parts else parts)


def _points(x: Any, y: Any, *, as_text: bool) -> Iterator[tuple[X, float]]:
    pairs = zip(x, y, strict=False) if isinstance(x, list) and isinstance(y, list) else [(x, y)]
    for left, right in pairs:
        place, value = _category(left) if as_text else _coordinate(left), _number_or_none(right)
        if value is not None:
            yield place, value


def _coordinate(value: Any) -> X:
    number = _seconds(value)
    number = _number_or_none(value) if number is None else number
    return "" if number is None else number


def _category(value: Any) -> str:
    """A value as a label; of a time the parts that are not zero."""
    if _seconds(value) is None:
        return "" if value is None else str(value)
    return str(value)[:19].replace("T", " ").removesuffix(" 00:00:00").removesuffix(":00")


def _seconds(value: Any) -> float | None:
    """Seconds since 1970 of a datetime as JSON has it."""
    if not isinstance(value, str) or len(value) < len("2026-01-01T00:00:00Z") or value[10:11] != "T":
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None


def _number_or_none(value: Any) -> float | None:
    """A number as JSON has it; of a timespan its seconds; None for null, NaN and what is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return _timespan_seconds(str(value))
    return number if math.isfinite(number) else None


def _timespan_seconds(text: str) -> float | None:
    """Seconds of `[-][d.]hh:mm:ss[.fffffff]`."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    clock = rest.split(":")
    if len(clock) != 3:
        return None
    days, _, hours = clock[0].rpartition(".")
    try:
        return sign * (int(days or 0) * 86_400 + int(hours) * 3600 + int(clock[1]) * 60 + float(clock[2]))
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _first_element(rows: list[Row], place: int) -> Any:
    arrays = (row[place] for row in rows if isinstance(row[place], list))
    return next((element for array in arrays for element in array if element is not None), None)


def _x_kind(chart: str, kind: str, rows: list[Row], x: int) -> str:
    if chart in _CATEGORIES:
        return "text"
    if kind == "datetime" or (kind == "dynamic" and _seconds(_first_element(rows, x)) is not None):
        return "time"
    return "number"


def _ordered(points: list[tuple[X, float]], x_kind: str) -> tuple[tuple[X, float], ...]:
    if x_kind == "text":
        return tuple(points)
    return tuple(sorted((x, y) for x, y in points if isinstance(x, float)))


def _accumulated(series: Series) -> Series:
    total, points = 0.0, []
    for x, y in series.points:
        total += y
        points.append((x, total))
    return Series(series.name, tuple(points))
