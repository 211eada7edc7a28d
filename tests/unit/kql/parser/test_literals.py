"""Literals and their values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser import parse
from gatelog.kql.parser.values import datetime_value, timespan_value

DAY = 864_000_000_000
HOUR = DAY // 24
SECOND = 10_000_000


def literal(text: str) -> ast.Literal:
    match parse(f"print {text}").statements[0]:
        case ast.QueryStatement(pipeline=ast.Pipeline(source=ast.Print(columns=(column,)))):
            assert isinstance(column.value, ast.Literal)
            return column.value
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "long", 1),
        ("-1", "long", -1),
        ("0xFF", "long", 255),
        ("9223372036854775807", "long", 2**63 - 1),
        ("long(-9223372036854775808)", "long", -(2**63)),
        ("int(7)", "int", 7),
        ("int(-0x10)", "int", -16),
        ("int(null)", "int", None),
        ("1.5", "real", 1.5),
        ("-1e3", "real", -1000.0),
        ("real(+inf)", "real", float("inf")),
        ("double(-4.5)", "real", -4.5),
        ("decimal(0.10)", "decimal", Decimal("0.10")),
        ("decimal(-1e41)", "decimal", Decimal("-1e41")),
        ("decimal(1e-99999999)", "decimal", Decimal(0)),
        ("decimal(0e99999999)", "decimal", Decimal(0)),
        ("true", "bool", True),
        ("FALSE", "bool", False),
        ("bool(null)", "bool", None),
        ("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid", UUID("74be27de-1e4e-49d9-b579-fe0b331d3642")),
        ("1d", "timespan", DAY),
        ("-2.5h", "timespan", -HOUR * 5 // 2),
        ("1tick", "timespan", 1),
        ("1microsecond", "timespan", 10),
        ("250ms", "timespan", SECOND // 4),
        ("0.0000001s", "timespan", 1),
        ("time(1.02:03:04.0000005)", "timespan", DAY + 2 * HOUR + 184 * SECOND + 5),
        ("time(-00:00:01)", "timespan", -SECOND),
        ("timespan(2d)", "timespan", 2 * DAY),
        ("time(3)", "timespan", 3 * DAY),
        ("time('0:0:1')", "timespan", SECOND),
        ("datetime(0001-01-01)", "datetime", 0),
        ("datetime(0001-01-02T00:00:00.0000001Z)", "datetime", DAY + 1),
        ("datetime('0001-01-02 01:00')", "datetime", DAY + HOUR),
        ("datetime(0001-01-02 01:00:00 +01:00)", "datetime", DAY),
        ("datetime(null)", "datetime", None),
        ("dynamic(null)", "dynamic", None),
    ],
)
def test_a_literal_has_its_type_and_value(text: str, kind: str, value: object) -> None:
    found = literal(text)
    assert (found.type, found.value) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        *("long(१२)", "int(１)", "real(1.१)", "decimal(१)", "real(ınf)", "real(ınfınıty)", "time(१d)"),
        *("time(0:0:१)", "time(१)", "datetime(२०२४-01-01)", "datetime(20२४0101)", "datetime(2024, १)"),
        *("datetime(2024-01-01 १0:00)", "datetime(1:१0)", "guid(७4be27de-1e4e-49d9-b579-fe0b331d3642)"),
    ],
)
def test_digits_and_letters_of_other_scripts_make_no_value(text: str) -> None:
    """int(), float() and Python's `\\d` take them, and without regard to case `i` is a dotless one too."""
    with pytest.raises(KqlSyntaxError, match="does not read as"):
        literal(text)


def test_real_nan_is_a_literal() -> None:
    value = literal("real(nan)").value
    assert value != value


@pytest.mark.parametrize(
    "text",
    [
        "datetime(2024-02-29 13:45:30)",
        "datetime(2024 - 02 - 29 13:45:30)",
        "datetime(2/29/2024 1:45:30 PM)",
        "datetime(02-29-2024 13:45:30)",
        "datetime('Thu, 29 Feb 2024 13:45:30 GMT')",
        "datetime(29-Feb-2024 13:45:30)",
    ],
)
def test_one_instant_has_many_spellings(text: str) -> None:
    expected = datetime(2024, 2, 29, 13, 45, 30, tzinfo=UTC) - datetime(1, 1, 1, tzinfo=UTC)
    assert literal(text).value == expected // timedelta(microseconds=1) * 10


def test_datetimes_that_depend_on_the_clock_become_calls(expression: Callable[[str], str]) -> None:
    assert expression("datetime(now)") == "now()"
    assert expression("datetime(8:30)") == f"(startofday(now()) + timespan({int(8.5 * HOUR)}))"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\tb\\c\"d"', 'a\tb\\c"d'),
        (r"'\u00e9\x41\101'", "éAA"),
        (r"'\ud83d\ude00'", "😀"),
        (r'@"a\tb""c"', 'a\\tb"c'),
        ("```a\n'b'```", "a\n'b'"),
        ("'a' \"b\" @'c'", "abc"),
        ('h"secret"', "secret"),
    ],
)
def test_a_string_stands_for_its_characters(text: str, value: str) -> None:
    assert literal(text).value == value


def test_dynamic_is_json_with_kql_strings_and_typed_values() -> None:
    value = literal("""dynamic({'a': [1, -2.5, "x", true, null], "b": {}, "t": [1d, dynamic([2])]})""").value
    assert isinstance(value, dict)
    assert value["a"] == [1, -2.5, "x", True, None]
    assert value["b"] == {}
    assert value["t"] == [ast.Literal(ast.Span(0, 0), "timespan", DAY), [2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9223372036854775808", "does not fit in a long"),
        ("int(2147483648)", "does not read as int"),
        ("decimal(1e42)", "does not read as decimal"),
        ("decimal(1e999999999)", "does not read as decimal"),
        ("decimal(1e9999999999999999999)", "does not read as decimal"),
        ("datetime(2023-02-29)", "does not read as datetime"),
        ("datetime(2024-01-01 24:00)", "does not read as datetime"),
        ("time(1:60:00)", "does not read as timespan"),
        ("guid(74be27de)", "does not read as guid"),
        ("bool(maybe)", "does not read as bool"),
        (r'"\d"', "an escape that KQL does not know"),
        (r'"\ud83d"', "half of a surrogate pair"),
        ('"\ud83d"', "half of a surrogate pair"),
        ("dynamic({a: 1})", "expected a string as key"),
        ("dynamic([x])", "expected a literal"),
    ],
)
def test_a_broken_literal_is_refused(text: str, message: str) -> None:
    with pytest.raises(KqlSyntaxError, match=message):
        parse(f"print {text}")


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_datetime_reads_back(moment: datetime) -> None:
    ticks = (moment - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
    assert datetime_value(moment.isoformat()) == ticks
    assert datetime_value(moment.isoformat(sep=" ")) == ticks


@given(
    st.integers(0, 10_000),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 9_999_999),
)
def test_every_timespan_reads_back(days: int, hours: int, minutes: int, seconds: int, ticks: int) -> None:
    expected = ((days * 24 + hours) * 60 + minutes) * 60 * SECOND + seconds * SECOND + ticks
    assert timespan_value(f"{days}.{hours:02}:{minutes:02}:{seconds:02}.{ticks:07}") == expected
    assert timespan_value(f"-{days}.{hours}:{minutes}:{seconds}.{ticks:07}") == -expected
