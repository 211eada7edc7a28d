"""What SQL folds over arrays works out, against a few lines of Python."""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from ipaddress import IPv4Address, summarize_address_range

from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog.testing.kql import run

FEW = settings(max_examples=12, deadline=None)
"""Each example is a batch of values in one query."""

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def table(column: str, values: list[str]) -> str:
    """A datatable of one column with a number for each row."""
    cells = ", ".join(f"{number}, {value}" for number, value in enumerate(values))
    return f"datatable(n: long, {column})[{cells}] | sort by n asc"


def quoted(text: str) -> str:
    """A string literal."""
    return json.dumps(text, ensure_ascii=False)


@FEW
@given(st.lists(JSON, min_size=1, max_size=20))
def test_the_members_of_bags_are_written_in_the_order_of_their_names(values: list[object]) -> None:
    texts = [quoted(json.dumps(value, ensure_ascii=False)) for value in values]
    _, rows = run(f"{table('t: string', texts)} | project dynamic_to_json(parse_json(t))")
    assert [json.loads(row[0]) for row in rows] == values
    wanted = [
        json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for value in values
    ]
    assert [row[0] for row in rows] == wanted


@FEW
@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=20))
def test_a_record_of_csv_comes_back_as_it_was_written(records: list[list[str]]) -> None:
    lines = []
    for record in records:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL).writerow(record)
        lines.append(out.getvalue())
    _, rows = run(f"{table('t: string', [quoted(line) for line in lines])} | project parse_csv(t)")
    assert [row[0] for row in rows] == records


@FEW
@given(st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 2).map(sorted), min_size=1, max_size=20))
def test_a_range_of_addresses_is_made_of_the_fewest_networks(ranges: list[list[int]]) -> None:
    ends = [f'"{IPv4Address(first)}", "{IPv4Address(last)}"' for first, last in ranges]
    query = f"{table('a: string, b: string', ends)} | project ipv4_range_to_cidr_list(a, b)"
    wanted = [
        [str(network) for network in summarize_address_range(IPv4Address(first), IPv4Address(last))]
        for first, last in ranges
    ]
    assert [row[0] for row in run(query)[1]] == wanted


def distances(edges: list[tuple[int, int]], start: int, most: int) -> dict[int, int]:
    """How many edges away the nodes are that can be reached from one."""
    found, queue = {}, deque([(start, 0)])
    while queue:
        node, far = queue.popleft()
        for source, target in edges:
            if source == node and far < most and found.get(target, most + 1) > far + 1:
                found[target] = far + 1
                queue.append((target, far + 1))
    return found


@FEW
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9))
def test_the_shortest_path_is_as_long_as_a_search_in_breadth_finds(edges: list[tuple[int, int]]) -> None:
    cells = ", ".join(f"{source}, {target}" for source, target in edges)
    query = f"""datatable(a: long, b: long)[{cells}]
        | make-graph a --> b with_node_id=n
        | graph-shortest-paths (s)-[p*1..4]->(t) project s.n, t.n, far = array_length(map(p, b))"""
    wanted = [
        [start, node, far]
        for start in sorted({node for edge in edges for node in edge})
        for node, far in sorted(distances(edges, start, 4).items())
        if node != start
    ]
    assert sorted(run(query)[1]) == wanted
