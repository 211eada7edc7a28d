"""Saved functions: kept, validated, and handed to the compiler.

The hub is the only one that changes them, so a snapshot in memory serves the questions.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from gatelog.control import tables
from gatelog.errors import ControlError, KqlSemanticError
from gatelog.kql import Catalog, SavedFunction, check_function, is_builtin, names_in
from gatelog.model import Clock

FUNCTIONS_MAX = 10_000
"""Saved functions; each is parsed once and known to every question."""

FUNCTION_CHARACTERS_MAX = 64 * 1024
"""Parameters and body of one function."""

TEXT_CHARACTERS_MAX = 8 * 1024
"""A docstring or a folder."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,1023}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """A saved function, and who changed it last."""

    function: SavedFunction
    changed_at: datetime
    changed_by: str


class Functions:
    """The saved functions. Methods may be called from any thread; those that change something block."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._writing = threading.Lock()
        self._load()

    def all(self) -> tuple[StoredFunction, ...]:
        """Every function, by name."""
        return tuple(self._stored.values())

    def saved(self) -> tuple[SavedFunction, ...]:
        """Every function, for a Catalog; the same tuple until something changes."""
        return self._saved

    def find(self, name: str) -> StoredFunction | None:
        """The function called `name`, or None."""
        return self._stored.get(name)

    def save(
        self, function: SavedFunction, catalog: Catalog, *, by: str, validate: bool = True
    ) -> StoredFunction:
        """Create or replace. `catalog` holds the tables that the author may name; `by` names the principal.

        KqlError: the body is wrong (without `validate` only its syntax is looked at), the name is a table's
        or a built-in function's, or functions would call each other in a circle. ControlError: too many, too
        long.
        """
        _check_size(function)
        _check_name(function.name, catalog)
        with self._writing:
            others = [other for other in self.saved() if other.name != function.name]
            if len(others) >= FUNCTIONS_MAX:
                raise ControlError(f"there are {FUNCTIONS_MAX} functions already: drop one first")
            _check_circle(function, others)
            check_function(function, catalog.with_functions(others), bind=validate)
            return self._write(function, by)

    def describe(
        self, name: str, *, by: str, docstring: str | None = None, folder: str | None = None
    ) -> StoredFunction:
        """Change the docstring or the folder; ControlError if there is no such function."""
        with self._writing:
            function = self._known(name).function
            changed = function._replace(
                docstring=function.docstring if docstring is None else docstring,
                folder=function.folder if folder is None else folder,
            )
            _check_size(changed)
            return self._write(changed, by)

    def drop(self, name: str) -> StoredFunction:
        """Forget a function; ControlError if there is none."""
        with self._writing:
            stored = self._known(name)
            with self._engine.begin() as connection:
                connection.execute(sa.delete(tables.functions).where(tables.functions.c.name == name))
            self._load()
            return stored

    def _known(self, name: str) -> StoredFunction:
        if name not in self._stored:
            raise ControlError(f"there is no function '{name}'")
        return self._stored[name]

    def _write(self, function: SavedFunction, by: str) -> StoredFunction:
        changed_at = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC).isoformat()
        values = {**function._asdict(), "changed_at": changed_at, "changed_by": by}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.functions).prefix_with("OR REPLACE"), values)
        self._load()
        return self._stored[function.name]

    def _load(self) -> None:
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(tables.functions).order_by(tables.functions.c.name))
            stored = tuple(_stored(rows.mappings()))
        self._stored: Mapping[str, StoredFunction] = {one.function.name: one for one in stored}
        self._saved = tuple(one.function for one in stored)


def _stored(rows: sa.MappingResult) -> Iterator[StoredFunction]:
    for row in rows:
        function = SavedFunction(**{name: row[name] for name in SavedFunction._fields})
        yield StoredFunction(function, datetime.fromisoformat(row["changed_at"]), row["changed_by"])


def _check_size(function: SavedFunction) -> None:
    if len(function.parameters) + len(function.body) > FUNCTION_CHARACTERS_MAX:
        raise ControlError(f"a function has at most {FUNCTION_CHARACTERS_MAX} characters")
    if max(len(function.docstring), len(function.folder)) > TEXT_CHARACTERS_MAX:
        raise ControlError(f"a docstring or a folder has at most {TEXT_CHARACTERS_MAX} characters")


def _check_name(name: str, catalog: Catalog) -> None:
    if not _NAME.fullmatch(name):
        raise KqlSemanticError(
            f"'{name[:80]}' is no name for a function", hint="use letters, digits and underscores"
        )
    if catalog.find(name) is not None:
        raise KqlSemanticError(f"'{name}' is a table", hint="give the function another name")
    if is_builtin(name):
        raise KqlSemanticError(f"'{name}' is a built-in function", hint="give yours another name")


def _check_circle(function: SavedFunction, others: Sequence[SavedFunction]) -> None:
    """Functions that name each other in a circle would never end."""
    bodies = {other.name: other.body for other in [*others, function]}
    called_by: dict[str, str] = {}
    waiting = [function.name]
    while waiting:
        caller = waiting.pop()
        for called in names_in(bodies[caller]) & bodies.keys() - called_by.keys():
            called_by[called] = caller
            waiting.append(called)
    if function.name in called_by:
        raise KqlSemanticError(
            f"functions would call each other in a circle: {' → '.join(_circle(function.name, called_by))}",
            hint="a function cannot call itself",
        )


def _circle(name: str, called_by: Mapping[str, str]) -> list[str]:
    """The calls from `name` back to itself."""
    path = [name, called_by[name]]
    while path[-1] != name:
        path.append(called_by[path[-1]])
    return path[::-1]
