"""Expressions of one value that every query has alike, written once for all of them.

    quoted(□)  ──►  "replaceAll(toJSONString(" □ "), '\\\\/', '/')"  ──►  one node for each value

A shape is made of a function from a value to its expression, asked when the shape is used first. It may only
put the value where any expression can stand, as the argument of a call; with `once`, where the value has a
name, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeAlias

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.nodes import Column, Filled, Identifier
from gatelog.kql.clickhouse.scale import Scale
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.clickhouse.writer import text_of

Body: TypeAlias = "Callable[[Sql], Sql]"

_PLACE: Final = Column(Identifier("□"))
"""Stands for the value while a shape is written."""


class Shape:
    """The expression that `body` makes of a value. A `heavy` one weighs as much as that, any other counts as
    one node and its value: whatever repeats it, the engine has little to do."""

    def __init__(self, body: Body, *, heavy: bool = False) -> None:
        self._body = body
        self._heavy = heavy

    @cached_property
    def _made(self) -> Sql:
        made = self._body(_PLACE)
        assert not isinstance(made, sql.LOOSE), "an operator at the top could not be told"
        return made

    @cached_property
    def _pieces(self) -> tuple[str | int, ...]:
        """The text around the value, and 0 wherever the value is."""
        first, *others = text_of(self._made).split(_PLACE.written)
        return (first, *(piece for other in others for piece in (0, other)))

    @cached_property
    def _places(self) -> int:
        """How often the value counts."""
        return self._pieces.count(0) if self._heavy else 1

    @cached_property
    def _own(self) -> int:
        return Scale({}).weight(self._made) - self._places if self._heavy else 1

    def __call__(self, value: Sql) -> Sql:
        """The expression of this value."""
        return Filled(self._pieces, [value] * self._places, self._own)


def once(name: str, body: Body, *, heavy: bool = False) -> Body:
    """The same as `sql.with_value`, for a `body` that knows nothing of the query."""
    of_name = Shape(body, heavy=heavy)
    of_any = Shape(lambda value: sql.computed_once(value, name, body), heavy=heavy)

    def of_value(value: Sql) -> Sql:
        return (of_name if isinstance(value, sql.SHORT) else of_any)(value)

    return of_value
