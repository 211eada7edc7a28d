"""Tables and functions of the users' own under commands in any order, against a model in Python."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from .conftest import Kusto

NAMES = st.sampled_from(["T", "t", "['a b']"])
FUNCTIONS = st.sampled_from(["f", "g"])
ROWS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
        st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    ),
    min_size=1,
    max_size=4,
)
Row = tuple[str, int | None]


def csv_of(rows: list[Row]) -> bytes:
    """A record of one empty field is a line of nothing: all are quoted."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def bare(name: str) -> str:
    return name.strip("[]'")


class TablesMachine(RuleBasedStateMachine):
    """The model: the rows of each table, and of each function the table that it counts."""

    def __init__(self, kusto: Kusto) -> None:
        super().__init__()
        self.kusto = kusto
        self.tables: dict[str, list[Row]] = {}
        self.functions: dict[str, str] = {}

    def teardown(self) -> None:
        for name in self.tables:
            self.kusto.command(f".drop table {name}")
        for name in self.functions:
            self.kusto.command(f".drop function {name}")

    def send(self, command: str, *, succeeds: bool) -> Any:
        """The answer to a command, which is as the model says: given, or refused in the service's shape."""
        answer = self.kusto.post("/v1/rest/mgmt", command)
        assert answer.status_code == (200 if succeeds else 400), (command, answer.text)
        assert "Tables" in answer.json() if succeeds else answer.json()["error"]["@message"]

    def ask(self, query: str, *, succeeds: bool) -> list[list[Any]]:
        answer = self.kusto.post("/v1/rest/query", query)
        assert answer.status_code == (200 if succeeds else 400), (query, answer.text)
        return answer.json()["Tables"][0]["Rows"] if succeeds else []

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        self.send(f".create table {name} (a: string, n: long)", succeeds=True)
        self.tables.setdefault(name, [])

    @rule(name=NAMES, ifexists=st.booleans())
    def drop(self, name: str, ifexists: bool) -> None:
        known = self.tables.pop(name, None) is not None
        self.send(f".drop table {name}" + " ifexists" * ifexists, succeeds=known or ifexists)

    @rule(name=NAMES)
    def clear(self, name: str) -> None:
        self.send(f".clear table {name} data", succeeds=name in self.tables)
        if name in self.tables:
            self.tables[name] = []

    @rule(old=NAMES, new=NAMES)
    def rename(self, old: str, new: str) -> None:
        possible = old in self.tables and new not in self.tables
        if old != new:
            self.send(f".rename table {old} to {new}", succeeds=possible)
            if possible:
                self.tables[new] = self.tables.pop(old)

    @rule(name=NAMES, rows=ROWS, streaming=st.booleans())
    def ingest(self, name: str, rows: list[Row], streaming: bool) -> None:
        if streaming:
            answer = self.kusto.ingest(bare(name), csv_of(rows), streamFormat="csv")
            assert answer.status_code == (200 if name in self.tables else 400), answer.text
        else:
            data = csv_of(rows).decode()
            self.send(f".ingest inline into table {name} <|\n{data}", succeeds=name in self.tables)
        if name in self.tables:
            self.tables[name] += rows

    @rule(name=NAMES, rows=ROWS)
    def ingest_nothing_of_bad_data(self, name: str, rows: list[Row]) -> None:
        answer = self.kusto.ingest(bare(name), csv_of(rows) + b'"one"\r\n', streamFormat="csv")
        assert answer.status_code == 400

    @rule(name=NAMES, source=NAMES)
    def append(self, name: str, source: str) -> None:
        possible = name in self.tables and source in self.tables
        self.send(f".append {name} <| {source} | where n > 0", succeeds=possible)
        if possible:
            self.tables[name] += [row for row in self.tables[source] if row[1] is not None and row[1] > 0]

    @rule(name=NAMES, source=NAMES)
    def replace(self, name: str, source: str) -> None:
        self.send(f".set-or-replace {name} <| {source} | where n <= 0", succeeds=source in self.tables)
        if source in self.tables:
            self.tables[name] = [row for row in self.tables[source] if row[1] is not None and row[1] <= 0]

    @rule(name=NAMES, number=st.integers(-3, 3))
    def delete(self, name: str, number: int) -> None:
        command = f".delete table {name} records <| {name} | where n < {number} or isempty(a)"
        self.send(command, succeeds=name in self.tables)
        if name in self.tables:
            self.tables[name] = [
                row for row in self.tables[name] if row[0] and (row[1] is None or row[1] >= number)
            ]

    @rule(one=NAMES, other=NAMES)
    def swap(self, one: str, other: str) -> None:
        if one != other:
            possible = one in self.tables and other in self.tables
            self.send(f".rename tables {one} = {other}, {other} = {one}", succeeds=possible)
            if possible:
                self.tables[one], self.tables[other] = self.tables[other], self.tables[one]

    @rule(name=FUNCTIONS, table=NAMES)
    def define(self, name: str, table: str) -> None:
        command = f".create-or-alter function with (skipvalidation=true) {name}() {{ {table} | count }}"
        self.send(command, succeeds=True)
        self.functions[name] = table

    @rule(name=FUNCTIONS)
    def call(self, name: str) -> None:
        table = self.functions.get(name)
        rows = self.ask(f"{name}()", succeeds=table in self.tables)
        assert rows == ([[len(self.tables[table])]] if table in self.tables else [])

    @rule(name=NAMES)
    def look(self, name: str) -> None:
        rows = self.ask(name, succeeds=name in self.tables)
        assert sorted(map(repr, map(tuple, rows))) == sorted(map(repr, self.tables.get(name, [])))

    @rule()
    def list_them(self) -> None:
        shown = self.kusto.command(".show tables | project TableName")
        assert {row[0] for row in shown} >= {bare(name) for name in self.tables}


def test_commands_in_any_order_leave_what_they_say(kusto: Kusto) -> None:
    run_state_machine_as_test(
        lambda: TablesMachine(kusto),
        settings=settings(
            max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
