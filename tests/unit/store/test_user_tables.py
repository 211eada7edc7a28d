"""Tables of the users' own in the store: atomic inserts, fills, retention, limits, survival of restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gatelog.errors import (
    KqlError,
    StoreError,
    StoreUnavailableError,
    UserTableChangedError,
    UserTableError,
)
from gatelog.kql import Catalog, Column, Compiled, KqlType, cell_from_text, compile
from gatelog.store import (
    Budget,
    Filling,
    IngestionMapping,
    Retention,
    Store,
    TableNotes,
    UserTable,
    user_fills,
    user_rows,
    user_tables,
)
from gatelog.store.user_engine import TABLE_BYTES_MAX
from gatelog.store.user_table import NAME_CHARACTERS_MAX, notes_text

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
    filling = Filling(query.sql, query.columns, Budget())
    if replaces:
        return store.user_tables.replace(table, table.notes, table.columns, filling)
    return store.user_tables.append(table, table.columns, filling)


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


def test_rows_go_in_as_cells_and_come_back(store: Store) -> None:
    table = made(store)
    assert store.user_tables.rows.insert(table, [["x", "y"], [1, None]]) == 2
    assert rows(store, "T | sort by a asc") == [("x", 1), ("y", None)]
    assert store.user_tables.rows.size(table).rows == 2


def test_an_insert_is_one_part_however_many_blocks_it_is_sent_in(store: Store) -> None:
    table = made(store)
    count = 200_000
    store.user_tables.rows.insert(table, [["x" * 50] * count, list(range(count))])
    parts = store.run(f"SELECT count() FROM system.parts WHERE active AND table = '{table.id}'").rows
    assert parts == [(1,)]


def test_a_value_that_does_not_fit_keeps_the_whole_insert_out(store: Store) -> None:
    table = made(store)
    with pytest.raises(StoreError):
        store.user_tables.rows.insert(table, [["x", "y"], [1, "no number"]])
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
    failing = Filling("SELECT throwIf(1), 1", compiled(store, "print 'x', 1").columns, Budget())
    other = (Column("other", KqlType.LONG), Column("n", KqlType.LONG))
    for change in (
        lambda: store.user_tables.append(table, [*table.columns, *other[:1]], failing),
        lambda: store.user_tables.replace(table, replace(table.notes, docstring="new"), other, failing),
        lambda: store.user_tables.make(TableNotes(name="U", created=NOW), failing),
    ):
        with pytest.raises((StoreError, KqlError)):
            change()
    assert rows(store, "T") == [("x", 1)]
    store.user_tables._read()
    assert store.user_tables.all() == (table,)
    left = store.run(f"SELECT name FROM system.tables WHERE database = '{table.database}'").rows
    assert left == [(table.id,)]


def test_a_fill_has_a_budget(store: Store) -> None:
    table = made(store)
    query = compiled(store, "range n from 1 to 10 step 1 | project a = tostring(n), n")
    slow = f"SELECT a, n FROM ({query.sql}) WHERE sleepEachRow(0.2) = 0"
    with pytest.raises(KqlError):
        store.user_tables.append(table, table.columns, Filling(slow, query.columns, Budget(seconds=0.3)))
    assert rows(store, "T") == []


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


def test_rows_leave_when_their_time_is_over(store: Store) -> None:
    kept, short = made(store), made(store, "Short", retention=Retention(60.0))
    for table in (kept, short):
        store.user_tables.rows.insert(table, [["x"], [1]])
    now = datetime.now(UTC)
    assert store.user_tables.expire(now) == 0
    assert store.user_tables.expire(now + timedelta(hours=1)) == 1
    assert (rows(store, "T | count"), rows(store, "Short | count")) == ([(1,)], [(0,)])


@pytest.mark.parametrize(
    "query",
    [
        "T | project t = ingestion_time()",
        "T | where n == 1 | project n | extend t = ingestion_time() | project t",
        "T | sort by n asc | take 5 | where ingestion_time() > ago(9d) | project t = ingestion_time()",
        "T | summarize t = max(ingestion_time())",
        "T | as X | join kind=inner (T | project a) on a | project t = ingestion_time()",
        "T | mv-expand i = range(1, 1) | project t = ingestion_time()",
        "let F = (s: (n: long)) { s | project t = ingestion_time() }; F(T)",
        "T | join kind=rightouter (T | project n) on n | project t = ingestion_time()",
        "T | where false | join kind=rightanti (T) on n | project t = ingestion_time()",
    ],
)
def test_when_a_row_came_is_known_of_rows_of_the_users(store: Store, query: str) -> None:
    table = made(store)
    source = store.user_tables.engine.source(table.id)
    store.user_tables.engine.command(
        f"INSERT INTO {source} (a, n, `gatelog:ingested`) VALUES ('x', 1, '2024-05-06 07:08:09.1234567')"
    )
    [(found,)] = rows(store, f"{query} | project tostring(t)")
    assert found == "2024-05-06T07:08:09.1234567Z"


@pytest.mark.parametrize(
    "query",
    [
        "print ingestion_time()",
        "T | summarize by a | project ingestion_time()",
        "union T, T | project ingestion_time()",
        "T | distinct n | project ingestion_time()",
        "range i from 1 to 1 step 1 | join kind=inner (T | extend i = n) on i | project ingestion_time()",
        "T | join kind=rightouter (print n = 2) on n | project ingestion_time()",
        "T | where false | join kind=fullouter (T) on n | join kind=fullouter (T) on n | where isnotnull(n1)"
        " | project ingestion_time()",
        "T | join kind=rightanti (print n = 2) on n | project ingestion_time()",
    ],
)
def test_when_a_row_came_is_null_of_others(store: Store, query: str) -> None:
    store.user_tables.rows.insert(made(store), [["x"], [1]])
    assert rows(store, f"{query} | take 1") == [(None,)]


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
    store.user_tables.rows.insert(table, cells)
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


def test_that_no_row_was_left_is_not_believed_of_the_next_question(store: Store) -> None:
    """The engine remembers what a filter found, and for the first rows it did so without the filter."""
    fill(store, made(store), "range n from 1 to 9 step 1 | project a = tostring(n), n")
    first = "T | project n | top 3 by n"
    assert rows(store, f"{first} | where n % 1000 == 77") == []
    assert rows(store, first) == [(9,), (8,), (7,)]
    assert rows(store, f"{first} | where n % 1000 != 77") == [(9,), (8,), (7,)]


def test_rows_that_move_while_they_are_deleted_are_deleted_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine merges parts when it likes; here it does between the look and the deletion."""
    table = made(store)
    for n in range(4):
        store.user_tables.rows.insert(table, [["x"], [n]])
    counted, merges = store.user_tables.engine.count, iter(["once"])

    def merged(table_id: str) -> int:
        for _ in merges:
            source = store.user_tables.engine.source(table.id)
            store.user_tables.engine.command(f"OPTIMIZE TABLE {source} FINAL")
        return counted(table_id)

    monkeypatch.setattr(store.user_tables.engine, "count", merged)
    places = f"SELECT _part, _part_offset FROM {store.user_tables.engine.source(table.id)} WHERE n < 2"
    assert store.user_tables.rows.delete(table, places, Budget()) == 2
    assert rows(store, "T | sort by n asc") == [("x", 2), ("x", 3)]


def test_a_deletion_that_never_ends_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(store)
    monkeypatch.setattr(store.user_tables.engine, "count", lambda *_: 1)
    places = f"SELECT _part, _part_offset FROM {store.user_tables.engine.source(table.id)} WHERE 0"
    with pytest.raises(StoreUnavailableError, match="delete them again later"):
        store.user_tables.rows.delete(table, places, Budget())


def test_a_part_that_was_merged_meanwhile_is_not_dropped(store: Store) -> None:
    table = made(store)
    for n in range(2):
        store.user_tables.rows.insert(table, [["x"], [n]])
    parts = store.user_tables.rows.parts(table)
    store.user_tables.engine.command(f"OPTIMIZE TABLE {store.user_tables.engine.source(table.id)} FINAL")
    with pytest.raises(UserTableError, match="merged meanwhile"):
        store.user_tables.rows.drop_parts(table, parts)
    assert store.user_tables.rows.size(table).rows == 2


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
