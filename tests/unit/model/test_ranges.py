"""RangeSet behaves as a set of integers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatelog.model import RangeSet

numbers = st.sets(st.integers(1, 60))


@given(st.lists(st.integers(1, 60)))
def test_a_set_of_numbers_comes_back(given_numbers: list[int]) -> None:
    """Sorted, without repetition, in whatever order they came; ranges are as few as can be."""
    ranges = RangeSet.of(given_numbers)
    assert list(ranges) == sorted(set(given_numbers))
    assert len(ranges) == len(set(given_numbers))
    assert ranges.highest == max(given_numbers, default=0)
    assert all(
        left.last + 1 < right.first for left, right in zip(ranges.ranges, ranges.ranges[1:], strict=False)
    )


@given(numbers, numbers)
def test_operations_are_those_of_sets(left: set[int], right: set[int]) -> None:
    """Union, difference, intersection."""
    first, second = RangeSet.of(left), RangeSet.of(right)
    assert set(first | second) == left | right
    assert set(first - second) == left - right
    assert set(first & second) == left & right
    assert (first == second) == (left == right)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), max_size=8))
def test_ranges_may_overlap_and_touch(pairs: list[tuple[int, int]]) -> None:
    """Whatever ranges it is made of, it holds their union."""
    ranges = [(first, first + length) for first, length in pairs]
    expected = {number for first, last in ranges for number in range(first, last + 1)}
    assert set(RangeSet(ranges)) == expected


def test_ten_million_calls_are_one_pair() -> None:
    """Its cost is that of its holes."""
    assert len(RangeSet([(1, 10_000_000)]) - RangeSet.of([5])) == 9_999_999
