"""Rows of the users' own tables: how they come, by insert or by query, and how they go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gatelog.errors import (
    KqlError,
    StoreError,
    StoreUnavailableError,
    UserTableError,
)
from gatelog.kql import Column, KqlType, cell_from_text
from gatelog.store import (
    Budget,
    Filling,
    Retention,
    Store,
    TableNotes,
)

from .own_tables import NOW, compiled, fill, made, rows

pytestmark = pytest.mark.usefixtures("no_user_tables")


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
