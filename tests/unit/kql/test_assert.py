"""assert(): what it asks is asked before there are rows."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from gatelog.testing.kql import run

NONE = "datatable(x: long)[]"


@pytest.mark.parametrize("stage", ["where {} and x > 0", "extend y = {} | take 0", "summarize countif({})"])
@pytest.mark.parametrize("condition", ["1 > 2", "bool(null)", "toscalar(print 1) == 2"])
def test_a_query_without_rows_fails_all_the_same(stage: str, condition: str) -> None:
    asserted = f"assert({condition}, 'too few')"
    with pytest.raises(DatabaseError, match=r"assert\(\) failed: too few"):
        run(f"{NONE} | {stage.format(asserted)}")


def test_what_is_true_stops_nothing() -> None:
    assert run(f'{NONE} | summarize n = countif(assert(1 < 2, "never"))')[1] == [[0]]
