"""Sets of sequences as sorted, disjoint, closed ranges: a boot of ten million calls is one pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Range(NamedTuple):
    """The integers first..last, both included; never empty."""

    first: int
    last: int


class RangeSet:
    """An immutable set of integers."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self.ranges = tuple(_merged(ranges))

    @classmethod
    def of(cls, numbers: Iterable[int]) -> RangeSet:
        """The set of these numbers."""
        return cls(_runs(numbers))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RangeSet) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __repr__(self) -> str:
        return f"RangeSet({list(map(tuple, self.ranges))})"

    def __or__(self, other: RangeSet) -> RangeSet:
        return RangeSet((*self.ranges, *other.ranges))

    def __sub__(self, other: RangeSet) -> RangeSet:
        return RangeSet(_difference(self.ranges, other.ranges))

    def __and__(self, other: RangeSet) -> RangeSet:
        return self - (self - other)

    @property
    def highest(self) -> int:
        """The largest member, 0 for the empty set (sequences start at 1)."""
        return self.ranges[-1].last if self.ranges else 0


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow one another as one range: a hundred thousand of an outage are one to sort."""
    first: int | None = None
    last = 0
    for number in numbers:
        if first is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None:
        yield first, last


def _merged(ranges: Iterable[tuple[int, int]]) -> Iterator[Range]:
    current: Range | None = None
    for first, last in sorted(ranges):
        if current is None:
            current = Range(first, last)
        elif first <= current.last + 1:
            current = Range(current.first, max(current.last, last))
        else:
            yield current
            current = Range(first, last)
    if current is not None:
        yield current


def _difference(kept: tuple[Range, ...], removed: tuple[Range, ...]) -> Iterator[Range]:
    """What is left of `kept`; both are sorted and disjoint, so one walk over each is enough."""
    position = 0
    for first, last in kept:
        while position < len(removed) and removed[position].last < first:
            position += 1
        cursor = position
        while cursor < len(removed) and removed[cursor].first <= last:
            if removed[cursor].first > first:
                yield Range(first, removed[cursor].first - 1)
            first = max(first, removed[cursor].last + 1)
            cursor += 1
        if first <= last:
            yield Range(first, last)


NO_SEQUENCES = RangeSet()
