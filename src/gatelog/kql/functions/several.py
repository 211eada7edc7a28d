"""Functions that make several columns of one call: `extend (a, b) = series_fit_line(x)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gatelog.kql.terms import Term

Parts: TypeAlias = "Sequence[tuple[str, Term]]"
"""The columns of a call: the ends of their names, and their values."""


@dataclass(frozen=True, slots=True)
class SeveralColumns:
    """A function of between `least` and `most` arguments whose result is several columns.

    A column that is not named by the author is `function_argument_part`, after the name of the first
    argument, or `function__part` where that has none; with `by_argument` there is one for each argument,
    `argument_part`. Where one value is wanted, it is the first.
    """

    name: str
    least: int
    most: int
    build: Callable[[Sequence[Term]], Parts]
    by_argument: bool = False

    def column_name(self, arguments: Sequence[str | None], place: int, part: str) -> str:
        """The name of the column at `place`, for arguments of these names."""
        if self.by_argument:
            return f"{arguments[place] or f'array{place + 1}'}_{part}"
        return f"{self.name}_{arguments[0] or ''}_{part}"
