"""What constant times make is found when a query is compiled, and is what the engine finds of columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.testing.kql import run

NOW = datetime(2026, 2, 28, 13, 14, 15, 678_901, tzinfo=UTC)

MOMENTS = (
    "0001-01-01", "0001-01-06 10:00", "0001-01-07", "1900-02-28 01:02:03", "1969-12-31 23:00",
    "2000-03-01", "2024-02-29 23:59:59.9999999", "9998-12-31 23:00", "9999-12-25", "9999-12-31 12:00",
)  # fmt: skip  # around the borders of weeks, months, years and of all that there is
STEPS = ("", ", 0", ", 1", ", -1", ", 40", ", 100000", ", -100000")
OF_A_MOMENT = (
    *(f"{end}of{unit}(t{by})" for end in ("start", "end") for unit in ("day", "week", "month", "year")
      for by in STEPS),
    *(f"bin(t, {width})" for width in ("1h", "7d", "365d", "13.5h", "1tick", "0s", "-1h")),
    *(f"t {sign} {span}" for sign in "+-" for span in ("1h", "-7d", "365000d", "9000000d", "timespan(null)")),
    "t - datetime(2024-01-31)", "datetime(0001-01-01) - t", "1d + t",
)  # fmt: skip  # one expression a place
SPANS = ("1h", "-1d", "10675199d", "13tick", "timespan(null)")
OF_A_SPAN = (
    "t + 2d", "t - 10675199d", "t * 2", "-3 * t", "t * int(4)", "t * 1000000000000", "t * 2.5",
    "t * decimal(2)", "t * long(null)", "bin(t, 2d)", "bin(t, -1h)",
)  # fmt: skip
TEXTS = (
    "2024-01-31", "2024-02-30", "2024-13-01", "2024-01-31Z", "0000-01-01", "0001-01-01", "soon",
    "2024-01-31T10:11:12", "2024-01-31 10:11:12.5", "2024-01-31T10:11:12.1234567Z", "1800-01-01T00:00:01",
    "2024-01-31T24:00:00Z", "2024-01-31T23:60:00", "9999-12-31T23:59:59.9999999Z",
    "2024-01-31T10:11:12+02:00", "2024-01-31T10:11:12.١٢",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values", "expressions"),
    [
        ("datetime", [f"datetime({moment})" for moment in MOMENTS], OF_A_MOMENT),
        ("timespan", SPANS, OF_A_SPAN),
        ("string", [f"'{text}'" for text in TEXTS], ("todatetime(t)",)),
    ],
)
def test_constants_and_columns_agree(kind: str, values: list[str], expressions: tuple[str, ...]) -> None:
    columns = ", ".join(f"c{place} = {expression}" for place, expression in enumerate(expressions))
    _, expected = run(f"datatable(t: {kind})[{', '.join(values)}] | project {columns}", now=NOW)
    assert [run(f"let t = {value}; print {columns}", now=NOW)[1][0] for value in values] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "startofday(ago(7d))", "endofmonth(now(), -1)", "bin(now(), 1h) + 2 * 30m", "now() - 1h",
        "todatetime('2024-01-31T10:11:12Z') + 1d", "startofweek(datetime(2024-01-31))",
    ],
)  # fmt: skip
def test_a_time_that_is_known_is_one_literal(expression: str) -> None:
    select = kql.compile(f"print x = {expression}", kql.Catalog(), now=NOW).sql
    assert re.sub(r"'[-\d:. ]+'", "''", select) == (
        'WITH toDateTime64(\'\', 7, \'UTC\') AS "x" SELECT reinterpretAsInt64("x") AS "x_2"'
    )
