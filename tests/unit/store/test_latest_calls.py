"""The latest calls are found from a time on, and are the same as those of all calls sorted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.errors import KqlTimeoutError
from gatelog.store import CATALOG, Budget, Store, latest_calls
from gatelog.store.clients import Clients
from gatelog.store.latest_calls import FORGOTTEN_S, FRESH_S, LatestCalls, of_latest_days
from gatelog.store.query import Rows, run
from gatelog.store.stream import stream_encoded, stream_rows
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
HOUR = 3600
DAY = 24 * HOUR
BUDGET = Budget()


class Seconds:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def latest(count: int) -> str:
    return kql.compile(f"Calls | top {count} by TimeGenerated | project RequestId", CATALOG, now=NOW).sql


def known_to(clients: Clients, asked: int = 1) -> tuple[LatestCalls, Seconds]:
    """What is known of the test's store after so many statements."""
    seconds = Seconds()
    known = LatestCalls(clients, seconds)
    for _ in range(asked):
        shortened(known, 1)
    return known, seconds


def shortened(known: LatestCalls, count: int) -> str:
    """What is asked for the latest so many calls."""
    return known.shortened(latest(count), BUDGET)[0]


def requests(rows: Sequence[Sequence[object]]) -> list[object]:
    return [name for (name,) in rows]


def received(seconds: Sequence[int]) -> list[object]:
    """Their requests, the latest first."""
    return [f"request-{second}" for second in sorted(seconds, reverse=True)]


def insert(store: Store, seconds: Sequence[int], boot: str = "b1") -> None:
    store.insert([chat_exchange(second, boot=boot) for second in seconds])


def test_the_second_statement_names_the_minute_that_is_enough(store: Store, clients: Clients) -> None:
    """The first pays for nothing but itself. Of a minute it is the first call's time, to all its digits."""
    insert(store, [1, 2, HOUR, HOUR + 90])
    known, _ = known_to(clients, asked=0)
    assert shortened(known, 2) == latest(2)
    times = {count: shortened(known, count) for count in (1, 2, 3, 4, 5)}
    assert all("min(day)" not in times[count] for count in (1, 2, 3, 4))
    first = RECEIVED_AT_NS // 10**9
    for count, second in ((1, HOUR + 90), (2, HOUR), (3, 1), (4, 1)):
        shown = datetime.fromtimestamp(first + second, UTC)
        assert f"received >= toDateTime64('{shown:%Y-%m-%d %H:%M:%S}.1234567', 7, 'UTC')" in times[count]
    assert times[5] == latest(5)


def test_a_minute_is_counted_once_and_from_what_is_known(
    store: Store, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than so many calls is not remembered, and not read again until all is forgotten."""
    counts: list[str] = []

    def counted(clients: Clients, sql: str, budget: Budget) -> Rows:
        counts.append(sql)
        return run(clients, sql, budget)

    monkeypatch.setattr(latest_calls, "run", counted)
    monkeypatch.setattr(latest_calls, "ROWS_KNOWN", 2)
    insert(store, [1, 100, 200])
    known, seconds = known_to(clients)
    assert counts == []
    for passed, made in ((0, 1), (FRESH_S, 1), (1, 2), (FRESH_S, 2), (FORGOTTEN_S + 1, 2), (0, 3)):
        seconds.now += passed
        assert shortened(known, 3) == latest(3)
        assert len(counts) == made
    assert ["min(day)" in count for count in counts] == [True, False, True]
    assert shortened(known, 2) != latest(2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.tuples(
            st.lists(st.integers(1, 3 * DAY), min_size=1, max_size=12, unique=True),
            st.sampled_from([0.0, FRESH_S + 1, FORGOTTEN_S + 1]),
        ),
        min_size=1,
        max_size=4,
    ),
    count=st.integers(1, 20),
)
def test_whatever_comes_the_answer_is_that_of_all_calls(
    store: Store, clients: Clients, rounds: list[tuple[list[int], float]], count: int
) -> None:
    """Late calls and calls of before, asked at once and after each time that something is forgotten."""
    with clients.borrow() as client:
        client.command("TRUNCATE TABLE calls")
    known, seconds = known_to(clients)
    stored: set[int] = set()
    for new, passed in rounds:
        insert(store, sorted(set(new) - stored), boot=uuid4().hex)
        stored |= set(new)
        seconds.now += passed
        for _ in range(2):
            rows = run(clients, shortened(known, count), BUDGET).rows
            assert requests(rows) == received([*stored])[:count]


def test_all_ways_to_ask_take_the_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, blocks and encoded answers are those that were asked for, three times in a row."""
    asked: list[str] = []

    def noted(way: Callable[..., object], clients: Clients, sql: str, *others: object) -> object:
        asked.append(sql)
        return way(clients, sql, *others)

    for way in (run, stream_rows, stream_encoded):
        monkeypatch.setattr(f"gatelog.store.store.{way.__name__}", partial(noted, way))
    insert(store, range(1, 200))
    for _ in range(3):
        assert requests(store.run(latest(100)).rows) == received(range(100, 200))
        with store.stream_rows(latest(100), budget=BUDGET) as blocks:
            assert [name for block in blocks for (name,) in block] == received(range(100, 200))
        with store.stream_encoded(latest(100), "CSV", budget=BUDGET) as pieces:
            assert b"".join(pieces).decode().replace('"', "").split() == received(range(100, 200))
    assert ["min(day)" in sql for sql in asked] == [True] + [False] * 8


def test_a_count_has_the_time_of_the_statement_but_not_its_rows(store: Store) -> None:
    """A reader who wants one row of a record of many minutes gets it."""
    insert(store, range(1, 7000, 70))
    for _ in range(3):
        assert store.run(latest(1), budget=Budget(rows=1)).rows == [("request-6931",)]


@pytest.mark.parametrize(
    ("removed", "left", "found"), [("sequence = 2 OR sequence > 3", [1], True), ("sequence > 0", [], False)]
)
def test_calls_taken_out_past_the_hub_are_noticed(
    store: Store, clients: Clients, removed: str, left: list[int], found: bool
) -> None:
    """When the times are counted anew; the statement after that begins from the beginning."""
    insert(store, [1, 2, DAY, DAY + 1])
    known, seconds = known_to(clients, asked=2)
    with clients.borrow() as client:
        client.command(f"DELETE FROM calls WHERE {removed}")
    seconds.now = FRESH_S + 1
    for is_known in (False, found):
        sql = shortened(known, 1)
        assert ("toDateTime64" in sql) is is_known
        assert requests(run(clients, sql, BUDGET).rows) == received(left)


def test_days_that_retention_drops_are_the_oldest(store: Store) -> None:
    """What was known before is true of what is left, down to nothing."""
    insert(store, [1, DAY, 2 * DAY])
    for _ in range(3):
        assert requests(store.run(latest(2)).rows) == received([DAY, 2 * DAY])
    first = datetime.fromtimestamp(RECEIVED_AT_NS // 10**9, UTC).date()
    for age, left in ((3, [2 * DAY]), (4, [])):
        store.expire(date.fromordinal(first.toordinal() + age), retention_days=1, body_retention_days=1)
        assert requests(store.run(latest(2)).rows) == received(left)


def test_calls_that_come_late_behind_days_that_were_dropped_are_found(store: Store) -> None:
    """Of a day before, until retention drops them too."""
    insert(store, [DAY, DAY + 1, 2 * DAY])
    for _ in range(2):
        store.run(latest(2))
    first = datetime.fromtimestamp(RECEIVED_AT_NS // 10**9, UTC).date()
    store.expire(date.fromordinal(first.toordinal() + 3), retention_days=1, body_retention_days=1)
    insert(store, [1], boot="b2")
    assert requests(store.run(latest(2)).rows) == received([1, 2 * DAY])


def test_times_that_the_engine_counts_wrongly_are_no_harm(store: Store, clients: Clients) -> None:
    """Its hours and minutes end in 2106; a clock that jumped gives the latest calls nevertheless."""
    century = 100 * 365 * DAY
    insert(store, [1, 60, century, century + 5])
    known, _ = known_to(clients)
    for count in (1, 2, 3, 4):
        expected = received([1, 60, century, century + 5])[:count]
        assert requests(run(clients, shortened(known, count), BUDGET).rows) == expected


def test_a_text_that_is_the_condition_stays_a_text(store: Store) -> None:
    """What a query says is data, also where it says what the engine is asked."""
    insert(store, [1, 2])
    text = of_latest_days(1)
    literal = "'" + text.replace("'", "\\'").replace("\n", "\\n") + "'"
    value = f"Calls | top 1 by TimeGenerated | project said = {literal}"
    name = f"print [{literal}] = 1"
    for _ in range(3):
        assert store.run(kql.compile(value, CATALOG, now=NOW).sql).rows == [(text,)]
        assert store.run(kql.compile(name, CATALOG, now=NOW).sql).names == (text,)


def test_a_statement_has_the_time_that_its_count_left_over(clients: Clients) -> None:
    """Of its budget, whose whole is what an error names; one that counts nothing has all of it."""
    moments = iter(range(100))
    known = LatestCalls(clients, lambda: float(next(moments)))
    known.shortened(latest(1), BUDGET)
    _, left = known.shortened(latest(1), Budget(seconds=10))
    assert (left.seconds, left.whole_seconds) == (8, 10)
    assert known.shortened("SELECT 1", BUDGET) == ("SELECT 1", BUDGET)


def test_a_count_that_takes_too_long_ends_the_statement(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the error of its budget."""
    endless = (
        "SELECT toString(count()), 1 FROM numbers(1e12) WHERE NOT ignore(sipHash64(number)) AND {condition}"
    )
    monkeypatch.setattr(latest_calls, "_MINUTES", endless.replace("{condition}", "'{condition}' != ''"))
    monkeypatch.setattr(latest_calls, "of_latest_days", lambda _: "day")
    store.run(latest(1))
    with pytest.raises(KqlTimeoutError):
        store.run(latest(1), budget=Budget(seconds=0.1))
