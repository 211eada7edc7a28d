"""What a name can stand for, other than a column: a value, one that is drawn, a table, a function, a
pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from gatelog.kql import ast
from gatelog.kql.relations import Relation
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType


@dataclass(frozen=True, slots=True)
class TableBinding:
    """A name for a table: `make` gives it, at each use in columns of its own; that of one `denied` is never
    asked."""

    make: Callable[[], Relation]
    denied: bool = False


def _never_made() -> NoReturn:
    raise AssertionError("a restriction hides what has this name")


HIDDEN = TableBinding(_never_made, denied=True)
"""A name that `restrict access to` took away: to the query there is nothing behind it."""


@dataclass(frozen=True, slots=True)
class DrawnBinding:
    """A name for a value with rand() or new_guid() in it: `make` binds it anew at each use, so that each use
    draws for itself."""

    type: KqlType
    make: Callable[[], Term]


@dataclass(frozen=True, slots=True)
class FunctionBinding:
    """A name for a function, with the names that were known where it stands; `saved`: it is not of this text,
    so its places are not places of the text.
    """

    function: ast.Function
    names: Mapping[str, Binding]
    saved: bool = False


PatternCase: TypeAlias = "tuple[tuple[str, ...], str | None]"
"""What a case of a pattern is asked with: its arguments, and its path if there is one."""


@dataclass(frozen=True, slots=True)
class PatternBinding:
    """A name for a pattern: each case is a function of no arguments."""

    cases: Mapping[PatternCase, FunctionBinding]


Binding: TypeAlias = "Term | DrawnBinding | TableBinding | FunctionBinding | PatternBinding"
