"""A set of sequences that costs its gaps, not its members.

An outage leaves calls unlogged one after the other, for hours: 500 a second are 43 million a day, and one
range. Calls settle a little out of order, so a range also grows at its beginning, and closes gaps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import chain, islice, starmap


class SequenceRanges:
    """Ranges with both ends, ascending, with at least one sequence between two of them."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._firsts)

    @property
    def range_count(self) -> int:
        """What is kept in memory."""
        return len(self._firsts)

    def add(self, sequence: int) -> None:
        """One more; one that is there already changes nothing."""
        firsts, lasts = self._firsts, self._lasts
        after = bisect_right(firsts, sequence)
        if after and lasts[after - 1] >= sequence:
            return
        follows = bool(after) and lasts[after - 1] == sequence - 1
        leads = after < len(firsts) and firsts[after] == sequence + 1
        if follows and leads:
            del lasts[after - 1], firsts[after]
        elif follows:
            lasts[after - 1] = sequence
        elif leads:
            firsts[after] = sequence
        else:
            firsts.insert(after, sequence)
            lasts.insert(after, sequence)

    def first(self, count: int | None) -> list[int]:
        """The least ones, ascending; all of them without a count."""
        spans = starmap(_span, zip(self._firsts, self._lasts, strict=True))
        return list(islice(chain.from_iterable(spans), count))

    def remove(self, sequences: Iterable[int]) -> None:
        """Take away those that are there. Ascending ones cost their ranges."""
        begin = end = 0
        for sequence in sequences:
            if sequence != end:
                self._cut(begin, end)
                begin = sequence
            end = sequence + 1
        self._cut(begin, end)

    def _cut(self, begin: int, end: int) -> None:
        """Take away all from `begin` to before `end`."""
        if begin == end:
            return
        firsts, lasts = self._firsts, self._lasts
        place = bisect_left(lasts, begin)
        while place < len(firsts) and firsts[place] < end:
            first, last = firsts[place], lasts[place]
            left = [(first, begin - 1)] if first < begin else []
            left += [(end, last)] if last >= end else []
            firsts[place : place + 1] = [one for one, _ in left]
            lasts[place : place + 1] = [one for _, one in left]
            place += len(left)


def _span(first: int, last: int) -> range:
    return range(first, last + 1)
