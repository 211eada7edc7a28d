"""The model behind `gatelog size`: it grows as its causes grow, and says what it means."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.app import Workload, size_lines, size_of, sizing
from gatelog.app.sizing_page import PROFILES, gib, render
from gatelog.config import StoreConfig
from gatelog.sinks.batch import AGE_S_MAX
from gatelog.store import Budget

GIB = 2**30
QUIET = Workload(50_000)
LARGE = Workload(50_000_000)

workloads = st.builds(
    Workload,
    calls_per_month=st.floats(1, 1e11),
    bytes_per_call=st.floats(0, 1e8),
    stream_share=st.floats(0, 1),
    peak_factor=st.floats(1, 1_000),
    retention_days=st.integers(1, 36_500),
    body_retention_days=st.integers(1, 36_500),
)


def test_a_month_has_as_many_calls_as_it_was_asked_for() -> None:
    size = size_of(LARGE)
    assert size.calls_per_second_mean * 86_400 * 365.25 / 12 == pytest.approx(50_000_000)
    assert size.calls_per_second_peak == pytest.approx(10 * size.calls_per_second_mean)


def test_the_smallest_machine_has_a_processor_for_each_wing() -> None:
    size = size_of(QUIET)
    assert (size.cores, size.gateway_processes, size.hub_keeps_up) == (2, 1, True)


def test_processors_are_those_that_are_busy_and_room() -> None:
    size = size_of(LARGE._replace(peak_factor=100))
    busy = size.gateway_cores + size.hub_cores
    assert busy < size.cores * sizing.BUSY_SHARE_MAX < busy + 1


def test_a_stream_costs_the_gateway_more_than_a_call_and_the_hub_the_same() -> None:
    calls, streams = (size_of(LARGE._replace(stream_share=share)) for share in (0, 1))
    ratio = streams.gateway_cores / calls.gateway_cores
    assert ratio == pytest.approx(sizing.GATEWAY_S_PER_STREAM / sizing.GATEWAY_S_PER_CALL)
    assert streams.hub_cores == calls.hub_cores


def test_calls_that_share_an_insert_cost_the_hub_less_each() -> None:
    rates = [
        size_of(Workload(rate * sizing.MONTH_S, peak_factor=1)).hub_cores / rate
        for rate in (1, 10, 100, 1_000)
    ]
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_one_hub_is_said_to_fall_behind_when_its_processor_is_full() -> None:
    size = size_of(LARGE._replace(peak_factor=1_000))
    assert not size.hub_keeps_up
    assert "one hub cannot store as fast" in "\n".join(size_lines(LARGE, size))


def test_bodies_are_never_kept_longer_than_their_rows() -> None:
    short = LARGE._replace(retention_days=30, body_retention_days=30)
    assert size_of(short).bodies_bytes == size_of(short._replace(body_retention_days=90)).bodies_bytes
    assert "bodies of 30 days" in "\n".join(
        size_lines(short._replace(body_retention_days=90), size_of(short))
    )


def test_a_year_of_rows_takes_what_rows_take() -> None:
    size = size_of(LARGE)
    assert size.rows_bytes == pytest.approx(50_000_000 / 30.4375 * 365 * sizing.ROW_BYTES)
    assert size.disk_bytes * sizing.BUSY_SHARE_MAX == pytest.approx(
        size.rows_bytes + size.bodies_bytes + size.spool_bytes
    )


@given(workloads)
def test_every_workload_has_a_size(work: Workload) -> None:
    size = size_of(work)
    assert size.cores >= sizing.CORES_MIN
    assert size.disk_bytes > size.rows_bytes > 0
    assert size.memory_bytes > sizing.QUESTION_BYTES_MAX


@given(workloads, st.floats(1, 10))
def test_more_calls_never_need_less(work: Workload, factor: float) -> None:
    one, more = size_of(work), size_of(work._replace(calls_per_month=work.calls_per_month * factor))
    assert all(after >= before for before, after in zip(one[:-1], more[:-1], strict=True))


def test_what_is_assumed_of_other_rooms_is_what_they_do() -> None:
    assert Budget().memory_bytes == sizing.QUESTION_BYTES_MAX
    assert pytest.approx(1 / AGE_S_MAX) == sizing.HUB_INSERTS_PER_S_MAX
    assert Workload(1).retention_days == StoreConfig().retention_days
    assert Workload(1).body_retention_days == StoreConfig().body_retention_days


def test_the_page_has_a_row_for_each_profile() -> None:
    page = render()
    assert [f"| {profile.name}: {profile.conversations:,} |" in page for profile in PROFILES] == [True] * 3


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "< 0.1 GiB"), (GIB // 2, "0.5 GiB"), (12.4 * GIB, "12 GiB"), (1_300 * GIB, "1,300 GiB")],
)
def test_bytes_are_written_for_people(size: float, text: str) -> None:
    assert gib(size) == text
