"""Graphs: what of the tables is read for them, and what happens when they are too large."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from gatelog import kql
from gatelog.store import CATALOG
from gatelog.testing.kql import run

NOW = datetime(2026, 9, 22, tzinfo=UTC)


def sql_of(query: str) -> str:
    return kql.compile(query, CATALOG, now=NOW).sql


def test_only_the_properties_that_the_query_speaks_of_are_read() -> None:
    query = "Calls | make-graph SubscriptionName --> DeploymentName | graph-match (a)-[e]->(b)"
    narrow = sql_of(f"{query} where e.ResponseCode >= 500 project node_id(a), node_id(b)")
    assert "ResponseCode" in narrow
    assert "Backend" not in narrow
    assert "Backend" in sql_of(f"{query} project e.Backend")


def test_a_property_inside_of_a_path_is_read() -> None:
    query = "Calls | make-graph SubscriptionName --> DeploymentName | graph-match (a)-[e*1..2]->(b)"
    assert "Backend" in sql_of(f"{query} project map(e, strcat(Backend, '!'))")


def test_more_paths_than_memory_should_hold_end_the_query() -> None:
    with pytest.raises(DatabaseError, match="more than 100000 paths leave a node"):
        run(
            """range x from 1 to 20 step 1 | extend k = 1
            | join kind=inner (range y from 1 to 20 step 1 | extend k = 1) on k
            | make-graph x --> y | graph-match (a)-[e*1..5]->(b) where node_id(a) == "1" project node_id(b)"""
        )


def test_a_graph_is_stored_once_however_long_its_pattern_is() -> None:
    query = "Calls | make-graph SubscriptionName --> DeploymentName | graph-match (a)-->(b)"
    short, long = (sql_of(f"{query}{more} project node_id(a)") for more in ("", "-->(c)-->(d)-->(e)"))
    assert short.count("groupArray") == long.count("groupArray")
    assert len(long) < 2 * len(short)
