"""No name of an author's meets one that the compiler makes for itself: a query over columns of any names has
the answer of the same query over plain ones."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog.testing.kql import run

QUERIES = (
    "T | mv-apply D to typeof(long) on (top 1 by D | extend X = A)",
    "T | mv-apply D to typeof(long) on (top-nested 1 of D by count(), top-nested of A by count())",
    "T | mv-apply D to typeof(long) on (as Q | summarize X = sum(D), Y = take_any(A))",
    "T | mv-apply D to typeof(long) on (union (print D = 1, A = 'u'))",
    "T | mv-apply D to typeof(long) on (mv-apply X = dynamic([1, 2]) to typeof(long) on (where X > 1))",
    "T | mv-apply D on (mv-apply X = dynamic([1]) on (extend Y = array_length(pack_array(*))))",
    "T | mv-apply D on (mv-apply X = dynamic([1]) on (extend Y = array_length(bag_keys(pack_all()))))",
    "T | mv-apply D to typeof(long) on (make-series X = sum(D) on B from 0 to 4 step 2)",
    "T | mv-apply D to typeof(long) on (sort by D asc | extend X = prev(D), Y = A)",
    "T | sort by A asc | mv-expand with_itemindex=X D | extend Y = row_number()",
    "T | partition hint.strategy=native by A (top-nested 1 of B by count(), top-nested 1 of A by count())",
    "T | partition hint.strategy=native by A (make-series X = count() on B from 0 to 4 step 2 by A)",
    "T | partition hint.strategy=legacy by A (as Q | union (Q | extend X = B))",
    "let X = T | project Y = B; T | partition hint.strategy=legacy by A (union X)",
    "T | sort by B asc | scan declare (X: long = 0) with (step s: true => X = coalesce(s.X, 0) + B;)",
    "T | sort by B asc | scan with_match_id=X with (step n: B > 0; step e: B > n.B;)",
    "T | sort by B asc | scan declare (X: long) with (step s: true => X = array_length(pack_array(*));)",
    "T | evaluate activity_counts_metrics(A, C, datetime(2024-01-01), datetime(2024-01-04), 1d, B)",
    "T | evaluate activity_metrics(A, C, datetime(2024-01-01), datetime(2024-01-04), 1d, B)",
    "T | evaluate activity_engagement(A, C, datetime(2024-01-01), datetime(2024-01-04), 1d, 2d, B)",
    "T | evaluate session_count(A, C, datetime(2024-01-01), datetime(2024-01-04), 1d, 2d, B)",
    "T | evaluate sequence_detect(C, 3d, 5d, x = (B > 0), y = (B > 1), A)",
    "T | evaluate rolling_percentile(B, 50, C, 1d, 2, A)",
    "T | top-nested 2 of A with others = 'o' by X = sum(B), top-nested 1 of B by Y = count()",
    "T | join kind=inner (T | project A, X = B) on A | project A, B, X",
    "T | union withsource=X (T | project A, Y = 1) | project A, B, Y",
    "T | summarize X = make_list(B), Y = arg_max(B, A) by Z = strlen(A)",
    "T | extend X = array_sum(series_add(D, D)), Y = iff(D[0] == B, A, 'else')",
    "T | extend X = 'q' | make-graph A --> X with (T | project X = A, B) on X"
    " | graph-match (a)-[e]->(b) project Y = a.B, e.A",
    "T | extend X = 'q' | make-graph A --> X with_node_id=Y"
    " | graph-match (a)-[e*1..2]->(b) where all(e, B > 0)"
    " project Z = map(e, strcat(a.Y, B)), node_degree_in(b)",
)
"""Over T with the columns A (string), B (long), C (datetime) and D (dynamic); X, Y, Z are made."""

ROWS = """
"p", 1, datetime(2024-01-01), dynamic([1, 2]),
"q", 2, datetime(2024-01-02), dynamic([3]),
"p", 3, datetime(2024-01-03), dynamic([])
"""

COMPILERS = """
$part |$part 0|$part|$row |$nodes 0|__T|__Seen|__first|__rows|__key|__bin|__step|part|rows|row|nodes|key_0
s.X|n.B|e.A|e.B|a.B|a.Y|a.*|e.*|map 0|node_id()|λjson|λitem|λone|json|item|items|value|_|place|places|array
key|rest|in_top|kept|length|count|s|n|e|a|b|Column1|$left|$table|search_arg0|total|A.*
"""
"""Names that the compiler uses, or once did."""

NAMES = st.sampled_from(COMPILERS.strip().replace("\n", "|").split("|")) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=4
)
PLAIN = [f"plain{letter}" for letter in "ABCDXYZ"]


def with_names(query: str, names: list[str]) -> str:
    """The query with names in the place of its capital letters, in brackets."""
    quoted = [f"[{json.dumps(name, ensure_ascii=False)}]" for name in names]
    known = dict(zip("ABCDXYZ", quoted, strict=True))
    table = f"datatable(A: string, B: long, C: datetime, D: dynamic)[{ROWS}]"
    return re.sub(r"\b[ABCDXYZ]\b", lambda letter: known[letter[0]], f"let T = {table};\n{query}")


def rows(query: str) -> list[str]:
    """The rows of an answer, in no order."""
    columns, found = run(query)
    return [str(len(columns)), *sorted(map(str, found))]


@settings(max_examples=60, deadline=None)
@given(query=st.sampled_from(QUERIES), names=st.lists(NAMES, min_size=7, max_size=7, unique=True))
@example(query=QUERIES[2], names=["$part ", "b", "c", "d", "x", "y", "z"])
@example(query=QUERIES[13], names=["a", "b", "c", "d", "$part", "y", "z"])
@example(query=QUERIES[14], names=["a", "s.X", "c", "d", "X", "y", "z"])
@example(query=QUERIES[17], names=["__first", "__rows", "__key", "d", "x", "y", "z"])
@example(query=QUERIES[-1], names=["a", "a.y", "c", "d", "x", "y", "z"])
def test_no_name_changes_an_answer(query: str, names: list[str]) -> None:
    assert rows(with_names(query, names)) == rows(with_names(query, PLAIN))


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_has_an_answer(query: str) -> None:
    """So that no two errors are compared above."""
    assert rows(with_names(query, PLAIN))
