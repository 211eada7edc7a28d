"""What `render` asks for, drawn with characters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatelog.cli.shell.charts import NotDrawableError, draw
from gatelog.cli.shell.charts.canvas import Canvas
from gatelog.cli.shell.charts.scale import bounds, number_ticks, shown, time_ticks
from gatelog.cli.shell.charts.series import Chart, chart_of
from gatelog.kql import RenderHint

HOUR = 3600.0
DAY = 24 * HOUR


def answer(columns: str, *rows: list[Any]) -> dict[str, Any]:
    """An answer with columns written `name:type name:type`."""
    parts = (column.split(":") for column in columns.split())
    return {"columns": [{"name": name, "type": kind} for name, kind in parts], "rows": [*rows]}


def drawn(
    table: dict[str, Any], chart: str, width: int = 42, height: int = 4, **properties: str
) -> list[str]:
    lines = draw(table, RenderHint(chart, tuple(properties.items())), width, height)
    return [line.plain.rstrip() for line in lines]


def chart(table: dict[str, Any], kind: str, **properties: str) -> Chart:
    return chart_of(table, RenderHint(kind, tuple(properties.items())))


def time(hour: int) -> str:
    return f"2026-01-01T{hour:02}:00:00.0000000Z"


MODELS = answer("Model:string Calls:long", ["gpt-4o", 1200], ["o3", 300])
OVER_TIME = answer("T:datetime Model:string n:long", [time(0), "a", 0], [time(1), "a", 6], [time(2), "a", 3])


def test_bars_are_as_long_as_their_values() -> None:
    assert drawn(MODELS, "barchart") == [
        "gpt-4o │████████████████████████ 1.2k",
        "    o3 │██████ 300",
        "■ Calls",
    ]


def test_bars_can_be_stacked() -> None:
    table = answer("Model:string Good:long Bad:long", ["a", 6, 6], ["b", 3, 3])
    assert drawn(table, "barchart", 33, kind="stacked") == [
        "a │████████████████████ 12",
        "b │██████████ 6",
        "■ Good  ■ Bad",
    ]
    assert drawn(table, "barchart", 33, kind="stacked100")[1] == "b │████████████████████ 6"


def test_labels_are_aligned_by_the_room_that_they_take() -> None:
    """A wide character takes two cells, and no sequence of a terminal's gets through."""
    table = answer("Model:string Calls:long", ["日本語", 4], ["é🚀", 2], ["a\n\x1b[31m", 1])
    assert drawn(table, "barchart", 40) == [
        " 日本語 │█████████████████████ 4",
        "    é🚀 │██████████▌ 2",
        "a ␛[31m │█████▎ 1",
        "■ Calls",
    ]
    assert drawn(table, "piechart", 40)[0].startswith(" 日本語 │")
    assert drawn(table, "columnchart", 40)[-2].split() == ["日本語", "é🚀", "a", "␛[31m"]


def test_labels_leave_room_for_their_bars() -> None:
    table = answer(
        "Model:string Calls:long", ["gpt-35-turbo-instruct-0914", 1], ["gpt-35-turbo-instruct-0613", 3]
    )
    assert drawn(table, "piechart", 34) == [
        "gpt-35-turbo… │▎ 25.0% (1)",
        "gpt-35-turbo… │▊ 75.0% (3)",
    ]


def test_a_single_moment_is_drawn_in_its_minute() -> None:
    lines = drawn(answer("T:datetime n:long", [time(6), 1]), "timechart", 60)
    assert lines[-2].split() == ["05:59:30", "05:59:45", "06:00:00", "06:00:15", "06:00:30"]
    with pytest.raises(NotDrawableError, match="no values"):
        drawn(answer("T:datetime n:long", [None, 1]), "timechart")


def test_columns_stand_beside_each_other() -> None:
    table = answer("Model:string n:long", ["gpt", 8], ["o3", 4])
    assert drawn(table, "columnchart", 24, 4) == [
        "  │ ████████",
        "5 ┤ ████████",
        "  │ ████████  ████████",
        "0 ┤ ████████  ████████",
        "  └────────────────────",
        "    gpt       o3",
        "■ n",
    ]


def test_columns_without_room_become_bars() -> None:
    many = answer("Model:string Calls:long", *([f"model-{n}", n] for n in range(30)))
    assert drawn(many, "columnchart", 60, 10)[3].startswith(" model-3 │█")


def test_a_pie_shows_shares() -> None:
    assert drawn(MODELS, "piechart", 44) == [
        "gpt-4o │████████████▊ 80.0% (1.2k)",
        "    o3 │███▎ 20.0% (300)",
    ]


def test_a_timechart_has_both_axes() -> None:
    lines = drawn(OVER_TIME, "timechart", 44, 6)
    assert lines[-4].startswith("0 ┤")
    assert lines[-3].startswith("  └┬")
    assert "01:00" in lines[-2]
    assert lines[-1] == "■ a"


@pytest.mark.parametrize(
    ("kind", "table", "x_kind", "names"),
    [
        ("timechart", OVER_TIME, "time", ["a"]),
        ("linechart", answer("x:real y:real z:real", [1.0, 2.0, 3.0]), "number", ["y", "z"]),
        ("barchart", answer("M:string R:string n:long", ["a", "r", 1], ["a", "s", 2]), "text", ["r", "s"]),
        (
            "timechart",
            answer("T:datetime M:string a:long b:long", [time(0), "x", 1, 2]),
            "time",
            ["x, a", "x, b"],
        ),
        (
            "timechart",
            answer("n:dynamic T:dynamic M:string", [[1, 2], [time(0), time(1)], "x"]),
            "time",
            ["x"],
        ),
        ("scatterchart", answer("d:timespan n:long", ["00:00:05", 1]), "number", ["n"]),
    ],
)
def test_the_columns_play_the_parts_that_kusto_gives_them(
    kind: str, table: dict[str, Any], x_kind: str, names: list[str]
) -> None:
    made = chart(table, kind)
    assert (made.x_kind, [one.name for one in made.series]) == (x_kind, names)


def test_the_author_can_name_the_columns() -> None:
    table = answer("a:long b:long c:string d:string", [1, 2, "x", "y"])
    made = chart(table, "linechart", xcolumn="b", ycolumns="a", series="d", title="t", xtitle="of b")
    assert [(one.name, one.points) for one in made.series] == [("y", ((2.0, 1.0),))]
    assert (made.title, made.x_title) == ("t", "of b")


def test_arrays_of_make_series_are_points() -> None:
    table = answer("n:dynamic T:dynamic", [[1, None, 3], [time(0), time(1), time(2)]])
    [series] = chart(table, "timechart").series
    (first, one), (last, three) = series.points
    assert (one, three) == (1.0, 3.0)
    assert last - first == 2 * HOUR


def test_values_are_numbers_also_as_text() -> None:
    """Timespans are seconds; null and NaN are left out; a null name is empty."""
    rows = (["a", "00:01:00"], ["b", "-1.00:00:00.5"], ["c", None], ["d", "NaN"], [None, "1"])
    made = chart(answer("M:string d:timespan", *rows), "barchart")
    assert made.series[0].points == (("a", 60.0), ("b", -86_400.5), ("", 1.0))


def test_numbers_with_more_digits_than_a_float_are_numbers() -> None:
    digits = Decimal("0.12345678901234567890")
    made = chart(answer("x:decimal y:decimal", [digits, digits]), "scatterchart")
    assert (made.x_kind, made.series[0].points) == ("number", ((float(digits), float(digits)),))


def test_values_can_add_up() -> None:
    table = answer("x:long y:long", [2, 10], [1, 5])
    assert chart(table, "linechart", accumulate="true").series[0].points == ((1.0, 5.0), (2.0, 15.0))


def test_times_as_categories_are_short() -> None:
    table = answer("T:datetime n:long", [time(0), 1], [time(13), 2])
    assert [x for x, _ in chart(table, "columnchart").series[0].points] == ["2026-01-01", "2026-01-01 13:00"]


@pytest.mark.parametrize(
    ("table", "kind", "properties", "reason"),
    [
        (MODELS, "timechart", {}, "a timechart needs a column for its x axis"),
        (answer("a:string b:string", ["x", "y"]), "barchart", {}, "there is no column of numbers"),
        (answer("a:string n:long", ["x", None]), "barchart", {}, "there are no values to draw"),
        (MODELS, "barchart", {"xcolumn": "Nope"}, "the answer has no column 'Nope'"),
        (MODELS, "treemap", {}, "treemap cannot be drawn in a terminal"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    table: dict[str, Any], kind: str, properties: dict[str, str], reason: str
) -> None:
    with pytest.raises(NotDrawableError, match=reason):
        drawn(table, kind, **properties)


def test_a_legend_is_broken_into_lines_or_left_out() -> None:
    table = answer("x:long M:string y:long", *([1, f"a-long-name-{n:02}", n] for n in range(30)))
    lines = drawn(table, "linechart", 60, 4)
    assert lines[-1].endswith("and 6 more")
    assert [line.count("■") for line in lines if "■" in line] == [3] * 8
    assert not [line for line in drawn(table, "linechart", 60, 4, legend="hidden") if "■" in line]


def test_areas_are_filled_and_stacked_ones_stand_on_each_other() -> None:
    table = answer("x:long a:long b:long", [0, 1, 1], [9, 1, 1])
    assert drawn(table, "areachart", 20, 4)[2].endswith("⣿" * 15)
    assert drawn(table, "stackedareachart", 20, 8)[0].startswith("2 ┤⣿")


FINITE = st.floats(-1e12, 1e12)
KINDS = ("timechart", "linechart", "areachart", "scatterchart", "barchart", "columnchart", "piechart")


@example("barchart", [(0, "a", 5e-324)], 40, 4)
@example("columnchart", [(0, "a", 5e-324)], 40, 4)
@example("timechart", [(0, "a", 5e-324), (1, "a", 0.0)], 40, 4)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 23), st.sampled_from("ab"), FINITE | st.none()), max_size=8),
    st.integers(40, 80),
    st.integers(4, 12),
)
def test_every_chart_fits_into_its_width(kind: str, points: list[Any], width: int, height: int) -> None:
    """Whatever the values, the smallest that a float can hold too: drawn, or refused for lack of any."""
    table = answer("T:datetime M:string n:real", *([time(hour), name, y] for hour, name, y in points))
    values = [y for *_, y in points if y is not None]
    try:
        lines = draw(table, RenderHint(kind, ()), width, height)
    except NotDrawableError:
        assert not values
    else:
        assert max(line.cell_len for line in lines) <= width


def test_ticks_are_round() -> None:
    assert [tick.label for tick in number_ticks(0, 97, 4)] == ["0", "50"]
    assert [tick.label for tick in number_ticks(0, 1, 5)] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick.label for tick in number_ticks(-2e6, 2e6, 4)] == ["-2M", "-1M", "0", "1M", "2M"]
    assert [tick.label for tick in time_ticks(0, DAY, 4)] == ["01-01", "06:00", "12:00", "18:00", "01-02"]
    assert [tick.label for tick in time_ticks(0, 20, 2)] == ["00:00:00", "00:00:10", "00:00:20"]
    assert [tick.label for tick in time_ticks(0, 9 * 365 * DAY, 9)][:2] == ["1970", "1971"]


@given(st.lists(FINITE, min_size=1, max_size=5))
def test_bounds_hold_every_value_and_are_never_empty(values: list[float]) -> None:
    low, high = bounds(values, low=None, high=None, zero=True)
    assert low <= min([*values, 0.0])
    assert max([*values, 0.0]) <= high
    assert low < high


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.0, "1.23k"),
        (-2.5e9, "-2.5G"),
        (0.25, "0.25"),
        (0.0123, "0.0123"),
        (1e-05, "1.0e-05"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_canvas_packs_eight_dots_into_a_character() -> None:
    """From the bottom left; what lies outside is left out."""
    canvas = Canvas(2, 1)
    for x, y in ((0, 0), (1, 3), (3, 0), (9, 9), (-1, 0)):
        canvas.dot(x, y, "red")
    assert [line.plain for line in canvas.lines()] == ["⡈⢀"]
    canvas = Canvas(2, 1)
    canvas.line((0, 0), (3, 3), "red")
    assert [line.plain for line in canvas.lines()] == ["⡠⠊"]
