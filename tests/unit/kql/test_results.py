"""Cells as Kusto prints them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.kql import KqlType, cell_to_json, to_python, to_text

SECOND = 10_000_000
DAY = 86_400 * SECOND
GUID = UUID("74be27de-1e4e-49d9-b579-fe0b331d3642")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (KqlType.BOOL, 1, True),
        (KqlType.LONG, 2**62, 2**62),
        (KqlType.REAL, 1.5, 1.5),
        (KqlType.REAL, float("nan"), "NaN"),
        (KqlType.REAL, float("inf"), "Infinity"),
        (KqlType.REAL, float("-inf"), "-Infinity"),
        (KqlType.DECIMAL, Decimal("12.0000"), 12),
        (KqlType.DECIMAL, Decimal("12.5000"), 12.5),
        (KqlType.STRING, "", ""),
        (KqlType.DATETIME, 1, "1970-01-01T00:00:00.0000001Z"),
        (KqlType.DATETIME, -1, "1969-12-31T23:59:59.9999999Z"),
        (KqlType.TIMESPAN, DAY + 2 * 3600 * SECOND + 1, "1.02:00:00.0000001"),
        (KqlType.TIMESPAN, -30 * SECOND, "-00:00:30"),
        (KqlType.GUID, GUID, str(GUID)),
        (KqlType.DYNAMIC, '{"a":[1,null]}', {"a": [1, None]}),
        (KqlType.DYNAMIC, "not json", "not json"),
    ],
)
def test_a_cell_becomes_the_json_that_kusto_shows(kind: KqlType, value: object, expected: object) -> None:
    assert cell_to_json(kind, value) == expected


@pytest.mark.parametrize("kind", list(KqlType))
def test_null_is_null_in_every_type(kind: KqlType) -> None:
    assert cell_to_json(kind, None) is None
    assert to_python(kind, None) is None
    assert to_text(kind, None) == ""


def test_text_keeps_every_digit_of_a_decimal() -> None:
    assert to_text(KqlType.DECIMAL, Decimal("0.33333333333333333333330")) == "0.3333333333333333333333"


def test_text_of_a_dynamic_string_has_no_quotes_and_of_a_bag_is_json() -> None:
    assert to_text(KqlType.DYNAMIC, '"a"') == "a"
    assert to_text(KqlType.DYNAMIC, '{"a":1}') == '{"a":1}'


def test_a_dynamic_that_is_nested_deeper_than_is_read_is_its_text() -> None:
    """The engine reads up to 1,000 levels: what a client sent once must not fail each query over it."""
    deep = "[" * 1000 + "]" * 1000
    assert cell_to_json(KqlType.DYNAMIC, deep) == to_python(KqlType.DYNAMIC, deep) == deep
    assert to_text(KqlType.DYNAMIC, deep) == deep


def test_text_of_a_bool_is_lower_case() -> None:
    assert to_text(KqlType.BOOL, 1) == "true"


def test_python_values_have_microseconds_and_a_zone() -> None:
    assert to_python(KqlType.DATETIME, 15) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert to_python(KqlType.TIMESPAN, 25) == timedelta(microseconds=2)
    assert to_python(KqlType.DECIMAL, Decimal("1.500")) == Decimal("1.5")


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_a_printed_timespan_says_what_it_was(ticks: int) -> None:
    text = str(cell_to_json(KqlType.TIMESPAN, ticks))
    sign = -1 if text.startswith("-") else 1
    head, _, fraction = text.lstrip("-").partition(":")[2].partition(".")
    day, _, hour = text.lstrip("-").split(":")[0].rpartition(".")
    minute, second = head.split(":")
    seconds = ((int(day or 0) * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    assert sign * (seconds * SECOND + int(fraction or 0)) == ticks
