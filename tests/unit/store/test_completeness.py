"""The truth table of completeness: accepted = recorded + unlogged + open + missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatelog.model import RangeSet
from gatelog.store import AccountRow, BootKey, BootRow, SpoolBoot
from gatelog.store.completeness import BootEvidence, judge, judge_boot

BOOT = BootRow(BootKey("here", "b1"), SpoolBoot("gateway-0", "00"), 1_000, "0.1", 1, False)


def account(
    accepted: int, *, open_calls: tuple[int, ...] = (), final: bool = False, at_ns: int = 5_000
) -> AccountRow:
    return AccountRow(at_ns, accepted, 0, 0, RangeSet.of(open_calls), final)


def evidence(ended: bool = False, **members) -> BootEvidence:
    return BootEvidence(boot=BOOT._replace(ended=ended), **{"account": None, **members})


def up_to(last: int) -> RangeSet:
    return RangeSet([(1, last)])


@pytest.mark.parametrize(
    ("given", "accepted", "recorded", "unlogged", "open_count", "missing"),
    [
        pytest.param(evidence(), 0, 0, 0, 0, [], id="nothing is known yet"),
        pytest.param(evidence(account=account(3), stored=up_to(3)), 3, 3, 0, 0, [], id="all recorded"),
        pytest.param(
            evidence(account=account(3), stored=RangeSet.of([1, 3])),
            3,
            2,
            0,
            0,
            [(2, 2)],
            id="a hole is missing",
        ),
        pytest.param(
            evidence(account=account(3, open_calls=(2,)), stored=RangeSet.of([1, 3])),
            3,
            2,
            0,
            1,
            [],
            id="open",
        ),
        pytest.param(
            evidence(account=account(3, open_calls=(2,)), stored=up_to(3)),
            3,
            3,
            0,
            0,
            [],
            id="was open, is stored",
        ),
        pytest.param(
            evidence(
                account=account(3), stored=RangeSet.of([1]), unlogged={"spool_full": RangeSet.of([2, 3])}
            ),
            3,
            1,
            2,
            0,
            [],
            id="counted as unlogged",
        ),
        pytest.param(
            evidence(account=account(3), stored=up_to(3), unlogged={"spool_full": RangeSet.of([2])}),
            3,
            3,
            0,
            0,
            [],
            id="announced as unlogged, stored after all",
        ),
        pytest.param(
            evidence(
                account=account(2),
                unlogged={"spool_full": RangeSet.of([1, 2]), "spool_failed": RangeSet.of([2])},
            ),
            2,
            0,
            2,
            0,
            [],
            id="unlogged for two reasons counts once",
        ),
        pytest.param(
            evidence(account=account(4), stored=RangeSet([(3, 4)]), expired=up_to(2)),
            4,
            4,
            0,
            0,
            [],
            id="expired",
        ),
        pytest.param(
            evidence(account=account(2), stored=up_to(5)),
            2,
            2,
            0,
            0,
            [],
            id="later calls await the next account",
        ),
        pytest.param(
            evidence(True, account=account(2), stored=RangeSet.of([1, 2, 5])),
            5,
            3,
            0,
            0,
            [(3, 4)],
            id="a boot that is over: later calls count too",
        ),
        pytest.param(
            evidence(True, account=account(2, open_calls=(2,)), stored=up_to(1)),
            2,
            1,
            0,
            0,
            [(2, 2)],
            id="a boot that is over has no open calls",
        ),
    ],
)
def test_every_call_is_in_one_column(given, accepted, recorded, unlogged, open_count, missing) -> None:
    """The columns add up, and a call without evidence is missing."""
    line = judge_boot(given)
    assert (line.accepted, line.recorded, sum(line.unlogged.values()), line.open) == (
        accepted,
        recorded,
        unlogged,
        open_count,
    )
    assert [tuple(pair) for pair in line.missing] == missing
    assert line.accepted == line.recorded + sum(line.unlogged.values()) + line.open + line.missing_count
    assert line.complete == (not missing)


def test_a_row_too_many_is_not_complete() -> None:
    """Exactly once means not twice either."""
    report = judge([evidence(account=account(1), stored=up_to(1), surplus=1)])
    assert not report.complete
    assert report.duplicates == 1


def test_rows_that_are_noted_as_expired_and_still_there_are_not_expired() -> None:
    """Retention notes them before it removes them."""
    line = judge_boot(evidence(account=account(4), stored=RangeSet([(2, 4)]), expired=up_to(2)))
    assert (line.recorded, line.expired) == (4, 1)


@pytest.mark.parametrize(
    ("ended", "final", "state"),
    [(False, False, "running"), (True, False, "crashed"), (True, True, "stopped")],
)
def test_the_state_of_a_boot(ended: bool, final: bool, state: str) -> None:
    """Stopped is what the gateway said itself; over without a word is a crash."""
    assert judge_boot(evidence(ended, account=account(0, final=final))).state == state


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "included"),
    [(None, None, True), (4_000, None, True), (6_000, None, False), (None, 900, False), (900, 1_000, True)],
)
@pytest.mark.parametrize("ended", [True, False])
def test_only_boots_of_the_period_are_judged(
    start_ns: int | None, end_ns: int | None, included: bool, ended: bool
) -> None:
    """This boot started at 1,000 and gave its last account at 5,000: whether that was noted or not."""
    report = judge([evidence(ended, account=account(1, final=True), stored=up_to(1))], start_ns, end_ns)
    assert bool(report.boots) is included


def test_a_running_boot_belongs_to_every_later_period() -> None:
    """Its newest account is not its end."""
    assert judge([evidence(account=account(1))], 9_000_000, None).boots


def test_the_report_sums_its_boots() -> None:
    """And is complete only if all are."""
    good = evidence(account=account(2), stored=up_to(2))
    bad = replace(good, stored=up_to(1))
    report = judge([good, bad])
    assert (report.accepted, report.recorded, report.missing, report.complete) == (4, 3, 1, False)
    assert report.to_dict()["boots"][1]["missing"] == [(2, 2)]
