"""scan goes over its rows in portions, which nobody sees."""

from __future__ import annotations

import pytest

from gatelog.kql.stages import scan_fold
from gatelog.testing.kql import run

ROWS = "datatable(place: long, letter: string)[" + ", ".join(
    f"{place}, '{letter}'" for place, letter in enumerate("abbcxabcabxbbcaabcc")
)
STEPS = """(
    step start output={0}: letter == 'a';
    step middle output={1}: letter == 'b' => seen = middle.seen + 1;
    step end output={2}: letter == 'c' and place - start.place < 9 => seen = middle.seen;
)"""


@pytest.mark.parametrize("partition", ["", "partition by half"])
@pytest.mark.parametrize("outputs", [("all", "all", "all"), ("last", "all", "last"), ("none", "last", "all")])
def test_portions_of_any_size_have_the_same_answer(
    monkeypatch: pytest.MonkeyPatch, outputs: tuple[str, ...], partition: str
) -> None:
    """States and matches go on from one to the next, and what a step shows last can be in another."""
    query = f"""{ROWS}] | extend half = place / 10 | sort by place asc
        | scan with_match_id=id {partition} declare (seen: long = 0) with {STEPS.format(*outputs)}
        | sort by id asc, place asc, letter asc, seen asc"""
    monkeypatch.setattr(scan_fold, "PORTION", 1_000)
    whole = run(query)
    assert len(whole[1]) > 3
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(scan_fold, "PORTION", size)
        assert run(query) == whole


def test_the_output_of_many_rows_is_in_their_order() -> None:
    """More than the engine could fold at once in this time, as it copies what there is at each row."""
    _, rows = run(
        """range x from 1 to 30000 step 1 | sort by x desc
        | scan declare (sum: long = 0) with (step one: true => sum = one.sum + x;)
        | extend later = isnotnull(prev(x)) and prev(x) != x + 1
        | summarize count(), countif(later), max(sum), take_anyif(sum, x == 29999)"""
    )
    assert rows == [[30_000, 0, 30_000 * 30_001 // 2, 59_999]]
