"""What Kusto's own parser takes and what it refuses: types of operands and arguments, and names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction, Table

COLUMNS = {
    "b": KqlType.BOOL,
    "i": KqlType.INT,
    "l": KqlType.LONG,
    "r": KqlType.REAL,
    "e": KqlType.DECIMAL,
    "s": KqlType.STRING,
    "t": KqlType.DATETIME,
    "p": KqlType.TIMESPAN,
    "g": KqlType.GUID,
    "d": KqlType.DYNAMIC,
}
"""A column of each type."""

CATALOG = Catalog([Table("T", tuple(Column(name, kind) for name, kind in COLUMNS.items()), "t")])


NOW = datetime(2024, 1, 1, tzinfo=UTC)


def columns(text: str) -> tuple[Column, ...]:
    return kql.compile(text, CATALOG, now=NOW).columns


def names(text: str) -> list[str]:
    return [column.name for column in columns(text)]


def accepted(template: str) -> str:
    """The columns that a query takes in the place of `?`, in the order of COLUMNS."""
    found = ""
    for name in COLUMNS:
        try:
            columns(template.replace("?", name))
        except KqlError:
            continue
        found += name
    return found


@pytest.mark.parametrize(
    ("template", "kinds"),
    [
        ("T | where ?", "b"),
        ("T | where not(?)", "b"),
        ("T | where b and ?", "bd"),
        ("T | where b or ?", "bd"),
        ("T | project x = iff(?, 1, 2)", "b"),
        ("T | project x = case(?, 1, 2)", "b"),
        ("T | where ? < ?", "bilretp"),
        ("T | where ? >= 1", "bilred"),
        ("T | where ? < 'a'", ""),
        ("T | where ? between (1 .. 2)", "ilred"),
        ("T | where t > ?", "t"),
        ("T | where ? has 'a'", "sd"),
        ("T | where ? contains 'a'", "sd"),
        ("T | where ? =~ 'a'", "sd"),
        ("T | where ? in~ ('a')", "sd"),
        ("T | where ? has_any ('a', 'b')", "sd"),
        ("T | where ? matches regex 'a'", "sd"),
        ("T | project x = strlen(?)", "sd"),
        ("T | project x = url_encode(?)", "sd"),
        ("T | project x = strcat(?)", "bilrestpgd"),
        ("T | project x = tolower(?)", "bilrestpgd"),
        ("T | project x = substring(?, 1)", "bilrestpgd"),
        ("T | project x = substring(s, ?)", "il"),
        ("T | project x = sqrt(?)", "ilre"),
        ("T | project x = round(?)", "ilre"),
        ("T | project x = startofday(?)", "t"),
        ("T | project x = dayofweek(?)", "t"),
        ("T | project x = datetime_diff('day', ?, t)", "t"),
        ("T | project x = binary_and(?, 1)", "il"),
        ("T | project x = array_length(?)", "d"),
        ("T | summarize x = sum(?)", "ilrep"),
        ("T | summarize x = avg(?)", "ilretp"),
        ("T | summarize x = stdev(?)", "ilretp"),
        ("T | summarize x = countif(?)", "b"),
        ("T | summarize x = sumif(l, ?)", "b"),
        ("T | summarize x = make_bag(?)", "d"),
        ("T | summarize x = binary_all_or(?)", "il"),
        ("T | summarize x = max(?)", "bilrestp"),
        ("T | summarize by ?", "bilrestpg"),
        ("T | distinct ?", "bilrestpg"),
        ("T | sort by ?", "bilrestpg"),
    ],
)
def test_only_some_types_are_taken(template: str, kinds: str) -> None:
    assert accepted(template) == kinds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T | project abs(l), sqrt(r), pow(r, 2)", ["l", "r", "r1"]),
        ("T | project parse_json(s).x, parse_json(s).x.y, split(s, ',')[0]", ["s_x", "s_x_y", "s_0"]),
        ("T | project tolower(s), d.x[0].y", ["Column1", "d_x_0_y"]),
        ("T | project array_sort_asc(d)", ["d_sorted"]),
        ("T | project merge_tdigest(d, d), hll_merge(d, d)", ["tdigests_merge_result", "hll_merged_result"]),
        ("T | summarize sum(tolong(parse_json(s).a.b))", ["sum_s_a_b"]),
        ("T | summarize tdigest_merge(d), hll_if(l, b)", ["merge_tdigests_d", "hll_if_l"]),
        ("T | summarize argmax(l, s), argmin(l + 1, s)", ["max_l", "max_l_s", "min_", "min__s"]),
        ("T | summarize arg_max(l, s)", ["l", "s"]),
        ("T | summarize any(l, s)", ["any_l", "any_s"]),
        ("T | project ingestion_time()", ["$IngestionTime"]),
    ],
)
def test_unnamed_columns_are_named_as_kusto_names_them(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("function", ["round", "binary_not", "abs"])
def test_an_integer_stays_an_integer(function: str) -> None:
    assert columns(f"T | project x = {function}(l)") == (Column("x", KqlType.LONG),)


def test_a_decimal_is_rounded_as_a_decimal() -> None:
    assert columns("T | project x = round(e, 2)") == (Column("x", KqlType.DECIMAL),)


def test_a_range_of_ints_is_of_ints() -> None:
    assert columns("range x from int(1) to int(3) step int(1)") == (Column("x", KqlType.INT),)


@pytest.mark.parametrize("word", ["kind", "timeline", "string", "datetime", "first", "asc", "views"])
def test_some_keywords_name_a_new_column_in_brackets_only(word: str) -> None:
    with pytest.raises(KqlError, match="is also a keyword"):
        columns(f"print {word} = 1")
    assert names(f"print ['{word}'] = 1") == [word]


@pytest.mark.parametrize("word", ["title", "where", "print", "has", "to", "earliest"])
def test_some_keywords_are_referred_to_in_brackets_only(word: str) -> None:
    with pytest.raises(KqlError, match="is also a keyword"):
        columns(f"print {word} = 1 | project {word}")
    assert names(f"print {word} = 1 | project ['{word}']") == [word]


@pytest.mark.parametrize("word", ["take", "top", "count", "parse", "bool", "id", "order", "range"])
def test_other_keywords_are_names_as_they_are(word: str) -> None:
    assert names(f"print {word} = 1 | where {word} == 1 | project {word}") == [word]


@pytest.mark.parametrize("text", ["print datetime(2024-01-01", "T | where t > time(1d"])
def test_a_literal_that_is_not_closed_is_told_where_it_should_be(text: str) -> None:
    with pytest.raises(KqlError, match="is not closed") as refused:
        columns(text)
    assert refused.value.place == (1, len(text) + 1)


def test_a_refused_argument_is_told_a_conversion_that_there_is() -> None:
    with pytest.raises(KqlError, match=r"expected a number, .*example with tolong\(\)"):
        columns("T | project round(d)")
    with pytest.raises(KqlError, match=r"made of other values by todatetime\(\)"):
        columns("T | project startofday(d)")


@pytest.mark.parametrize("text", ["Late(1h)", "Late", "print Late(1h)", "T | where l > Late(1h)"])
def test_a_saved_function_that_cannot_be_read_any_more_says_why(text: str) -> None:
    """A version that knew fewer keywords had taken it."""
    late = SavedFunction("Late", "(time: timespan)", "{ T | where t > ago(time) }")
    fine = SavedFunction("Fine", "(p: timespan)", "{ T | where t > ago(p) }")
    catalog = CATALOG.with_functions([late, fine])
    assert kql.compile("Fine(1h)", catalog, now=NOW).columns
    with pytest.raises(KqlError, match=r"the saved function Late\(\) must be altered: .*'time'"):
        kql.compile(text, catalog, now=NOW)


def test_kind_names_a_column_that_is_there() -> None:
    assert names("datatable(['kind']: string)['a'] | where kind == 'a' | project kind") == ["kind"]


@pytest.mark.parametrize(
    "text",
    [
        "T | project l, l",
        "T | project l = 1, l",
        "T | extend x = 1, x = 2",
        "T | summarize x = count(), x = sum(l)",
        "T | summarize l = count() by l",
        "T | summarize count() by l, l",
        "T | distinct l, l",
    ],
)
def test_a_name_is_given_to_one_column_only(text: str) -> None:
    with pytest.raises(KqlError, match="there are two columns"):
        columns(text)


def test_clashes_of_names_that_nobody_gave_are_numbered() -> None:
    assert names("T | summarize sum(l), sum(l)") == ["sum_l", "sum_l1"]
    assert names("T | summarize sum(l), sum_l = count()") == ["sum_l", "sum_l1"]


@pytest.mark.parametrize(
    ("branches", "kind"),
    [
        ("d, s", KqlType.STRING),
        ("l, d", KqlType.LONG),
        ("d, d", KqlType.DYNAMIC),
        ("i, r", KqlType.REAL),
    ],
)
def test_a_dynamic_branch_takes_the_type_of_the_other(branches: str, kind: KqlType) -> None:
    assert columns(f"T | project x = iff(b, {branches})") == (Column("x", kind),)


def test_a_join_numbers_clashes_past_the_names_of_both_sides() -> None:
    sides = "T | project s, l | join kind=inner (T | project s, l, s1 = s, l1 = l) on s"
    assert names(sides) == ["s", "l", "s2", "l2", "s1", "l1"]


def test_a_lookup_numbers_clashes_past_the_names_of_both_sides() -> None:
    sides = "T | project s, l | lookup (T | project s, l, l1 = l) on s"
    assert names(sides) == ["s", "l", "l2", "l1"]


@pytest.mark.parametrize(("name", "exists"), [("l", "TRUE"), ("nothing", "FALSE")])
def test_a_query_can_ask_for_a_column(name: str, exists: str) -> None:
    assert exists in kql.compile(f"T | project x = iscolumnexists('{name}')", CATALOG, now=NOW).sql


def test_a_query_can_ask_for_its_database() -> None:
    assert "'gatelog'" in kql.compile("print x = current_database()", CATALOG, now=NOW).sql
