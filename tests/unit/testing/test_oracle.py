"""The judge of the fault tests can find against the accused."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gatelog.testing.load import Obligation, percentile
from gatelog.testing.oracle import judge

SEA, LAND = (sha256(text).hexdigest() for text in (b"sea", b"land"))
ROW = ["n-1", "id-1", SEA, "complete"]


def seen(nonce: str = "n-1", request_id: str = "id-1", status: int = 200) -> Obligation:
    return Obligation(nonce, request_id, status, SEA, stream=False, asked_at_s=0, took_s=0.1)


def test_a_kept_promise_passes() -> None:
    verdict = judge([seen()], {"n-1"}, [ROW])
    assert verdict.passed
    assert str(verdict) == "0 lost, 0 altered, 0 doubled, 0 ghosts"


def test_a_call_that_was_broken_off_may_have_a_row_or_none() -> None:
    assert judge([], {"n-1", "n-2"}, [ROW]).passed


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "lost"),
        ([["n-1", "id-of-another", SEA, "complete"]], "lost"),
        ([["n-1", "id-1", LAND, "complete"]], "altered"),
        ([ROW, ROW], "doubled"),
        ([ROW, ["n-9", "id-9", SEA, "complete"]], "ghosts"),
    ],
)
def test_a_broken_promise_is_named(rows: list[list[str]], fault: str) -> None:
    verdict = judge([seen()], {"n-1"}, rows)
    assert not verdict.passed
    assert len(getattr(verdict, fault)) == 1


def test_a_percentile_is_a_figure_that_was_measured() -> None:
    assert [percentile([3, 1, 2], share) for share in (0, 0.5, 0.99)] == [1, 2, 3]
    assert percentile([], 0.5) == 0
