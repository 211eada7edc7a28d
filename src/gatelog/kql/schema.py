"""Columns and tables: what a query may read, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from gatelog.kql.types import KqlType

JsonPath: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead into a JSON value, `("usage", "prompt_tokens")`."""


class Column(NamedTuple):
    """A column of a table or of a result."""

    name: str
    type: KqlType


class PathColumn(NamedTuple):
    """A typed column of the SQL view that holds the value at a path of a JSON text, and null where it is
    absent."""

    sql_column: str
    type: KqlType


@dataclass(frozen=True, slots=True)
class Table:
    """A table as KQL sees it, over the SQL view or table `source` (`name` or `database.name`).

    `paths` says which typed SQL column answers for a path into a string column of JSON:
    `{("BackendResponseBody", ("usage", "prompt_tokens")): PathColumn("__prompt_tokens", KqlType.LONG)}`.
    `not_null` names the columns whose SQL type is not Nullable (string columns never are, they need no
    mention).
    """

    name: str
    columns: tuple[Column, ...]
    source: str
    paths: Mapping[tuple[str, JsonPath], PathColumn] = field(default_factory=dict)
    not_null: frozenset[str] = frozenset()


class RenderHint(NamedTuple):
    """How the query's author wants the result drawn; it never changes the result."""

    chart: str
    properties: tuple[tuple[str, str], ...]
