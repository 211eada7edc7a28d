"""`gatelog size`."""

import json
from collections.abc import Callable

import pytest

from gatelog.app import Workload, size_of

Gatelog = Callable[..., tuple[int, str, str]]


def test_it_answers_in_words(gatelog: Gatelog) -> None:
    code, out, err = gatelog("size", "--calls-per-month", "50000000")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "50,000,000 calls a month of 4,000 bytes"
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["rate", "cores", "memory", "disk"]


def test_it_answers_in_json(gatelog: Gatelog) -> None:
    code, out, _ = gatelog(
        "size",
        *("--calls-per-month", "1000", "--bytes-per-call", "2000", "--retention-days", "30"),
        *("--body-retention-days", "7", "--stream-share", "0.1", "--peak-factor", "3", "--json"),
    )
    work = Workload(1_000, 2_000, 0.1, 3, 30, 7)
    assert code == 0
    assert json.loads(out) == {"workload": work._asdict(), "size": size_of(work)._asdict()}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--calls-per-month", "0"),
        ("--calls-per-month", "1", "--stream-share", "1.1"),
        ("--calls-per-month", "1", "--peak-factor", "inf"),
        ("--calls-per-month", "1", "--bytes-per-call", "9" * 400),
        ("--calls-per-month", "9" * 400),
        ("--calls-per-month", "1", "--retention-days", "9" * 400),
    ],
)
def test_a_workload_that_cannot_be_is_refused(gatelog: Gatelog, arguments: tuple[str, ...]) -> None:
    code, out, err = gatelog("size", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
