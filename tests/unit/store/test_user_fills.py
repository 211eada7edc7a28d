"""What becomes of the users' tables when a change is cut off: by a kill, by time, by another change."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gatelog.errors import (
    KqlError,
    KqlSemanticError,
    KqlTimeoutError,
    StoreError,
    StoreUnavailableError,
    UserTableChangedError,
)
from gatelog.kql import Catalog, Column, KqlType, compile
from gatelog.store import Budget, Filling, Retention, Store, TableNotes, UserTables, user_fills, user_rows

NOW = datetime(2024, 5, 6, tzinfo=UTC)
COLUMNS = (Column("n", KqlType.LONG),)
Content = dict[str, tuple[str, list[Any]]]


@pytest.fixture
def tables(store: Store) -> Iterator[UserTables]:
    """The table T with the rows 1 and 2, and no other."""
    begin_anew(store.user_tables)
    yield store.user_tables
    store.user_tables._read()
    store.user_tables.drop(*store.user_tables.all())


def begin_anew(tables: UserTables) -> None:
    tables._read()
    tables.drop(*tables.all())
    tables.make(TableNotes(name="T", created=NOW), filling(tables, "range n from 1 to 2 step 1"))


class Statements:
    """Runs statements: of those that come after so many the first fails, or `for_good` all of them."""

    def __init__(self, command: Callable[..., None], most: int, *, for_good: bool) -> None:
        self._command = command
        self._most = most
        self._for_good = for_good
        self.count = 0

    def run(self, statement: str, settings: Any = None) -> None:
        self.count += 1
        if self.count == self._most + 1 or (self._for_good and self.count > self._most):
            raise StoreUnavailableError("killed")
        self._command(statement, settings)


def filling(tables: UserTables, text: str, seconds: float = 60) -> Filling:
    made = compile(text, Catalog(table.kql_table() for table in tables.all()), now=NOW)
    return Filling(made.sql, made.columns, Budget(seconds=seconds))


def content(store: Store) -> Content:
    """Docstring and rows of each table, as a hub finds them that begins now."""
    begun = UserTables(store.user_tables.engine.clients)
    catalog = Catalog(table.kql_table() for table in begun.all())
    found = {}
    for table in begun.all():
        rows = store.run(compile(f"{table.name} | sort by n asc", catalog, now=NOW).sql).rows
        found[table.name] = (table.notes.docstring, [row[0] for row in rows])
    return found


def make(tables: UserTables) -> None:
    tables.make(TableNotes(name="U", created=NOW), filling(tables, "range n from 1 to 3 step 1"))


def put_in_place(tables: UserTables) -> None:
    [table] = tables.all()
    tables.replace(table, replace(table.notes, docstring="new"), COLUMNS, filling(tables, "T | where n > 1"))


def append(tables: UserTables) -> None:
    [table] = tables.all()
    tables.append(table, COLUMNS, filling(tables, "T | extend n = n + 2"))


def create_all(tables: UserTables) -> None:
    tables.create_all([(TableNotes(name=name, created=NOW), COLUMNS) for name in "ABC"])


def drop_all(tables: UserTables) -> None:
    tables.drop(*tables.all())


OLD = ("", [1, 2])
CHANGES: list[tuple[Callable[[UserTables], None], Content]] = [
    (make, {"T": OLD, "U": ("", [1, 2, 3])}),
    (put_in_place, {"T": ("new", [2])}),
    (append, {"T": ("", [1, 2, 3, 4])}),
    (create_all, {"T": OLD, "A": ("", []), "B": ("", []), "C": ("", [])}),
    (drop_all, {}),
]


@pytest.mark.parametrize("for_good", [True, False], ids=["killed", "failed-once"])
@pytest.mark.parametrize(("change", "after"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_a_change_that_ends_anywhere_has_changed_everything_or_nothing(
    store: Store,
    tables: UserTables,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[UserTables], None],
    after: Content,
    for_good: bool,
) -> None:
    """The hub is killed after each of the statements in turn, or one of them fails."""
    before, seen = content(store), []
    for last in itertools.count():
        statements = Statements(tables.engine.command, last, for_good=for_good)
        with monkeypatch.context() as context, suppress(StoreUnavailableError):
            context.setattr(tables.engine, "command", statements.run)
            change(tables)
        seen.append(content(store))
        if statements.count <= last:
            break
        if seen[-1] != before:
            begin_anew(tables)
    assert before in seen
    assert seen[-1] == after
    assert all(found in (before, after) for found in seen)
    assert len(tables.engine.system("tables", "name", "")) == len(after)


def test_rows_that_are_appended_come_as_one_part(tables: UserTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine puts several into place one after the other, and can be killed between two."""
    [table] = tables.all()
    small = {"max_block_size": 1, "min_insert_block_size_rows": 1, "min_insert_block_size_bytes": 1}
    execute = user_fills.execute
    monkeypatch.setattr(user_fills, "execute", lambda *said: execute(*said, small))
    parts: list[int] = []
    command = tables.engine.command

    def counted(statement: str, settings: Any = None) -> None:
        command(statement, settings)
        if "ATTACH" in statement:
            parts.append(len(tables.rows.parts(table)))

    monkeypatch.setattr(tables.engine, "command", counted)
    tables.append(table, COLUMNS, filling(tables, "range n from 1 to 10 step 1"))
    assert parts == [2]
    assert tables.rows.size(table).rows == 12


def test_a_table_that_is_changed_while_it_is_replaced_stays_as_it_was_changed(tables: UserTables) -> None:
    [table] = tables.all()
    tables.annotate(table, replace(table.notes, docstring="changed"))
    with pytest.raises(UserTableChangedError):
        tables.replace(table, table.notes, COLUMNS, filling(tables, "T"))
    assert [one.notes.docstring for one in tables.all()] == ["changed"]


def test_of_two_that_make_a_table_the_second_is_told_to_try_again(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tables.engine.count

    def meanwhile(table_id: str) -> int:
        monkeypatch.undo()
        tables.create(TableNotes(name="U", created=NOW), COLUMNS)
        return count(table_id)

    monkeypatch.setattr(tables.engine, "count", meanwhile)
    with pytest.raises(UserTableChangedError, match="made meanwhile"):
        make(tables)


def places(tables: UserTables, where: str) -> str:
    [table] = tables.all()
    return f"SELECT _part, _part_offset FROM {tables.engine.source(table.id)} WHERE {where}"


def test_what_a_deletion_looks_for_has_the_time_of_a_query(tables: UserTables) -> None:
    [table] = tables.all()
    with pytest.raises(KqlTimeoutError):
        tables.rows.delete(table, places(tables, "sleepEachRow(0.5) = 0"), Budget(seconds=0.2))
    assert tables.rows.size(table).rows == 2
    assert len(tables.engine.system("tables", "name", "")) == 1


def test_a_deletion_that_takes_too_long_is_over_when_it_is_answered(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine would go on with it in the background."""
    [table] = tables.all()
    execute = user_rows.execute

    def slow(clients: Any, statement: str, budget: Budget, *others: Any) -> None:
        if "DELETE" in statement:
            statement = statement.replace("WHERE", "WHERE sleepEachRow(1) = 0 AND")
            budget = budget._replace(seconds=0.3)
        execute(clients, statement, budget, *others)

    monkeypatch.setattr(user_rows, "execute", slow)
    with pytest.raises(KqlTimeoutError):
        tables.rows.delete(table, places(tables, "n = 1"), Budget())
    assert tables.engine.system("mutations", "command", "AND NOT is_done") == []
    assert tables.rows.size(table).rows == 2


def test_rows_of_a_table_that_took_the_place_of_another_are_not_deleted_for_it(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts have the names of the other's."""
    [table] = tables.all()
    count = tables.engine.count

    def meanwhile(table_id: str) -> int:
        monkeypatch.undo()
        tables.replace(table, table.notes, COLUMNS, filling(tables, "range n from 5 to 6 step 1"))
        return count(table_id)

    monkeypatch.setattr(tables.engine, "count", meanwhile)
    with pytest.raises(UserTableChangedError):
        tables.rows.delete(table, places(tables, "n = 1"), Budget())
    assert tables.rows.size(table).rows == 2


def test_other_tables_change_while_rows_are_deleted(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another thread, which does not have the locks of this one."""
    [table] = tables.all()
    execute = user_rows.execute

    def meanwhile(clients: Any, statement: str, budget: Budget, *others: Any) -> None:
        if "DELETE" in statement:
            with ThreadPoolExecutor(1) as other:
                made = other.submit(tables.create, TableNotes(name="Other", created=NOW), COLUMNS)
                assert made.result(timeout=60).name == "Other"
        execute(clients, statement, budget, *others)

    monkeypatch.setattr(user_rows, "execute", meanwhile)
    assert tables.rows.delete(table, places(tables, "n = 1"), Budget()) == 1
    assert [one.name for one in tables.all()] == ["Other", "T"]


def test_a_table_goes_while_a_question_reads_it(store: Store, tables: UserTables) -> None:
    """Whoever changes other tables would wait for the question, too."""
    [table] = tables.all()
    endless = f"SELECT count() FROM {tables.engine.source(table.id)}, system.numbers"
    reads = f"FROM system.processes WHERE query LIKE '%{table.id}%' AND query NOT LIKE '%processes%'"
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(store.run, endless, budget=Budget(seconds=60))
        while not store.run(f"SELECT 1 {reads}").rows and not asked.done():
            pass
        tables.drop(table)
        assert (asked.done(), tables.all()) == (False, ())
        tables.engine.command(f"KILL QUERY WHERE query_id IN (SELECT query_id {reads}) ASYNC")
        with pytest.raises((KqlError, StoreError)):
            asked.result()


def test_a_table_that_gets_another_name_meanwhile_is_changed_all_the_same(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    [table] = tables.all()
    form_of = tables.engine.form_of

    def renamed(*table_ids: str) -> AbstractContextManager[None]:
        tables.rename({"T": "U"})
        monkeypatch.undo()
        return form_of(*table_ids)

    monkeypatch.setattr(tables.engine, "form_of", renamed)
    changed = tables.reshape(table, [*COLUMNS, Column("m", KqlType.LONG)])
    assert (changed.name, len(changed.columns)) == ("U", 2)


def test_retention_goes_on_behind_a_table_that_goes_meanwhile(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    [other] = tables.all()
    short = tables.annotate(other, replace(other.notes, retention=Retention(60.0)))
    gone = tables.create(TableNotes(name="Gone", created=NOW, retention=Retention(60.0)), COLUMNS)
    tables.drop(gone)
    monkeypatch.setattr(tables, "all", lambda: (gone, short))
    assert tables.expire(datetime.now(UTC) + timedelta(hours=1)) == 2


@pytest.mark.parametrize(
    "change", ["replace", "drop", "reshape", "rename_columns", "restrict", "append", "clear", "expire"]
)
def test_a_table_keeps_its_form_while_rows_of_it_are_deleted(
    tables: UserTables, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """What is in its place then could have rows in the same places; or the engine gives the deletion up."""
    [table] = tables.all()
    execute, form_of = user_rows.execute, tables.engine.form_of
    changes: dict[str, Callable[[], object]] = {
        "replace": lambda: tables.replace(table, table.notes, COLUMNS, filling(tables, "print n = 7")),
        "drop": lambda: tables.drop(table),
        "reshape": lambda: tables.reshape(table, [*COLUMNS, Column("m", KqlType.LONG)]),
        "rename_columns": lambda: tables.rename_columns(table, {"n": "m"}),
        "restrict": lambda: tables.restrict(table),
        "append": lambda: append(tables),
        "clear": lambda: tables.rows.clear(table),
        "expire": lambda: tables.rows.expire(table, NOW),
    }
    asked, finished = threading.Event(), []

    def asking(*table_ids: str) -> AbstractContextManager[None]:
        if threading.current_thread() is not threading.main_thread():
            asked.set()
        return form_of(*table_ids)

    def meanwhile(clients: Any, statement: str, budget: Budget, *others: Any) -> None:
        if "DELETE" in statement:
            other.submit(changes[change]).add_done_callback(lambda _: finished.append("changed"))
            assert asked.wait(60)
        execute(clients, statement, budget, *others)
        if "DELETE" in statement:
            finished.append("deleted")
            monkeypatch.undo()

    with ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(tables.engine, "form_of", asking)
        monkeypatch.setattr(user_rows, "execute", meanwhile)
        with suppress(KqlSemanticError, UserTableChangedError):
            tables.rows.delete(table, places(tables, "n = 1"), Budget())
    assert finished == ["deleted", "changed"]


def test_parts_of_a_table_that_was_replaced_are_others(tables: UserTables) -> None:
    [table] = tables.all()
    before = tables.rows.parts(table)
    tables.replace(table, table.notes, COLUMNS, filling(tables, "T"))
    after = tables.rows.parts(table)
    assert [part.name for part in before] == [part.name for part in after]
    assert {part.id for part in before}.isdisjoint(part.id for part in after)
