"""Whatever fails, and whenever the hub is killed: every call has exactly one row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelog.model import EndReason
from gatelog.provider import Tokenizers
from gatelog.sinks import Forwarder
from gatelog.spool import SpoolSettings
from gatelog.testing.filesystem import MemoryFileSystem
from gatelog.testing.records import end_record, start_record

from .conftest import Gateway, MemorySink, TestClock

SPOOL = Path("/data/spool/gateway-0")
SETTINGS = SpoolSettings(segment_bytes=2**16, capacity_bytes=2**24)
"""Small segments: a disk in memory copies a whole one at each sync."""

FAULTS = st.lists(st.sampled_from(["none", "before", "after", "half"]), max_size=12)
KILLS = st.lists(st.integers(1, 12), max_size=5)
CALLS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=12, unique_by=lambda call: call[0]
)
"""Calls by the order of their Starts: sequence, and whether the gateway lived to see it end."""


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=FAULTS, kills=KILLS, calls=CALLS, order=st.randoms(use_true_random=False))
def test_exactly_one_row_a_call(faults: list[str], kills: list[int], calls, order) -> None:
    """Inserts fail before, after, half way; the hub is killed after any number of steps; calls never end."""
    disk = MemoryFileSystem()
    gateway = Gateway(SPOOL, filesystem=disk, settings=SETTINGS)
    gateway.write(*[start_record(sequence) for sequence, _ in calls])
    ends = [end_record(sequence) for sequence, ended in calls if ended]
    order.shuffle(ends)
    gateway.write(*ends)
    gateway.leave()
    sink, clock = MemorySink(), TestClock()
    sink.faults = iter(faults)
    for steps in [*kills, 60]:
        forwarder = Forwarder(SPOOL, sink, Tokenizers(), clock=clock, filesystem=disk)
        for _ in range(steps):
            forwarder.step()
            clock.pass_s(0.15)
        forwarder.close()  # whatever it had in memory is gone
    expected = {
        sequence: EndReason.COMPLETE if ended else EndReason.GATEWAY_CRASH for sequence, ended in calls
    }
    assert {row.id.sequence: row.end.reason for row in sink.rows} == expected
    assert max(Counter(sink.sequences()).values()) == 1
    assert sink.known_boots[next(iter(sink.known_boots))].ended
