"""Series functions against Python's own mathematics, over series of all kinds."""

from __future__ import annotations

import json
import math
import statistics
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog.errors import KqlUnsupportedError
from gatelog.kql import Catalog, compile
from gatelog.testing.kql import run

NOW = datetime(2024, 1, 31, tzinfo=UTC)
numbers = st.integers(-1000, 1000)
series = st.lists(numbers, min_size=2, max_size=30)
frugal = settings(max_examples=8, deadline=None)


def value(expression: str) -> object:
    """The value of an expression."""
    return run(f"print {expression}")[1][0][0]


def dynamic(values: list[int]) -> str:
    """A literal of a series."""
    return f"dynamic({json.dumps(values)})"


@frugal
@given(series)
def test_a_line_is_the_least_squares_line_over_one_two_three(points: list[int]) -> None:
    fit = value(f"series_fit_line_dynamic({dynamic(points)})")
    assert isinstance(fit, dict)
    slope, intercept = statistics.linear_regression(range(1, len(points) + 1), points)
    assert fit["slope"] == pytest.approx(slope, abs=1e-9)
    assert fit["interception"] == pytest.approx(intercept, abs=1e-6)
    assert fit["variance"] == pytest.approx(statistics.variance(points), abs=1e-6)


@frugal
@given(st.lists(numbers, min_size=5, max_size=12, unique=True), st.integers(1, 3))
def test_a_polynomial_of_its_own_degree_is_found_exactly(xs: list[int], degree: int) -> None:
    ys = [sum((power + 1) * x**power for power in range(degree + 1)) for x in xs]
    query = f"print 1 | project (r, factors) = series_fit_poly({dynamic(ys)}, {dynamic(xs)}, {degree})"
    r, factors = run(query + " | project r, factors")[1][0]
    assert r == pytest.approx(1)
    assert factors[0] == pytest.approx(degree + 1, rel=1e-6)


@frugal
@given(series)
def test_the_inverse_transform_gives_the_series_back(points: list[int]) -> None:
    rows = run(
        f"print x = {dynamic(points)} | extend (re, im) = series_fft(x) | extend (back) = series_ifft(re, im)"
        " | project back"
    )[1]
    assert rows[0][0] == pytest.approx(points, abs=1e-6)


@frugal
@given(series, series)
def test_a_running_sum_is_an_infinite_filter_and_a_dot_product_a_sum(a: list[int], b: list[int]) -> None:
    sums = value(f"series_iir({dynamic(a)}, dynamic([1]), dynamic([1, -1]))")
    assert sums == [float(sum(a[: place + 1])) for place in range(len(a))]
    product = value(f"series_dot_product({dynamic(a)}, {dynamic(b)})")
    assert product == sum(x * y for x, y in zip(a, b, strict=False))


@frugal
@given(st.integers(4, 12), st.integers(3, 6), st.randoms(use_true_random=False))
def test_a_repeated_pattern_has_its_length_as_period(period: int, times: int, random: object) -> None:
    pattern = [100, *(random.randrange(10) for _ in range(period - 1))]  # type: ignore[attr-defined]  # a Random
    found = value(f"series_periods_detect({dynamic(pattern * times)}, 0.0, 100.0, 1)")
    assert found == [float(period)]
    seasonal = value(f"series_seasonal({dynamic(pattern * times)}, {period})")
    assert seasonal == [float(point) for point in pattern * times]


@frugal
@given(series)
def test_the_components_of_a_decomposition_add_up_to_the_series(points: list[int]) -> None:
    rows = run(
        f"print y = {dynamic(points)} | extend (base, season, trend, rest) = "
        "series_decompose(y, 3, 'linefit')"
        " | project series_add(base, rest), series_add(season, trend), base"
    )[1]
    whole, base_again, base = rows[0]
    assert whole == pytest.approx(points, abs=1e-6)
    assert base_again == pytest.approx(base, abs=1e-6)


def test_a_long_series_needs_memory_for_the_series_only() -> None:
    query = (
        "print x = range(1, 5000) | extend f = series_fir(x, repeat(1, 10)), i = series_iir(x, dynamic([1]),"
        " dynamic([1, -0.5])), l = series_fill_linear(x), s = array_sort_desc(x, x)[1]"
        " | project array_length(f), array_length(i), array_length(l), array_length(s)"
    )
    assert run(query)[1] == [[5000, 5000, 5000, 5000]]


def test_a_plugin_whose_columns_the_data_decide_is_refused_where_they_cannot_be_asked() -> None:
    with pytest.raises(KqlUnsupportedError, match="depend on the data"):
        compile("print d = dynamic({}) | evaluate bag_unpack(d)", Catalog(), now=NOW)


def test_a_series_of_nothing_is_no_failure() -> None:
    for name in ("series_sum", "series_magnitude", "series_seasonal", "series_outliers"):
        assert value(f"{name}(dynamic([]))") in (None, []), name
    assert value("series_fir(dynamic([]), dynamic([1]))") == []
    assert math.isnan(value("series_dot_product(dynamic([]), dynamic([1]))") or math.nan)  # type: ignore[arg-type]


def test_series_made_of_series_make_the_statement_longer_and_do_not_double_it() -> None:
    def length(depth: int) -> int:
        stages = "| extend s = series_add(s, series_subtract(s, 1)) " * depth
        return len(compile(f"print s = dynamic([1]) {stages}", Catalog(), now=NOW).sql)

    assert length(6) - length(4) < 1.5 * (length(4) - length(2))


@pytest.mark.parametrize("function", ["series_decompose", "series_decompose_anomalies"])
def test_settings_that_are_columns_say_the_same_as_constants(function: str) -> None:
    """The columns of constants are remembered; those of anything else are made for the query."""
    series = "print s = dynamic([1, 2, 1, 2, 9, 2, 1, 2, 1, 2, 1, 2]), none = int(0)"
    first = "2.5, " if function.endswith("anomalies") else ""
    constants = run(f"{series} | project {function}(s, {first}2, 'linefit', 1)")
    assert run(f"{series} | project {function}(s, {first}2 + none, 'linefit', 1 + none)") == constants
    assert run(f"let period = 2; {series} | project {function}(s, {first}period, 'linefit', 1)") == constants
    other = run(f"{series} | project {function}(s, {first}3, 'avg', 1)")
    assert (other[0], other[1] == constants[1]) == (constants[0], False)
