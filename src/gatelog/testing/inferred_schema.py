"""A schema under which a published query compiles: what its author's tables look like is not published.

The compiler is asked again and again. A table it does not know is added, a column it does not know is added
to every table; when it finds a type wrong, the columns on that line get the next type, as long as the error
moves on. What is left over is an error of the compiler's, or of the query.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gatelog import kql
from gatelog.errors import KqlError
from gatelog.kql import Catalog, Column, KqlType, Table

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MOST_ROUNDS = 200
"""Compilations that add or change something, for one query."""

_TYPES = (
    *(KqlType.STRING, KqlType.DYNAMIC, KqlType.LONG, KqlType.REAL, KqlType.DATETIME),
    *(KqlType.BOOL, KqlType.TIMESPAN, KqlType.GUID),
)
_GUESSES = (
    (r"(Time|Date|Timestamp|timestamp|TimeGenerated|_t)$", KqlType.DATETIME),
    (r"(Value|Average|Total|Percent|Maximum|Minimum|[Dd]uration|_d)$", KqlType.REAL),
    (r"(Count|Bytes|Size|Port|Tokens|Ms|_l)$", KqlType.LONG),
    (r"([Pp]roperties|Details|Dimensions|tags|Messages)$", KqlType.DYNAMIC),
    (r"_b$", KqlType.BOOL),
)
_NO_TABLE = re.compile(r"(?:there is no table|no table matches) '([^']+)'|there is no (table) to look in")
_NO_COLUMN = re.compile(r"there is no column '([^']+)'")
_OF_ANY = "any_"
"""What `any(*)` puts before the name of each column."""

Tables = dict[str, dict[str, KqlType]]


def remaining_error(query: str) -> KqlError | None:
    """What the compiler still refuses under the best schema found; None when the query compiles."""
    return _inferred(query)[1]


def inferred_catalog(query: str) -> Catalog | None:
    """Tables under which a query compiles; None when none are found."""
    tables, error = _inferred(query)
    return _catalog(tables) if error is None else None


def _inferred(query: str) -> tuple[Tables, KqlError | None]:
    tables: Tables = {}
    tried: set[tuple[str, KqlType]] = set()
    for _ in range(MOST_ROUNDS):
        error = _error(query, tables)
        if error is None or not (
            _add_table(error, tables) or _add_column(error, tables) or _retype(error, query, tables, tried)
        ):
            break
    return tables, error


def _catalog(tables: Tables) -> Catalog:
    return Catalog(
        Table(name, tuple(Column(*column) for column in columns.items()), name)
        for name, columns in tables.items()
    )


def _error(query: str, tables: Tables) -> KqlError | None:
    try:
        kql.compile(query, _catalog(tables), now=NOW, ask=lambda _: [])
    except KqlError as error:
        return error
    return None


def _add_table(error: KqlError, tables: Tables) -> bool:
    found = _NO_TABLE.search(str(error))
    name = (found[1] or found[2]).replace("*", "X") if found else ""
    if not name or name in tables:
        return False
    tables[name] = {"TimeGenerated": KqlType.DATETIME}
    return True


def _add_column(error: KqlError, tables: Tables) -> bool:
    found = _NO_COLUMN.search(str(error))
    name = found[1].removeprefix(_OF_ANY) if found else ""
    if not name or all(name in columns for columns in tables.values()):
        return False
    for columns in tables.values():
        columns.setdefault(name, _guess(name))
    return True


def _guess(name: str) -> KqlType:
    return next((kind for shape, kind in _GUESSES if re.search(shape, name)), KqlType.STRING)


def _retype(error: KqlError, query: str, tables: Tables, tried: set[tuple[str, KqlType]]) -> bool:
    """Gives one column another type, if that brings the compiler further."""
    for name in _suspects(error, query, tables):
        before = next(columns[name] for columns in tables.values() if name in columns)
        for kind in _TYPES:
            if (name, kind) in tried or kind is before:
                continue
            _set_type(name, kind, tables)
            if _is_further(_error(query, tables), error):
                tried.add((name, kind))
                return True
        _set_type(name, before, tables)
    return False


def _suspects(error: KqlError, query: str, tables: Tables) -> list[str]:
    """The columns on the line of the error, then all others."""
    lines = kql.lines_of(query)
    line = lines[error.place.line - 1] if error.place and error.place.line <= len(lines) else ""
    known = {name for columns in tables.values() for name in columns}
    near = [word for word in re.findall(r"\w+", line) if word in known]
    return list(dict.fromkeys((*near, *sorted(known))))


def _set_type(name: str, kind: KqlType, tables: Tables) -> None:
    for columns in tables.values():
        if name in columns:
            columns[name] = kind


def _is_further(error: KqlError | None, before: KqlError) -> bool:
    if error is None:
        return True
    return (error.place or (0, 0)) > (before.place or (0, 0))
