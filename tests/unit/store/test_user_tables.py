"""Tables of the users' own in the store: atomic inserts, fills, retention, limits, survival of restarts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gatelog.errors import KqlError, StoreError, UserTableError
from gatelog.kql import Catalog, Column, Compiled, KqlType, cell_from_text, compile
from gatelog.store import Budget, IngestionMapping, Retention, Store, TableNotes, UserTable
from gatelog.store import user_tables as module
from gatelog.store.user_table import NOTES_BYTES_MAX

from .conftest import DATABASE

NOW = datetime(2024, 5, 6, tzinfo=UTC)
COLUMNS = (Column("a", KqlType.STRING), Column("n", KqlType.LONG))


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """Without tables of the users' own, before and after."""
    yield store
    for table in store.user_tables.all():
        store.user_tables.drop(table)


def made(store: Store, name: str = "T", **notes: Any) -> UserTable:
    return store.user_tables.create(TableNotes(name=name, created=NOW, **notes), COLUMNS)


def compiled(store: Store, text: str) -> Compiled:
    return compile(text, Catalog(table.kql_table() for table in store.user_tables.all()), now=NOW)


def rows(store: Store, text: str) -> list[tuple[Any, ...]]:
    return list(map(tuple, store.run(compiled(store, text).sql).rows))


def fill(store: Store, table: UserTable, text: str, *, replaces: bool = False) -> int:
    query = compiled(store, text)
    return store.user_tables.fill(table, query.sql, query.columns, Budget(), replace=replaces)


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
    store.user_tables.insert(before[0], [["x"], [1]])
    assert store.user_tables.all() is before
    made(store, "U")
    assert [table.name for table in store.user_tables.all()] == ["T", "U"]


def test_rows_go_in_as_cells_and_come_back(store: Store) -> None:
    table = made(store)
    assert store.user_tables.insert(table, [["x", "y"], [1, None]]) == 2
    assert rows(store, "T | sort by a asc") == [("x", 1), ("y", None)]
    assert store.user_tables.size(table).rows == 2


def test_an_insert_is_one_part_however_many_blocks_it_is_sent_in(store: Store) -> None:
    table = made(store)
    count = 200_000
    store.user_tables.insert(table, [["x" * 50] * count, list(range(count))])
    parts = store.run(f"SELECT count() FROM system.parts WHERE active AND table = '{table.id}'").rows
    assert parts == [(1,)]


def test_a_value_that_does_not_fit_keeps_the_whole_insert_out(store: Store) -> None:
    table = made(store)
    with pytest.raises(StoreError):
        store.user_tables.insert(table, [["x", "y"], [1, "no number"]])
    assert rows(store, "T") == []


def test_fill_appends_or_replaces_by_position(store: Store) -> None:
    table = made(store)
    assert fill(store, table, "print b = 'x', m = 1") == 1
    assert fill(store, table, "T | extend n = n + 1") == 1
    assert rows(store, "T | sort by n asc") == [("x", 1), ("x", 2)]
    assert fill(store, table, "T | where n == 2", replaces=True) == 1
    assert rows(store, "T") == [("x", 2)]
    assert fill(store, table, "T | where n == 3", replaces=True) == 0
    assert rows(store, "T") == []


def test_a_fill_that_fails_changes_nothing_and_leaves_nothing_behind(store: Store) -> None:
    table = made(store)
    fill(store, table, "print 'x', 1")
    query = compiled(store, "print 'x', 1")
    with pytest.raises((StoreError, KqlError)):
        store.user_tables.fill(table, "SELECT throwIf(1), 1", query.columns, Budget(), replace=True)
    assert rows(store, "T") == [("x", 1)]
    left = store.run(f"SELECT name FROM system.tables WHERE database = '{table.database}'").rows
    assert left == [(table.id,)]


def test_a_fill_has_a_budget(store: Store) -> None:
    table = made(store)
    query = compiled(store, "range n from 1 to 10 step 1 | project a = tostring(n), n")
    slow = f"SELECT a, n FROM ({query.sql}) WHERE sleepEachRow(0.2) = 0"
    with pytest.raises(KqlError):
        store.user_tables.fill(table, slow, query.columns, Budget(seconds=0.3), replace=False)
    assert rows(store, "T") == []


def test_limits_are_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(store)
    monkeypatch.setattr(module, "ROWS_A_REQUEST_MAX", 2)
    with pytest.raises(UserTableError, match="at most 2 rows"):
        store.user_tables.insert(table, [["x"] * 3, [1] * 3])
    monkeypatch.setattr(module, "ROWS_MAX", 3)
    store.user_tables.insert(table, [["x"] * 2, [1] * 2])
    with pytest.raises(UserTableError, match="more than 3 rows"):
        store.user_tables.insert(table, [["x"] * 2, [1] * 2])
    with pytest.raises(UserTableError, match="at most 3 rows"):
        fill(store, table, "range n from 1 to 9 step 1 | project tostring(n), n", replaces=True)
    monkeypatch.setattr(module, "TABLES_MAX", 1)
    with pytest.raises(UserTableError, match="1 tables already"):
        made(store, "U")
    with pytest.raises(UserTableError, match="characters"):
        store.user_tables.annotate(table, replace(table.notes, docstring="x" * NOTES_BYTES_MAX))
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


def test_rows_leave_when_their_time_is_over(store: Store) -> None:
    kept, short = made(store), made(store, "Short", retention=Retention(60.0))
    for table in (kept, short):
        store.user_tables.insert(table, [["x"], [1]])
    now = datetime.now(UTC)
    assert store.user_tables.expire(now) == 0
    assert store.user_tables.expire(now + timedelta(hours=1)) == 1
    assert (rows(store, "T | count"), rows(store, "Short | count")) == ([(1,)], [(0,)])


def test_tables_survive_a_restart_and_staging_does_not(store: Store, dsn: str) -> None:
    """One embedded engine a process: the restart is a second store on the same one."""
    table = made(store)
    store.user_tables.insert(table, [["x"], [1]])
    source = store.user_tables._source
    store.user_tables._command(f"CREATE TABLE {source('s_0123')} AS {source(table.id)}")
    restarted = Store.open(dsn, database=DATABASE)
    try:
        assert restarted.user_tables.all() == (table,)
        assert rows(restarted, "T") == [("x", 1)]
        left = restarted.run(f"SELECT count() FROM system.tables WHERE database = '{table.database}'").rows
        assert left == [(1,)]
    finally:
        restarted.close()


def test_every_type_goes_in_and_comes_out(store: Store) -> None:
    columns = tuple(Column(kind.value, kind) for kind in KqlType)
    table = store.user_tables.create(TableNotes(name="Types", created=NOW), columns)
    texts = {
        "bool": "true",
        "int": "-1",
        "long": "9223372036854775807",
        "real": "1.5",
        "decimal": "1.25",
        "string": "\x00'\\",
        "datetime": "0001-01-01",
        "timespan": "-1.00:00:01.0000001",
        "guid": "123e27de-1e4e-49d9-b579-fe0b331d3642",
        "dynamic": '{"a":[1,null]}',
    }
    cells = [[cell_from_text(kind, texts[kind.value]), "" if kind == "string" else None] for kind in KqlType]
    store.user_tables.insert(table, cells)
    found = rows(store, "Types | sort by ['long'] desc nulls last")
    assert found == [tuple(cell[0] for cell in cells), tuple(cell[1] for cell in cells)]
    fill(store, table, "Types", replaces=True)
    assert rows(store, "Types | sort by ['long'] desc nulls last") == found


def test_what_was_compiled_before_its_table_was_restricted_finds_it_no_longer(store: Store) -> None:
    """A question can wait for its turn, or for the statements before it, while the table is filled."""
    table = made(store)
    fill(store, table, "print a = 'x', n = 1")
    before = compiled(store, "T").sql
    assert store.user_tables.restrict(table).notes.restricted
    with pytest.raises(StoreError):
        store.run(before)
    assert rows(store, "T") == [("x", 1)]


def test_what_is_restricted_stays_so_whatever_older_notes_say(store: Store) -> None:
    """Somebody changes a docstring while somebody else fills the table with what was said."""
    before = made(store)
    store.user_tables.annotate(before, replace(before.notes, restricted=True))
    after = store.user_tables.annotate(before, replace(before.notes, docstring="prices"))
    assert (after.notes.docstring, after.notes.restricted) == ("prices", True)
