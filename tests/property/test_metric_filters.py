"""Filters of metrics: what is written is read again, and nothing that is written breaks the parser."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.api.metrics.faults import MetricsError
from gatelog.api.metrics.filters import Comparison, Condition, Filter, parse_filter

NAMES = st.sampled_from(
    ["Region", "ModelDeploymentName", "Microsoft.ResourceId", "a-b_c", "startswith", "or"]
)
COMPARISONS = st.builds(Comparison, st.sampled_from(["eq", "ne", "sw"]), st.text(max_size=12))
CONDITIONS = st.builds(Condition, NAMES, st.lists(COMPARISONS, min_size=1, max_size=3).map(tuple))
FILTERS = st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple)
PIECES = st.sampled_from(
    ["Region", "eq", "ne", "sw", "and", "or", "(", ")", ",", "'x'", "''", "startswith", "'"]
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def written(conditions: Filter, *, parentheses: bool) -> str:
    terms = (
        " or ".join(f"{quoted(one.dimension)} {test.operator} {quoted(test.value)}" for test in one.tests)
        for one in conditions
    )
    return " and ".join(f"(({term}))" if parentheses else term for term in terms)


@given(FILTERS, st.booleans())
def test_what_is_written_is_read_again(conditions: Filter, parentheses: bool) -> None:
    assert parse_filter(written(conditions, parentheses=parentheses)) == conditions


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MetricsError):
        assert bool(parse_filter(text)) == bool(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "Region eq 'x'" + ")" * 3000,
        "(Region eq 'x' or " * 400 + "Region eq 'x'" + ")" * 400,
        " or ".join(["Region eq 'x'"] * 500),
        " " * 9000 + "x",
        "Region eq 'x' or Other eq 'y'",
        "(Region eq 'x' and Other eq 'y') or Other eq 'z'",
        "Region eq 'x') and Other eq 'y'",
        "Region eq 'x",
        "Region = 'x'",
        "Region eq x",
    ],
)
def test_depth_length_number_and_shape_are_bounded(text: str) -> None:
    with pytest.raises(MetricsError) as caught:
        parse_filter(text)
    assert caught.value.fault.status == 400
