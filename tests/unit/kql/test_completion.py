"""What completion suggests, place by place. `⌶` is the cursor."""

from __future__ import annotations

import pytest

from gatelog.errors import KqlError
from gatelog.kql import Catalog, Column, KqlType, PathColumn, SavedFunction, Suggestion, Table, complete
from gatelog.kql.parser import parse

CALLS = Table(
    "Calls",
    (
        Column("TimeGenerated", KqlType.DATETIME),
        Column("ModelName", KqlType.STRING),
        Column("TotalTokens", KqlType.LONG),
        Column("Body", KqlType.DYNAMIC),
        Column("by", KqlType.STRING),
        Column("x-ray", KqlType.BOOL),
    ),
    "calls",
    paths={
        ("Body", ("usage", "prompt_tokens")): PathColumn("__p", KqlType.LONG),
        ("Body", ("model",)): PathColumn("__m", KqlType.STRING),
    },
)
PRICES = Table("Prices", (Column("ModelName", KqlType.STRING), Column("Price", KqlType.REAL)), "prices")
SAVED = (
    SavedFunction("Recent", "(t: timespan)", "{ Calls | where TimeGenerated > ago(t) }", "What is new."),
    SavedFunction("Doubled", "(n: long)", "{ n * 2 }"),
)
CATALOG = Catalog([CALLS, PRICES], SAVED)


def suggestions(text: str) -> list[Suggestion]:
    before, _, after = text.partition("⌶")
    return list(complete(before + after, len(before), CATALOG).suggestions)


def names(text: str, kind: str = "") -> list[str]:
    return [one.name for one in suggestions(text) if kind in ("", one.kind)]


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("⌶", "table", ["Calls", "Prices"]),
        ("⌶", "keyword", ["let", "set", "declare"]),
        ("let f = (T: string) { table(T) | where ⌶", "column", ["TimeGenerated", "TotalTokens", "Price"]),
        ("let f = (T: string = 'Prices') { table(T) | where ⌶ }; f()", "column", ["ModelName", "Price"]),
        ("declare query_parameters(T: string); table(T) | take 1 | project ⌶", "column", ["Price"]),
        ("declare query_parameters(T: string = 'Prices'); table(T) | where ⌶", "column", ["Price"]),
        ("declare query_parameters(n: long); Calls | take ⌶", "variable", ["n"]),
        ("let f = (T: string) { Prices | join (table(T)) on ⌶", "column", ["ModelName", "Price"]),
        ("let f = (T: string) { table(strcat(T, 's')) | sort by ⌶", "column", ["ModelName", "Price"]),
        ("⌶", "operator", ["print", "range", "search", "union"]),
        ("let f = () { ⌶", "operator", ["print", "search", "union"]),
        ("set ⌶", "keyword", ["notruncation", "truncationmaxrecords"]),
        ("Calls ⌶", "", ["|"]),
        ("Calls | join kind=⌶", "value", ["innerunique", "inner", "leftouter"]),
        ("Calls | join kind=lefta⌶", "value", ["leftanti", "leftantisemi"]),
        ("Calls | join k⌶", "parameter", ["kind="]),
        ("Calls | ord⌶", "operator", ["order"]),
        ("Prices | summarize ⌶", "keyword", ["by"]),
        ("Calls | lim⌶", "operator", ["limit"]),
        ("Calls | sort by ModelName ⌶", "keyword", ["asc", "desc", "nulls"]),
        ("Calls | where TotalTokens > 1 a⌶", "comparison", ["and"]),
        ("Calls | where ModelName has 'gpt'\n  o⌶", "comparison", ["or"]),
        ("Calls | where ModelName == 'x' and TotalTokens == 1 a⌶", "comparison", ["and"]),
        ("Calls | extend x = iff(TotalTokens > 1 ⌶", "comparison", ["and", "or", "==", "!="]),
        ("find in (Prices) where ⌶", "column", ["ModelName", "Price"]),
        (
            "find where ⌶",
            "column",
            ["TimeGenerated", "ModelName", "TotalTokens", "Body", "by", "x-ray", "Price"],
        ),
        ("search in (Prices) Pr⌶", "column", ["Price"]),
        ("print dec⌶", "function", ["decimal"]),
        ("Calls | summarize x = round(100.0 * cou⌶", "aggregate", ["count", "countif"]),
        ("Calls | summarize x = (cou⌶", "aggregate", ["count", "countif"]),
        ("Calls | join (Prices) on ($left.⌶", "column", ["TimeGenerated", "ModelName"]),
        ("let known = Prices | project ModelName; Calls | where ModelName !in (kn⌶", "table", ["known"]),
        ("let known = dynamic(['x']); Calls | where ModelName has_any ('y', kn⌶", "variable", ["known"]),
        ("Calls | where ModelName in (Prices ⌶", "keyword", ["|"]),
        ("Calls | join (⌶", "table", ["Calls", "Prices"]),
        ("Calls | join (⌶", "operator", ["print", "range", "search", "union"]),
        ("Calls | where ⌶", "column", ["TimeGenerated", "ModelName", "TotalTokens", "Body", "by", "x-ray"]),
        ("Calls | summarize n = count() by Model = ModelName | where ⌶", "column", ["Model", "n"]),
        ("Calls | project ModelName, Late = now() | extend ⌶", "column", ["ModelName", "Late"]),
        ("Calls | join (Prices) on ModelName | where Pr⌶", "column", ["Price"]),
        ("Calls | join (Prices | project ModelName) on ⌶", "column", ["ModelName"]),
        ("Calls | join (Prices) on $left.⌶", "column", ["TimeGenerated", "ModelName"]),
        ("Calls | join (Prices) on $left.ModelName == $right.⌶", "column", ["ModelName", "Price"]),
        (
            "let t = Prices | extend Twice = Price * 2; t | project ⌶",
            "column",
            ["ModelName", "Price", "Twice"],
        ),
        ("let least = 3; Calls | where TotalTokens > l⌶", "variable", ["least"]),
        ("let drawn = rand(); Calls | where TotalTokens > d⌶", "variable", ["drawn"]),
        ("let f = (a: long, b: string) { ⌶ }", "variable", ["a", "b"]),
        ("let f = (T: (Here: long)) { T | where ⌶ }", "column", ["Here"]),
        ("let f = (a: ⌶", "type", ["bool", "int", "long", "real", "decimal", "string"]),
        (
            "Calls | mv-apply Item = Body to typeof(long) on (where ⌶",
            "column",
            ["TimeGenerated", "ModelName"],
        ),
        ("Calls | mv-apply Item = Body to typeof(long) on (where It⌶", "column", ["Item"]),
        ("Calls | as Mine | union (M⌶", "table", ["Mine"]),
        ("Calls | evaluate ⌶", "plugin", ["active_users_count", "bag_unpack"]),
        ("Calls | invoke R⌶", "function", ["Recent"]),
        ("Calls | render ⌶", "value", ["table", "timechart"]),
        ("Calls | render timechart with (⌶", "parameter", ["title="]),
        ("Calls | render timechart with (ycolumns=⌶", "column", ["TimeGenerated"]),
        ("Calls | where Body.⌶", "column", ["usage", "model"]),
        ("Calls | where Body.usage.⌶", "column", ["prompt_tokens"]),
        ("Calls | project-away Mo⌶", "column", ["ModelName"]),
        ("Calls | project-re⌶", "operator", ["project-rename", "project-reorder"]),
        ("R⌶", "function", ["Recent"]),
        ("Calls | where ModelName == 'x' and ModelName ⌶", "comparison", ["==", "!=", "=~", "has"]),
        ("Calls | where ModelName == 'x' and (Prices == 1 or TotalTokens ⌶", "comparison", ["<", ">="]),
        ("Calls | where TotalTokens + TotalTokens ⌶", "comparison", ["==", "<", "+", "*", "between"]),
        ("Calls | where TimeGenerated > now() ⌶", "comparison", ["and", "or", "==", "!=", "+", "-"]),
        ("Calls | evaluate pivot(ModelName, s⌶", "aggregate", ["sum"]),
        ("datatable(x: bool, d: dynamic) [⌶", "value", ["true", "false"]),
        ("datatable(x: bool, d: dynamic) [true, ⌶", "function", ["dynamic", "datetime"]),
        ("let f = (x: dynamic = ⌶", "function", ["dynamic"]),
        ("⌶", "keyword", ["restrict", "alias"]),
    ],
)
def test_what_can_follow_is_suggested(text: str, kind: str, wanted: list[str]) -> None:
    found = names(text, kind)
    assert found[: len(wanted)] == wanted or set(wanted) <= set(found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Calls | join kind=⌶", "leftanti"),
        ("Calls | union kind=⌶", "inner"),
        ("Calls | join hint.strategy=⌶", "broadcast"),
        ("Calls | parse kind=⌶", "relaxed"),
        ("Calls | mv-expand bagexpansion=⌶", "array"),
        ("Calls | render timechart with (kind=⌶", "stacked100"),
    ],
)
def test_a_word_that_a_parameter_may_be_comes_with_what_it_means(text: str, word: str) -> None:
    found = {one.name: one.documentation for one in suggestions(text)}
    assert word in found
    assert all(found.values())


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("Calls | where ⌶", "sum"),  # an aggregate
        ("Calls | summarize count() by ⌶", "sum"),
        ("let f = (T: string = 'Prices') { table(T) | where ⌶ }; f()", "TotalTokens"),
        ("let f = (T: string) { table(T) | project-away Price | sort by ⌶", "Price"),
        ("Calls | summarize sum(⌶", "sum"),
        ("Calls | summarize sum(round(⌶", "sum"),
        ("Calls | summarize count() by round(⌶", "sum"),
        ("Calls | project ModelName | where ⌶", "TotalTokens"),
        ("Calls | join (Prices) on ⌶", "Price"),
        ("Calls | where TotalTokens ⌶", "has"),  # of text only
        ("Calls | where ModelName ⌶", "+"),  # of numbers only
        ("Calls | where ModelName ⌶", "and"),  # of conditions only
        ("Calls | where ModelName == 'x' ⌶", "<"),
        ("Calls | where ModelName == 'x' and TotalTokens ⌶", "has"),  # of text only
        ("Calls | where ModelName == 'x' and TotalTokens ⌶", "and"),  # of conditions only
        ("Calls | where ModelName == 'x' and TotalTokens > 1 ⌶", "<"),
        ("Calls | evaluate pivot(ModelName, ⌶", "strcat"),  # aggregates only
        ("Calls ⌶", "where"),  # behind a pipe only
        ("Calls | take 5 ⌶", "by"),
        ("Calls | make-series count() on TimeGenerated ⌶", "=="),
    ],
)
def test_what_cannot_follow_is_not_suggested(text: str, absent: str) -> None:
    found = names(text)
    assert found
    assert absent not in found


@pytest.mark.parametrize(
    "text",
    [
        "Calls | where ModelName == 'gpt⌶",
        "Calls // every ⌶",
        "Calls | take 1⌶",
        "Calls | where TimeGenerated > datetime(2026-⌶",
        "Calls | extend ⌶ = 1" + " " * 300_000,  # longer than a query may be
        "Calls | where == == ⌶",
        f"Calls | summarize n = no_such(), {', '.join(f'a{n} = 1' for n in range(20_001))} | where ⌶",
    ],
)
def test_nothing_is_suggested_where_nothing_has_a_name(text: str) -> None:
    before = text.partition("⌶")[0] if len(text) < 1000 else text.replace("⌶", "")
    assert complete(before, len(before), CATALOG).suggestions == ()


def test_the_likeliest_come_first() -> None:
    """An aggregate in summarize, the keyword behind a whole aggregate, a comparison behind a column."""
    assert suggestions("Calls | summarize ⌶")[0].kind == "aggregate"
    assert names("Calls | summarize count() ⌶")[0] == "by"
    assert suggestions("Calls | where ModelName ⌶")[0].kind == "comparison"
    assert suggestions("Calls | where not(ModelName ⌶")[0].kind == "comparison"
    assert names("Calls | where ModelName == 'x' ⌶")[0] == "|"
    assert suggestions("Calls | where ModelName == 'x' and ModelName ⌶")[0].kind == "comparison"
    assert names("Calls | where ModelName == 'x' and TotalTokens == 1 ⌶")[:3] == ["|", "and", "or"]
    assert names("Calls | extend x = to⌶", "function")[:2] == ["tostring", "todatetime"]
    assert names("Calls | summarize ⌶")[:2] == ["count", "max"]
    assert names("Calls | ⌶")[:2] == ["where", "project"]


def test_errors_before_do_not_stop_completion() -> None:
    """Of earlier statements, of earlier operators, and of expressions that do not bind."""
    assert "Calls" in names("T | wher x; let y = ; ⌶")
    assert names("Calls | wher x | project ModelName | where M⌶", "column") == ["ModelName"]
    assert names("Calls | extend odd = no_such(1) | where o⌶", "column")[0] == "odd"
    assert names("Calls | project odd = no_such(1), TotalTokens | where ⌶", "column") == [
        "odd",
        "TotalTokens",
    ]
    assert names(
        "Calls | summarize n = no_such(), max(TotalTokens) by m = ModelName | where ⌶", "column"
    ) == [*("m", "n", "max_TotalTokens")]
    assert names("Calls | summarize n = arg_max(no_such, *) by ModelName | where ⌶", "column")[:4] == [
        *("ModelName", "n", "TimeGenerated", "TotalTokens")
    ]
    assert "Price" in names("let broken = no_such(); Prices | where P⌶", "column")
    unreadable = 'parse-kv ModelName as (a: long) with (regex = "(")'
    assert names(f"Prices | {unreadable} | where P⌶", "column") == ["Price"]


def test_a_let_table_that_does_not_bind_as_a_whole_keeps_its_columns() -> None:
    text = "let t = Prices | extend odd = no_such(1) | where odd > 1; t | where ⌶"
    assert names(text, "column") == ["ModelName", "Price", "odd"]


@pytest.mark.parametrize(
    ("joined", "columns"),
    [
        ("join kind=inner (Prices) on NoSuch", ["ModelName", "Other", "ModelName1", "Price"]),
        ("lookup (Prices) on NoSuch", ["ModelName", "Other", "ModelName1", "Price"]),
        ("join kind=leftanti (Prices) on NoSuch", ["ModelName", "Other"]),
        ("join kind=rightsemi (Prices) on NoSuch", ["ModelName", "Price"]),
    ],
)
def test_a_join_whose_condition_does_not_bind_has_the_columns_of_its_sides(
    joined: str, columns: list[str]
) -> None:
    text = f"Calls | project ModelName, Other = 1 | {joined} | where ⌶"
    assert names(text, "column") == columns


def test_what_binds_beside_what_does_not_keeps_its_type() -> None:
    """Each expression by itself: of one that is wrong the others know nothing."""
    for stage in ("extend", "project", "summarize"):
        text = f"Calls | {stage} odd = no_such(1), n = max_of(1, 2), t = min(TotalTokens) | where t ⌶"
        text = text if stage == "summarize" else text.replace("min(TotalTokens)", "TotalTokens")
        assert "has" not in names(text), stage
        assert ">=" in names(text), stage


def test_an_unknown_column_can_still_be_read_by_what_follows() -> None:
    """toscalar() makes SQL of the guess: that must work too."""
    text = "let t = Prices | extend odd = no_such(1) | project odd; let one = toscalar(t); print o⌶"
    assert names(text, "variable") == ["one"]


def test_names_that_are_keywords_or_odd_are_spelled_so_that_they_parse() -> None:
    spelled = {one.name: one.text for one in suggestions("Calls | where ⌶") if one.kind == "column"}
    assert (spelled["by"], spelled["x-ray"]) == ("['by']", "['x-ray']")


def test_a_suggestion_says_what_it_is() -> None:
    """Signature and documentation: of the language's words, of columns, of functions."""
    by_name = {one.name: one for one in suggestions("Calls | where ⌶")}
    assert by_name["TotalTokens"].signature == "long"
    assert by_name["strlen"].signature == "strlen(text)"
    assert by_name["strlen"].documentation == "The number of characters."
    assert by_name["strlen"].text == "strlen("
    assert by_name["Doubled"].signature == "Doubled(n: long)"
    [saved] = suggestions("Recen⌶")
    assert (saved.signature, saved.documentation) == ("Recent(t: timespan)", "What is new.")
    [table] = suggestions("Price⌶")
    assert table.documentation == "Columns: ModelName, Price"


def test_what_was_typed_of_a_word_is_replaced() -> None:
    """Also of one with a hyphen, a dollar or an exclamation mark."""
    for text, word in [
        ("Calls | project-aw", "project-aw"),
        ("Calls | where ModelName !ha", "!ha"),
        ("Calls | join (Prices) on $le", "$le"),
        ("Calls | where Total", "Total"),
    ]:
        found = complete(text, len(text), CATALOG)
        assert text[found.start :] == word
        assert word in found.suggestions[0].name


def test_a_part_of_a_name_is_enough() -> None:
    """The beginning of a hump or of what follows an underscore, behind the names that begin so."""
    assert names("Calls | where tok", "column") == ["TotalTokens"]
    assert names("Calls | where kens", "column") == []
    assert names("Calls | where any_ipv4", "function")[0] == "has_any_ipv4"


def test_the_text_behind_the_cursor_does_not_count() -> None:
    assert names("Calls | where To⌶ | project nonsense ( ") == names("Calls | where To⌶")


@pytest.mark.parametrize(
    "text", ["", "Calls ", "Calls | ", "Calls | sort by ModelName ", "Calls | top 5 by "]
)
def test_what_is_suggested_parses_as_far_as_it_goes(text: str) -> None:
    """Every single suggestion: the error, if any, is at the end of the text, where more is wanted."""
    for one in complete(text, len(text), CATALOG).suggestions:
        assert_prefix(text + one.text)


def assert_prefix(text: str) -> None:
    """`text` is KQL, or would be with more behind it; words that begin a statement need a name there."""
    for tail in ("", " name"):
        try:
            parse(text + tail)
        except KqlError as error:
            if error.place is not None and error.place.column > len(text + tail):
                return
        else:
            return
    raise AssertionError(f"{text!r} does not parse as far as it goes")
