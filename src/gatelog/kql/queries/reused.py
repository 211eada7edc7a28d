"""Tables that have a name or are an argument: bound at their first use, called anew for each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.names.context import Context
from gatelog.kql.queries.renaming import is_renamable, renamed
from gatelog.kql.relations import Relation


class _Bound(NamedTuple):
    """What a use bound under some `options`, where it named protected columns, and what it counted of the
    query's limits."""

    relation: Relation
    options: tuple[object, ...]
    guarded_at: Mapping[str, ast.Name]
    stages: int
    searches: int


class Reused:
    """Gives the table that `make` binds, at each use in columns of its own.

    It is bound again where that would not come to the same: where it draws, where it says how the answer is
    to be rendered, and where statements between its uses changed what it means.
    """

    def __init__(self, make: Callable[[], Relation], context: Context) -> None:
        self._make = make
        self._context = context
        self._bound: _Bound | None = None

    def __call__(self) -> Relation:
        """The table, for one more use."""
        bound = self._bound
        if bound is None or bound.options != self._context.options or not is_renamable(bound.relation):
            return self._first()
        self._context.count_again(bound.stages, bound.searches)
        return renamed(bound.relation, bound.guarded_at, self._context)

    def _first(self) -> Relation:
        context = self._context
        stages, searches, draws, render = context.stages, context.searches, context.draws, context.render
        relation = self._make()
        if context.draws == draws and context.render is render:
            counted = context.stages - stages, context.searches - searches
            self._bound = _Bound(relation, context.options, dict(context.guarded_at), *counted)
        return relation
