"""Tables with a name, used more than once: bound once, and the same as if they were written at each use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError
from gatelog.kql import Catalog, Column, KqlType, PathColumn, Table, relations
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.context import MOST_STAGES, Context
from gatelog.kql.queries import renaming
from gatelog.kql.stages import Graph
from gatelog.kql.terms import Field
from gatelog.store import CATALOG
from gatelog.testing.kql import run

NOW = datetime(2026, 1, 1, tzinfo=UTC)

ROWS = "datatable(k: long, s: string, d: dynamic)[1, 'a', dynamic([3, 1]), 2, 'b', dynamic([2])]"

TABLES = [
    ROWS,
    "print k = 1, s = 'a'",
    "range k from 1 to 3 step 1 | where k != 2",
    f"{ROWS} | extend n = k * 2, s = strcat(s, '!') | project-away d",
    f"{ROWS} | sort by k desc | serialize row = row_number() | project k, row, before = prev(s)",
    f"{ROWS} | top 1 by k | project k",
    f"{ROWS} | mv-expand d to typeof(long) | summarize n = count(), most = max(d), top = arg_max(k, *) by s",
    f"{ROWS} | join kind=leftouter (print k = 2, t = 'x') on k",
    f"{ROWS} | lookup (print k = 1, t = 'y') on k | sort by k asc",
    f"union ({ROWS} | project k), (print k = 7)",
    f"{ROWS} | as First | union (First | extend k = k + 10)",
    f"{ROWS} | mv-apply d to typeof(long) on (summarize total = sum(d)) | where k in (({ROWS} | project k))",
    f"{ROWS} | partition by s (top 1 by k)",
    f"{ROWS} | make-series n = count() on k from 1 to 3 step 1",
    f"{ROWS} | where k == toscalar({ROWS} | summarize max(k))",
    f"{ROWS} | summarize n = count() by s, k | where n > 0 | top-nested 1 of s by sum(n)",
]


@pytest.mark.parametrize("table", TABLES)
def test_a_second_use_has_the_same_rows(table: str) -> None:
    once = run(table, now=NOW)
    twice = run(f"let T = {table}; T | where 1 == 2 | union T", now=NOW)
    assert twice[0] == once[0]
    assert sorted(map(str, twice[1])) == sorted(map(str, once[1]))


@pytest.mark.parametrize("table", TABLES)
def test_both_uses_stand_side_by_side(table: str) -> None:
    count = len(run(table, now=NOW)[1])
    joined = "T | extend one = 1 | join kind=inner (T | extend one = 1) on one | count"
    assert run(f"let T = {table}; {joined}", now=NOW)[1] == [[count * count]]


def test_each_use_has_columns_of_its_own() -> None:
    joined = "T | join kind=inner (T | where b > 1) on a | project a, b, b1"
    text = f"let T = print a = 1 | extend b = a + 1; {joined}"
    made = re.findall(r' AS "(\w+)"', kql.compile(text, Catalog(), now=NOW).sql)
    computed = [name for name in made if name.startswith("b")]
    assert len(computed) == len(set(computed)) == 2


def test_what_its_columns_depend_on_is_asked_once() -> None:
    asked: list[str] = []

    def ask(select: str) -> Iterator[Sequence[object]]:
        asked.append(select)
        return iter([("x",)])

    text = (
        "let T = datatable(a: string, n: long)['x', 1] | evaluate pivot(a, sum(n)); union T, T, (T | take 1)"
    )
    kql.compile(text, Catalog(), now=NOW, ask=ask)
    assert len(asked) == 1


def test_what_is_drawn_is_drawn_at_each_use() -> None:
    text = (
        "let T = range n from 1 to 50 step 1 | extend r = rand(); T | join kind=inner T on n | where r != r1"
    )
    assert len(run(f"{text} | count", now=NOW)[1]) == 1
    assert run(f"{text} | count", now=NOW)[1][0][0] > 0


def test_what_is_drawn_has_a_name_of_its_own_at_each_use() -> None:
    """The engine computes equal calls once."""
    made = kql.compile("let T = print r = rand(); union T, T, T", Catalog(), now=NOW).sql
    drawn = re.findall(r"rand\w*\(([^)]*)\)", made)
    assert len(set(drawn)) == len(drawn) == 3


def test_a_graph_is_bound_at_each_use() -> None:
    paths = "(G | graph-match (one)-[step]->(other) project one.id, other.id)"
    graph = "print a = 'x', b = 'y' | make-graph a --> b with_node_id=id"
    rows = run(f"let G = {graph}; union {paths}, {paths}, {paths}", now=NOW)[1]
    assert rows == [["x", "y"]] * 3


def test_what_statements_change_between_its_uses_holds_for_the_later_ones() -> None:
    text = "let T = print year = getyear(now()); T; set query_now = datetime(2001-02-03); T"
    first, second = (one.sql for one in kql.compile_batch(text, Catalog(), now=NOW))
    assert ("2026" in first, "2001" in second) == (True, True)
    assert "2026" not in second


def test_how_it_is_drawn_is_said_at_each_use() -> None:
    first, second = kql.compile_batch("let T = print x = 1 | render card; T; T", Catalog(), now=NOW)
    assert first.render is not None
    assert second.render == first.render


def test_its_stages_count_at_each_use_and_the_name_is_at_fault() -> None:
    many = ", ".join(["(print a = 1)"] * (MOST_STAGES // 2 - 10))
    text = f"let T = union {many}; union T, T, (T | take 1)"
    kql.compile(text.replace(", (T | take 1)", ""), Catalog(), now=NOW)
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_STAGES} stages") as refused:
        kql.compile(text, Catalog(), now=NOW)
    assert refused.value.place is not None
    assert text[refused.value.place.column - 1 :] == "T | take 1)"


def test_what_it_searches_counts_at_each_use() -> None:
    columns = ", ".join(f"c{n} = ''" for n in range(800))
    text = f"let T = print {columns} | where * has 'word';"
    kql.compile(f"{text} union T, T", Catalog(), now=NOW)
    with pytest.raises(KqlError, match="looks for words in more than"):
        kql.compile(f"{text} union T, T, T, T, T, T, T", Catalog(), now=NOW)


LOGS = Catalog(
    [
        Table(
            "Logs",
            (Column("Code", KqlType.LONG),),
            "t.logs",
            paths={("Body", ("model",)): PathColumn("__model", KqlType.STRING)},
            protected=(Column("Body", KqlType.DYNAMIC),),
        )
    ]
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("let T = Logs; T | where Body.model == 'x' | union (T | where Body.b == 1)", "Body.b"),
        (
            "let T = Logs; T | where Body.model == 'x' | join kind=inner (T | where Body.b == 1) on Code",
            "Body.b",
        ),
        ("let T = Logs | extend b = Body.a; T | project Code | union (T | project b)", "Body.a"),
        ("let T = Logs | extend b = Body.model, c = Body.a; T | project b | union T, T", "Body.model"),
        (
            "let T = Logs | extend b = Body; let U = T; union (U | count), (U | count), (U | project b)",
            "Body;",
        ),
        ("let f = (t: (*)) { t | where Body.a == 1 }; let T = Logs; union (T | count), f(T)", "Body.a"),
    ],
)
def test_a_protected_column_is_refused_at_each_use_where_that_names_it(text: str, named: str) -> None:
    with pytest.raises(KqlSemanticError, match="'Body' holds what was said") as refused:
        kql.compile(text, LOGS, now=NOW)
    assert refused.value.place is not None
    assert refused.value.place.column - 1 == text.index(named)


def test_what_stands_in_for_a_protected_column_does_so_at_each_use() -> None:
    joined = "T | join kind=inner (T | where b.model == 'x') on Code | project Code"
    made = kql.compile(f"let T = Logs | extend b = Body; {joined}", LOGS, now=NOW).sql
    assert "__model" in made
    assert "Body" not in made


def test_every_relation_can_be_called_anew_but_what_is_kept() -> None:
    known = {kind for kind in vars(relations).values() if isinstance(kind, type)}
    whole = {kind for kind in known if issubclass(kind, relations.Relation)}
    assert whole - renaming._RULES.keys() == {relations.Relation, relations.Stage, relations.Kept}


def test_what_is_kept_has_one_name() -> None:
    kept = relations.Kept((), relations.Single(()), "row")
    below = relations.Limit((), kept, sql.literal(1))
    joined = relations.Join((), relations.Single(()), below, "INNER", ())
    assert not renaming.is_renamable(joined)
    node, rows = Field("n", KqlType.STRING, "n"), relations.Single(())
    assert not renaming.is_renamable(Graph((), rows, node, rows, node, node))
    assert renaming.is_renamable(relations.Single(()))


def test_what_two_parts_share_is_renamed_once() -> None:
    context = Context("", Catalog(), 0, use_paths=True)
    made = context.field("n", KqlType.LONG)
    rows = relations.Counted((made,), sql.literal(1))
    both = relations.Union((made,), (relations.Branch(rows, ()), relations.Branch(rows, ())))
    again = renaming.renamed(both, {}, context)
    assert isinstance(again, relations.Union)
    assert again.branches[0].input is again.branches[1].input
    assert again.branches[0].input.fields[0].sql_name != made.sql_name


CALLS = "Calls | project RequestId, TimeGenerated, RequestBody, ResponseBody, Parameters, TotalTokens"
MESSAGES = "ApiManagementGatewayLlmLog | project CorrelationId, RequestMessages, ResponseMessages"

USES = [
    ("Calls", "where RequestBody has 'spool' and ResponseBody has_any ('durable', 'ab')"),
    ("Calls", "where parse_json(ResponseBody).usage.total_tokens > 1 and RequestBody has 'gpt'"),
    ("Calls", "extend at = ingestion_time() | top 3 by TimeGenerated | project at, RequestId"),
    (f"{CALLS} | where RequestBody has 'spool'", "where ResponseBody has 'journal' and Parameters.n == 1"),
    (f"{CALLS} | extend p = parse_json(ResponseBody), b = RequestBody has 'c'", "where p.model == 'x' and b"),
    (f"{CALLS} | extend at = ingestion_time()", "where at > ago(1d) and ingestion_time() > ago(1d)"),
    ("Calls | join kind=fullouter (print RequestId = 'x') on RequestId", "where ingestion_time() > ago(1d)"),
    ("Calls | invoke same()", "where ingestion_time() > ago(1d) and RequestBody has 'spool'"),
    (f"{CALLS} | sort by TimeGenerated desc | serialize n = row_number()", "where prev(n) == 1"),
    (f"{CALLS} | summarize arg_max(TimeGenerated, *), n = count() by RequestId", "where n > 1"),
    (f"{CALLS} | sort by TotalTokens asc | summarize make_list(RequestId), count()", "extend n = 1"),
    (f"{CALLS} | extend u = parse_json(ResponseBody).usage | project u", "where u.total_tokens > 1"),
    ("ApiManagementGatewayLlmLog", "where RequestMessages has 'spool' and ResponseMessages has 'ab'"),
    (MESSAGES, "where tostring(RequestMessages) has_cs 'Invoices'"),
    (MESSAGES, "project tostring(RequestMessages), tostring(ResponseMessages)"),
    (MESSAGES, "where tostring(ResponseMessages[0].content) contains 'invoices'"),
    (MESSAGES, "where RequestMessages has 'invoices' or RequestMessages[0].name contains 'content'"),
    (MESSAGES, "where tostring(RequestMessages) has 'invoices'"),
    (f"{MESSAGES} | mv-expand RequestMessages", "where RequestMessages.content has 'spool'"),
    (f"{MESSAGES} | where RequestMessages[0].content has 'spool'", "where ResponseMessages has 'durable'"),
    (f"{ROWS} | serialize", "extend n = row_number()"),
    (f"{ROWS} | union kind=inner (print k = 1)", "where k > 1"),
    (f"{ROWS} | join kind=innerunique (print k = 1) on k", "where s == 'a'"),
    (f"{ROWS} | partition by s (top 1 by k | extend n = k)", "extend m = n"),
    ("AzureDiagnostics | where TimeGenerated > ago(1d)", "where parse_json(properties_s).apiName == 'x'"),
]  # fmt: skip  # a table, and what one of its uses asks of it


@pytest.mark.parametrize(("table", "asked"), USES)
@pytest.mark.parametrize("first", ["take 1", "where 1 == 2", "count"])
def test_a_use_of_a_name_has_the_sql_of_the_table_written_there(table: str, asked: str, first: str) -> None:
    """But for the names of columns, which are its own."""
    function = "let same = (t: (*)) { t };"
    named = f"{function} let T = {table}; T | {first} | union (T | {asked})"
    written = f"{function} {table} | {first} | union ({table} | {asked})"
    made, expected = (kql.compile(text, CATALOG, now=NOW).sql for text in (named, written))
    assert _with_numbers(made) == _with_numbers(expected)


def _with_numbers(select: str) -> str:
    """A statement with its names in the order in which they come."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'"[^"]*"|`[^`]*`', lambda name: str(numbers.setdefault(name[0][1:-1], len(numbers))), select
    )
