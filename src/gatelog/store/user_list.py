"""The list of the users' tables as the engine has it, after what was begun is carried out.

A change of several tables is one statement: it makes an empty table r_… whose comment, a JSON object, says of
each engine's id what becomes of it. Then it has happened; reading the list does the rest, also for a hub that
begins where another was killed.

    {"t_1": "Prices"}       the table is called so from now on
    {"s_2": "Teams"}        the table, which nobody sees yet, is one of the users' tables
    {"t_3": ""}             the table is gone

Columns are renamed one after the other. One that waits until its name is free is called by its old and its
new name: it gets the one that nobody has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import structs

from gatelog.errors import UserTableError
from gatelog.store.user_engine import RENAMES, STAGING, TABLE, UserEngine
from gatelog.store.user_table import TableNotes, UserTable, notes_text, read_table

_BETWEEN = "gatelog:renamed"
"""What the name of a column begins with while two change theirs; no user's column can be called so."""

GONE = ""
"""What a table is called that is to be removed."""


def read_tables(engine: UserEngine) -> list[UserTable]:
    """Every table of the users. StoreError if the engine fails."""
    comments = _settled_comments(engine)
    columns = _columns(engine)
    names = {table_id: [name for name, _ in known] for table_id, known in columns.items()}
    if [table_id for table_id in names if _settle_columns(engine, table_id, names[table_id])]:
        columns = _columns(engine)
    return [
        read_table(engine.database, table_id, comment, columns[table_id])
        for table_id, comment in comments.items()
        if table_id.startswith(TABLE)
    ]


def rename_steps(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Renames one after the other, in which no name is taken: of two that change places one waits aside."""
    steps = list(names.items())
    if not any(new in names for new in names.values()):
        return steps
    if len(steps) != 2 or set(names) != set(names.values()):
        raise UserTableError("only two columns can take each other's names, in a command of their own")
    (one, other), back = steps
    between = f"{_BETWEEN}:{one}:{other}"
    return [(one, between), back, (between, other)]


def remove_staging(engine: UserEngine) -> None:
    """Remove what a hub left that was killed while it filled a table, but for what a deletion still reads."""
    read = " ".join(command for (command,) in engine.system("mutations", "command", "AND NOT is_done"))
    for table_id, _ in _ids_and_comments(engine):
        if table_id.startswith(STAGING) and table_id not in read:
            engine.remove(table_id)


def _settled_comments(engine: UserEngine) -> dict[str, str]:
    """The comments of all tables by their ids, as they are once everything that was begun has happened."""
    comments: dict[str, str] = {one[0]: one[1] for one in _ids_and_comments(engine)}
    for change in [table_id for table_id in comments if table_id.startswith(RENAMES)]:
        wanted = msgspec.json.decode(comments[change], type=dict[str, str])
        for table_id in wanted.keys() & comments.keys():
            _settle(engine, comments, table_id, wanted[table_id])
        engine.remove(change)
    return comments


def _settle(engine: UserEngine, comments: dict[str, str], table_id: str, name: str) -> None:
    if name == GONE:
        engine.put_away(table_id)
        del comments[table_id]
    elif table_id.startswith(STAGING):
        shown = TABLE + table_id.removeprefix(STAGING)
        engine.rename(table_id, shown)
        comments[shown] = comments.pop(table_id)
    else:
        notes = msgspec.json.decode(comments[table_id], type=TableNotes)
        comments[table_id] = notes_text(structs.replace(notes, name=name))
        engine.annotate(table_id, comments[table_id])


def _columns(engine: UserEngine) -> dict[str, list[tuple[str, ...]]]:
    """(name, comment) of each column of each table of the engine."""
    columns: dict[str, list[tuple[str, ...]]] = {}
    for table_id, *column in engine.system("columns", "table, name, comment", "ORDER BY position"):
        columns.setdefault(table_id, []).append(tuple(column))
    return columns


def _settle_columns(engine: UserEngine, table_id: str, names: Sequence[str]) -> bool:
    """Whether a column of a table still waited for its name. It has it now, or again its old one."""
    waiting = [name for name in names if name.startswith(_BETWEEN)]
    for name in waiting:
        _, _, old, new = name.split(":")
        engine.rename_column(table_id, name, old if new in names else new)
    return bool(waiting)


def _ids_and_comments(engine: UserEngine) -> Sequence[Sequence[str]]:
    return engine.system("tables", "name, comment", "ORDER BY name")
