"""The gateway's metrics: plain numbers until somebody asks."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatelog.telemetry import Counters
from gatelog.telemetry.counters import SERIES_MAX


def test_a_parser_reads_back_what_was_counted() -> None:
    counters = Counters()
    calls = counters.counter("gatelog_calls_total", "Calls accepted.")
    ends = counters.labelled_counter("gatelog_ends_total", "Calls by end.", ["reason", "product"])
    waits = counters.histogram("gatelog_wait_seconds", "Waiting.", bounds=[0.1, 1])
    counters.gauge("gatelog_open", "Calls now open.", lambda: 2.5)
    counters.gauge("gatelog_rows_total", "Rows.", lambda: 9)
    calls.value += 3
    ends.add("complete", 'a "quoted"\nname\\')
    ends.add("complete", 'a "quoted"\nname\\', count=4)
    for wait in (0.05, 0.1, 0.5, 7):
        waits.observe(wait)

    families = {family.name: family for family in text_string_to_metric_families(counters.render().decode())}

    assert {(s.name, s.value) for s in families["gatelog_calls"].samples} == {("gatelog_calls_total", 3)}
    [end] = families["gatelog_ends"].samples
    assert (end.labels, end.value) == ({"reason": "complete", "product": 'a "quoted"\nname\\'}, 5)
    assert (families["gatelog_open"].type, families["gatelog_open"].samples[0].value) == ("gauge", 2.5)
    assert (families["gatelog_rows"].type, families["gatelog_rows"].samples[0].value) == ("counter", 9)
    samples = {(s.name, s.labels.get("le")): s.value for s in families["gatelog_wait_seconds"].samples}
    assert samples == {
        ("gatelog_wait_seconds_bucket", "0.1"): 2,  # a bound belongs to its bucket
        ("gatelog_wait_seconds_bucket", "1"): 3,
        ("gatelog_wait_seconds_bucket", "+Inf"): 4,
        ("gatelog_wait_seconds_sum", None): pytest.approx(7.65),
        ("gatelog_wait_seconds_count", None): 4,
    }


def test_label_values_are_bounded() -> None:
    counters = Counters()
    paths = counters.labelled_counter("gatelog_paths_total", "By path.", ["path"])
    for number in range(SERIES_MAX + 50):
        paths.add(f"/{number}")
    paths.add("/0")
    assert len(paths.values) == SERIES_MAX + 1
    assert paths.values[("other",)] == 50
    assert paths.values[("/0",)] == 2


def test_a_metric_has_one_owner() -> None:
    counters = Counters()
    counters.counter("gatelog_calls_total", "Calls.")
    with pytest.raises(ValueError, match="gatelog_calls_total exists"):
        counters.gauge("gatelog_calls_total", "Again.", lambda: 0)
