"""Questions that must have the same answer: a random pipeline over all types, asked in two ways.

Nobody has the right answer of a random query. But a table falls into the rows for which a condition is true,
false and null; what `let` names is what it stands for; a stage answers the same over rows that are stored,
over rows that are written into the query, and over rows that the stages before it have just made.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gatelog.errors import KqlError
from gatelog.kql import Catalog, Column, Compiled, KqlType, cell_to_json, compile
from gatelog.store import Budget, Filling, Store, TableNotes

from .kql_author import DEPTH, TABLE, VALUES, Author, pipeline, written

NOW = datetime(2026, 9, 22, tzinfo=UTC)
PIPELINES = 8
SIGNIFICANT_DIGITS = 11
"""Of reals: a sum depends on the order of its parts."""


class Engine:
    """A store with the tables T and U, and the same rows as text."""

    def __init__(self, store: Store, rnd: random.Random) -> None:
        self._store = store
        self._catalog = Catalog()
        self.texts = {name: written(rnd) for name in "TU"}
        for name, text in self.texts.items():
            table = store.user_tables.create(
                TableNotes(name=name, created=NOW),
                [Column(key, KqlType(kind)) for key, kind in TABLE.items()],
            )
            made = self.compiled(text)
            filling = Filling(made.sql, made.columns, Budget())
            store.user_tables.append(table, table.columns, filling)
        self._catalog = Catalog(table.kql_table() for table in store.user_tables.all())

    def compiled(self, query: str) -> Compiled:
        return compile(query, self._catalog, now=NOW)

    def cells(self, query: str) -> tuple[tuple[Column, ...], list[tuple[Any, ...]]]:
        made = self.compiled(query)
        return made.columns, [tuple(row) for row in self._store.run(made.sql).rows]

    def answer(self, *queries: str) -> tuple[list[str], Counter[tuple[Any, ...]]]:
        """The types of the columns, and the rows of all queries together."""
        kinds: list[str] = []
        rows: Counter[tuple[Any, ...]] = Counter()
        for query in queries:
            columns, cells = self.cells(query)
            kinds = [column.type.value for column in columns]
            rows.update(tuple(map(comparable, kinds, row)) for row in cells)
        return kinds, rows

    def columns(self, query: str) -> dict[str, str]:
        return {column.name: column.type.value for column in self.compiled(query).columns}


def comparable(kind: str, cell: Any) -> Any:
    """A cell such that equal ones compare as equal."""
    if cell is None:
        return None
    if kind == "real":
        return "NaN" if math.isnan(cell) else float(f"{cell + 0.0:.{SIGNIFICANT_DIGITS}g}")
    if kind == "dynamic":
        return json.dumps(json.loads(cell), sort_keys=True)
    return Decimal(cell) if kind == "decimal" else bool(cell) if kind == "bool" else cell


def literal(kind: str, cell: Any) -> str:
    """A cell as KQL."""
    if kind == "string":
        return json.dumps(cell)
    if cell is None:
        return f"{kind}(null)"
    if kind == "real" and math.isinf(cell):
        return "real(+inf)" if cell > 0 else "real(-inf)"
    text = (
        cell if kind == "dynamic" else f"{cell:f}" if kind == "decimal" else cell_to_json(KqlType(kind), cell)
    )
    return f"{kind}({str(text).lower() if kind in ('bool', 'real') else text})"


def table_of(engine: Engine, query: str) -> str:
    """The answer of a query as a table in the text of a query."""
    columns, rows = engine.cells(query)
    names = ", ".join(f"['{column.name}']: {column.type.value}" for column in columns)
    cells = (
        literal(column.type.value, cell) for row in rows for column, cell in zip(columns, row, strict=True)
    )
    return f"datatable({names})[{', '.join(cells)}]"


Pair = tuple[list[str], list[str]]


def in_three_parts(rows: str, author: Author) -> Iterator[Pair]:
    test = author.expression("bool", DEPTH + 1)
    parts = [f"{rows} | where {part}" for part in (test, f"not({test})", f"isnull({test})")]
    yield [rows], parts
    yield [f"{rows} | count"], [f"union ({') , ('.join(parts)}) | count"]
    yield [f"{parts[0]} | count"], [f"{rows} | extend found = {test} | summarize countif(found)"]


def by_another_name(rows: str, author: Author) -> Iterator[Pair]:
    test = author.expression("bool", DEPTH)
    filtered = [f"{rows} | where {test}"]
    yield [f"let A = {rows}; A | where {test}"], filtered
    yield [f"let A = materialize({rows}); union (A | where {test}), (A | where {test})"], filtered * 2
    yield [f"let F = (A: (*)) {{ A | where {test} }}; {rows} | invoke F()"], filtered
    yield [f"{rows} | as A | union A | where {test}"], filtered * 2


def of_some_columns(rows: str, author: Author) -> Iterator[Pair]:
    some = author.rnd.sample([*author.columns], min(2, len(author.columns)))
    made = author.expression(author.rnd.choice([*VALUES]), DEPTH)
    kept = ", ".join(some)
    yield [f"{rows} | extend found = {made} | project {kept}"], [f"{rows} | project {kept}"]
    yield [f"{rows} | extend found = {made} | project found"], [f"{rows} | project found = {made}"]
    yield [f"{rows} | summarize n = count()"], [f"{rows} | project {kept} | count"]


def in_an_order(rows: str, author: Author) -> Iterator[Pair]:
    order = author.filled("{all}")
    numbered = f"{rows} | sort by {order} | extend number = row_number()"
    yield [f"{rows} | sort by {order} | take 3"], [f"{numbered} | where number <= 3 | project-away number"]
    first = f"{rows} | sort by {order.split(',')[0]} | extend number = row_number()"
    there = "extend after = next(number) | extend back = prev(after)"
    yield [f"{first} | {there} | where number > 1 and back != number | count"], ["print Count = 0"]


def of_groups(rows: str, author: Author) -> Iterator[Pair]:
    key, aggregate = author.filled("{key}"), author.filled("{aggregate}")
    groups = f"{rows} | summarize found = {aggregate} by {key}"
    yield (
        [groups],
        [f"{rows} | partition hint.strategy=native by {key} (summarize found = {aggregate} by {key})"],
    )
    yield [f"{rows} | distinct {key}"], [f"{groups} | project {key}"]
    yield [f"{rows} | count"], [f"{rows} | summarize n = count() by {key} | summarize Count = sum(n)"]


def of_joins(rows: str, author: Author) -> Iterator[Pair]:
    key = author.filled("{shared}")
    joined = {kind: f"{rows} | join kind={kind} U on {key}" for kind in ("inner", "leftouter", "fullouter")}
    alone = f"{rows} | join kind=leftanti U on {key}"
    yield [rows], [alone, f"{rows} | join kind=leftsemi U on {key}"]
    yield [f"{joined['leftouter']} | count"], [f"union ({joined['inner']}), ({alone}) | count"]
    others = f"U | join kind=leftanti ({rows}) on {key}"
    yield [f"{joined['fullouter']} | count"], [f"union ({joined['leftouter']}), ({others}) | count"]
    yield [f"{rows} | join kind=rightsemi U on {key}"], [f"U | join kind=leftsemi ({rows}) on {key}"]


RELATIONS: list[Callable[[str, Author], Iterator[Pair]]] = [
    *(in_three_parts, by_another_name, of_some_columns, in_an_order, of_groups, of_joins),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    store = Store.open("chdb://:memory:", database="property_relations")
    yield Engine(store, random.Random(2026))
    store.close()


def check(engine: Engine, left: list[str], right: list[str]) -> bool:
    """Both have the same answer, if both can be asked at all; whether they can."""
    try:
        for query in (*left, *right):
            engine.compiled(query)
    except KqlError:
        return False
    assert engine.answer(*left) == engine.answer(*right), (left, right)
    return True


@pytest.mark.parametrize("seed", range(PIPELINES))
def test_two_ways_to_ask_the_same_have_the_same_answer(engine: Engine, seed: int) -> None:
    author = Author(random.Random(seed))
    rows = " | ".join(pipeline(author, engine.columns))
    asked = [check(engine, *pair) for relation in RELATIONS for pair in relation(rows, author)]
    assert asked.count(True) > len(asked) / 2


@pytest.mark.parametrize("seed", range(PIPELINES))
def test_where_the_rows_are_from_makes_no_difference(engine: Engine, seed: int) -> None:
    """Stored, written into the query, or made by the stages before."""
    stages = pipeline(Author(random.Random(seed)), engine.columns)
    rows = " | ".join(stages)
    in_text = re.sub(r"\b[TU]\b", lambda name: engine.texts[name[0]], rows)
    assert check(engine, [rows], [in_text])
    for cut in range(1, len(stages)):
        made = table_of(engine, " | ".join(stages[:cut]))
        check(engine, [rows], [" | ".join([made, *stages[cut:]])])
