"""The users' own tables: what is noted of them, their limits, names that change, survival of restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from gatelog.errors import (
    KqlSemanticError,
    StoreError,
    StoreUnavailableError,
    UserTableChangedError,
    UserTableError,
)
from gatelog.kql import Column, KqlType
from gatelog.store import (
    Budget,
    IngestionMapping,
    Retention,
    Store,
    TableNotes,
    user_fills,
    user_rows,
    user_tables,
)
from gatelog.store.user_engine import TABLE_BYTES_MAX
from gatelog.store.user_table import NAME_CHARACTERS_MAX, notes_text

from .conftest import DATABASE
from .own_tables import COLUMNS, NOW, compiled, fill, made, rows

pytestmark = pytest.mark.usefixtures("no_user_tables")


def test_notes_survive_whatever_is_in_them(store: Store) -> None:
    mapping = IngestionMapping("m", "json", "[{\"a\": '\\\\'}]", NOW)
    said = 'it\'s \\ a `test` {x:String} %s \n\t"ü"\u0007'
    table = made(store, docstring=said, mappings=(mapping,), retention=Retention(1.5), restricted=True)
    store.user_tables._read()
    assert store.user_tables.find("T") == table
    assert table.notes.docstring == said
    assert table.mapping("m", "JSON") == mapping
    assert table.columns == COLUMNS


def test_the_list_is_the_same_tuple_until_something_changes(store: Store) -> None:
    made(store)
    before = store.user_tables.all()
    assert store.user_tables.all() is before
    store.user_tables.rows.insert(before[0], [["x"], [1]])
    assert store.user_tables.all() is before
    made(store, "U")
    assert [table.name for table in store.user_tables.all()] == ["T", "U"]


def test_limits_are_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(store)
    monkeypatch.setattr(user_rows, "ROWS_A_REQUEST_MAX", 2)
    with pytest.raises(UserTableError, match="at most 2 rows"):
        store.user_tables.rows.insert(table, [["x"] * 3, [1] * 3])
    monkeypatch.setattr(user_rows, "ROWS_MAX", 3)
    monkeypatch.setattr(user_fills, "ROWS_MAX", 3)
    store.user_tables.rows.insert(table, [["x"] * 2, [1] * 2])
    with pytest.raises(UserTableError, match="more than 3 rows"):
        store.user_tables.rows.insert(table, [["x"] * 2, [1] * 2])
    with pytest.raises(UserTableError, match="at most 3 rows"):
        fill(store, table, "range n from 1 to 9 step 1 | project tostring(n), n", replaces=True)
    monkeypatch.setattr(user_tables, "TABLES_MAX", 1)
    with pytest.raises(UserTableError, match="1 tables at most, and 1 already"):
        made(store, "U")
    assert rows(store, "T | count") == [(2,)]


@pytest.mark.parametrize(
    "columns",
    [
        (),
        (Column("a", KqlType.LONG), Column("a", KqlType.LONG)),
        (Column("a`; DROP TABLE calls", KqlType.LONG),),
        (Column("gatelog:ingested", KqlType.DATETIME),),
        tuple(Column(f"c{number}", KqlType.LONG) for number in range(501)),
    ],
)
def test_columns_that_cannot_be_are_refused(store: Store, columns: tuple[Column, ...]) -> None:
    with pytest.raises(UserTableError):
        store.user_tables.create(TableNotes(name="T", created=NOW), columns)
    assert store.user_tables.all() == ()


def test_tables_survive_a_restart_and_staging_does_not(store: Store, dsn: str) -> None:
    """One embedded engine a process: the restart is a second store on the same one."""
    table = made(store)
    store.user_tables.rows.insert(table, [["x"], [1]])
    source = store.user_tables.engine.source
    store.user_tables.engine.command(f"CREATE TABLE {source('s_0123')} AS {source(table.id)}")
    restarted = Store.open(dsn, database=DATABASE)
    try:
        assert restarted.user_tables.all() == (table,)
        assert rows(restarted, "T") == [("x", 1)]
        left = restarted.run(f"SELECT count() FROM system.tables WHERE database = '{table.database}'").rows
        assert left == [(1,)]
    finally:
        restarted.close()


def test_what_was_compiled_before_its_table_was_restricted_finds_it_no_longer(store: Store) -> None:
    """A question can wait for its turn, or for the statements before it, while the table is filled."""
    table = made(store)
    fill(store, table, "print a = 'x', n = 1")
    before = compiled(store, "T").sql
    assert store.user_tables.restrict(table).notes.restricted
    with pytest.raises(KqlSemanticError, match="does not exist any more"):
        store.run(before)
    assert rows(store, "T") == [("x", 1)]


@pytest.mark.parametrize("query", ["T", "print 1 | union T", "T | join kind=inner T on n | count"])
def test_a_question_whose_table_was_dropped_meanwhile_is_told(store: Store, query: str) -> None:
    """It is no failure of the store."""
    table = made(store)
    before = compiled(store, query).sql
    store.user_tables.drop(table)
    asked = "dropped or changed meanwhile: ask again"
    with pytest.raises(KqlSemanticError, match=asked):
        store.run(before)
    with pytest.raises(KqlSemanticError, match=asked), store.stream_rows(before, budget=Budget()) as blocks:
        list(blocks)
    stream = store.stream_encoded(before, "Parquet", budget=Budget())
    with pytest.raises(KqlSemanticError, match=asked), stream as pieces:
        list(pieces)


def test_another_table_that_is_missing_is_a_failure_of_the_store(store: Store) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        store.run("SELECT * FROM nowhere")


@pytest.mark.parametrize(("character", "count"), [("x", 1), ("'", 2), ("\\", 4), ("€", 3)])
def test_what_is_said_of_a_table_has_a_limit_in_bytes(store: Store, character: str, count: int) -> None:
    """As the engine writes them: a backslash of JSON is four."""
    table, room = made(store), TABLE_BYTES_MAX - 1024
    fits = replace(table.notes, docstring=character * (room // count))
    table = store.user_tables.annotate(table, fits)
    with pytest.raises(UserTableError, match=f"at most {TABLE_BYTES_MAX} bytes"):
        store.user_tables.annotate(table, replace(fits, docstring=character * (TABLE_BYTES_MAX // count)))
    store.user_tables.rename({"T": "U" * NAME_CHARACTERS_MAX})
    [found] = user_tables.UserTables(store.user_tables.engine.clients).all()
    assert found.notes.docstring == fits.docstring


def test_columns_with_long_names_are_as_many_as_the_engine_can_keep(store: Store) -> None:
    name = "語" * (NAME_CHARACTERS_MAX - 3)
    columns = [Column(f"{name}{n}", KqlType.LONG) for n in range(500)]
    table = made(store)
    for make in (
        lambda: store.user_tables.reshape(table, columns),
        lambda: store.user_tables.create(TableNotes(name="U", created=NOW), columns),
    ):
        with pytest.raises(UserTableError, match="bytes"):
            make()
    assert [column.name for column in store.user_tables.all()[0].columns] == ["a", "n"]


def test_notes_are_not_replaced_by_older_ones(store: Store) -> None:
    """Somebody changes a docstring while somebody else fills the table with what was said."""
    before = made(store)
    store.user_tables.annotate(before, replace(before.notes, restricted=True))
    with pytest.raises(UserTableChangedError):
        store.user_tables.annotate(before, replace(before.notes, docstring="prices"))
    [after] = store.user_tables.all()
    assert (after.notes.docstring, after.notes.restricted) == ("", True)


def names_in(store: Store) -> dict[str, str]:
    """The tables as a hub finds them that begins now: their names, and what their rows say."""
    begun = user_tables.UserTables(store.user_tables.engine.clients)
    return {table.name: table.notes.docstring for table in begun.all()}


@pytest.mark.parametrize(
    ("names", "renamed"),
    [
        ({"A": "B", "B": "A"}, {"B": "of A", "A": "of B", "C": "of C"}),
        ({"A": "B", "B": "C", "C": "A"}, {"B": "of A", "C": "of B", "A": "of C"}),
        ({"A": "B", "B": "D"}, {"B": "of A", "D": "of B", "C": "of C"}),
    ],
)
def test_a_hub_that_is_killed_has_renamed_all_or_none(
    store: Store, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], renamed: dict[str, str]
) -> None:
    for name in "ABC":
        made(store, name, docstring=f"of {name}")
    before, command, seen = names_in(store), store.user_tables.engine.command, []
    for survived in range(3 + 2 * len(names)):
        left = iter(range(survived))

        def killed(statement: str, settings: Any = None, *, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise StoreUnavailableError("killed")
            command(statement, settings)

        with monkeypatch.context() as context, suppress(StoreUnavailableError):
            context.setattr(store.user_tables.engine, "command", killed)
            store.user_tables.rename(names)
        seen.append(names_in(store))
        if seen[-1] == renamed:
            for table in user_tables.UserTables(store.user_tables.engine.clients).all():
                store.user_tables.engine.annotate(
                    table.id, notes_text(replace(table.notes, name=table.notes.docstring.removeprefix("of ")))
                )
        store.user_tables._read()
    assert before in seen
    assert renamed in seen
    assert all(found in (before, renamed) for found in seen)
    tables = store.user_tables.engine.system("tables", "name", "")
    assert len(tables) == len(before)


@pytest.mark.parametrize(("steps", "names"), [(1, ["a", "n"]), (2, ["n", "a"])])
def test_a_hub_that_is_killed_between_two_names_of_columns_leaves_both(
    store: Store, monkeypatch: pytest.MonkeyPatch, steps: int, names: list[str]
) -> None:
    table, left, rename = made(store), iter(range(steps)), store.user_tables.engine.rename_column
    fill(store, table, "print 'x', 1")

    def killed(*of: str) -> None:
        if next(left, None) is None:
            raise StoreUnavailableError("killed")
        rename(*of)

    with monkeypatch.context() as context:
        context.setattr(store.user_tables.engine, "rename_column", killed)
        with pytest.raises(StoreUnavailableError):
            store.user_tables.rename_columns(table, {"a": "n", "n": "a"})
    [found] = user_tables.UserTables(store.user_tables.engine.clients).all()
    assert [column.name for column in found.columns] == names
    store.user_tables._read()
    assert rows(store, "T") == [("x", 1)]


def test_names_that_change_places_are_in_the_store_and_no_other_is(store: Store) -> None:
    first, second = made(store, "A"), made(store, "B", docstring="of B")
    store.user_tables.rename({"A": "B", "B": "A"})
    store.user_tables._read()
    found = {table.name: (table.id, table.notes.docstring) for table in store.user_tables.all()}
    assert found == {"A": (second.id, "of B"), "B": (first.id, "")}


@pytest.mark.parametrize("change", ["clear", "reshape", "rename", "annotate", "retype", "rename_columns"])
def test_a_table_that_is_gone_meanwhile_is_told(store: Store, change: str) -> None:
    table, tables = made(store), store.user_tables
    tables.drop(table)
    changes: dict[str, Callable[[], object]] = {
        "clear": lambda: tables.rows.clear(table),
        "reshape": lambda: tables.reshape(table, COLUMNS),
        "retype": lambda: tables.retype(table, Column("a", KqlType.LONG)),
        "rename": lambda: tables.rename({"T": "U"}),
        "annotate": lambda: tables.annotate(table, table.notes),
        "rename_columns": lambda: tables.rename_columns(table, {"a": "b"}),
    }
    with pytest.raises(UserTableChangedError):
        changes[change]()


def test_what_is_noted_by_an_older_version_is_read(store: Store) -> None:
    table = made(store)
    older = '{"name":"T","created":"2024-05-06T00:00:00Z","docstring":"d"}'
    source = store.user_tables.engine.source(table.id)
    store.user_tables.engine.command(f"ALTER TABLE {source} MODIFY COMMENT '{older}'")
    store.user_tables._read()
    [read] = store.user_tables.all()
    assert (read.notes.docstring, read.notes.column_docstrings, read.notes.policies) == ("d", {}, {})
