"""A set of sequences in the memory of its gaps."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gatelog.gateway.sequence_ranges import SequenceRanges

SEQUENCES = st.lists(st.integers(1, 40), max_size=30)


@given(st.lists(st.tuples(st.booleans(), SEQUENCES)), st.integers(0, 10))
def test_it_is_the_set_of_what_was_added_and_not_removed(
    steps: list[tuple[bool, list[int]]], count: int
) -> None:
    ranges = SequenceRanges()
    members: set[int] = set()
    for adds, sequences in steps:
        if adds:
            for sequence in sequences:
                ranges.add(sequence)
            members.update(sequences)
        else:
            ranges.remove(sorted(sequences))
            members.difference_update(sequences)
        assert ranges.first(None) == sorted(members)
        assert ranges.first(count) == sorted(members)[:count]
        assert bool(ranges) is bool(members)
        assert ranges.range_count == sum(member - 1 not in members for member in members)


@given(SEQUENCES)
def test_what_is_removed_need_not_be_in_order(sequences: list[int]) -> None:
    ranges = SequenceRanges()
    for sequence in range(1, 41):
        ranges.add(sequence)
    ranges.remove(sequences)
    assert ranges.first(None) == sorted(set(range(1, 41)) - set(sequences))


def test_an_outage_of_many_calls_that_end_out_of_order_is_one_range() -> None:
    ranges = SequenceRanges()
    rng = random.Random(1)
    running: list[int] = []
    most = 0
    for sequence in range(1, 100_001):
        running.append(sequence)
        if len(running) == 64:
            ranges.add(running.pop(rng.randrange(64)))
            most = max(most, ranges.range_count)
    for sequence in running:
        ranges.add(sequence)
    assert ranges.first(None) == list(range(1, 100_001))
    assert ranges.range_count == 1
    assert most <= 64
