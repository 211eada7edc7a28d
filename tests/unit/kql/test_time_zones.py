"""Time zones that are constants: looked up before the engine meets them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from gatelog.testing.kql import run


@pytest.mark.parametrize("function", ["datetime_utc_to_local", "datetime_local_to_utc"])
@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "it's none"])
def test_a_zone_that_there_is_not_is_named(function: str, zone: str) -> None:
    words = zone.replace("'", r".?'")
    with pytest.raises(DatabaseError, match=f"there is no time zone .*{words}.*datetime_list_timezones"):
        run(f'print {function}(datetime(2024-01-01), "{zone}")')


def test_a_zone_that_there_is_is_converted_to() -> None:
    query = 'datatable(t: datetime)[datetime(2024-07-01)] | project datetime_utc_to_local(t, "Europe/Paris")'
    assert run(query)[1] == [[datetime(2024, 7, 1, 2, tzinfo=UTC)]]
